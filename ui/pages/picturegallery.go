package pages

import (
	"context"
	"fmt"
	"strings"

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
	turn    int // grows with each reload: what was read for an earlier one is dropped
	across  int
	cells   map[fyne.CanvasObject][]*thumb // of each row that was made
	list    *widgets.List
	head    *widgets.Label
	field   *widgets.Field // words that the prompts must have
	none    *widgets.Label
	wish    int64  // the picture that is shown large when they are read; 0 = none
	waiting func() // cancels the search that is about to begin
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
	g.field = searchField(p.env, "Search prompts", func() bool { return false })
	g.field.OnChanged = func(string) { g.searchSoon() }
	g.none = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Align: fyne.TextAlignCenter, Wrap: true})
	g.none.Hide()
	g.body = widgets.NewGround(theme.ColorPage, widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Left: 20, Top: 16, Right: 20, Bottom: 12},
			container.New(widgets.Row{Gap: 12, Grow: 2}, back, g.head, container.New(widgets.Sized{Width: 240}, g.field))),
	}, container.New(galleryFit{g}, g.list), container.New(widgets.Column{Pad: 24}, g.none)))
	return g
}

// searchSoon reads the pictures with other words when no key follows.
func (g *pictureGallery) searchSoon() {
	if g.waiting != nil {
		g.waiting()
	}
	g.waiting = g.page.env.Host.After(searchAfter, func() {
		g.waiting = nil
		g.reload()
	})
}

// find shows the pictures whose prompts have the words of a query, and one of them large; 0 = none.
func (g *pictureGallery) find(query string, id int64) {
	if g.field.SetText(query); g.waiting != nil {
		g.waiting()
		g.waiting = nil
	}
	g.begin(id)
}

// galleryFound is how many pictures a search shows.
const galleryFound = 500

// some reads what comes after the first pictures; last says that nothing follows.
func (g *pictureGallery) some(ctx context.Context, query string, from int) (list []backend.Picture, last bool, err error) {
	if query == "" {
		list, err = g.page.env.Studio.Pictures(ctx, galleryBatch, from)
		return list, len(list) < galleryBatch, err
	}
	found, err := g.page.env.Studio.Search(ctx, query, galleryFound)
	for _, f := range found {
		list = append(list, f.Picture)
	}
	return list, true, err
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
func (g *pictureGallery) reload() { g.begin(0) }

// begin is reload; a picture that is wished is shown large when it was read.
func (g *pictureGallery) begin(wish int64) {
	g.all, g.more, g.reading, g.wish = nil, true, false, wish
	g.turn++
	g.read()
}

// read reads the next older pictures.
func (g *pictureGallery) read() {
	if g.reading || !g.more {
		return
	}
	g.reading = true
	from, turn, query := len(g.all), g.turn, strings.TrimSpace(g.field.Text)
	g.page.env.Host.Load("gallery", func(ctx context.Context) func() {
		ps, last, err := g.some(ctx, query, from)
		return func() {
			if g.turn != turn {
				return
			}
			if g.reading, g.more = false, !last; err != nil {
				g.more = false
				g.page.env.Host.Fail(err, g.reload)
				return
			}
			g.all = append(g.all, ps...)
			g.say(query)
			g.list.Reload()
			if id := g.wish; id != 0 {
				g.wish = 0
				g.page.view(id, g.all)
			}
		}
	})
}

// say tells how many pictures were found.
func (g *pictureGallery) say(query string) {
	g.none.Hide()
	switch n := len(g.all); {
	case query == "":
		g.head.SetText("All pictures")
	case n == 0:
		g.head.SetText("No pictures")
		g.none.SetText("No prompt has “" + query + "”.")
		g.none.Show()
	case n == galleryFound:
		g.head.SetText(fmt.Sprintf("The newest %d pictures", n))
	default:
		g.head.SetText(count(n, "picture"))
	}
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
