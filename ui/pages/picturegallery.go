package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureGallery is all pictures in a grid, the newest first. Only the rows in sight exist.
type pictureGallery struct {
	page    *PicturesPage
	all     []backend.Picture
	more    bool // there may be older ones than all
	reading bool
	across  int
	cells   map[fyne.CanvasObject][]*thumb // of each row that was made
	list    *widgets.List
	head    *widgets.Label
	body    fyne.CanvasObject
}

// galleryBatch is how many pictures are read at once, galleryCell the side of a cell.
const (
	galleryBatch = 300
	galleryCell  = 168
)

func newPictureGallery(p *PicturesPage) *pictureGallery {
	g := &pictureGallery{page: p, across: 1, more: true, cells: map[fyne.CanvasObject][]*thumb{}}
	g.list = widgets.NewList(g)
	g.head = widgets.Heading("All pictures")
	back := widgets.NewButton("Back", widgets.KindPlain, p.closeGallery)
	back.Icon = theme.Icon(theme.IconPrevious)
	g.body = widgets.NewGround(theme.ColorPage, widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Left: 20, Top: 16, Right: 20, Bottom: 12},
			container.New(widgets.Row{Gap: 12, Grow: 2}, back, g.head)),
	}, container.New(galleryFit{g}, g.list)))
	return g
}

// galleryFit tells the gallery how many cells stand side by side.
type galleryFit struct{ g *pictureGallery }

// Layout implements fyne.Layout.
func (l galleryFit) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	across := max(1, int((size.Width-32)/galleryCell))
	changed := across != l.g.across
	l.g.across = across
	for _, o := range objects {
		o.Move(fyne.NewPos(16, 0))
		o.Resize(fyne.NewSize(size.Width-16, size.Height))
	}
	if changed {
		l.g.list.Reload()
	}
}

// MinSize implements fyne.Layout.
func (galleryFit) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(galleryCell, 100) }

// reload reads the newest pictures.
func (g *pictureGallery) reload() {
	g.all, g.more, g.reading = nil, true, false
	g.read()
}

// read reads the next older pictures.
func (g *pictureGallery) read() {
	if g.reading || !g.more {
		return
	}
	g.reading = true
	from := len(g.all)
	g.page.env.Host.Load("gallery", func(ctx context.Context) func() {
		ps, err := g.page.env.Studio.Pictures(ctx, galleryBatch, from)
		if err != nil {
			return func() { g.reading, g.more = false, false; g.page.env.Host.Fail(err, g.reload) }
		}
		return func() {
			if !g.reading || len(g.all) != from {
				return
			}
			g.reading, g.more = false, len(ps) == galleryBatch
			g.all = append(g.all, ps...)
			g.list.Reload()
		}
	})
}

// Len implements widgets.Rows.
func (g *pictureGallery) Len() int { return (len(g.all) + g.across - 1) / g.across }

// Kind implements widgets.Rows.
func (g *pictureGallery) Kind(int) int { return g.across }

// Height implements widgets.Rows.
func (g *pictureGallery) Height(int) float32 { return galleryCell }

// Make implements widgets.Rows.
func (g *pictureGallery) Make(across int) fyne.CanvasObject {
	row := container.New(cellLayout{})
	var cells []*thumb
	for range across {
		t := &thumb{Picture: widgets.NewPicture(galleryCell-14, nil)}
		cells = append(cells, t)
		row.Add(t.Picture)
	}
	g.cells[row] = cells
	return row
}

// cellLayout stands cells of equal size side by side.
type cellLayout struct{}

// Layout implements fyne.Layout.
func (cellLayout) Layout(objects []fyne.CanvasObject, _ fyne.Size) {
	for i, o := range objects {
		o.Move(fyne.NewPos(float32(i)*galleryCell+7, 7))
		o.Resize(fyne.NewSquareSize(galleryCell - 14))
	}
}

// MinSize implements fyne.Layout.
func (cellLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSquareSize(galleryCell) }

// Fill implements widgets.Rows.
func (g *pictureGallery) Fill(i int, row fyne.CanvasObject) {
	for k, t := range g.cells[row] {
		n := i*g.across + k
		show(t.Picture, n < len(g.all))
		if n < len(g.all) {
			g.page.fillThumb(t, g.all[n], func() []backend.Picture { return g.all })
		} else {
			t.wanted.Store(0)
		}
	}
	if i >= g.Len()-2 {
		g.read()
	}
}
