package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
)

// TapArea makes some content answer a click where nothing inside does, as the empty corners around a field, and tells when
// the pointer comes and goes. The keyboard does not reach it: what it offers must have another way.
type TapArea struct {
	base
	Content  fyne.CanvasObject
	OnTapped func()
	OnHover  func(in bool)
}

// NewTapArea makes an area.
func NewTapArea(content fyne.CanvasObject, tapped func()) *TapArea {
	a := &TapArea{Content: content, OnTapped: tapped}
	a.ExtendBaseWidget(a)
	return a
}

// HeightFor is the height of the content.
func (a *TapArea) HeightFor(width float32) float32 { return HeightFor(a.Content, width) }

// Tapped implements fyne.Tappable.
func (a *TapArea) Tapped(*fyne.PointEvent) {
	if a.OnTapped != nil {
		a.OnTapped()
	}
}

// MouseIn implements desktop.Hoverable.
func (a *TapArea) MouseIn(*desktop.MouseEvent) { a.hover(true) }

// MouseMoved implements desktop.Hoverable.
func (a *TapArea) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (a *TapArea) MouseOut() { a.hover(false) }

func (a *TapArea) hover(in bool) {
	if a.OnHover != nil {
		a.OnHover(in)
	}
}

// CreateRenderer implements fyne.Widget.
func (a *TapArea) CreateRenderer() fyne.WidgetRenderer {
	return &drawn{
		of: a, objects: []fyne.CanvasObject{a.Content},
		layout:  func(s fyne.Size) { place(a.Content, 0, 0, s.Width, s.Height) },
		min:     func() fyne.Size { return a.Content.MinSize() },
		repaint: func() { a.Content.Refresh() },
	}
}
