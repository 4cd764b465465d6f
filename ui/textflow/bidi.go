package textflow

import (
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/bidi"
)

// Text of scripts that run from right to left (Arabic, Hebrew) is drawn word by word: Fyne draws the letters of one word in
// their order, but words, signs and numbers beside each other always from the left. So where such letters are, each line is
// cut into words and signs, which are put in the order that people read (UAX #9 without explicit embeddings; the whole
// flow runs the way of its first letter).

// FromRight says whether text runs from right to left: whether its first letter that has a direction does.
func FromRight(spans []Span) bool {
	_, first := rightToLeft(spans)
	return first
}

// rightToLeft says whether text has letters that run from right to left, and first whether its first letter does.
func rightToLeft(spans []Span) (any, first bool) {
	known := false
	for _, s := range spans {
		for _, r := range s.Text {
			if r < 0x590 {
				known = known || 'a' <= r|0x20 && r|0x20 <= 'z' || r >= 0xC0
				continue
			}
			switch kindOf(r) {
			case kindRight:
				return true, !known
			case kindLeft:
				known = true
			case kindNumber, kindSeparator, kindMark, kindSpace, kindSign:
			}
		}
	}
	return false, false
}

// kind is what the order of the line asks of a character.
type kind uint8

const (
	kindLeft      kind = iota // a letter that runs from left to right
	kindRight                 // one that runs from right to left
	kindNumber                // a digit
	kindSeparator             // a sign that is part of a number between digits or at one: 10:30, 5 %
	kindMark                  // belongs to what stands before it
	kindSpace
	kindSign
)

func kindOf(r rune) kind {
	p, _ := bidi.LookupRune(r)
	switch p.Class() {
	case bidi.L:
		return kindLeft
	case bidi.R, bidi.AL:
		return kindRight
	case bidi.EN, bidi.AN:
		return kindNumber
	case bidi.ES, bidi.CS, bidi.ET:
		return kindSeparator
	case bidi.NSM, bidi.BN:
		return kindMark
	case bidi.WS, bidi.S, bidi.B:
		return kindSpace
	default:
		return kindSign
	}
}

// word is a piece of a line that keeps together when the line is put in order.
type word struct {
	start, end int // bytes of the flow
	run        int // of the line
	kind       kind
	level      uint8 // even: from left to right
	tab        bool
	width      float32
}

// reorder puts each line's words in the order in which they are read.
func reorder(lines []Line, text string, m Measurer, fromRight bool) {
	base := uint8(0)
	if fromRight {
		base = 1
	}
	for i := range lines {
		l := &lines[i]
		l.Bidi, l.RightToLeft = true, fromRight
		words := cutWords(l, text)
		if len(words) == 0 {
			continue
		}
		levels(words, text, base)
		words = joinLeft(words)
		place(l, words, text, m, base)
	}
}

// cutWords cuts a line into words, signs and spaces.
func cutWords(l *Line, text string) []word {
	var words []word
	for n, r := range l.Runs {
		if r.Tab {
			words = append(words, word{start: r.Start, end: r.End, run: n, kind: kindSpace, tab: true})
			continue
		}
		for at := r.Start; at < r.End; {
			size := clusterLen(text[at:r.End])
			c, _ := utf8.DecodeRuneInString(text[at:r.End])
			k := kindOf(c)
			last := len(words) - 1
			same := last >= 0 && words[last].run == n && words[last].end == at && !words[last].tab
			switch {
			case same && k == kindMark:
				words[last].end += size
			case same && words[last].kind == k && (k == kindLeft || k == kindRight || k == kindNumber):
				words[last].end += size
			default:
				if k == kindMark {
					k = kindSign
				}
				words = append(words, word{start: at, end: at + size, run: n, kind: k})
			}
			at += size
		}
	}
	return words
}

// levels says which way each word runs.
func levels(words []word, text string, base uint8) {
	numbers(words)
	// The strong direction at each place: of the word itself, or of what stands around it.
	dir := make([]kind, len(words))
	away := kindLeft
	if base == 1 {
		away = kindRight
	}
	strong := away
	for i, w := range words {
		switch w.kind {
		case kindLeft, kindRight:
			strong = w.kind
			dir[i] = w.kind
		case kindNumber:
			dir[i] = kindNumber
			if strong == kindLeft {
				dir[i] = kindLeft
			}
		case kindSeparator, kindMark, kindSpace, kindSign:
			dir[i] = kindSign
		}
	}
	brackets(words, text, dir, away)
	for i := 0; i < len(words); {
		if dir[i] != kindSign {
			i++
			continue
		}
		end := i
		for end < len(words) && dir[end] == kindSign {
			end++
		}
		before, after := away, away
		if i > 0 {
			before = side(dir[i-1])
		}
		if end < len(words) {
			after = side(dir[end])
		}
		to := away
		if before == after {
			to = before
		}
		for ; i < end; i++ {
			dir[i] = to
		}
	}
	for i := range words {
		switch {
		case dir[i] == kindRight:
			words[i].level = 1
		case base == 1 || dir[i] == kindNumber:
			words[i].level = 2
		default:
			words[i].level = 0
		}
	}
	for i := len(words) - 1; i >= 0 && words[i].kind == kindSpace; i-- { // spaces at the end of the line stay there
		words[i].level = base
	}
}

// side is what a neighbour counts as for signs: numbers count as running from right to left.
func side(k kind) kind {
	if k == kindNumber {
		return kindRight
	}
	return k
}

// numbers makes signs between digits, and at them, part of the number.
func numbers(words []word) {
	for i := range words {
		if words[i].kind != kindSeparator {
			continue
		}
		before := i > 0 && words[i-1].kind == kindNumber
		after := i+1 < len(words) && words[i+1].kind == kindNumber
		if before && after {
			words[i].kind = kindNumber
		}
	}
	for i := range words {
		if words[i].kind == kindSeparator {
			words[i].kind = kindSign
		}
	}
}

// deepestBrackets is how deep brackets may lie in each other before the rest of a line goes without (UAX #9, BD16).
const deepestBrackets = 63

// brackets gives both brackets of a pair the direction of what they hold.
func brackets(words []word, text string, dir []kind, away kind) {
	var open []int
	for i, w := range words {
		if w.kind != kindSign {
			continue
		}
		c, _ := utf8.DecodeRuneInString(text[w.start:w.end])
		p, _ := bidi.LookupRune(c)
		if !p.IsBracket() {
			continue
		}
		if p.IsOpeningBracket() {
			if open = append(open, i); len(open) > deepestBrackets {
				return
			}
			continue
		}
		for n := len(open) - 1; n >= 0; n-- {
			o, _ := utf8.DecodeRuneInString(text[words[open[n]].start:])
			if mirrorOf(o) != c {
				continue
			}
			pair(dir, open[n], i, away)
			open = open[:n]
			break
		}
	}
}

func pair(dir []kind, from, to int, away kind) {
	other := kindSign
	for _, k := range dir[from+1 : to] {
		switch side(k) {
		case away:
			dir[from], dir[to] = away, away
			return
		case kindSign:
		default:
			other = side(k)
		}
	}
	if other == kindSign {
		return
	}
	before := away
	for n := from - 1; n >= 0; n-- {
		if k := side(dir[n]); k != kindSign {
			before = k
			break
		}
	}
	if before != other {
		other = away
	}
	dir[from], dir[to] = other, other
}

// joinLeft makes one piece of neighbours of one run that are drawn from left to right as they stand.
func joinLeft(words []word) []word {
	out := words[:0]
	for _, w := range words {
		n := len(out) - 1
		if n >= 0 && w.level%2 == 0 && out[n].level == w.level && out[n].run == w.run && out[n].end == w.start && !w.tab && !out[n].tab {
			out[n].end = w.end
			if out[n].kind == kindSpace {
				out[n].kind = w.kind
			}
			continue
		}
		out = append(out, w)
	}
	return out
}

// place gives each word its place on the line. The runs stay in the order of the text.
func place(l *Line, words []word, text string, m Measurer, base uint8) {
	from := l.Runs[0].X
	order := make([]int, len(words))
	highest := base
	end := len(words)
	for end > 0 && words[end-1].kind == kindSpace && words[end-1].level == base {
		end--
	}
	for i := range words {
		w := &words[i]
		w.width = l.Runs[w.run].Width
		if !w.tab {
			w.width = m.Width(drawn(text[w.start:w.end]), l.Runs[w.run].Style)
		}
		order[i] = i
		highest = max(highest, w.level)
	}
	for level := highest; level >= 1; level-- { // reverse what runs against the line, the innermost first
		for i := 0; i < end; {
			if words[order[i]].level < level {
				i++
				continue
			}
			j := i
			for j < end && words[order[j]].level >= level {
				j++
			}
			slices.Reverse(order[i:j])
			i = j
		}
	}
	runs := make([]Run, len(words))
	put := func(i int, x float32) {
		w, r := words[i], l.Runs[words[i].run]
		runs[i] = Run{
			Start: w.start, End: w.end, Span: r.Span, Style: r.Style, X: x, Width: w.width, Tab: w.tab,
			Blank: r.Blank || w.kind == kindSpace, RightToLeft: w.level%2 == 1,
		}
	}
	x := from
	for _, i := range order[:end] {
		put(i, x)
		x += words[i].width
	}
	l.Width = x
	left := from
	for _, i := range order[end:] { // the spaces at the end
		if base == 1 {
			left -= words[i].width
			put(i, left)
			continue
		}
		put(i, x)
		x += words[i].width
	}
	l.Runs = runs
}

const mirrored = "()[]{}<>«»‹›≤≥⟨⟩"

var mirrorPairs = []rune(mirrored)

func mirrorOf(r rune) rune {
	if i := slices.Index(mirrorPairs, r); i >= 0 {
		return mirrorPairs[i^1]
	}
	return r
}

// Drawn is the text of a run as it is drawn: signs that open from the other side are turned where it runs from right to left.
func (r Run) Drawn(text string) string {
	text = text[r.Start:r.End]
	if !r.RightToLeft || !strings.ContainsAny(text, mirrored) {
		return text
	}
	return strings.Map(mirrorOf, text)
}
