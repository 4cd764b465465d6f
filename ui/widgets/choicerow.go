package widgets

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// ChoiceRow is one of several things to choose: a name, a quiet line of facts under it, and a check mark on the taken
// one.
type ChoiceRow struct {
	focus
	name, facts *Label
	check       *Icon
	tapped      func()
	pictured    bool // a picture stands before the name
	picture     image.Image

	taken, hovered, disabled bool

	current bool // Enter elsewhere would choose it
}

// NewChoiceRow makes a row.
func NewChoiceRow(name, facts string, taken bool, tapped func()) *ChoiceRow {
	r := &ChoiceRow{
		name:   NewLabel(name, LabelStyle{}),
		facts:  NewLabel(facts, LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall}),
		check:  NewIcon(theme.Icon(theme.IconCheck), theme.ColorAccent, 18),
		taken:  taken,
		tapped: tapped,
	}
	r.ExtendBaseWidget(r)
	return r
}

// Set shows another choice.
func (r *ChoiceRow) Set(name, facts string, tapped func()) {
	r.name.SetText(name)
	r.facts.SetText(facts)
	r.tapped = tapped
}

// NewPictureRow makes a row with room for a picture before its name.
func NewPictureRow() *ChoiceRow {
	r := NewChoiceRow("", "", false, nil)
	r.pictured = true
	return r
}

// SetImage shows a picture before the name; nil leaves its room empty.
func (r *ChoiceRow) SetImage(img image.Image) {
	if r.picture != img {
		r.picture = img
		r.Refresh()
	}
}

// SetTaken ticks it or not.
func (r *ChoiceRow) SetTaken(on bool) {
	if r.taken != on {
		r.taken = on
		r.Refresh()
	}
}

// SetCurrent marks it as the one that Enter chooses while the focus is elsewhere, as in a field above.
func (r *ChoiceRow) SetCurrent(on bool) {
	if r.current != on {
		r.current = on
		r.Refresh()
	}
}

// Current says whether it is so marked.
func (r *ChoiceRow) Current() bool { return r.current }

// Text is the name.
func (r *ChoiceRow) Text() string { return r.name.Text() }

// SetEnabled says whether it can be chosen.
func (r *ChoiceRow) SetEnabled(on bool) {
	r.disabled = !on
	ink := theme.ColorText
	if !on {
		ink = theme.ColorQuiet
	}
	r.name.SetInk(ink)
}

// Disabled says whether it cannot be chosen.
func (r *ChoiceRow) Disabled() bool { return r.disabled }

// Tapped implements fyne.Tappable.
func (r *ChoiceRow) Tapped(*fyne.PointEvent) {
	if !r.disabled && r.tapped != nil {
		r.tapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (r *ChoiceRow) MouseIn(*desktop.MouseEvent) { r.hovered = true; r.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (r *ChoiceRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *ChoiceRow) MouseOut() { r.hovered = false; r.Refresh() }

// TypedKey implements fyne.Focusable.
func (r *ChoiceRow) TypedKey(e *fyne.KeyEvent) {
	rowKey(r, e)
}

// TypedShortcut implements fyne.Shortcutable.
func (r *ChoiceRow) TypedShortcut(s fyne.Shortcut) { passShortcut(r, s) }

// CreateRenderer implements fyne.Widget.
func (r *ChoiceRow) CreateRenderer() fyne.WidgetRenderer {
	ground, ring := canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent)
	picture := canvas.NewImageFromImage(nil)
	picture.FillMode, picture.ScaleMode = canvas.ImageFillContain, canvas.ImageScaleSmooth
	d := &drawn{of: r, objects: []fyne.CanvasObject{ground, picture, r.name, r.facts, r.check, ring}}
	d.min = func() fyne.Size {
		return fyne.NewSize(200, r.name.MinSize().Height+r.facts.MinSize().Height+14)
	}
	d.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(ring, 0, 0, s.Width, s.Height)
		h, left, right := r.name.MinSize().Height, float32(10), float32(36)
		if r.pictured {
			side := s.Height - 12
			place(picture, left, 6, side, side)
			left, right = left+side+10, 10
		}
		place(r.name, left, 6, s.Width-left-right, h)
		place(r.facts, left, 7+h, s.Width-left-right, r.facts.MinSize().Height)
		place(r.check, s.Width-30, (s.Height-18)/2, 18, 18)
	}
	paint := func() {
		radius := r.measure(theme.SizeRadiusNested)
		ground.CornerRadius, ring.CornerRadius, ring.StrokeWidth = radius, radius, 2
		ground.FillColor, ring.StrokeColor = color.Transparent, color.Transparent
		switch {
		case r.taken, r.current:
			ground.FillColor = r.ink(theme.ColorSelected)
		case r.hovered && !r.disabled:
			ground.FillColor = r.ink(theme.ColorHover)
		}
		if r.focused {
			ring.StrokeColor = r.ink(theme.ColorFocus)
		}
		seen(ground, ring)
		shown(r.check, r.taken)
		shown(picture, r.picture != nil)
		if picture.Image != r.picture {
			picture.Image = r.picture
			picture.Refresh()
		}
	}
	paint()
	d.repaint = func() { paint(); ground.Refresh(); ring.Refresh() }
	return d
}
