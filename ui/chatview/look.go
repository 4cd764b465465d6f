package chatview

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"

	"loam/ui/markdown"
	"loam/ui/textflow"
	"loam/ui/theme"
)

// Text comes in a few sizes; a textflow.Style is a size class and the Markdown styles.
type class uint16

const (
	classBody class = iota
	classSmall
	classCode
	classHeading1
	classHeading2
	classHeading3
	classCount
)

const classShift = 8

func styleOf(c class, s markdown.Style) textflow.Style {
	return textflow.Style(c)<<classShift | textflow.Style(s)
}

// look is what the theme says, read once per change of it. It is the measurer of the transcript.
type look struct {
	sizes   [classCount]float32
	heights [classCount]float32 // of lines
	rises   [classCount]float32 // baseline below the upper edge of a line
	colors  [inkCount]color.Color
	radius  float32
	nested  float32
	widths  *textflow.Cache
}

// ink is a colour of the transcript.
type ink uint8

const (
	inkText ink = iota
	inkQuiet
	inkAccent
	inkOnAccent
	inkError
	inkWarn
	inkBubble
	inkCode
	inkHairline
	inkControl
	inkSelected
	inkHover
	inkFind
	inkFindCurrent
	inkSurface
	inkShadow
	inkFocus
	inkScroll
	inkKeyword
	inkString
	inkComment
	inkNumber
	inkName
	inkType
	inkCount
)

var inkNames = [inkCount]fyne.ThemeColorName{
	theme.ColorText, theme.ColorQuiet, theme.ColorAccent, theme.ColorOnAccent, theme.ColorError, theme.ColorWarn, theme.ColorBubble,
	theme.ColorCode, theme.ColorHairline, theme.ColorControl, theme.ColorSelected, theme.ColorHover, theme.ColorFind,
	theme.ColorFindCurrent, theme.ColorSurface, theme.ColorShadow, theme.ColorFocus, theme.ColorControl,
	theme.ColorCodeKeyword, theme.ColorCodeString, theme.ColorCodeComment, theme.ColorCodeNumber, theme.ColorCodeName, theme.ColorCodeType,
}

func newLook(v *View) *look {
	l := &look{radius: theme.SizeFor(v, theme.SizeRadius), nested: theme.SizeFor(v, theme.SizeRadiusNested)}
	body := theme.SizeFor(v, theme.SizeBody)
	l.sizes = [classCount]float32{
		body, theme.SizeFor(v, theme.SizeSmall), theme.SizeFor(v, theme.SizeCode),
		theme.SizeFor(v, theme.SizeHeading), theme.SizeFor(v, theme.SizeTitle), body,
	}
	for c, size := range l.sizes {
		l.heights[c] = round(size * theme.LineHeight)
		style, _ := l.text(styleOf(class(c), 0))
		measured, baseline := fyne.CurrentApp().Driver().RenderedTextSize("x", size, style, nil)
		l.rises[c] = round((l.heights[c]-measured.Height)/2 + ceil(baseline))
	}
	for i, name := range inkNames {
		l.colors[i] = theme.ColorFor(v, name)
	}
	l.widths = textflow.NewCache(fyneMeasurer{l})
	return l
}

func (l *look) same(o *look) bool {
	return l.sizes == o.sizes && l.colors == o.colors && l.radius == o.radius
}

// text returns how text of a style is drawn.
func (l *look) text(s textflow.Style) (fyne.TextStyle, float32) {
	c, md := class(s>>classShift), markdown.Style(s)
	style := fyne.TextStyle{
		Bold:          md&markdown.Bold != 0 || c >= classHeading1,
		Italic:        md&markdown.Italic != 0,
		Monospace:     md&markdown.Mono != 0 || c == classCode,
		Strikethrough: md&markdown.Strike != 0,
	}
	size := l.sizes[c]
	if md&markdown.Mono != 0 && c != classCode { // mono looks larger than the words around it
		size *= 0.9
	}
	return style, size
}

// Width implements textflow.Measurer.
func (l *look) Width(text string, s textflow.Style) float32 { return l.widths.Width(text, s) }

// fyneMeasurer asks Fyne's font engine, which knows the fallback fonts too.
type fyneMeasurer struct{ l *look }

func (m fyneMeasurer) Width(text string, s textflow.Style) float32 {
	style, size := m.l.text(s)
	return fyne.MeasureText(text, size, style).Width
}

func ceil(v float32) float32 { return float32(math.Ceil(float64(v))) }

func round(v float32) float32 { return float32(math.Round(float64(v))) }

// column is where text stands in the window.
type column struct {
	x, width float32 // the reading column
	wide     float32 // tables may be so wide
	view     float32
}

const edge = 24 // least space left and right of the column

func newColumn(view, reading float32) column {
	side := float32(edge)
	if view < 560 {
		side = 16
	}
	c := column{view: view, wide: max(view-2*side, 80)}
	c.width = min(reading, c.wide)
	c.x = round((view - c.width) / 2)
	return c
}
