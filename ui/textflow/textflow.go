// Package textflow measures, wraps and hit-tests styled text. It knows nothing of a screen: a Measurer says how wide a
// piece of text is, and Wrap says which bytes go on which line and where each run of one style starts. The transcript
// calls it for every block it shows; tests call it with a Measurer of their own.
//
// Every byte of the text belongs to exactly one line, in order, also the spaces and line feeds at which lines break, so
// that a selection can be copied byte for byte. Lines break where Unicode allows it (UAX #14), inside a word only where
// the word is wider than the line, and never inside a grapheme cluster, except in clusters that no font can draw.
// Functions are pure; a Cache belongs to one goroutine.
package textflow

// Style is the style of a run, as the caller numbers its styles. Wrap only compares styles and hands them on.
type Style uint16

// Measurer says how wide text is when drawn in one piece. Text holds no tab and no line feed.
type Measurer interface {
	Width(text string, style Style) float32
}

// Span is text of one style. The text of a flow is that of its spans, one after the other; a line feed ends a line.
type Span struct {
	Text  string
	Style Style
}

// Run is a part of a line that is drawn in one piece.
type Run struct {
	Start, End int // bytes of the flow's text
	Span       int // which span it comes from
	Style      Style
	X, Width   float32
	Blank      bool // nothing to draw: only spaces
	Tab        bool // one tab: a gap, never drawn
	// RightToLeft: the first byte stands on the right. Such a run holds one word or one sign; Drawn is how it is drawn.
	RightToLeft bool
}

// Line is one line of a flow.
type Line struct {
	Start, End int // bytes of the flow's text, with the space or line feed at which the line breaks
	Runs       []Run
	Width      float32 // without the spaces at its end
	// Bidi lines have runs whose places are not in the order of the text. RightToLeft ones begin on the right.
	Bidi, RightToLeft bool
}

// Options say how to wrap.
type Options struct {
	Width   float32 // of the lines; lines are wider only where a single grapheme cluster is
	Hanging float32 // lines after a break inside a paragraph start so far to the right
	Tab     float32 // distance of tab stops; 0 = eight
	Break   bool    // break anywhere, as code does, instead of between words
}

// maxClusters bounds a line whose characters have no width.
const maxClusters = 2000

// Text returns the flow's text.
func Text(spans []Span) string {
	if len(spans) == 1 {
		return spans[0].Text
	}
	size := 0
	for _, s := range spans {
		size += len(s.Text)
	}
	b := make([]byte, 0, size)
	for _, s := range spans {
		b = append(b, s.Text...)
	}
	return string(b)
}
