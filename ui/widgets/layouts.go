package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
)

// HeightFor is the height that an object needs at a width. Objects that wrap text answer by a HeightFor method,
// containers by their layout's; everything else needs its smallest height.
func HeightFor(o fyne.CanvasObject, width float32) float32 {
	if h, ok := o.(interface{ HeightFor(width float32) float32 }); ok {
		return h.HeightFor(width)
	}
	if c, ok := o.(*fyne.Container); ok {
		if l, ok := c.Layout.(interface {
			HeightFor(objects []fyne.CanvasObject, width float32) float32
		}); ok {
			return l.HeightFor(c.Objects, width)
		}
	}
	return o.MinSize().Height
}

// Column stands objects under each other at full width, with Gap between them and Pad around.
type Column struct{ Gap, Pad float32 }

// Layout implements fyne.Layout.
func (l Column) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	y, w := l.Pad, size.Width-2*l.Pad
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		h := HeightFor(o, w)
		place(o, l.Pad, y, w, h)
		y += h + l.Gap
	}
}

// HeightFor is the height of the whole column at a width.
func (l Column) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h, n float32
	for _, o := range objects {
		if o.Visible() {
			h += HeightFor(o, width-2*l.Pad)
			n++
		}
	}
	return h + l.Gap*max(n-1, 0) + 2*l.Pad
}

// MinSize implements fyne.Layout.
func (l Column) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var w, h, n float32
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			w, h = max(w, m.Width), h+m.Height
			n++
		}
	}
	return fyne.NewSize(w+2*l.Pad, h+l.Gap*max(n-1, 0)+2*l.Pad)
}

// Row stands objects side by side, centred on one line, with Gap between them. The object at Grow (counted from 1; 0 =
// none) takes the width that is left.
type Row struct {
	Gap  float32
	Grow int
}

// Layout implements fyne.Layout.
func (l Row) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	free := size.Width - l.MinSize(objects).Width
	var x float32
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		w := o.MinSize().Width
		if i+1 == l.Grow {
			w += free
		}
		h := min(HeightFor(o, w), size.Height)
		place(o, x, (size.Height-h)/2, w, h)
		x += w + l.Gap
	}
}

// HeightFor is the height of the tallest object when the growing one has its width.
func (l Row) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	free := width - l.MinSize(objects).Width
	var h float32
	for i, o := range objects {
		if !o.Visible() {
			continue
		}
		w := o.MinSize().Width
		if i+1 == l.Grow {
			w += free
		}
		h = max(h, HeightFor(o, w))
	}
	return h
}

// MinSize implements fyne.Layout.
func (l Row) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var w, h, n float32
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			w, h = w+m.Width, max(h, m.Height)
			n++
		}
	}
	return fyne.NewSize(w+l.Gap*max(n-1, 0), h)
}

// Inset keeps a margin around objects that lie on each other.
type Inset struct{ Left, Top, Right, Bottom float32 }

// Even is an Inset with the same margin on all sides.
func Even(margin float32) Inset { return Inset{margin, margin, margin, margin} }

// Layout implements fyne.Layout.
func (l Inset) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		place(o, l.Left, l.Top, size.Width-l.Left-l.Right, size.Height-l.Top-l.Bottom)
	}
}

// HeightFor is the height of the tallest object with the margins.
func (l Inset) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h float32
	for _, o := range objects {
		if o.Visible() {
			h = max(h, HeightFor(o, width-l.Left-l.Right))
		}
	}
	return h + l.Top + l.Bottom
}

// MinSize implements fyne.Layout.
func (l Inset) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var w, h float32
	for _, o := range objects {
		if o.Visible() {
			m := o.MinSize()
			w, h = max(w, m.Width), max(h, m.Height)
		}
	}
	return fyne.NewSize(w+l.Left+l.Right, h+l.Top+l.Bottom)
}

// Sized asks for at least Width and Height, whatever stands in it; 0 leaves that side to the objects.
type Sized struct{ Width, Height float32 }

// Layout implements fyne.Layout.
func (l Sized) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		place(o, 0, 0, size.Width, size.Height)
	}
}

// MinSize implements fyne.Layout.
func (l Sized) MinSize(objects []fyne.CanvasObject) fyne.Size {
	m := Inset{}.MinSize(objects)
	if l.Width > 0 {
		m.Width = l.Width
	}
	if l.Height > 0 {
		m.Height = l.Height
	}
	return m
}

// Centred keeps objects at most Width wide in the middle of what there is.
type Centred struct {
	Width, Margin float32
	Grows         bool // Width is meant for text at 100 % and grows with it
}

// Layout implements fyne.Layout.
func (l Centred) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := l.width(size.Width)
	for _, o := range objects {
		place(o, (size.Width-w)/2, 0, w, size.Height)
	}
}

func (l Centred) width(width float32) float32 {
	most := l.Width
	if l.Grows {
		most *= max(theme.Size(theme.SizeBody)/15, 1)
	}
	return min(most, width-2*l.Margin)
}

// HeightFor is the height of the tallest object at the width it will get.
func (l Centred) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h float32
	for _, o := range objects {
		if o.Visible() {
			h = max(h, HeightFor(o, l.width(width)))
		}
	}
	return h
}

// MinSize implements fyne.Layout.
func (l Centred) MinSize(objects []fyne.CanvasObject) fyne.Size { return Inset{}.MinSize(objects) }

// Scrolled shows an object of any height in a column that scrolls, laid out for the width there is.
func Scrolled(o fyne.CanvasObject) *container.Scroll {
	s := container.NewVScroll(nil)
	s.Content = container.New(scrolledFit{s}, o)
	return s
}

type scrolledFit struct{ scroll *container.Scroll }

func (l scrolledFit) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		place(o, 0, 0, size.Width, HeightFor(o, size.Width))
	}
}

func (l scrolledFit) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var h float32
	for _, o := range objects {
		h = max(h, HeightFor(o, l.scroll.Size().Width))
	}
	return fyne.NewSize(0, h)
}

// Lead stands one object at the left, as wide as it wants to be and as there is room for. It asks for no width itself.
type Lead struct{}

// Layout implements fyne.Layout.
func (Lead) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		place(o, 0, 0, min(o.MinSize().Width, size.Width), size.Height)
	}
}

// MinSize implements fyne.Layout.
func (Lead) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var h float32
	for _, o := range objects {
		h = max(h, o.MinSize().Height)
	}
	return fyne.NewSize(0, h)
}

// Edges keeps objects at the edges of an area and gives what is left to the middle: container.Border without Fyne's gaps.
type Edges struct{ Top, Bottom, Left, Right fyne.CanvasObject }

// NewEdges lays out an area; edges may be nil. Tab walks through it as it is read.
func NewEdges(e Edges, middle ...fyne.CanvasObject) *fyne.Container {
	var objects []fyne.CanvasObject
	put := func(list ...fyne.CanvasObject) {
		for _, o := range list {
			if o != nil {
				objects = append(objects, o)
			}
		}
	}
	put(e.Top, e.Left)
	put(middle...)
	put(e.Right, e.Bottom)
	return container.New(e, objects...)
}

// Layout implements fyne.Layout.
func (e Edges) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x, y, right, bottom := float32(0), float32(0), size.Width, size.Height
	if o := e.Top; o != nil && o.Visible() {
		h := HeightFor(o, size.Width)
		place(o, 0, 0, size.Width, h)
		y = h
	}
	if o := e.Bottom; o != nil && o.Visible() {
		h := HeightFor(o, size.Width)
		bottom -= h
		place(o, 0, bottom, size.Width, h)
	}
	if o := e.Left; o != nil && o.Visible() {
		w := o.MinSize().Width
		place(o, 0, y, w, bottom-y)
		x = w
	}
	if o := e.Right; o != nil && o.Visible() {
		w := o.MinSize().Width
		right -= w
		place(o, right, y, w, bottom-y)
	}
	for _, o := range objects {
		if o != e.Top && o != e.Bottom && o != e.Left && o != e.Right {
			place(o, x, y, right-x, bottom-y)
		}
	}
}

// MinSize implements fyne.Layout.
func (e Edges) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var middle, all fyne.Size
	for _, o := range objects {
		if o != e.Top && o != e.Bottom && o != e.Left && o != e.Right && o.Visible() {
			middle = middle.Max(o.MinSize())
		}
	}
	all = middle
	for _, o := range []fyne.CanvasObject{e.Left, e.Right} {
		if o != nil && o.Visible() {
			m := o.MinSize()
			all = fyne.NewSize(all.Width+m.Width, max(all.Height, m.Height))
		}
	}
	for _, o := range []fyne.CanvasObject{e.Top, e.Bottom} {
		if o != nil && o.Visible() {
			m := o.MinSize()
			all = fyne.NewSize(max(all.Width, m.Width), all.Height+m.Height)
		}
	}
	return all
}
