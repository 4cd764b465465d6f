package pages

import (
	"fyne.io/fyne/v2"

	"loam/ui/widgets"
)

// dropHead stands the name on the left and the facts on the right of one line; where they do not fit, the facts go under
// the name.
type dropHead struct{}

func (dropHead) one(objects []fyne.CanvasObject, width float32) bool {
	return objects[0].MinSize().Width+objects[1].MinSize().Width+16 <= width
}

// Layout implements fyne.Layout.
func (l dropHead) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	name, facts := objects[0], objects[1]
	put := func(o fyne.CanvasObject, x, y, w, h float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(w, h))
	}
	a, b := name.MinSize(), facts.MinSize()
	if l.one(objects, size.Width) {
		put(name, 0, 0, a.Width+1, a.Height)
		put(facts, size.Width-b.Width, a.Height-b.Height-1, b.Width+1, b.Height)
		return
	}
	put(name, 0, 0, size.Width, a.Height)
	put(facts, 0, a.Height+1, size.Width, b.Height)
}

// HeightFor is the height of one line or two.
func (l dropHead) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	if l.one(objects, width) {
		return objects[0].MinSize().Height
	}
	return objects[0].MinSize().Height + objects[1].MinSize().Height + 1
}

// MinSize implements fyne.Layout.
func (dropHead) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(100, objects[0].MinSize().Height)
}

// dropSides stands a row's picture on the left, its words in the middle and its cross on the right, all at the top.
type dropSides struct{}

const dropGap = 12

func (dropSides) words(objects []fyne.CanvasObject, width float32) float32 {
	width -= objects[0].MinSize().Width + dropGap
	for _, o := range objects[2:] {
		width -= o.MinSize().Width + dropGap/2
	}
	return width
}

// Layout implements fyne.Layout.
func (l dropSides) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := objects[0].MinSize().Width
	objects[0].Move(fyne.NewPos(0, 0))
	objects[0].Resize(fyne.NewSize(left, size.Height))
	w := l.words(objects, size.Width)
	objects[1].Move(fyne.NewPos(left+dropGap, 0))
	objects[1].Resize(fyne.NewSize(w, size.Height))
	x := left + dropGap + w + dropGap/2
	for _, o := range objects[2:] {
		m := o.MinSize()
		o.Move(fyne.NewPos(x, -4))
		o.Resize(m)
		x += m.Width
	}
}

// HeightFor is the height of the words, but no less than the picture's.
func (l dropSides) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	return max(widgets.HeightFor(objects[1], l.words(objects, width)), dropThumb)
}

// MinSize implements fyne.Layout.
func (dropSides) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(160, dropThumb) }

// topLayout stands objects of their own size at the top, in the middle of the width.
type topLayout struct{}

// Layout implements fyne.Layout.
func (topLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		m := o.MinSize()
		o.Move(fyne.NewPos((size.Width-m.Width)/2, 0))
		o.Resize(m)
	}
}

// MinSize implements fyne.Layout.
func (topLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSquareSize(26) }
