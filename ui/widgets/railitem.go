package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// RailItem leads to a page: an icon with its label under it.
type RailItem struct {
	base
	Label  string
	icon   fyne.ThemeIconName
	tip    string
	tapped func()

	selected, hovered, focused bool
}

// NewRailItem makes an item; tip names its shortcut.
func NewRailItem(label string, icon fyne.ThemeIconName, tip string, tapped func()) *RailItem {
	r := &RailItem{Label: label, icon: icon, tip: tip, tapped: tapped}
	r.ExtendBaseWidget(r)
	return r
}

// SetSelected marks the page that is shown.
func (r *RailItem) SetSelected(on bool) {
	if r.selected != on {
		r.selected = on
		r.Refresh()
	}
}

// Selected says whether its page is shown.
func (r *RailItem) Selected() bool { return r.selected }

// Tapped implements fyne.Tappable.
func (r *RailItem) Tapped(*fyne.PointEvent) { hint(r, ""); r.tapped() }

// MouseIn implements desktop.Hoverable.
func (r *RailItem) MouseIn(*desktop.MouseEvent) { r.hovered = true; hint(r, r.tip); r.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (r *RailItem) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *RailItem) MouseOut() { r.hovered = false; hint(r, ""); r.Refresh() }

// FocusGained implements fyne.Focusable.
func (r *RailItem) FocusGained() { r.focused = true; r.Refresh() }

// FocusLost implements fyne.Focusable.
func (r *RailItem) FocusLost() { r.focused = false; r.Refresh() }

// TypedRune implements fyne.Focusable.
func (r *RailItem) TypedRune(rune) {}

// TypedKey implements fyne.Focusable.
func (r *RailItem) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		r.Tapped(nil)
	default:
		passKey(r, e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (r *RailItem) TypedShortcut(s fyne.Shortcut) { passShortcut(r, s) }

// CreateRenderer implements fyne.Widget.
func (r *RailItem) CreateRenderer() fyne.WidgetRenderer {
	ground, ring, text := canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent), canvas.NewText(r.Label, nil)
	img := canvas.NewImageFromResource(nil)
	img.FillMode = canvas.ImageFillContain
	text.Alignment = fyne.TextAlignCenter
	d := &drawn{of: r, objects: []fyne.CanvasObject{ground, img, text, ring}}
	size := func() float32 { return r.measure(theme.SizeSmall) - 1 }
	d.min = func() fyne.Size {
		w := fyne.MeasureText(r.Label, size(), fyne.TextStyle{}).Width + 16
		return fyne.NewSize(max(w, r.measure(theme.SizeRail)), 40+size()*1.3)
	}
	d.layout = func(s fyne.Size) {
		place(ground, 5, 2, s.Width-10, s.Height-4)
		place(ring, 5, 2, s.Width-10, s.Height-4)
		place(img, (s.Width-22)/2, 9, 22, 22)
		h := text.MinSize().Height
		place(text, 0, 33, s.Width, h)
	}
	paint := func() {
		name := theme.ColorQuiet
		ground.FillColor, ring.StrokeColor = color.Transparent, color.Transparent
		radius := r.measure(theme.SizeRadius)
		ground.CornerRadius, ring.CornerRadius, ring.StrokeWidth = radius, radius, 2
		switch {
		case r.selected:
			ground.FillColor, name = r.ink(theme.ColorSelected), theme.ColorText
		case r.hovered:
			ground.FillColor = r.ink(theme.ColorHover)
		}
		if r.focused {
			ring.StrokeColor = r.ink(theme.ColorFocus)
		}
		seen(ground, ring)
		img.Resource = tinted(r.Theme().Icon(r.icon), name)
		text.Color, text.TextSize = r.ink(name), size()
	}
	paint()
	d.repaint = func() {
		paint()
		for _, o := range d.objects {
			o.Refresh()
		}
	}
	return d
}
