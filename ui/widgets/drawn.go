package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"
)

// base is what every control here embeds: Fyne's base and short ways to the theme.
type base struct {
	widget.BaseWidget
}

// ink is a colour of the theme as the widget sees it.
func (b *base) ink(name fyne.ThemeColorName) color.Color {
	return b.Theme().Color(name, fyne.CurrentApp().Settings().ThemeVariant())
}

// measure is a size of the theme as the widget sees it, in device-independent pixels.
func (b *base) measure(name fyne.ThemeSizeName) float32 { return b.Theme().Size(name) }

// drawn is a renderer made of functions: what is drawn, where it goes, how small it may be, and how it is repainted
// when the state or the theme changed.
type drawn struct {
	objects []fyne.CanvasObject
	layout  func(fyne.Size)
	min     func() fyne.Size
	repaint func()
	of      fyne.CanvasObject
	laid    bool
}

func (d *drawn) Destroy()           {}
func (d *drawn) MinSize() fyne.Size { return d.min() }

func (d *drawn) Layout(s fyne.Size) {
	d.laid = true
	d.layout(s)
}

// Objects lays out what has its size already: Fyne forgets the renderer of what was not seen for a minute, and a new one
// hears of no size unless that changes.
func (d *drawn) Objects() []fyne.CanvasObject {
	if s := d.of.Size(); !d.laid && s.Width > 0 && s.Height > 0 {
		d.Layout(s)
	}
	return d.objects
}

func (d *drawn) Refresh() {
	d.repaint()
	d.Layout(d.of.Size())
	canvas.Refresh(d.of)
}

// place moves and resizes in one call.
func place(o fyne.CanvasObject, x, y, w, h float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(max(w, 0), max(h, 0)))
}

// shown hides or shows without a call when nothing changes: each of them repaints the window.
func shown(o fyne.CanvasObject, visible bool) {
	switch {
	case visible && !o.Visible():
		o.Show()
	case !visible && o.Visible():
		o.Hide()
	}
}

// seen hides rectangles that draw nothing: the painter leaves specks where corners of nothing are round.
func seen(rects ...*canvas.Rectangle) {
	for _, r := range rects {
		shown(r, visible(r.FillColor) || r.StrokeWidth > 0 && visible(r.StrokeColor))
	}
}

func visible(c color.Color) bool {
	if c == nil {
		return false
	}
	_, _, _, a := c.RGBA()
	return a > 0
}

// canvasOf is the canvas that shows a widget, nil while it is on none.
func canvasOf(o fyne.CanvasObject) fyne.Canvas {
	return fyne.CurrentApp().Driver().CanvasForObject(o)
}
