package widgets

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
	"loam/ui/typeset"
)

// Label is text without padding in a colour and a size of the theme. It wraps between words, or shortens one line with
// an ellipsis, so that it never runs out of its place.
type Label struct {
	base
	Ink      fyne.ThemeColorName
	SizeName fyne.ThemeSizeName
	Style    fyne.TextStyle
	Align    fyne.TextAlign
	Wrap     bool
	// Natural labels ask for the width of their text; others for none, and are shortened.
	Natural bool

	text  string
	lines []*words
	width float32
}

// LabelStyle says how a label looks; the zero value is body text in one line.
type LabelStyle struct {
	Ink     fyne.ThemeColorName
	Size    fyne.ThemeSizeName
	Bold    bool
	Mono    bool
	Align   fyne.TextAlign
	Wrap    bool
	Natural bool
}

// NewLabel makes a label.
func NewLabel(text string, s LabelStyle) *Label {
	l := &Label{
		Ink: s.Ink, SizeName: s.Size, Align: s.Align, Wrap: s.Wrap, Natural: s.Natural, text: text,
		Style: fyne.TextStyle{Bold: s.Bold, Monospace: s.Mono},
	}
	if l.Ink == "" {
		l.Ink = theme.ColorText
	}
	if l.SizeName == "" {
		l.SizeName = theme.SizeBody
	}
	l.ExtendBaseWidget(l)
	return l
}

// Quiet is a small label in the quiet colour, wrapped.
func Quiet(text string) *Label {
	return NewLabel(text, LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true})
}

// Heading is a heading in one line.
func Heading(text string) *Label {
	return NewLabel(text, LabelStyle{Size: theme.SizeHeading, Bold: true})
}

// Text is what the label says.
func (l *Label) Text() string { return l.text }

// SetText changes what the label says.
func (l *Label) SetText(text string) {
	if l.text != text {
		l.text = text
		l.Refresh()
	}
}

// SetInk changes the colour.
func (l *Label) SetInk(name fyne.ThemeColorName) {
	if l.Ink != name {
		l.Ink = name
		l.Refresh()
	}
}

func (l *Label) measureText(s string) float32 {
	return textWidth(s, l.measure(l.SizeName), l.Style)
}

func (l *Label) lineHeight() float32 {
	if l.Wrap {
		return l.measure(l.SizeName) * theme.LineHeight
	}
	return theme.TextHeight(l.measure(l.SizeName))
}

// HeightFor is the height of the text at a width.
func (l *Label) HeightFor(width float32) float32 {
	if !l.Wrap {
		return l.lineHeight()
	}
	return l.lineHeight() * float32(typeset.Height(l.text, width, l.face()))
}

// MinSize implements fyne.CanvasObject.
func (l *Label) MinSize() fyne.Size {
	l.ExtendBaseWidget(l)
	if !l.Wrap {
		w := float32(0)
		if l.Natural {
			w = l.measureText(l.text)
		}
		return fyne.NewSize(w, l.lineHeight())
	}
	if l.width > 0 {
		return fyne.NewSize(0, l.HeightFor(l.width))
	}
	return fyne.NewSize(0, l.lineHeight())
}

func (l *Label) face() typeset.Face {
	return typeset.Face{Style: l.Style, Size: l.measure(l.SizeName)}
}

func (l *Label) split(width float32) []typeset.Row {
	if !l.Wrap {
		return []typeset.Row{typeset.Line(Shorten(l.text, width, l.measureText), l.face())}
	}
	return typeset.Wrap(l.text, width, l.face())
}

// CreateRenderer implements fyne.Widget.
func (l *Label) CreateRenderer() fyne.WidgetRenderer {
	d := &drawn{of: l, min: l.MinSize}
	d.layout = func(s fyne.Size) {
		l.width = s.Width
		lines := l.split(s.Width)
		for len(l.lines) < len(lines) {
			l.lines = append(l.lines, newWords())
		}
		l.lines = l.lines[:len(lines)]
		d.objects = d.objects[:0]
		h := l.lineHeight()
		for i, row := range lines {
			t := l.lines[i]
			t.align = l.Align
			if l.Wrap && row.FromRight && l.Align == fyne.TextAlignLeading { // a paragraph begins where its lines do
				t.align = fyne.TextAlignTrailing
			}
			t.show(row, l.face())
			t.ink(l.ink(l.Ink))
			t.place(0, float32(i)*h, s.Width, h)
			d.objects = append(d.objects, t.box)
		}
	}
	d.repaint = func() {
		for _, t := range l.lines {
			t.ink(l.ink(l.Ink))
			t.box.Refresh()
		}
	}
	return d
}

// Shorten cuts a text to a width and ends it with an ellipsis. Only whole runes are cut.
func Shorten(s string, width float32, measure func(string) float32) string {
	s = strings.ReplaceAll(s, "\n", " ")
	if width <= 0 || measure(s) <= width {
		return s
	}
	runes := []rune(s)
	low, high := 0, len(runes)
	for low < high {
		mid := (low + high + 1) / 2
		if measure(strings.TrimRight(string(runes[:mid]), " ")+"…") <= width {
			low = mid
		} else {
			high = mid - 1
		}
	}
	return strings.TrimRight(string(runes[:low]), " ") + "…"
}

// WrapWords breaks a text into lines no wider than width, between words where there are any. A width of 0 or less does
// not wrap.
func WrapWords(s string, width float32, measure func(string) float32) []string {
	var lines []string
	for _, paragraph := range strings.Split(s, "\n") {
		lines = append(lines, wrapParagraph(paragraph, width, measure)...)
	}
	return lines
}

func wrapParagraph(s string, width float32, measure func(string) float32) []string {
	if width <= 0 || measure(s) <= width {
		return []string{s}
	}
	var lines []string
	line := ""
	for _, word := range strings.SplitAfter(s, " ") {
		if word == "" {
			continue
		}
		if measure(strings.TrimRight(line+word, " ")) <= width {
			line += word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for measure(strings.TrimRight(word, " ")) > width && len([]rune(word)) > 1 {
			runes := []rune(word)
			n := len(runes) - 1
			for n > 1 && measure(string(runes[:n])) > width {
				n--
			}
			lines = append(lines, string(runes[:n]))
			word = string(runes[n:])
		}
		line = word
	}
	return append(lines, line)
}

// Tip shows a hint under the pointer; the root of the window implements it. Widgets find it through their canvas.
type Tip interface {
	ShowTip(text string, at fyne.CanvasObject)
	HideTip()
}

// hint asks the root of the window to show or hide a tip.
func hint(o fyne.CanvasObject, text string) {
	c := canvasOf(o)
	if c == nil {
		return
	}
	tip, ok := c.Content().(Tip)
	if !ok {
		return
	}
	if text == "" {
		tip.HideTip()
		return
	}
	tip.ShowTip(text, o)
}

// Hint is an area that shows a tip while the pointer is over it and draws nothing itself.
type Hint struct {
	base
	Content fyne.CanvasObject
	Text    string
}

// NewHint puts a tip on an object that has none of its own.
func NewHint(text string, content fyne.CanvasObject) *Hint {
	h := &Hint{Content: content, Text: text}
	h.ExtendBaseWidget(h)
	return h
}

// HeightFor is the height of the content.
func (h *Hint) HeightFor(width float32) float32 { return HeightFor(h.Content, width) }

// MouseIn implements desktop.Hoverable.
func (h *Hint) MouseIn(*desktop.MouseEvent) { hint(h, h.Text) }

// MouseMoved implements desktop.Hoverable.
func (h *Hint) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (h *Hint) MouseOut() { hint(h, "") }

// CreateRenderer implements fyne.Widget.
func (h *Hint) CreateRenderer() fyne.WidgetRenderer {
	return &drawn{
		of: h, objects: []fyne.CanvasObject{h.Content},
		layout:  func(s fyne.Size) { h.Content.Move(fyne.NewPos(0, 0)); h.Content.Resize(s) },
		min:     func() fyne.Size { return h.Content.MinSize() },
		repaint: func() { h.Content.Refresh() },
	}
}
