package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/theme"
	"loam/ui/typeset"
)

// words is one line of text in a control, in any script: what is drawn is box. What it says is set by say, where it stands
// by place; it stands in the middle of its height.
type words struct {
	box   *fyne.Container
	color color.Color
	align fyne.TextAlign
	face  typeset.Face
	text  string
	row   typeset.Row
	set   bool
	texts []*canvas.Text
}

func newWords() *words { return &words{box: &fyne.Container{}} }

// say changes the text and how it is drawn.
func (w *words) say(text string, size float32, style fyne.TextStyle) {
	face := typeset.Face{Style: style, Size: size}
	if w.set && text == w.text && face == w.face {
		return
	}
	w.show(typeset.Line(text, face), face)
	w.text = text
}

// show draws a row that was set already.
func (w *words) show(row typeset.Row, face typeset.Face) {
	w.row, w.face, w.text, w.set = row, face, "", true
	for len(w.texts) < len(row.Pieces) {
		w.texts = append(w.texts, canvas.NewText("", w.color))
	}
	w.texts = w.texts[:len(row.Pieces)]
	w.box.Objects = w.box.Objects[:0]
	for i, p := range row.Pieces {
		t := w.texts[i]
		t.Text, t.Color, t.TextSize, t.TextStyle, t.FontSource = p.Text, w.color, face.Size, face.Style, p.Source
		w.box.Objects = append(w.box.Objects, t)
	}
}

// width is how wide the line is.
func (w *words) width() float32 { return w.row.Width }

// place puts the line into the middle of a height, at the side that align names.
func (w *words) place(x, y, width, height float32) {
	box := theme.BoxHeight * w.face.Size
	place(w.box, x, y+(height-box)/2, width, box)
	left := float32(0)
	switch w.align {
	case fyne.TextAlignCenter:
		left = (width - w.row.Width) / 2
	case fyne.TextAlignTrailing:
		left = width - w.row.Width
	case fyne.TextAlignLeading:
	}
	for i, p := range w.row.Pieces {
		place(w.texts[i], left+p.X, p.Y, p.Width, w.texts[i].MinSize().Height)
	}
}

// ink changes the colour.
func (w *words) ink(c color.Color) {
	w.color = c
	for _, t := range w.texts {
		t.Color = c
	}
}

// shorten sets the text, cut to a width.
func (w *words) shorten(text string, width, size float32, style fyne.TextStyle) {
	w.say(Shorten(text, width, func(s string) float32 { return textWidth(s, size, style) }), size, style)
}

func textWidth(s string, size float32, style fyne.TextStyle) float32 {
	return typeset.Face{Style: style, Size: size}.Width(s, 0)
}
