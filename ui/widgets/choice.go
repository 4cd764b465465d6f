package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Segmented shows a few choices side by side, one of them taken. Left and Right move it.
type Segmented struct {
	focus
	Options  []string
	OnChange func(index int)

	chosen, over int
}

// NewSegmented makes a choice among options.
func NewSegmented(options []string, chosen int, changed func(index int)) *Segmented {
	s := &Segmented{Options: options, chosen: chosen, over: -1, OnChange: changed}
	s.ExtendBaseWidget(s)
	return s
}

// Chosen is the index of the taken choice.
func (s *Segmented) Chosen() int { return s.chosen }

// Choose takes a choice without telling OnChange; -1 = none of them.
func (s *Segmented) Choose(index int) {
	if index >= -1 && index < len(s.Options) && index != s.chosen {
		s.chosen = index
		s.Refresh()
	}
}

func (s *Segmented) take(index int) {
	if index < 0 || index >= len(s.Options) || index == s.chosen {
		return
	}
	s.Choose(index)
	if s.OnChange != nil {
		s.OnChange(index)
	}
}

func (s *Segmented) at(x float32) int {
	if s.Size().Width <= 0 {
		return -1
	}
	return min(int(x/(s.Size().Width/float32(len(s.Options)))), len(s.Options)-1)
}

// Tapped implements fyne.Tappable.
func (s *Segmented) Tapped(e *fyne.PointEvent) { s.take(s.at(e.Position.X)) }

// MouseIn implements desktop.Hoverable.
func (s *Segmented) MouseIn(e *desktop.MouseEvent) { s.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (s *Segmented) MouseMoved(e *desktop.MouseEvent) {
	if over := s.at(e.Position.X); over != s.over {
		s.over = over
		s.Refresh()
	}
}

// MouseOut implements desktop.Hoverable.
func (s *Segmented) MouseOut() { s.over = -1; s.Refresh() }

// TypedKey implements fyne.Focusable.
func (s *Segmented) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft:
		s.take(s.chosen - 1)
	case fyne.KeyRight:
		s.take(s.chosen + 1)
	default:
		passKey(s, e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (s *Segmented) TypedShortcut(k fyne.Shortcut) { passShortcut(s, k) }

// CreateRenderer implements fyne.Widget.
func (s *Segmented) CreateRenderer() fyne.WidgetRenderer {
	ground, mark, veil, ring := canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent)
	texts := make([]*words, len(s.Options))
	d := &drawn{of: s, objects: []fyne.CanvasObject{ground, mark, veil}}
	for i := range s.Options {
		texts[i] = newWords()
		texts[i].align = fyne.TextAlignCenter
		d.objects = append(d.objects, texts[i].box)
	}
	d.objects = append(d.objects, ring)
	part := func(size fyne.Size) float32 { return size.Width / float32(len(s.Options)) }
	d.min = func() fyne.Size {
		var w float32
		for _, o := range s.Options {
			w = max(w, textWidth(o, s.measure(theme.SizeBody), fyne.TextStyle{}))
		}
		return fyne.NewSize((w+28)*float32(len(s.Options)), s.measure(theme.SizeBody)+19)
	}
	d.layout = func(size fyne.Size) {
		place(ground, 0, 0, size.Width, size.Height)
		place(ring, -3, -3, size.Width+6, size.Height+6)
		w := part(size)
		place(mark, float32(s.chosen)*w+3, 3, w-6, size.Height-6)
		place(veil, float32(max(s.over, 0))*w+3, 3, w-6, size.Height-6)
		for i, t := range texts {
			t.shorten(s.Options[i], w-6, s.measure(theme.SizeBody), fyne.TextStyle{})
			t.place(float32(i)*w, 0, w, size.Height)
		}
	}
	paint := func() {
		radius := s.measure(theme.SizeRadiusNested)
		ground.FillColor, ground.StrokeColor, ground.StrokeWidth, ground.CornerRadius = color.Transparent, s.ink(theme.ColorControl), 1, radius+2
		mark.FillColor, mark.CornerRadius = s.ink(theme.ColorSelected), radius-1
		shown(mark, s.chosen >= 0)
		veil.FillColor, veil.CornerRadius = color.Transparent, radius-1
		if s.over >= 0 && s.over != s.chosen {
			veil.FillColor = s.ink(theme.ColorHover)
		}
		ring.StrokeWidth, ring.CornerRadius, ring.StrokeColor = 2, radius+4, color.Transparent
		if s.focused {
			ring.StrokeColor = s.ink(theme.ColorFocus)
		}
		seen(veil, ring)
		for _, t := range texts {
			t.ink(s.ink(theme.ColorText))
		}
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

// Switch is a setting that is on or off.
type Switch struct {
	focus
	OnChange func(on bool)
	on       bool
}

// NewSwitch makes a switch.
func NewSwitch(on bool, changed func(on bool)) *Switch {
	s := &Switch{on: on, OnChange: changed}
	s.ExtendBaseWidget(s)
	return s
}

// On says whether it is on.
func (s *Switch) On() bool { return s.on }

// Set switches it without telling OnChange.
func (s *Switch) Set(on bool) {
	if s.on != on {
		s.on = on
		s.Refresh()
	}
}

// Tapped implements fyne.Tappable.
func (s *Switch) Tapped(*fyne.PointEvent) {
	s.Set(!s.on)
	if s.OnChange != nil {
		s.OnChange(s.on)
	}
}

// TypedKey implements fyne.Focusable.
func (s *Switch) TypedKey(e *fyne.KeyEvent) {
	pressKey(s, e)
}

// TypedShortcut implements fyne.Shortcutable.
func (s *Switch) TypedShortcut(k fyne.Shortcut) { passShortcut(s, k) }

// CreateRenderer implements fyne.Widget.
func (s *Switch) CreateRenderer() fyne.WidgetRenderer {
	track, knob, ring := canvas.NewRectangle(nil), canvas.NewCircle(nil), canvas.NewRectangle(color.Transparent)
	d := &drawn{of: s, objects: []fyne.CanvasObject{track, knob, ring}}
	d.min = func() fyne.Size { return fyne.NewSize(40, 24) }
	d.layout = func(size fyne.Size) {
		y := (size.Height - 24) / 2
		place(track, 0, y, 40, 24)
		place(ring, -3, y-3, 46, 30)
		x := float32(4)
		if s.on {
			x = 20
		}
		place(knob, x, y+4, 16, 16)
	}
	paint := func() {
		track.CornerRadius, ring.CornerRadius, track.StrokeWidth, ring.StrokeWidth = 12, 15, 1, 2
		track.FillColor, track.StrokeColor, knob.FillColor = color.Transparent, s.ink(theme.ColorControl), s.ink(theme.ColorControl)
		if s.on {
			track.FillColor, track.StrokeColor, knob.FillColor = s.ink(theme.ColorAccent), s.ink(theme.ColorAccent), s.ink(theme.ColorOnAccent)
		}
		ring.StrokeColor = color.Transparent
		if s.focused {
			ring.StrokeColor = s.ink(theme.ColorFocus)
		}
		seen(ring)
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

// Chip is a small rounded word: a state or a property.
type Chip struct {
	base
	Text string
	Ink  fyne.ThemeColorName
}

// NewChip makes a chip with its text in a colour.
func NewChip(text string, ink fyne.ThemeColorName) *Chip {
	c := &Chip{Text: text, Ink: ink}
	c.ExtendBaseWidget(c)
	return c
}

// CreateRenderer implements fyne.Widget.
func (c *Chip) CreateRenderer() fyne.WidgetRenderer {
	ground, text := canvas.NewRectangle(nil), newWords()
	text.align = fyne.TextAlignCenter
	d := &drawn{of: c, objects: []fyne.CanvasObject{ground, text.box}}
	d.min = func() fyne.Size {
		size := c.measure(theme.SizeSmall)
		return fyne.NewSize(textWidth(c.Text, size, fyne.TextStyle{})+18, theme.TextHeight(size)+6)
	}
	d.layout = func(s fyne.Size) {
		h := d.min().Height
		place(ground, 0, (s.Height-h)/2, s.Width, h)
		text.say(c.Text, c.measure(theme.SizeSmall), fyne.TextStyle{})
		text.place(0, 0, s.Width, s.Height)
	}
	paint := func() {
		ground.FillColor, ground.StrokeColor, ground.StrokeWidth = color.Transparent, c.ink(theme.ColorHairline), 1
		ground.CornerRadius = (c.measure(theme.SizeSmall) + 10) / 2
		text.ink(c.ink(c.Ink))
	}
	paint()
	d.repaint = func() { paint(); ground.Refresh(); text.box.Refresh() }
	return d
}
