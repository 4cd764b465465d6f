package words

import (
	"fmt"
	"math"
	"strings"

	"loam/backend/hardware"
)

// Fit says in one line how a model that is not here yet would run: "about 9 words/s, leaves 5 GB free"; "" where nothing
// is known.
func Fit(f hardware.Fit) string {
	switch f.Verdict {
	case hardware.RunsUnknown:
		return ""
	case hardware.RunsNot:
		return "won't fit: needs " + Bytes(f.Needed)
	case hardware.RunsTight:
		return "needs " + Bytes(f.Needed) + ": " + Bytes(max(-f.Leaves, f.Needed/10)) + " more than is free now"
	case hardware.RunsGood, hardware.RunsSlow:
	}
	parts := []string{}
	if s := Speed(f.Tokens); s != "" {
		parts = append(parts, s)
	}
	return strings.Join(append(parts, "leaves "+Bytes(f.Leaves)+" free"), ", ")
}

// Speed is how fast a model writes, in words of English: "about 9 words/s"; "" where that is not known.
func Speed(tokensPerSecond float64) string {
	switch w := hardware.WordsPerSecond(tokensPerSecond); {
	case w <= 0:
		return ""
	case w < 1:
		return "under 1 word/s"
	case w == 1:
		return "about 1 word/s"
	default:
		return fmt.Sprintf("about %.0f words/s", w)
	}
}

// Bytes is a size for a person: "98 MB", "4.1 GB", in thousands.
func Bytes(n int64) string {
	const mb, gb = 1e6, 1e9
	switch f := float64(n); {
	case n <= 0:
		return "0 MB"
	case f >= 100*gb:
		return fmt.Sprintf("%.0f GB", f/gb)
	case f >= gb:
		return strings.Replace(fmt.Sprintf("%.1f GB", f/gb), ".0 ", " ", 1)
	case f >= mb:
		return fmt.Sprintf("%.0f MB", f/mb)
	default:
		return fmt.Sprintf("%.0f KB", max(f/1e3, 1))
	}
}

// TimeLeft is how long bytes will take at a speed: "about 5 min left"; "" where that is not known.
func TimeLeft(left, perSecond int64) string {
	if perSecond <= 0 || left <= 0 {
		return ""
	}
	switch s := float64(left) / float64(perSecond); {
	case s < 10:
		return "a few seconds left"
	case s < 55:
		return fmt.Sprintf("about %.0f s left", math.Ceil(s/10)*10)
	case s < 5400:
		return fmt.Sprintf("about %.0f min left", math.Ceil(s/60))
	case s < 48*3600:
		return fmt.Sprintf("about %.0f h left", math.Ceil(s/3600))
	default:
		return fmt.Sprintf("about %.0f days left", math.Ceil(s/86400))
	}
}
