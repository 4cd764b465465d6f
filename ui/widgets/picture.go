package widgets

import (
	"image"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Picture shows an image in a frame of a fixed shape, as large as its place allows. Where it does something, it is
// reached by Tab and pressed by Enter, Space or the pointer.
type Picture struct {
	focus
	Tip      string
	OnTapped func()                      // nil = it only shows
	OnMenu   func(at fyne.Position)      // the context menu; nil = none
	OnKey    func(e *fyne.KeyEvent) bool // keys beside Enter and Space; false = not used
	Side     float32                     // the least width and height

	shape    fyne.Size // only the ratio counts
	img      image.Image
	hovered  bool
	selected bool
}

// NewPicture makes an empty square frame of at least side pixels.
func NewPicture(side float32, tapped func()) *Picture {
	p := &Picture{Side: side, OnTapped: tapped, shape: fyne.NewSquareSize(1)}
	p.ExtendBaseWidget(p)
	return p
}

// SetShape gives the frame the ratio of width to height.
func (p *Picture) SetShape(width, height int) {
	if width < 1 || height < 1 {
		width, height = 1, 1
	}
	if s := fyne.NewSize(float32(width), float32(height)); s != p.shape {
		p.shape = s
		p.Refresh()
	}
}

// SetImage shows an image; nil empties the frame.
func (p *Picture) SetImage(img image.Image) {
	if p.img != img {
		p.img = img
		p.Refresh()
	}
}

// Image is what the frame shows.
func (p *Picture) Image() image.Image { return p.img }

// SetSelected marks the picture among its neighbours.
func (p *Picture) SetSelected(on bool) {
	if p.selected != on {
		p.selected = on
		p.Refresh()
	}
}

// Frame is where the picture stands within a size.
func (p *Picture) Frame(s fyne.Size) (fyne.Position, fyne.Size) {
	f := min(s.Width/p.shape.Width, s.Height/p.shape.Height)
	size := fyne.NewSize(p.shape.Width*f, p.shape.Height*f)
	return fyne.NewPos((s.Width-size.Width)/2, (s.Height-size.Height)/2), size
}

// Tapped implements fyne.Tappable.
func (p *Picture) Tapped(*fyne.PointEvent) {
	if p.OnTapped != nil {
		hint(p, "")
		p.OnTapped()
	}
}

// TappedSecondary implements fyne.SecondaryTappable.
func (p *Picture) TappedSecondary(e *fyne.PointEvent) {
	if p.OnMenu != nil {
		p.OnMenu(e.AbsolutePosition)
	}
}

// MouseIn implements desktop.Hoverable.
func (p *Picture) MouseIn(*desktop.MouseEvent) {
	if p.OnTapped == nil {
		return
	}
	p.hovered = true
	if p.Tip != "" {
		hint(p, p.Tip)
	}
	p.Refresh()
}

// MouseMoved implements desktop.Hoverable.
func (p *Picture) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (p *Picture) MouseOut() {
	if p.hovered {
		p.hovered = false
		hint(p, "")
		p.Refresh()
	}
}

// Cursor implements desktop.Cursorable.
func (p *Picture) Cursor() desktop.Cursor {
	if p.OnTapped != nil {
		return desktop.PointerCursor
	}
	return desktop.DefaultCursor
}

// TypedKey implements fyne.Focusable.
func (p *Picture) TypedKey(e *fyne.KeyEvent) {
	if p.OnKey != nil && p.OnKey(e) {
		return
	}
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		p.Tapped(nil)
	case desktop.KeyMenu:
		if p.OnMenu != nil {
			p.OnMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(p).AddXY(12, 12))
		}
	default:
		passKey(p, e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (p *Picture) TypedShortcut(s fyne.Shortcut) { passShortcut(p, s) }

// AccessibilityLabel implements fyne.Accessible.
func (p *Picture) AccessibilityLabel() string { return p.Tip }

// AccessibilityRole implements fyne.Accessible.
func (p *Picture) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// CreateRenderer implements fyne.Widget.
func (p *Picture) CreateRenderer() fyne.WidgetRenderer {
	ground, ring := canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent)
	img := canvas.NewImageFromImage(nil)
	img.FillMode, img.ScaleMode = canvas.ImageFillStretch, canvas.ImageScaleSmooth
	d := &drawn{of: p, objects: []fyne.CanvasObject{ground, img, ring}}
	d.min = func() fyne.Size { return fyne.NewSquareSize(p.Side) }
	d.layout = func(s fyne.Size) {
		at, size := p.Frame(s)
		place(ground, at.X, at.Y, size.Width, size.Height)
		place(img, at.X, at.Y, size.Width, size.Height)
		place(ring, at.X-2, at.Y-2, size.Width+4, size.Height+4)
	}
	var last image.Image
	paint := func() {
		ground.FillColor, ground.StrokeColor, ground.StrokeWidth = p.ink(theme.ColorCode), p.ink(theme.ColorHairline), 1
		if p.img != last {
			last, img.Image = p.img, p.img
			img.Refresh()
		}
		shown(img, p.img != nil)
		ring.FillColor, ring.StrokeWidth, ring.CornerRadius = color.Transparent, 2, 3
		ring.StrokeColor = color.Transparent
		switch {
		case p.focused:
			ring.StrokeColor = p.ink(theme.ColorFocus)
		case p.selected:
			ring.StrokeColor = p.ink(theme.ColorAccent)
		case p.hovered:
			ring.StrokeColor = p.ink(theme.ColorControl)
		}
		seen(ring)
	}
	paint()
	d.repaint = func() { paint(); ground.Refresh(); ring.Refresh() }
	return d
}
