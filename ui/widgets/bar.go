package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/theme"
)

// Bar is a thin line that fills while something goes on.
type Bar struct {
	base
	share float32
	still bool
}

// NewBar makes an empty bar.
func NewBar() *Bar {
	b := &Bar{}
	b.ExtendBaseWidget(b)
	return b
}

// Set shows how much is done, from 0 to 1; still bars wait and are drawn quietly.
func (b *Bar) Set(share float32, still bool) {
	share = min(max(share, 0), 1)
	if share == b.share && still == b.still {
		return
	}
	b.share, b.still = share, still
	b.Refresh()
}

// Share is how much is done.
func (b *Bar) Share() float32 { return b.share }

const barHeight = 4

// CreateRenderer implements fyne.Widget.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	ground, fill := canvas.NewRectangle(nil), canvas.NewRectangle(nil)
	ground.CornerRadius, fill.CornerRadius = barHeight/2, barHeight/2
	d := &drawn{objects: []fyne.CanvasObject{ground, fill}, of: b}
	d.min = func() fyne.Size { return fyne.NewSize(40, barHeight) }
	var width float32
	put := func() {
		place(ground, 0, 0, width, barHeight)
		place(fill, 0, 0, max(width*b.share, barHeight), barHeight)
		shown(fill, b.share > 0)
	}
	d.layout = func(s fyne.Size) { width = s.Width; put() }
	paint := func() {
		ground.FillColor, fill.FillColor = b.ink(theme.ColorHairline), b.ink(theme.ColorAccent)
		if b.still {
			fill.FillColor = b.ink(theme.ColorControl)
		}
	}
	paint()
	d.repaint = func() {
		paint()
		put()
		ground.Refresh()
		fill.Refresh()
	}
	return d
}
