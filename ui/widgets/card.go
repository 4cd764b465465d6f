package widgets

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/theme"
)

// Panel is a coloured ground with rounded corners under some content, with a hairline and a soft shadow where asked.
type Panel struct {
	base
	Content  fyne.CanvasObject
	Ground   fyne.ThemeColorName
	Line     fyne.ThemeColorName // "" = none
	Radius   fyne.ThemeSizeName  // "" = square
	Shadow   bool
	Margin   Inset
	OnResize func(fyne.Size)
}

// NewCard is a surface with a hairline, a soft shadow and a margin.
func NewCard(content fyne.CanvasObject) *Panel {
	p := &Panel{
		Content: content, Ground: theme.ColorSurface, Line: theme.ColorHairline, Radius: theme.SizeRadius, Shadow: true,
		Margin: Even(16),
	}
	p.ExtendBaseWidget(p)
	return p
}

// NewGround is a plain coloured area without a margin.
func NewGround(ground fyne.ThemeColorName, content fyne.CanvasObject) *Panel {
	p := &Panel{Content: content, Ground: ground}
	p.ExtendBaseWidget(p)
	return p
}

// HeightFor is the height of the content at a width, with the margin.
func (p *Panel) HeightFor(width float32) float32 {
	return p.Margin.HeightFor([]fyne.CanvasObject{p.Content}, width)
}

// SetGround changes the ground's colour.
func (p *Panel) SetGround(name fyne.ThemeColorName) {
	if p.Ground != name {
		p.Ground = name
		p.Refresh()
	}
}

// SetLine changes the colour of the line around it.
func (p *Panel) SetLine(name fyne.ThemeColorName) {
	if p.Line != name {
		p.Line = name
		p.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (p *Panel) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(nil)
	content := []fyne.CanvasObject{p.Content}
	d := &drawn{of: p, objects: []fyne.CanvasObject{ground, p.Content}}
	d.min = func() fyne.Size { return p.Margin.MinSize(content) }
	d.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, s.Height)
		p.Margin.Layout(content, s)
		if p.OnResize != nil {
			p.OnResize(s)
		}
	}
	paint := func() {
		ground.FillColor, ground.StrokeColor, ground.StrokeWidth = p.ink(p.Ground), color.Transparent, 0
		if p.Line != "" {
			ground.StrokeColor, ground.StrokeWidth = p.ink(p.Line), 1
		}
		ground.CornerRadius = 0
		if p.Radius != "" {
			ground.CornerRadius = p.measure(p.Radius)
		}
		if p.Shadow {
			ground.Shadow = canvas.Shadow{Color: p.ink(theme.ColorShadow), BlurRadius: 10, Offset: fyne.NewPos(0, 2)}
		}
	}
	paint()
	d.repaint = func() { paint(); ground.Refresh() }
	return d
}

// Line is a hairline across a view: decoration only.
type Line struct {
	base
	Vertical bool
}

// NewLine makes a hairline.
func NewLine(vertical bool) *Line {
	l := &Line{Vertical: vertical}
	l.ExtendBaseWidget(l)
	return l
}

// CreateRenderer implements fyne.Widget.
func (l *Line) CreateRenderer() fyne.WidgetRenderer {
	r := canvas.NewRectangle(l.ink(theme.ColorHairline))
	return &drawn{
		of: l, objects: []fyne.CanvasObject{r},
		min:     func() fyne.Size { return fyne.NewSize(1, 1) },
		layout:  func(s fyne.Size) { place(r, 0, 0, s.Width, s.Height) },
		repaint: func() { r.FillColor = l.ink(theme.ColorHairline); r.Refresh() },
	}
}

// Meter is a thin bar that shows a share of something.
type Meter struct {
	base
	Value float32 // 0 to 1
	Ink   fyne.ThemeColorName
}

// NewMeter makes a meter in the accent colour.
func NewMeter() *Meter {
	m := &Meter{Ink: theme.ColorAccent}
	m.ExtendBaseWidget(m)
	return m
}

// SetValue moves the bar.
func (m *Meter) SetValue(v float32) {
	if v = min(max(v, 0), 1); v != m.Value {
		m.Value = v
		m.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (m *Meter) CreateRenderer() fyne.WidgetRenderer {
	track, bar := canvas.NewRectangle(nil), canvas.NewRectangle(nil)
	d := &drawn{of: m, objects: []fyne.CanvasObject{track, bar}}
	d.min = func() fyne.Size { return fyne.NewSize(80, 4) }
	d.layout = func(s fyne.Size) {
		place(track, 0, 0, s.Width, s.Height)
		place(bar, 0, 0, s.Width*m.Value, s.Height)
	}
	paint := func() {
		track.FillColor, bar.FillColor = m.ink(theme.ColorPressed), m.ink(m.Ink)
		track.CornerRadius, bar.CornerRadius = 2, 2
	}
	paint()
	d.repaint = func() { paint(); track.Refresh(); bar.Refresh() }
	return d
}
