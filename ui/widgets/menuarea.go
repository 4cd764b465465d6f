package widgets

import "fyne.io/fyne/v2"

// MenuArea gives some content a context menu for the secondary button of the pointer. What is inside offers the same
// menu to the keyboard.
type MenuArea struct {
	base
	Content fyne.CanvasObject
	OnMenu  func(at fyne.Position) // absolute
}

// NewMenuArea makes an area.
func NewMenuArea(content fyne.CanvasObject, menu func(at fyne.Position)) *MenuArea {
	a := &MenuArea{Content: content, OnMenu: menu}
	a.ExtendBaseWidget(a)
	return a
}

// HeightFor is the height of the content.
func (a *MenuArea) HeightFor(width float32) float32 { return HeightFor(a.Content, width) }

// TappedSecondary implements fyne.SecondaryTappable.
func (a *MenuArea) TappedSecondary(e *fyne.PointEvent) {
	if a.OnMenu != nil {
		a.OnMenu(e.AbsolutePosition)
	}
}

// CreateRenderer implements fyne.Widget.
func (a *MenuArea) CreateRenderer() fyne.WidgetRenderer {
	return &drawn{
		of: a, objects: []fyne.CanvasObject{a.Content},
		layout:  func(s fyne.Size) { place(a.Content, 0, 0, s.Width, s.Height) },
		min:     func() fyne.Size { return a.Content.MinSize() },
		repaint: func() { a.Content.Refresh() },
	}
}
