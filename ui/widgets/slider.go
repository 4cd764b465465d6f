package widgets

import (
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Slider chooses a number between Low and High in steps. Left and Right move it by one step, Page Up and Down by ten.
type Slider struct {
	focus
	Low, High, Step float64
	OnChange        func(v float64)

	value   float64
	hovered bool
}

// NewSlider makes a slider.
func NewSlider(low, high, step, value float64, changed func(v float64)) *Slider {
	s := &Slider{Low: low, High: high, Step: step, OnChange: changed}
	s.value = s.round(value)
	s.ExtendBaseWidget(s)
	return s
}

// Value is the chosen number.
func (s *Slider) Value() float64 { return s.value }

// Set moves it without telling OnChange.
func (s *Slider) Set(v float64) {
	if v = s.round(v); v != s.value {
		s.value = v
		s.Refresh()
	}
}

func (s *Slider) round(v float64) float64 {
	return min(max(s.Low+math.Round((v-s.Low)/s.Step)*s.Step, s.Low), s.High)
}

func (s *Slider) take(v float64) {
	if v = s.round(v); v != s.value {
		s.Set(v)
		if s.OnChange != nil {
			s.OnChange(v)
		}
	}
}

// sliderPad is the room that the knob needs at both ends.
const sliderPad = 8

func (s *Slider) at(x float32) float64 {
	room := s.Size().Width - 2*sliderPad
	if room <= 0 {
		return s.value
	}
	return s.Low + float64((x-sliderPad)/room)*(s.High-s.Low)
}

// Tapped implements fyne.Tappable.
func (s *Slider) Tapped(e *fyne.PointEvent) { s.take(s.at(e.Position.X)) }

// Dragged implements fyne.Draggable.
func (s *Slider) Dragged(e *fyne.DragEvent) { s.take(s.at(e.Position.X)) }

// DragEnd implements fyne.Draggable.
func (s *Slider) DragEnd() {}

// MouseIn implements desktop.Hoverable.
func (s *Slider) MouseIn(*desktop.MouseEvent) { s.hovered = true; s.Refresh() }

// MouseMoved implements desktop.Hoverable.
func (s *Slider) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (s *Slider) MouseOut() { s.hovered = false; s.Refresh() }

// TypedKey implements fyne.Focusable.
func (s *Slider) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft, fyne.KeyDown:
		s.take(s.value - s.Step)
	case fyne.KeyRight, fyne.KeyUp:
		s.take(s.value + s.Step)
	case fyne.KeyPageDown:
		s.take(s.value - 10*s.Step)
	case fyne.KeyPageUp:
		s.take(s.value + 10*s.Step)
	case fyne.KeyHome:
		s.take(s.Low)
	case fyne.KeyEnd:
		s.take(s.High)
	default:
		passKey(s, e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (s *Slider) TypedShortcut(k fyne.Shortcut) { passShortcut(s, k) }

// CreateRenderer implements fyne.Widget.
func (s *Slider) CreateRenderer() fyne.WidgetRenderer {
	track, done, knob, ring := canvas.NewRectangle(nil), canvas.NewRectangle(nil), canvas.NewCircle(nil), canvas.NewCircle(nil)
	d := &drawn{of: s, objects: []fyne.CanvasObject{track, done, ring, knob}}
	d.min = func() fyne.Size { return fyne.NewSize(60, 24) }
	d.layout = func(size fyne.Size) {
		room, y := size.Width-2*sliderPad, size.Height/2
		share := float32(0)
		if s.High > s.Low {
			share = float32((s.value - s.Low) / (s.High - s.Low))
		}
		place(track, sliderPad, y-2, room, 4)
		place(done, sliderPad, y-2, room*share, 4)
		place(knob, sliderPad+room*share-7, y-7, 14, 14)
		place(ring, sliderPad+room*share-10, y-10, 20, 20)
	}
	paint := func() {
		track.FillColor, done.FillColor, knob.FillColor = s.ink(theme.ColorPressed), s.ink(theme.ColorAccent), s.ink(theme.ColorAccent)
		track.CornerRadius, done.CornerRadius = 2, 2
		ring.FillColor, ring.StrokeColor, ring.StrokeWidth = nil, s.ink(theme.ColorFocus), 2
		switch {
		case s.focused:
		case s.hovered:
			ring.FillColor, ring.StrokeWidth = s.ink(theme.ColorHover), 0
		}
		shown(ring, s.focused || s.hovered)
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
