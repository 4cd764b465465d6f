package modelfile

import (
	"math"
	"unicode/utf8"

	humanize "github.com/dustin/go-humanize"
)

// cutShort is the fault of a file that ends too early.
func cutShort(have, want int64) error {
	h, w := bytesOf(have), bytesOf(want)
	if h == w {
		h, w = humanize.Comma(have), humanize.Comma(want)+" bytes"
	}
	return faultf("the file ends early: %s of %s are there, download it again", h, w)
}

// quoted shows a text out of a file: short, printable, in quotes.
func quoted(s string) string {
	const most = 60
	if len(s) > most {
		cut := most
		for cut > 0 && !utf8.RuneStart(s[cut]) {
			cut--
		}
		s = s[:cut] + "..."
	}
	return `"` + printable(s) + `"`
}

func bytesOf(n int64) string { return humanize.Bytes(uint64(max(n, 0))) }

func bytesOfU(n uint64) string { return humanize.Bytes(n) }

func count(n uint64) string {
	if n > math.MaxInt64 {
		return "18 quintillion"
	}
	return humanize.Comma(int64(n))
}
