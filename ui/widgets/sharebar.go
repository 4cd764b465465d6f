package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/theme"
)

// BarShare is a part of a ShareBar.
type BarShare struct {
	Part float64 // of the whole
	Ink  fyne.ThemeColorName
}

// ShareBar shows in one bar how a whole is divided; what no share takes is empty.
type ShareBar struct {
	base
	Shares []BarShare
}

// NewShareBar makes a bar.
func NewShareBar(shares ...BarShare) *ShareBar {
	b := &ShareBar{Shares: shares}
	b.ExtendBaseWidget(b)
	return b
}

const shareBarHeight = 10

// CreateRenderer implements fyne.Widget.
func (b *ShareBar) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(b.ink(theme.ColorCode))
	ground.CornerRadius, ground.StrokeWidth = shareBarHeight/2, 1
	objects := []fyne.CanvasObject{ground}
	parts := make([]*canvas.Rectangle, len(b.Shares))
	for i := range parts {
		parts[i] = canvas.NewRectangle(nil)
		parts[i].CornerRadius = 2
		objects = append(objects, parts[i])
	}
	d := &drawn{objects: objects, of: b}
	d.min = func() fyne.Size { return fyne.NewSize(80, shareBarHeight) }
	d.layout = func(s fyne.Size) {
		place(ground, 0, 0, s.Width, shareBarHeight)
		x := float32(2)
		for i, share := range b.Shares {
			w := float32(share.Part) * (s.Width - 4)
			place(parts[i], x, 2, max(min(w, s.Width-2-x)-1, 1), shareBarHeight-4)
			x += w
		}
	}
	d.repaint = func() {
		ground.FillColor = b.ink(theme.ColorCode)
		ground.StrokeColor = b.ink(theme.ColorHairline)
		for i, share := range b.Shares {
			parts[i].FillColor = b.ink(share.Ink)
		}
	}
	d.repaint()
	return d
}
