package attach

import (
	"math"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textLine is fragments that stand on one line.
type textLine struct {
	text            strings.Builder
	x, y, end, size float64
}

// layOut makes lines and paragraphs of the pieces of text on a page. The order of a file's own pieces is the reading order
// almost always, also where there are columns; only where it jumps about all the time are the pieces sorted by their place.
func layOut(list []fragment) string {
	lines := joinLines(list)
	if jumps(lines) {
		slices.SortStableFunc(list, func(a, b fragment) int {
			if d := b.y - a.y; math.Abs(d) > 0.5*math.Max(a.size, b.size) {
				return sign(d)
			}
			return sign(a.x - b.x)
		})
		lines = joinLines(list)
	}
	var out strings.Builder
	var last *textLine
	before := "" // the line above, which may lose its hyphen
	for _, l := range lines {
		text := strings.TrimRight(tidy(l.text.String()), " ")
		if strings.TrimSpace(text) == "" {
			continue
		}
		if last != nil {
			glue := "\n"
			drop := last.y - l.y
			if drop < -0.5*l.size || drop > 1.9*math.Max(l.size, last.size) || math.Abs(l.size-last.size) > 0.25*last.size {
				glue = "\n\n"
			}
			if glue == "\n" && hyphenated(before, text) {
				before, glue = strings.TrimSuffix(before, "-"), ""
			}
			out.WriteString(before + glue)
		}
		before, last = text, l
	}
	out.WriteString(before)
	return out.String()
}

func sign(f float64) int {
	switch {
	case f < 0:
		return -1
	case f > 0:
		return 1
	}
	return 0
}

func joinLines(list []fragment) []*textLine {
	var lines []*textLine
	var l *textLine
	for _, f := range list {
		if l == nil || math.Abs(f.y-l.y) > 0.45*math.Max(l.size, f.size) || f.x < l.end-1.2*f.size {
			l = &textLine{x: f.x, y: f.y, end: f.x, size: f.size}
			lines = append(lines, l)
		}
		gap, text := f.x-l.end, l.text.String()
		if text != "" && gap > 0.17*f.size && !strings.HasSuffix(text, " ") && !strings.HasPrefix(f.text, " ") {
			l.text.WriteByte(' ')
			if gap > 2.5*f.size { // a cell of a table
				l.text.WriteString("  ")
			}
		}
		l.text.WriteString(f.text)
		l.end = math.Max(l.end, f.end)
		if strings.TrimSpace(f.text) != "" && f.size > l.size {
			l.size = f.size
		}
	}
	return lines
}

// jumps says whether lines follow each other in no order: many go up again, or many stand on the height of the one before.
func jumps(lines []*textLine) bool {
	bad := 0
	for i := 1; i < len(lines); i++ {
		if up := lines[i].y - lines[i-1].y; up > 0.5*lines[i].size {
			bad++
		}
	}
	return len(lines) > 8 && bad*3 > len(lines)
}

// hyphenated says whether a word goes on from one line to the next.
func hyphenated(before, after string) bool {
	if !strings.HasSuffix(before, "-") || len(before) < 3 {
		return false
	}
	r, _ := utf8.DecodeLastRuneInString(before[:len(before)-1])
	next, _ := utf8.DecodeRuneInString(after)
	return unicode.IsLower(r) && unicode.IsLower(next)
}

var ligatures = strings.NewReplacer("\ufb00", "ff", "\ufb01", "fi", "\ufb02", "fl", "\ufb03", "ffi", "\ufb04", "ffl", "\ufb05", "st", "\ufb06", "st",
	"\u00ad", "", "\u00a0", " ", "\r", "", "\n", " ", "\f", " ", "\x00", "")

// tidy resolves ligatures and takes out what is no letter.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' && r != '\t' {
			return -1
		}
		return r
	}, ligatures.Replace(strings.ToValidUTF8(text, "\uFFFD")))
	if rest, ok := strings.CutPrefix(text, "\uFFFD "); ok {
		text = "• " + rest // the sign before an item of a list, in a font that does not name it
	}
	return leaders.ReplaceAllString(text, " … ")
}

// leaders are the dots between a title and its page.
var leaders = regexp.MustCompile(` *(?:[.:]{5,}|(?:[.:] ){5,}[.:]?) *`)
