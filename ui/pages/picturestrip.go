package pages

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureStrip is the row of this session's pictures under the stage; before there is one, of the latest.
type pictureStrip struct {
	page  *PicturesPage
	name  *widgets.Label
	row   *fyne.Container
	all   *widgets.Button
	body  fyne.CanvasObject
	shown []*thumb
}

// stripSide is the side of a picture in the strip, stripMost how many there are at most.
const (
	stripSide = 64
	stripMost = 60
)

func newPictureStrip(p *PicturesPage) *pictureStrip {
	s := &pictureStrip{page: p}
	s.name = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	s.all = widgets.NewButton("All pictures", widgets.KindQuiet, p.ShowGallery)
	s.all.Trailing, s.all.Small = theme.Icon(theme.IconNext), true
	s.row = container.New(widgets.Row{Gap: 8})
	scroll := container.NewHScroll(container.New(widgets.Inset{Left: 3, Top: 3, Right: 3, Bottom: 3}, s.row))
	s.body = container.New(widgets.Column{}, widgets.NewLine(false),
		container.New(widgets.Inset{Left: 20, Top: 6, Right: 14, Bottom: 10}, container.New(widgets.Column{Gap: 4},
			container.New(widgets.Row{Gap: 8, Grow: 1}, s.name, s.all),
			container.New(widgets.Sized{Height: stripSide + 10}, scroll))))
	return s
}

// set shows pictures, the newest first.
func (s *pictureStrip) set(name string, ps []backend.Picture) {
	s.name.SetText(name)
	ps = ps[:min(len(ps), stripMost)]
	for len(s.shown) < len(ps) {
		t := &thumb{Picture: widgets.NewPicture(stripSide, nil)}
		s.shown = append(s.shown, t)
	}
	s.row.Objects = s.row.Objects[:0]
	for i, t := range s.shown {
		if i >= len(ps) {
			t.wanted.Store(0)
			continue
		}
		s.page.fillThumb(t, ps[i], s.page.shownPictures)
		s.row.Objects = append(s.row.Objects, t.Picture)
	}
	show(s.body, len(ps) > 0)
	s.row.Refresh()
	s.body.Refresh()
}

// mark marks the picture that stands on the stage.
func (s *pictureStrip) mark(id int64) {
	for _, t := range s.shown {
		t.SetSelected(t.id == id && id != 0)
	}
}
