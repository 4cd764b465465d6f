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
	focus
	Label  string
	icon   fyne.ThemeIconName
	tip    string
	tapped func()

	selected, hovered bool
	progress          float32 // 0 = nothing runs there
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

// SetProgress draws a thin ring around the icon for work that runs on the page: 0 to 1, 0 = none.
func (r *RailItem) SetProgress(share float32) {
	if share = min(max(share, 0), 1); share != r.progress {
		r.progress = share
		r.Refresh()
	}
}

// Progress is the share that the ring shows.
func (r *RailItem) Progress() float32 { return r.progress }

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

// TypedKey implements fyne.Focusable.
func (r *RailItem) TypedKey(e *fyne.KeyEvent) {
	pressKey(r, e)
}

// TypedShortcut implements fyne.Shortcutable.
func (r *RailItem) TypedShortcut(s fyne.Shortcut) { passShortcut(r, s) }

// CreateRenderer implements fyne.Widget.
func (r *RailItem) CreateRenderer() fyne.WidgetRenderer {
	ground, ring, text := canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent), newWords()
	icon := newTinted()
	img := icon.img
	text.align = fyne.TextAlignCenter
	arc := canvas.NewArc(0, 0, 0.88, color.Transparent)
	d := &drawn{of: r, objects: []fyne.CanvasObject{ground, arc, img, text.box, ring}}
	size := func() float32 { return r.measure(theme.SizeSmall) - 1 }
	d.min = func() fyne.Size {
		w := textWidth(r.Label, size(), fyne.TextStyle{}) + 16
		return fyne.NewSize(max(w, r.measure(theme.SizeRail)), 40+size()*1.3)
	}
	d.layout = func(s fyne.Size) {
		place(ground, 5, 2, s.Width-10, s.Height-4)
		place(ring, 5, 2, s.Width-10, s.Height-4)
		side := float32(22)
		if r.progress > 0 {
			side = 16
		}
		place(img, (s.Width-side)/2, 20-side/2, side, side)
		place(arc, s.Width/2-14, 6, 28, 28)
		text.say(r.Label, size(), fyne.TextStyle{})
		text.place(0, 33, s.Width, theme.TextHeight(size()))
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
		arc.EndAngle, arc.FillColor = 360*r.progress, r.ink(theme.ColorAccent)
		shown(arc, r.progress > 0)
		icon.set(r.Theme().Icon(r.icon), name)
		text.ink(r.ink(name))
	}
	paint()
	d.repaint = func() {
		paint()
		refreshShapes(d.objects)
	}
	return d
}
