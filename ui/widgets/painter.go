package widgets

import (
	"image"
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/brush"
	"loam/ui/theme"
)

// Painter shows a picture on which a mask is painted: with the pointer (the second button erases), or by keyboard, where
// the arrows move the brush and Space puts it down and lifts it. The mask is in the picture's own pixels, whatever the
// size on screen.
type Painter struct {
	base
	Radius   float64 // of the brush, in pixels of the picture
	Erase    bool
	OnChange func()                      // the mask changed
	OnRune   func(r rune)                // a character that painting does not use
	OnKey    func(e *fyne.KeyEvent) bool // before its own keys; false = not used
	OnUndo   func()

	picture image.Image
	mask    *brush.Mask
	veil    *image.NRGBA // the mask as it is shown, in pixels of the screen

	at               fyne.Position // of the brush, within the picture
	inside, focused  bool
	painting, byKeys bool
}

// NewPainter shows a picture with the mask that is painted on it.
func NewPainter(picture image.Image, mask *brush.Mask, radius float64) *Painter {
	p := &Painter{picture: picture, mask: mask, Radius: radius}
	b := mask.Bounds()
	p.at = fyne.NewPos(float32(b.Dx())/2, float32(b.Dy())/2)
	p.ExtendBaseWidget(p)
	return p
}

// SetPicture shows another image of the same picture.
func (p *Painter) SetPicture(img image.Image) {
	p.picture = img
	p.Refresh()
}

// Changed shows the mask again after something else changed it.
func (p *Painter) Changed() {
	p.shade(p.mask.Bounds())
	p.Refresh()
}

// frame is where the picture stands, and how many points a pixel of it has.
func (p *Painter) frame(s fyne.Size) (at fyne.Position, size fyne.Size, scale float32) {
	b := p.mask.Bounds()
	w, h := float32(max(b.Dx(), 1)), float32(max(b.Dy(), 1))
	scale = min(s.Width/w, s.Height/h)
	size = fyne.NewSize(w*scale, h*scale)
	return fyne.NewPos((s.Width-size.Width)/2, (s.Height-size.Height)/2), size, scale
}

// point is a place of the widget in pixels of the picture.
func (p *Painter) point(pos fyne.Position) fyne.Position {
	at, _, scale := p.frame(p.Size())
	if scale <= 0 {
		return fyne.Position{}
	}
	return fyne.NewPos((pos.X-at.X)/scale, (pos.Y-at.Y)/scale)
}

func (p *Painter) begin(erase bool) {
	p.changed(p.mask.Begin(float64(p.at.X), float64(p.at.Y), p.Radius, erase))
}

func (p *Painter) to() {
	if p.mask.Down() {
		p.changed(p.mask.To(float64(p.at.X), float64(p.at.Y)))
		return
	}
	p.Refresh()
}

// lift ends the stroke.
func (p *Painter) lift() {
	p.painting, p.byKeys = false, false
	if p.mask.Down() {
		p.mask.End()
		p.tell()
	}
}

func (p *Painter) changed(part image.Rectangle) {
	p.shade(part)
	p.Refresh()
	p.tell()
}

func (p *Painter) tell() {
	if p.OnChange != nil {
		p.OnChange()
	}
}

// MouseDown implements desktop.Mouseable.
func (p *Painter) MouseDown(e *desktop.MouseEvent) {
	if c := canvasOf(p); c != nil {
		c.Focus(p)
	}
	p.at, p.inside, p.painting, p.byKeys = p.point(e.Position), true, true, false
	p.begin(p.Erase != (e.Button == desktop.MouseButtonSecondary))
}

// MouseUp implements desktop.Mouseable.
func (p *Painter) MouseUp(*desktop.MouseEvent) { p.lift() }

// Dragged implements fyne.Draggable.
func (p *Painter) Dragged(e *fyne.DragEvent) {
	p.at = p.point(e.Position)
	p.to()
}

// DragEnd implements fyne.Draggable.
func (p *Painter) DragEnd() { p.lift() }

// MouseIn implements desktop.Hoverable.
func (p *Painter) MouseIn(e *desktop.MouseEvent) { p.inside = true; p.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (p *Painter) MouseMoved(e *desktop.MouseEvent) {
	if p.byKeys {
		return
	}
	p.at = p.point(e.Position)
	p.to()
}

// MouseOut implements desktop.Hoverable.
func (p *Painter) MouseOut() { p.inside = false; p.Refresh() }

// Cursor implements desktop.Cursorable.
func (p *Painter) Cursor() desktop.Cursor { return desktop.CrosshairCursor }

// FocusGained implements fyne.Focusable.
func (p *Painter) FocusGained() { p.focused = true; p.Refresh() }

// FocusLost implements fyne.Focusable.
func (p *Painter) FocusLost() {
	p.focused = false
	if p.byKeys {
		p.lift()
	}
	p.Refresh()
}

// TypedRune implements fyne.Focusable.
func (p *Painter) TypedRune(r rune) {
	if p.OnRune != nil {
		p.OnRune(r)
	}
}

// TypedKey implements fyne.Focusable.
func (p *Painter) TypedKey(e *fyne.KeyEvent) {
	if p.OnKey != nil && p.OnKey(e) {
		return
	}
	step := float32(max(1, p.Radius/2))
	switch e.Name {
	case fyne.KeyLeft:
		p.step(-step, 0)
	case fyne.KeyRight:
		p.step(step, 0)
	case fyne.KeyUp:
		p.step(0, -step)
	case fyne.KeyDown:
		p.step(0, step)
	case fyne.KeySpace:
		if p.byKeys {
			p.lift()
			p.Refresh()
			return
		}
		p.byKeys = true
		p.begin(p.Erase)
	default:
		passKey(p, e)
	}
}

// step moves the brush by keyboard.
func (p *Painter) step(dx, dy float32) {
	b := p.mask.Bounds()
	p.at.X = min(max(p.at.X+dx, 0), float32(b.Dx()))
	p.at.Y = min(max(p.at.Y+dy, 0), float32(b.Dy()))
	p.to()
}

// TypedShortcut implements fyne.Shortcutable.
func (p *Painter) TypedShortcut(s fyne.Shortcut) {
	if _, undo := s.(*fyne.ShortcutUndo); undo && p.OnUndo != nil {
		p.OnUndo()
		return
	}
	passShortcut(p, s)
}

// AccessibilityLabel implements fyne.Accessible.
func (p *Painter) AccessibilityLabel() string { return "The picture: mark what is to be drawn anew" }

// AccessibilityRole implements fyne.Accessible.
func (p *Painter) AccessibilityRole() fyne.AccessibleRole { return fyne.AccessibleRoleButton }

// stripe is the width of the veil's stripes in pixels of the screen.
const stripe = 5

// shade brings a part of the veil to what the mask says. It is striped in two colours, so that it is seen on any picture.
func (p *Painter) shade(part image.Rectangle) {
	if p.veil == nil {
		return
	}
	b, v := p.mask.Bounds(), p.veil.Rect
	if b.Empty() || v.Empty() {
		return
	}
	fx, fy := float64(v.Dx())/float64(b.Dx()), float64(v.Dy())/float64(b.Dy())
	on := image.Rect(int(math.Floor(float64(part.Min.X)*fx)), int(math.Floor(float64(part.Min.Y)*fy)),
		int(math.Ceil(float64(part.Max.X)*fx)), int(math.Ceil(float64(part.Max.Y)*fy))).Intersect(v)
	tones := [2]color.NRGBA{toned(p.ink(theme.ColorAccent), 0xb0), toned(p.ink(theme.ColorOnAccent), 0x90)}
	for y := on.Min.Y; y < on.Max.Y; y++ {
		row := p.veil.Pix[p.veil.PixOffset(on.Min.X, y):]
		my := min(int((float64(y)+0.5)/fy), b.Dy()-1)
		for x := on.Min.X; x < on.Max.X; x++ {
			c := color.NRGBA{}
			if p.mask.At(min(int((float64(x)+0.5)/fx), b.Dx()-1), my) {
				c = tones[(x+y)/stripe%2]
			}
			i := 4 * (x - on.Min.X)
			row[i], row[i+1], row[i+2], row[i+3] = c.R, c.G, c.B, c.A
		}
	}
}

func toned(c color.Color, alpha uint8) color.NRGBA {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{byte(r >> 8), byte(g >> 8), byte(b >> 8), alpha}
}

// CreateRenderer implements fyne.Widget.
func (p *Painter) CreateRenderer() fyne.WidgetRenderer {
	img, veil := canvas.NewImageFromImage(p.picture), canvas.NewImageFromImage(nil)
	img.FillMode, img.ScaleMode = canvas.ImageFillStretch, canvas.ImageScaleSmooth
	veil.FillMode, veil.ScaleMode = canvas.ImageFillStretch, canvas.ImageScalePixels
	dark, light, ring := canvas.NewCircle(color.Transparent), canvas.NewCircle(color.Transparent), canvas.NewRectangle(color.Transparent)
	d := &drawn{of: p, objects: []fyne.CanvasObject{img, veil, dark, light, ring}}
	d.min = func() fyne.Size { return fyne.NewSquareSize(120) }
	d.layout = func(s fyne.Size) {
		at, size, scale := p.frame(s)
		place(img, at.X, at.Y, size.Width, size.Height)
		place(veil, at.X, at.Y, size.Width, size.Height)
		place(ring, at.X-3, at.Y-3, size.Width+6, size.Height+6)
		r := float32(p.Radius) * scale
		x, y := at.X+p.at.X*scale, at.Y+p.at.Y*scale
		place(dark, x-r-1, y-r-1, 2*r+2, 2*r+2)
		place(light, x-r, y-r, 2*r, 2*r)
		pixels := float32(1)
		if c := canvasOf(p); c != nil {
			pixels = c.Scale()
		}
		if w, h := int(size.Width*pixels), int(size.Height*pixels); w > 0 && h > 0 && w <= 1<<13 && h <= 1<<13 &&
			(p.veil == nil || p.veil.Rect.Dx() != w || p.veil.Rect.Dy() != h) {
			p.veil = image.NewNRGBA(image.Rect(0, 0, w, h))
			p.shade(p.mask.Bounds())
			veil.Image = p.veil
		}
	}
	paint := func() {
		if img.Image != p.picture {
			img.Image = p.picture
			img.Refresh()
		}
		veil.Image = p.veil
		shown(veil, p.veil != nil)
		dark.StrokeColor, dark.StrokeWidth = color.NRGBA{0, 0, 0, 0xc0}, 1.5
		light.StrokeColor, light.StrokeWidth = color.NRGBA{0xff, 0xff, 0xff, 0xff}, 1.5
		shown(dark, p.inside || p.focused)
		shown(light, p.inside || p.focused)
		ring.StrokeWidth, ring.CornerRadius, ring.StrokeColor = 2, 3, color.Transparent
		if p.focused {
			ring.StrokeColor = p.ink(theme.ColorFocus)
		}
		seen(ring)
	}
	paint()
	d.repaint = func() {
		paint()
		d.layout(p.Size())
		for _, o := range []fyne.CanvasObject{veil, dark, light, ring} {
			o.Refresh()
		}
	}
	return d
}
