package widgets

import (
	"image"
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Compare shows two pictures of one shape in one frame, divided by a line that is dragged, clicked to, or moved by Left
// and Right; Home and End show one of them whole.
type Compare struct {
	focus
	OnKey func(e *fyne.KeyEvent) bool // before its own keys; false = not used

	left, right         image.Image
	leftName, rightName string
	shape               fyne.Size // only the ratio counts
	share               float32   // of the left picture that is seen
}

// NewCompare makes an empty frame.
func NewCompare() *Compare {
	c := &Compare{shape: fyne.NewSquareSize(1), share: 0.5}
	c.ExtendBaseWidget(c)
	return c
}

// Set shows two pictures, the line in the middle.
func (c *Compare) Set(left, right image.Image, leftName, rightName string, width, height int) {
	c.left, c.right, c.leftName, c.rightName, c.share = left, right, leftName, rightName, 0.5
	c.shape = fyne.NewSize(float32(max(width, 1)), float32(max(height, 1)))
	c.Refresh()
}

// Share is where the line stands, from 0 (left edge) to 1.
func (c *Compare) Share() float32 { return c.share }

func (c *Compare) move(share float32) {
	if share = min(max(share, 0), 1); share != c.share {
		c.share = share
		c.Refresh()
	}
}

// frame is where the pictures stand.
func (c *Compare) frame(s fyne.Size) (fyne.Position, fyne.Size) {
	f := min(s.Width/c.shape.Width, s.Height/c.shape.Height)
	size := fyne.NewSize(c.shape.Width*f, c.shape.Height*f)
	return fyne.NewPos((s.Width-size.Width)/2, (s.Height-size.Height)/2), size
}

func (c *Compare) to(x float32) {
	at, size := c.frame(c.Size())
	if size.Width > 0 {
		c.move((x - at.X) / size.Width)
	}
}

// Tapped implements fyne.Tappable.
func (c *Compare) Tapped(e *fyne.PointEvent) { c.to(e.Position.X) }

// Dragged implements fyne.Draggable.
func (c *Compare) Dragged(e *fyne.DragEvent) { c.to(e.Position.X) }

// DragEnd implements fyne.Draggable.
func (c *Compare) DragEnd() {}

// Cursor implements desktop.Cursorable.
func (c *Compare) Cursor() desktop.Cursor { return desktop.HResizeCursor }

// TypedKey implements fyne.Focusable.
func (c *Compare) TypedKey(e *fyne.KeyEvent) {
	if c.OnKey != nil && c.OnKey(e) {
		return
	}
	switch e.Name {
	case fyne.KeyLeft:
		c.move(c.share - 0.05)
	case fyne.KeyRight:
		c.move(c.share + 0.05)
	case fyne.KeyHome:
		c.move(0)
	case fyne.KeyEnd:
		c.move(1)
	case fyne.KeySpace: // from one picture to the other
		if c.share < 0.5 {
			c.move(1)
		} else {
			c.move(0)
		}
	default:
		passKey(c, e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (c *Compare) TypedShortcut(s fyne.Shortcut) { passShortcut(c, s) }

// whole keeps an object at a size, whatever its container's.
type whole struct{ size *fyne.Size }

func (w whole) Layout(objects []fyne.CanvasObject, _ fyne.Size) {
	for _, o := range objects {
		place(o, 0, 0, w.size.Width, w.size.Height)
	}
}

func (whole) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(0, 0) }

// CreateRenderer implements fyne.Widget.
func (c *Compare) CreateRenderer() fyne.WidgetRenderer {
	picture := func() *canvas.Image {
		img := canvas.NewImageFromImage(nil)
		img.FillMode, img.ScaleMode = canvas.ImageFillStretch, canvas.ImageScaleSmooth
		return img
	}
	left, right := picture(), picture()
	var full fyne.Size
	inner := container.New(whole{&full}, left)
	clip := container.NewClip(inner)
	line, knob, ring := canvas.NewRectangle(nil), canvas.NewCircle(nil), canvas.NewRectangle(color.Transparent)
	names := [2]*words{newWords(), newWords()}
	grounds := [2]*canvas.Rectangle{canvas.NewRectangle(nil), canvas.NewRectangle(nil)}
	d := &drawn{of: c, objects: []fyne.CanvasObject{right, clip, grounds[0], grounds[1], names[0].box, names[1].box, line, knob, ring}}
	d.min = func() fyne.Size { return fyne.NewSquareSize(120) }
	d.layout = func(s fyne.Size) {
		at, size := c.frame(s)
		full = size
		place(right, at.X, at.Y, size.Width, size.Height)
		place(clip, at.X, at.Y, size.Width*c.share, size.Height)
		inner.Resize(fyne.NewSize(size.Width*c.share, size.Height))
		place(left, 0, 0, size.Width, size.Height)
		x := at.X + size.Width*c.share
		place(line, x-1, at.Y, 2, size.Height)
		place(knob, x-9, at.Y+size.Height/2-9, 18, 18)
		place(ring, at.X-3, at.Y-3, size.Width+6, size.Height+6)
		text := c.measure(theme.SizeSmall)
		names[0].say(c.leftName, text, fyne.TextStyle{})
		names[1].say(c.rightName, text, fyne.TextStyle{})
		if names[0].width()+names[1].width()+60 > size.Width {
			short, _, _ := strings.Cut(c.rightName, " ")
			names[1].say(short, text, fyne.TextStyle{})
		}
		for i, t := range names {
			m := fyne.NewSize(t.width(), theme.TextHeight(text))
			tx := at.X + 14
			if i == 1 {
				tx = at.X + size.Width - m.Width - 14
			}
			t.place(tx, at.Y+12, m.Width, m.Height)
			place(grounds[i], tx-7, at.Y+9, m.Width+14, m.Height+6)
			shown(t.box, size.Width > 2*m.Width+40)
			shown(grounds[i], size.Width > 2*m.Width+40)
		}
	}
	var lastLeft, lastRight image.Image
	paint := func() {
		if c.left != lastLeft {
			lastLeft, left.Image = c.left, c.left
			left.Refresh()
		}
		if c.right != lastRight {
			lastRight, right.Image = c.right, c.right
			right.Refresh()
		}
		line.FillColor, knob.FillColor = c.ink(theme.ColorOnAccent), c.ink(theme.ColorAccent)
		knob.StrokeColor, knob.StrokeWidth = c.ink(theme.ColorOnAccent), 2
		ring.StrokeColor, ring.StrokeWidth, ring.CornerRadius = color.Transparent, 2, 3
		if c.focused {
			ring.StrokeColor = c.ink(theme.ColorFocus)
		}
		for i := range names {
			names[i].ink(c.ink(theme.ColorText))
			grounds[i].FillColor, grounds[i].CornerRadius = c.ink(theme.ColorSurface), 6
		}
		seen(ring)
	}
	paint()
	d.repaint = func() {
		paint()
		d.layout(c.Size())
		for _, o := range d.objects {
			o.Refresh()
		}
	}
	return d
}
