// Package typeset sets single lines and short paragraphs of anybody's text: in the order in which people read them, and
// with room for the letters of every script, whatever typefaces the system lends for those that the bundled ones lack.
//
// Fyne draws a text in one box with one baseline, from left to right (theme.BoxHeight says what that cuts off). So a line is
// cut into pieces, each a canvas.Text of its own: where scripts that run from the right need it, as package textflow
// orders them, and where letters come from a typeface taller than the box. Most lines are one piece. The controls of
// package widgets draw all their text through it; the transcript lays its lines out itself and asks for Cut only.
//
// Widths may be asked for on any goroutine; Cut, Line and Wrap belong to the window's, as they may draw a sign to look at it.
package typeset

import (
	"cmp"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"loam/ui/textflow"
	"loam/ui/theme"
)

// Face is how text is drawn.
type Face struct {
	Style fyne.TextStyle
	Size  float32
}

// Width implements textflow.Measurer; the face is the one style there is.
func (f Face) Width(text string, _ textflow.Style) float32 {
	return fyne.MeasureText(text, f.Size, f.Style).Width
}

// Piece is what one canvas.Text draws. X and Y are relative to the upper left corner of the line's box, which is
// theme.BoxHeight high.
type Piece struct {
	Text        string
	X, Y, Width float32
	Source      fyne.Resource // nil = the theme's
}

// Row is a line ready to be drawn.
type Row struct {
	Pieces    []Piece
	Width     float32
	FromRight bool // it begins on the right
}

// Line sets a text in one line.
func Line(text string, f Face) Row {
	if plain(text) {
		w := f.Width(text, 0)
		return Row{Pieces: []Piece{{Text: text, Width: w}}, Width: w}
	}
	return row(text, textflow.Wrap([]textflow.Span{{Text: text}}, f, textflow.Options{Width: 1 << 20})[0], f)
}

// Wrap sets a text in lines no wider than width, between words where there are any. A width of 0 or less does not wrap.
func Wrap(text string, width float32, f Face) []Row {
	if width <= 0 {
		width = 1 << 20
	}
	var rows []Row
	for _, paragraph := range strings.Split(text, "\n") {
		if f.Width(paragraph, 0) <= width {
			rows = append(rows, Line(paragraph, f))
			continue
		}
		for _, l := range textflow.Wrap([]textflow.Span{{Text: paragraph}}, f, textflow.Options{Width: width}) {
			rows = append(rows, row(paragraph, l, f))
		}
	}
	return rows
}

// Height is how many lines Wrap makes.
func Height(text string, width float32, f Face) int {
	if width <= 0 {
		return strings.Count(text, "\n") + 1
	}
	n := 0
	for _, paragraph := range strings.Split(text, "\n") {
		if f.Width(paragraph, 0) <= width {
			n++
			continue
		}
		n += len(textflow.Wrap([]textflow.Span{{Text: paragraph}}, f, textflow.Options{Width: width}))
	}
	return n
}

// row cuts a line into pieces.
func row(text string, l textflow.Line, f Face) Row {
	out := Row{Width: l.Width, FromRight: l.RightToLeft}
	if !l.Bidi {
		out.Pieces = pieces(nil, strings.TrimRight(text[l.Start:l.End], " \n"), 0, f)
		return out
	}
	for _, r := range l.Runs {
		if !r.Blank && !r.Tab {
			out.Pieces = pieces(out.Pieces, strings.TrimRight(r.Drawn(text), " "), r.X, f)
		}
	}
	out.Width = 0 // the space at which the line breaks may be part of its last piece
	for _, p := range out.Pieces {
		out.Width = max(out.Width, p.X+p.Width)
	}
	return out
}

func pieces(out []Piece, text string, x float32, f Face) []Piece {
	for len(text) > 0 {
		n, tall := Cut(text, f.Style)
		p := Piece{Text: Anchored(text[:n]), X: x}
		if p.Width = f.Width(text[:n], 0); tall {
			p.Source = theme.Tall(f.Style)
			p.Y = -theme.TallRise * f.Size
		}
		out = append(out, p)
		x += p.Width
		text = text[n:]
	}
	return out
}

// plain says whether the bundled typefaces draw all of a text, from left to right.
func plain(text string) bool {
	for i := 0; i < len(text); i++ {
		if text[i] < 0xD6 { // the first byte of U+0590 and what follows, in UTF-8
			continue
		}
		for _, r := range text[i:] {
			if theme.IsForeign(r) {
				return false
			}
		}
		return true
	}
	return true
}

// anchor draws nothing in the bundled typeface: a stretch of its own, from left to right and ended by a sign that all bundled
// typefaces have, whatever the text after it is.
const anchor = "\u200E\uFEFF\u200F"

// Anchored returns a text as it is handed to Fyne. A text of which no letter is the bundled typefaces' would be drawn on the
// baseline of another one; the anchor keeps it on the line. It has no width and is no part of the text.
func Anchored(text string) string {
	if plain(text) {
		return text
	}
	return anchor + text
}

// Visual returns a text for one of Fyne's own widgets that shows one line, such as a menu: its words in the order in which
// Fyne draws them, each kept apart by marks that draw nothing. It is for the eye alone.
func Visual(text string) string {
	if plain(text) {
		return text
	}
	l := textflow.Wrap([]textflow.Span{{Text: text}}, Face{Size: 15}, textflow.Options{Width: 1 << 20})[0]
	if !l.Bidi {
		return Anchored(text)
	}
	runs := slices.Clone(l.Runs)
	slices.SortStableFunc(runs, func(a, b textflow.Run) int { return cmp.Compare(a.X, b.X) })
	var b strings.Builder
	for _, r := range runs {
		b.WriteString(anchor[:len("\u200E\uFEFF")])
		b.WriteString(r.Drawn(text))
	}
	b.WriteString("\u200E")
	return b.String()
}

// Cut returns how much of a text is drawn in one piece, and whether it needs theme.Tall because the typeface that the
// system lends for it is taller than the box of the bundled ones.
func Cut(text string, style fyne.TextStyle) (n int, tall bool) {
	if plain(text) {
		return len(text), false
	}
	first := true
	for i, r := range text {
		if r == ' ' || r == 0x200D || r >= 0xFE00 && r <= 0xFE0F || r < '0' { // joins whatever is there
			continue
		}
		t := theme.NeedsTall(r, style)
		if first {
			tall, first = t, false
		} else if t != tall {
			return i, tall
		}
	}
	return len(text), tall
}
