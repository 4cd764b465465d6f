package textflow

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// At returns where the byte at offset stands on the line. Offsets outside the line give its edges.
func (l Line) At(text string, m Measurer, offset int) float32 {
	if l.Bidi {
		return l.bidiAt(text, m, offset)
	}
	x := float32(0)
	for i, r := range l.Runs {
		if offset < r.Start || i == 0 && offset <= r.Start {
			return r.X
		}
		if offset < r.End {
			if r.Tab {
				return r.X
			}
			return r.X + min(m.Width(drawn(text[r.Start:offset]), r.Style), r.Width)
		}
		x = r.X + r.Width
	}
	return x
}

// Offset returns the place between two grapheme clusters that is nearest to x. It never lies behind the line feed or
// the spaces at which the line breaks, so that a click at the end of a line stays on it.
func (l Line) Offset(text string, m Measurer, x float32) int {
	if len(l.Runs) == 0 {
		return l.Start
	}
	if l.Bidi {
		return l.bidiOffset(text, m, x)
	}
	for i, r := range l.Runs {
		if x >= r.X+r.Width && i < len(l.Runs)-1 {
			continue
		}
		if x <= r.X {
			return r.Start
		}
		if r.Tab {
			if x < r.X+r.Width/2 {
				return r.Start
			}
			return r.End
		}
		return r.Start + nearest(text[r.Start:r.End], r, m, x-r.X)
	}
	return l.End
}

// nearest finds the cluster border nearest to x inside one run by halving.
func nearest(text string, r Run, m Measurer, x float32) int {
	borders := []int{0}
	for at := 0; at < len(text); {
		at += clusterLen(text[at:])
		borders = append(borders, at)
	}
	lo, hi := 0, len(borders)-1
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if m.Width(drawn(text[:borders[mid]]), r.Style) <= x {
			lo = mid
		} else {
			hi = mid
		}
	}
	left, right := m.Width(drawn(text[:borders[lo]]), r.Style), m.Width(drawn(text[:borders[hi]]), r.Style)
	if x-left > right-x {
		return borders[hi]
	}
	return borders[lo]
}

// drawn is the part of a run's text that has ink or width: line ends inside it have neither.
func drawn(text string) string {
	for text != "" && (text[len(text)-1] != ' ' && text[len(text)-1] != '\t') && inkLen(text) < len(text) {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	return text
}

// Word returns the word, or the row of spaces or signs, around the byte at offset.
func Word(text string, offset int) (start, end int) {
	lineStart := strings.LastIndexByte(text[:offset], '\n') + 1
	rest := text[lineStart:]
	if i := strings.IndexByte(rest, '\n'); i >= 0 {
		rest = rest[:i]
	}
	if far := offset - lineStart; far > wordWindow { // a very long line: look at the surroundings only
		cut := far - wordWindow
		for cut < far && !utf8.RuneStart(rest[cut]) {
			cut++
		}
		lineStart, rest = lineStart+cut, rest[cut:]
	}
	if len(rest) > 2*wordWindow {
		rest = rest[:2*wordWindow]
	}
	at, state := lineStart, -1
	for len(rest) > 0 {
		var word string
		word, rest, state = uniseg.FirstWordInString(rest, state)
		if offset < at+len(word) || rest == "" {
			return at, at + len(word)
		}
		at += len(word)
	}
	return offset, offset
}

const wordWindow = 2048

// IsSpace says whether text is only white space.
func IsSpace(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return !unicode.IsSpace(r) }) < 0
}
