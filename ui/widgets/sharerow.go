package widgets

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// ShareRow is one of several candidates with its share of the whole as a number and a bar. The taken one cannot be
// pressed.
type ShareRow struct {
	focus
	Text  string
	Quiet bool // Text is no text but the name of something
	Share float64

	tapped func() // nil = it cannot be pressed

	taken, hovered bool
}

// NewShareRow makes a row.
func NewShareRow(text string, share float64, taken bool, tapped func()) *ShareRow {
	r := &ShareRow{Text: text, Share: share, taken: taken, tapped: tapped}
	if taken {
		r.tapped = nil
	}
	r.ExtendBaseWidget(r)
	return r
}

// Percent is how a share is written.
func Percent(share float64) string {
	switch {
	case share >= 0.9995:
		return "100 %"
	case share < 0.0005:
		return "< 0.1 %"
	}
	return fmt.Sprintf("%.1f %%", 100*share)
}

// Tapped implements fyne.Tappable.
func (r *ShareRow) Tapped(*fyne.PointEvent) {
	if r.tapped != nil {
		r.tapped()
	}
}

// Disabled says whether it cannot be pressed.
func (r *ShareRow) Disabled() bool { return r.tapped == nil }

// MouseIn implements desktop.Hoverable.
func (r *ShareRow) MouseIn(*desktop.MouseEvent) { r.hovered = true; r.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (r *ShareRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *ShareRow) MouseOut() { r.hovered = false; r.Refresh() }

// Cursor implements desktop.Cursorable.
func (r *ShareRow) Cursor() desktop.Cursor {
	if r.tapped == nil {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// TypedKey implements fyne.Focusable.
func (r *ShareRow) TypedKey(e *fyne.KeyEvent) {
	rowKey(r, e)
}

// TypedShortcut implements fyne.Shortcutable.
func (r *ShareRow) TypedShortcut(s fyne.Shortcut) { passShortcut(r, s) }

// CreateRenderer implements fyne.Widget.
func (r *ShareRow) CreateRenderer() fyne.WidgetRenderer {
	ground, track, bar, ring := canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent)
	text, number := newWords(), newWords()
	d := &drawn{of: r, objects: []fyne.CanvasObject{ground, track, bar, text.box, number.box, ring}}
	line := func() float32 { return r.measure(theme.SizeBody) * theme.LineHeight }
	d.min = func() fyne.Size { return fyne.NewSize(160, line()+16) }
	d.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(ring, 0, 0, s.Width, s.Height)
		number.say(Percent(r.Share), r.measure(theme.SizeSmall), fyne.TextStyle{})
		w := number.width()
		number.place(s.Width-10-w, 4, w, line())
		text.shorten(tokenLabel(r.Text), s.Width-30-w, r.measure(theme.SizeBody), fyne.TextStyle{Bold: r.taken, Italic: r.Quiet})
		text.place(10, 4, s.Width-30-w, line())
		y := 6 + line()
		place(track, 10, y, s.Width-20, 4)
		place(bar, 10, y, max((s.Width-20)*float32(min(max(r.Share, 0), 1)), 2), 4)
	}
	d.repaint = func() {
		radius := r.measure(theme.SizeRadiusNested)
		ground.CornerRadius, ring.CornerRadius, track.CornerRadius, bar.CornerRadius = radius, radius, 2, 2
		ground.FillColor, ring.StrokeColor, ring.StrokeWidth = color.Transparent, color.Transparent, 2
		switch {
		case r.taken:
			ground.FillColor = r.ink(theme.ColorSelected)
		case r.hovered && r.tapped != nil:
			ground.FillColor = r.ink(theme.ColorHover)
		}
		if r.focused {
			ring.StrokeColor = r.ink(theme.ColorFocus)
		}
		track.FillColor, bar.FillColor = r.ink(theme.ColorHairline), r.ink(theme.ColorControl)
		if r.taken {
			bar.FillColor = r.ink(theme.ColorAccent)
		}
		text.ink(r.ink(theme.ColorText))
		number.ink(r.ink(theme.ColorQuiet))
		if r.Quiet {
			text.ink(r.ink(theme.ColorQuiet))
		}
		seen(ground, ring)
		for _, o := range d.objects {
			o.Refresh()
		}
	}
	d.repaint()
	return d
}
