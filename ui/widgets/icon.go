package widgets

import (
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Icon is a picture of the theme's set at the size of text.
type Icon struct {
	base
	Resource fyne.Resource
	Ink      fyne.ThemeColorName
	Side     float32
}

// NewIcon makes an icon in a colour, side pixels wide and high.
func NewIcon(r fyne.Resource, ink fyne.ThemeColorName, side float32) *Icon {
	i := &Icon{Resource: r, Ink: ink, Side: side}
	i.ExtendBaseWidget(i)
	return i
}

// Set changes picture and colour.
func (i *Icon) Set(r fyne.Resource, ink fyne.ThemeColorName) {
	if i.Resource != r || i.Ink != ink {
		i.Resource, i.Ink = r, ink
		i.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (i *Icon) CreateRenderer() fyne.WidgetRenderer {
	icon := newTinted()
	icon.set(i.Resource, i.Ink)
	return &drawn{
		of: i, objects: []fyne.CanvasObject{icon.img},
		min: func() fyne.Size { return fyne.NewSquareSize(i.Side) },
		layout: func(s fyne.Size) {
			place(icon.img, (s.Width-i.Side)/2, (s.Height-i.Side)/2, i.Side, i.Side)
		},
		repaint: func() { icon.set(i.Resource, i.Ink) },
	}
}

// tinted is an image of an icon in a colour of the theme. Fyne colours and reads an SVG again at every Refresh, which was most
// of the work of a button: here it happens when something about it changed.
type tinted struct {
	img *canvas.Image
	is  tint
}

// tint is all that the pixels depend on, but for the size: Fyne sees to that.
type tint struct {
	icon  fyne.Resource
	color color.NRGBA
	scale float32
}

func newTinted() *tinted {
	img := canvas.NewImageFromResource(nil)
	img.FillMode = canvas.ImageFillContain
	return &tinted{img: img}
}

// set shows an icon in the colour that a name has now; nil shows nothing.
func (t *tinted) set(icon fyne.Resource, name fyne.ThemeColorName) {
	want := tint{icon: icon}
	if icon != nil {
		want.color = color.NRGBAModel.Convert(fynetheme.Color(name)).(color.NRGBA)
		if c := canvasOf(t.img); c != nil {
			want.scale = c.Scale()
		}
	}
	if want == t.is {
		return
	}
	t.is, t.img.Resource = want, nil
	if icon != nil {
		colored := fynetheme.NewColoredResource(icon, name)
		if themed, ok := icon.(*fynetheme.ThemedResource); ok {
			c := *themed
			c.ColorName = name
			colored = &c
		}
		c := want.color
		t.img.Resource = fyne.NewStaticResource(fmt.Sprintf("%02x%02x%02x%02x_%s", c.R, c.G, c.B, c.A, icon.Name()), colored.Content())
	}
	t.img.Refresh()
}

// refreshShapes repaints what a control is drawn of; its icons see to themselves.
func refreshShapes(objects []fyne.CanvasObject) {
	for _, o := range objects {
		if _, icon := o.(*canvas.Image); !icon {
			o.Refresh()
		}
	}
}
