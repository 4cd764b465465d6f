package pages

import (
	"io/fs"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/chatview"
	"loam/ui/guide"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// GuidePage is the guide: its chapters with a search on the left, the chapter that is read on the right.
type GuidePage struct {
	env    Env
	files  fs.FS
	guide  *guide.Guide // nil until the page is shown for the first time
	search *widgets.Field
	back   *widgets.Button
	list   *widgets.List
	none   *widgets.Label
	view   *chatview.View
	body   fyne.CanvasObject

	rows  []guideRow
	hits  []guide.Hit // nil = the chapters are listed
	at    int         // the hit that is shown
	place guide.Place
	past  []guide.Place // where links were followed
}

// guideRow is a line of the list: a chapter, or a hit under the name of its chapter.
type guideRow struct {
	heading string
	label   string
	hit     int // of rows of hits
	chapter int
}

// The kinds of lines.
const (
	guideHeading = iota
	guideLine
)

// NewGuidePage builds the page over the folder guide of files.
func NewGuidePage(env Env, files fs.FS) *GuidePage {
	p := &GuidePage{env: env, files: files}
	p.search = searchField(env, "Search the guide", nil)
	p.search.OnChanged = func(string) { p.seek() }
	p.search.OnEnter = func() { p.walk(1) }
	p.search.OnArrow = func(delta int) bool { p.walk(delta); return true }
	p.back = widgets.NewButton("Back", widgets.KindQuiet, p.goBack)
	p.back.Icon, p.back.Left = theme.Icon(theme.IconPrevious), true
	p.back.Hide()
	p.list = widgets.NewList(p)
	p.none = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Align: fyne.TextAlignCenter, Wrap: true})
	p.none.Hide()
	p.view = chatview.New(chatview.Options{OnLink: p.Follow, Clipboard: env.Host.Copy})
	top := container.New(widgets.Column{Gap: 6, Pad: 10}, p.search, p.back)
	side := widgets.NewGround(theme.ColorRail, container.New(widgets.Edges{Top: top}, top, p.list, container.New(widgets.Column{Pad: 16}, p.none)))
	p.body = container.New(guideLayout{}, side, widgets.NewLine(true), p.view)
	return p
}

// guideLayout gives the list what it needs and the text the rest.
type guideLayout struct{}

// side is how wide the list is.
func (guideLayout) side(width float32) float32 {
	return min(max(width*0.28, 190), 250*max(theme.Size(theme.SizeBody)/15, 1))
}

// Layout implements fyne.Layout.
func (l guideLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, w := range []float32{l.side(size.Width), 1, size.Width - l.side(size.Width) - 1} {
		objects[i].Move(fyne.NewPos(x, 0))
		objects[i].Resize(fyne.NewSize(w, size.Height))
		x += w
	}
}

// MinSize implements fyne.Layout.
func (guideLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(480, 200) }

// Body is what the window shows.
func (p *GuidePage) Body() fyne.CanvasObject { return p.body }

// Middle is how far right of the page's left edge the text begins.
func (p *GuidePage) Middle() float32 { return guideLayout{}.side(p.body.Size().Width) }

// ready reads the guide once.
func (p *GuidePage) ready() bool {
	if p.guide != nil {
		return true
	}
	g, err := guide.Load(p.files)
	if err != nil {
		p.env.Host.Fail(err, nil)
		return false
	}
	p.guide = g
	p.fill()
	p.show(guide.Place{})
	return true
}

// Shown is called when the page comes to the front.
func (p *GuidePage) Shown() { p.ready() }

// FocusSearch puts the focus into the search field.
func (p *GuidePage) FocusSearch() { seek(p.env, p.search) }

// Open goes to a chapter or a heading: "troubleshooting#the-disk-is-full".
func (p *GuidePage) Open(link string) {
	if !p.ready() {
		return
	}
	if p.search.Text != "" {
		p.search.SetText("")
	}
	to, _ := p.guide.Find(link, p.place.Chapter)
	p.past = nil
	p.show(to)
	p.list.Reveal(to.Chapter)
}

// Cancel is Esc: it gives a search up; false = there was none.
func (p *GuidePage) Cancel() bool {
	if p.search.Text == "" {
		return false
	}
	p.search.SetText("")
	return true
}

// show shows a section at the upper edge.
func (p *GuidePage) show(to guide.Place) {
	if p.view.Len() == 0 || p.place.Chapter != to.Chapter {
		var items []chatview.Item
		for i, s := range p.guide.Chapters[to.Chapter].Sections {
			items = append(items, chatview.Item{ID: int64(i + 1), Role: chatview.RoleDocument, Text: s.Text})
		}
		p.view.SetItems(items)
	}
	p.place = to
	p.view.ScrollTo(int64(to.Section + 1))
	if len(p.past) > 0 {
		p.back.Show()
	} else {
		p.back.Hide()
	}
	p.list.Reload()
	p.body.Refresh()
}

// Follow goes where a link leads: another place of the guide, a page of the program, or nowhere: Loam opens no web pages.
func (p *GuidePage) Follow(link string) {
	if page, ok := strings.CutPrefix(link, "page:"); ok {
		p.env.Host.Go(Page(page))
		return
	}
	to, ok := p.guide.Find(link, p.place.Chapter)
	if !ok {
		p.env.Host.Copy(link)
		p.env.Host.Notify(linkNotice(link))
		return
	}
	p.past = append(p.past, p.place)
	p.show(to)
}

func (p *GuidePage) goBack() {
	if n := len(p.past); n > 0 {
		to := p.past[n-1]
		p.past = p.past[:n-1]
		p.show(to)
	}
}

// seek lists the sections that have the words of the search, and shows the first.
func (p *GuidePage) seek() {
	if !p.ready() {
		return
	}
	p.past, p.at = nil, 0
	p.hits = p.guide.Search(p.search.Text)
	p.fill()
	if len(p.hits) > 0 {
		p.showHit()
	} else {
		p.view.SetFind("")
		p.back.Hide()
	}
	p.body.Refresh()
}

// walk goes to another hit.
func (p *GuidePage) walk(delta int) {
	if n := len(p.hits); n > 0 {
		p.at = ((p.at+delta)%n + n) % n
		p.showHit()
		for i, r := range p.rows {
			if r.heading == "" && r.hit == p.at {
				p.list.Reveal(i)
			}
		}
	}
}

func (p *GuidePage) showHit() {
	h := p.hits[p.at]
	p.show(h.Place)
	p.view.SetFind(h.Mark)
}

// fill makes the lines of the list.
func (p *GuidePage) fill() {
	p.rows = p.rows[:0]
	searching := strings.TrimSpace(p.search.Text) != ""
	switch {
	case searching:
		last := -1
		for i, h := range p.hits {
			if h.Chapter != last {
				p.rows = append(p.rows, guideRow{heading: p.guide.Chapters[h.Chapter].Title})
				last = h.Chapter
			}
			p.rows = append(p.rows, guideRow{label: p.guide.Chapters[h.Chapter].Sections[h.Section].Title, hit: i, chapter: h.Chapter})
		}
	default:
		p.hits = nil
		for i, c := range p.guide.Chapters {
			p.rows = append(p.rows, guideRow{label: c.Title, chapter: i})
		}
	}
	p.none.SetText("Nothing in the guide has “" + p.search.Text + "”.")
	if searching && len(p.hits) == 0 {
		p.none.Show()
	} else {
		p.none.Hide()
	}
	p.list.Reload()
}

// Len implements widgets.Rows.
func (p *GuidePage) Len() int { return len(p.rows) }

// Kind implements widgets.Rows.
func (p *GuidePage) Kind(i int) int {
	if p.rows[i].heading != "" {
		return guideHeading
	}
	return guideLine
}

// Height implements widgets.Rows.
func (p *GuidePage) Height(kind int) float32 {
	if kind == guideHeading {
		return theme.Size(theme.SizeSmall)*1.5 + 14
	}
	return theme.Size(theme.SizeBody) + 19
}

// Make implements widgets.Rows.
func (p *GuidePage) Make(kind int) fyne.CanvasObject {
	if kind == guideHeading {
		return container.New(widgets.Inset{Left: 20, Top: 10, Right: 12},
			widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}))
	}
	return widgets.NewListRow()
}

// Fill implements widgets.Rows.
func (p *GuidePage) Fill(i int, o fyne.CanvasObject) {
	r := p.rows[i]
	row, ok := o.(*widgets.ListRow)
	if !ok {
		if c, ok := o.(*fyne.Container); ok {
			c.Objects[0].(*widgets.Label).SetText(r.heading)
		}
		return
	}
	row.Text = r.label
	row.OnArrow = func(delta int) { p.step(i, delta) }
	if p.hits != nil {
		row.Selected = r.hit == p.at
		row.OnTapped = func() { p.at = r.hit; p.showHit() }
	} else {
		row.Selected = r.chapter == p.place.Chapter
		row.OnTapped = func() { p.past = nil; p.show(guide.Place{Chapter: r.chapter}) }
	}
	row.Refresh()
}

// step moves the focus from one line to the next.
func (p *GuidePage) step(from, delta int) {
	for i := from + delta; i >= 0 && i < len(p.rows); i += delta {
		if p.rows[i].heading == "" {
			p.list.Reveal(i)
			if row, ok := p.list.Row(i).(*widgets.ListRow); ok {
				p.env.Host.Focus(row)
			}
			return
		}
	}
}
