package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Kind is how loud a button is.
type Kind uint8

// The kinds of buttons: at most one Primary stands in a view.
const (
	KindQuiet   Kind = iota // no ground until the pointer is over it
	KindPlain               // a control line around it
	KindPrimary             // accent ground
	KindDanger              // error-coloured text, a control line around it
)

// Button is a control that does one thing. It is reached by Tab and pressed by Enter, Space or the pointer.
type Button struct {
	focus
	Text     string
	Icon     fyne.Resource // drawn before Text; a themed resource takes the colour of the text
	Trailing fyne.Resource // drawn after Text
	Kind     Kind
	Tip      string // shown while the pointer is over it
	Small    bool   // 26 high instead of 34
	Left     bool   // the content stands left instead of centred
	Pill     bool   // round ends, as a chip has them
	Fill     float32
	OnTapped func()
	OnHover  func(in bool) // the pointer came or went

	hovered, pressed, disabled, selected bool
}

// NewButton makes a button with a label.
func NewButton(text string, kind Kind, tapped func()) *Button {
	b := &Button{Text: text, Kind: kind, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// NewIconButton makes a quiet button that shows only an icon; tip says what it does.
func NewIconButton(icon fyne.Resource, tip string, tapped func()) *Button {
	b := &Button{Icon: icon, Tip: tip, OnTapped: tapped}
	b.ExtendBaseWidget(b)
	return b
}

// SetText changes the label.
func (b *Button) SetText(text string) {
	if b.Text != text {
		b.Text = text
		b.Refresh()
	}
}

// SetIcon changes the icon.
func (b *Button) SetIcon(icon fyne.Resource) {
	if b.Icon != icon {
		b.Icon = icon
		b.Refresh()
	}
}

// SetFill draws a load bar inside the button: 0 to 1, 0 = none.
func (b *Button) SetFill(f float32) {
	if b.Fill != f {
		b.Fill = f
		b.Refresh()
	}
}

// SetSelected marks the button as the chosen one among its neighbours.
func (b *Button) SetSelected(on bool) {
	if b.selected != on {
		b.selected = on
		b.Refresh()
	}
}

// Selected says whether it is marked.
func (b *Button) Selected() bool { return b.selected }

// Enable implements fyne.Disableable.
func (b *Button) Enable() { b.SetEnabled(true) }

// Disable implements fyne.Disableable.
func (b *Button) Disable() { b.SetEnabled(false) }

// SetEnabled switches between the two.
func (b *Button) SetEnabled(on bool) {
	if b.disabled == on {
		b.disabled = !on
		b.Refresh()
	}
}

// Disabled implements fyne.Disableable.
func (b *Button) Disabled() bool { return b.disabled }

// Tapped implements fyne.Tappable.
func (b *Button) Tapped(*fyne.PointEvent) {
	if !b.disabled && b.OnTapped != nil {
		hint(b, "")
		b.OnTapped()
	}
}

// MouseDown implements desktop.Mouseable.
func (b *Button) MouseDown(*desktop.MouseEvent) { b.pressed = true; b.Refresh() }

// MouseUp implements desktop.Mouseable.
func (b *Button) MouseUp(*desktop.MouseEvent) { b.pressed = false; b.Refresh() }

// MouseIn implements desktop.Hoverable.
func (b *Button) MouseIn(*desktop.MouseEvent) {
	b.hovered = true
	if b.OnHover != nil {
		b.OnHover(true)
	}
	if b.Tip != "" {
		hint(b, b.Tip)
	}
	b.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (b *Button) MouseOut() {
	b.hovered, b.pressed = false, false
	if b.OnHover != nil {
		b.OnHover(false)
	}
	if b.Tip != "" {
		hint(b, "")
	}
	b.Refresh()
}

// TypedKey implements fyne.Focusable.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	pressKey(b, e)
}

// TypedShortcut implements fyne.Shortcutable.
func (b *Button) TypedShortcut(s fyne.Shortcut) { passShortcut(b, s) }

// AccessibilityLabel implements fyne.Accessible.
func (b *Button) AccessibilityLabel() string {
	if b.Text != "" {
		return b.Text
	}
	return b.Tip
}

// AccessibilityRole implements fyne.Accessible.
func (b *Button) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

func (b *Button) height() float32 {
	text := b.measure(theme.SizeBody)
	if b.Small {
		return text + 13
	}
	return text + 21
}

func (b *Button) textSize() float32 {
	if b.Small {
		return b.measure(theme.SizeSmall)
	}
	return b.measure(theme.SizeBody)
}

func (b *Button) iconSize() float32 {
	if b.Small {
		return b.measure(theme.SizeBody) + 1
	}
	return b.measure(theme.SizeBody) + 4
}

func (b *Button) style() fyne.TextStyle { return fyne.TextStyle{Bold: b.Kind == KindPrimary} }

// contentWidth is what icon, text and trailing icon need without padding.
func (b *Button) contentWidth() float32 {
	var w float32
	if b.Icon != nil {
		w += b.iconSize()
	}
	if b.Text != "" {
		if w > 0 {
			w += 6
		}
		w += textWidth(b.Text, b.textSize(), b.style())
	}
	if b.Trailing != nil {
		w += b.measure(theme.SizeBody) + 4
	}
	return w
}

func (b *Button) pad() float32 {
	switch {
	case b.Text == "":
		return (b.height() - b.iconSize()) / 2
	case b.Small:
		return 9
	}
	return 13
}

// colors are the ground, the line and the text of the present state.
func (b *Button) colors() (ground, line color.Color, text fyne.ThemeColorName) {
	ground, line, text = color.Transparent, color.Transparent, theme.ColorText
	switch b.Kind {
	case KindQuiet:
		if b.Text == "" {
			text = theme.ColorQuiet
		}
	case KindPlain:
		line = b.ink(theme.ColorControl)
	case KindPrimary:
		ground, text = b.ink(theme.ColorAccent), theme.ColorOnAccent
	case KindDanger:
		line, text = b.ink(theme.ColorControl), theme.ColorError
	}
	if b.selected {
		ground, text = b.ink(theme.ColorSelected), theme.ColorText
	}
	if b.disabled {
		text = theme.ColorDisabled
		if b.Kind == KindPrimary {
			ground = b.ink(theme.ColorPressed)
		}
	}
	return ground, line, text
}

// CreateRenderer implements fyne.Widget.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	ground, fill, veil, ring := canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent)
	before, after := newTinted(), newTinted()
	icon, trailing := before.img, after.img
	text := newWords()
	d := &drawn{of: b, objects: []fyne.CanvasObject{ground, fill, veil, icon, text.box, trailing, ring}}
	d.min = func() fyne.Size { return fyne.NewSize(b.contentWidth()+2*b.pad(), b.height()) }
	d.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		place(veil, 0, 0, s.Width, s.Height)
		place(fill, 1, s.Height-4, (s.Width-2)*b.Fill, 3)
		shown(fill, b.Fill > 0)
		place(ring, -3, -3, s.Width+6, s.Height+6)
		x := (s.Width - b.contentWidth()) / 2
		if b.Left || x < b.pad() {
			x = b.pad()
		}
		if b.Text == "" && b.Trailing == nil {
			x = (s.Width - b.iconSize()) / 2
		}
		right := s.Width - b.pad()
		if b.Trailing != nil {
			n := b.measure(theme.SizeBody)
			place(trailing, right-n, (s.Height-n)/2, n, n)
			right -= n + 4
		}
		if b.Icon != nil {
			n := b.iconSize()
			place(icon, x, (s.Height-n)/2, n, n)
			x += n + 6
		}
		text.shorten(b.Text, right-x+1, b.textSize(), b.style())
		text.place(x, 0, right-x, s.Height)
	}
	d.repaint = func() {
		var name fyne.ThemeColorName
		var line color.Color
		ground.FillColor, line, name = b.colors()
		radius := b.measure(theme.SizeRadiusNested)
		if b.Pill {
			radius = b.height() / 2
		}
		ground.StrokeColor, ground.StrokeWidth, ground.CornerRadius = line, 1, radius
		veil.CornerRadius, ring.CornerRadius, fill.CornerRadius = radius, radius+3, 1.5
		fill.FillColor = b.ink(theme.ColorAccent)
		veil.FillColor = color.Transparent
		if !b.disabled && b.pressed {
			veil.FillColor = b.ink(theme.ColorPressed)
		} else if !b.disabled && b.hovered {
			veil.FillColor = b.ink(theme.ColorHover)
		}
		ring.StrokeColor, ring.StrokeWidth = color.Transparent, 2
		if b.focused {
			ring.StrokeColor = b.ink(theme.ColorFocus)
		}
		text.ink(b.ink(name))
		before.set(b.Icon, name)
		after.set(b.Trailing, name)
		seen(ground, veil, ring)
		shown(icon, b.Icon != nil)
		shown(trailing, b.Trailing != nil)
		refreshShapes(d.objects)
	}
	d.repaint()
	return d
}
