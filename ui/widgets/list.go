package widgets

import (
	"sort"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// List is a column of rows of known heights of which only those near the window exist: it scrolls 10,000 rows like ten.
// Rows are made once per kind and filled again and again.
type List struct {
	base
	rows    Rows
	scroll  *container.Scroll
	inner   *listInner
	tops    []float32 // top edge of each row, and the end
	live    map[int]fyne.CanvasObject
	spare   map[int][]fyne.CanvasObject // by kind
	kinds   map[int]int                 // kind of each live row
	updated int
}

// Rows is what a List shows.
type Rows interface {
	Len() int
	Kind(i int) int // rows of one kind share their widgets
	Height(kind int) float32
	Make(kind int) fyne.CanvasObject
	Fill(i int, row fyne.CanvasObject)
}

// NewList makes a list over rows.
func NewList(rows Rows) *List {
	l := &List{
		rows: rows, live: map[int]fyne.CanvasObject{}, spare: map[int][]fyne.CanvasObject{}, kinds: map[int]int{},
	}
	l.inner = &listInner{list: l}
	l.inner.ExtendBaseWidget(l.inner)
	l.scroll = container.NewVScroll(l.inner)
	l.scroll.OnScrolled = func(fyne.Position) { l.update(false) }
	l.ExtendBaseWidget(l)
	l.Reload()
	return l
}

// Reload measures and fills everything again: rows were added, removed or changed.
func (l *List) Reload() {
	n := l.rows.Len()
	l.tops = append(l.tops[:0], 0)
	for i := range n {
		l.tops = append(l.tops, l.tops[i]+l.rows.Height(l.rows.Kind(i)))
	}
	l.inner.Refresh()
	l.scroll.Refresh()
	l.update(true)
}

// Top is the scroll position in pixels.
func (l *List) Top() float32 { return l.scroll.Offset.Y }

// ToTop scrolls to the first row.
func (l *List) ToTop() { l.scroll.ScrollToOffset(fyne.Position{}) }

// Live is how many row widgets are in the tree.
func (l *List) Live() int { return len(l.live) }

// Row is the widget that shows row i now, nil while it is out of sight.
func (l *List) Row(i int) fyne.CanvasObject { return l.live[i] }

// Reveal scrolls until row i is in sight.
func (l *List) Reveal(i int) {
	if i < 0 || i >= len(l.tops)-1 {
		return
	}
	height := l.scroll.Size().Height
	top, bottom := l.tops[i], l.tops[i+1]
	switch {
	case top < l.scroll.Offset.Y:
		l.scroll.ScrollToOffset(fyne.NewPos(0, top))
	case bottom > l.scroll.Offset.Y+height:
		l.scroll.ScrollToOffset(fyne.NewPos(0, bottom-height))
	}
	l.update(false)
}

// update brings the rows near the window into the tree and takes the others out.
func (l *List) update(refill bool) {
	if l.rows.Len() != len(l.tops)-1 { // they changed, and Reload is still to come
		l.Reload()
		return
	}
	height := l.scroll.Size().Height
	if height <= 0 {
		return
	}
	const margin = 80
	n := len(l.tops) - 1
	first := max(sort.Search(n, func(i int) bool { return l.tops[i+1] > l.scroll.Offset.Y-margin }), 0)
	last := first
	for last < n && l.tops[last] < l.scroll.Offset.Y+height+margin {
		last++
	}
	changed := refill
	for i, row := range l.live {
		kind := l.kinds[i]
		if i < first || i >= last || (i < n && l.rows.Kind(i) != kind) {
			l.spare[kind] = append(l.spare[kind], row)
			delete(l.live, i)
			delete(l.kinds, i)
			changed = true
		}
	}
	for i := first; i < last; i++ {
		row, here := l.live[i]
		if !here {
			row = l.take(l.rows.Kind(i))
			l.live[i], l.kinds[i] = row, l.rows.Kind(i)
		}
		if !here || refill {
			l.rows.Fill(i, row)
			changed = true
		}
		place(row, 0, l.tops[i], l.inner.Size().Width, l.tops[i+1]-l.tops[i])
	}
	if changed {
		l.updated++
		l.inner.show(first, last)
	}
}

func (l *List) take(kind int) fyne.CanvasObject {
	if s := l.spare[kind]; len(s) > 0 {
		l.spare[kind] = s[:len(s)-1]
		return s[len(s)-1]
	}
	return l.rows.Make(kind)
}

// CreateRenderer implements fyne.Widget.
func (l *List) CreateRenderer() fyne.WidgetRenderer {
	return &drawn{
		of: l, objects: []fyne.CanvasObject{l.scroll},
		min: func() fyne.Size { return fyne.NewSize(40, 40) },
		layout: func(s fyne.Size) {
			place(l.scroll, 0, 0, s.Width, s.Height)
			l.update(false)
		},
		repaint: func() { l.update(true) },
	}
}

// listInner is the tall area that the rows stand in.
type listInner struct {
	base
	list    *List
	objects []fyne.CanvasObject
	drawn   *drawn
}

func (in *listInner) show(first, last int) {
	in.objects = in.objects[:0]
	for i := first; i < last; i++ {
		in.objects = append(in.objects, in.list.live[i])
	}
	if in.drawn != nil {
		in.drawn.objects = in.objects
		in.Refresh()
	}
}

// CreateRenderer implements fyne.Widget.
func (in *listInner) CreateRenderer() fyne.WidgetRenderer {
	in.drawn = &drawn{
		of: in, objects: in.objects,
		min: func() fyne.Size {
			return fyne.NewSize(0, in.list.tops[len(in.list.tops)-1])
		},
		layout: func(s fyne.Size) {
			for _, o := range in.objects {
				if o.Size().Width != s.Width {
					o.Resize(fyne.NewSize(s.Width, o.Size().Height))
				}
			}
		},
		repaint: func() {},
	}
	return in.drawn
}
