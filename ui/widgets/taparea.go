package widgets

import "fyne.io/fyne/v2"

// TapArea makes some content answer a click where nothing inside does, as the empty corners around a field.
type TapArea struct {
	base
	Content  fyne.CanvasObject
	OnTapped func()
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

// CreateRenderer implements fyne.Widget.
func (a *TapArea) CreateRenderer() fyne.WidgetRenderer {
	return &drawn{
		of: a, objects: []fyne.CanvasObject{a.Content},
		layout:  func(s fyne.Size) { place(a.Content, 0, 0, s.Width, s.Height) },
		min:     func() fyne.Size { return a.Content.MinSize() },
		repaint: func() { a.Content.Refresh() },
	}
}
