package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/event"
	"loam/ui/theme"
	"loam/ui/widgets"
	"loam/ui/words"
)

// fewDownloads is how many downloads are shown before a person wants all.
const fewDownloads = 2

// downloadsCard lists what is being downloaded. It is hidden while there is nothing.
type downloadsCard struct {
	page  *ModelsPage
	list  []backend.Download
	rows  map[int64]*downloadRow
	state map[int64]backend.DownloadState // that was shown last: an end is told once
	all   bool
	body  *fyne.Container
}

// downloadRow is one download: for tests and for its progress.
type downloadRow struct {
	id      int64
	name    string
	line    *widgets.Label
	bar     *widgets.Bar
	buttons map[string]*widgets.Button
}

func newDownloadsCard(p *ModelsPage) *downloadsCard {
	c := &downloadsCard{page: p, rows: map[int64]*downloadRow{}, state: map[int64]backend.DownloadState{}}
	c.body = container.New(widgets.Column{Gap: 6})
	c.body.Hide()
	return c
}

// reload reads the downloads again.
func (c *downloadsCard) reload() {
	g := c.page.env.Getting
	if g == nil {
		return
	}
	c.page.env.Host.Load("downloads", func(ctx context.Context) func() {
		list, err := g.Downloads(ctx)
		return func() {
			if err != nil {
				c.page.env.Host.Fail(err, c.reload)
				return
			}
			c.set(list)
		}
	})
}

// set shows downloads, and tells of those that ended since.
func (c *downloadsCard) set(list []backend.Download) {
	var changed []backend.Download
	for _, d := range list {
		if was, known := c.state[d.ID]; known && was != d.State {
			changed = append(changed, d)
		}
		c.state[d.ID] = d.State
	}
	for _, d := range changed {
		c.ended(d)
	}
	c.list = list
	c.show()
	if f := c.page.find; f != nil && f.detail != nil {
		f.detail.downloading(list)
	}
	c.ring()
}

// ended tells that a download is finished or failed.
func (c *downloadsCard) ended(d backend.Download) {
	host := c.page.env.Host
	n := widgets.Notice{Key: fmt.Sprint("download:", d.ID)}
	switch d.State {
	case backend.DownloadDone:
		if host.Shown(PageModels) {
			return // its row says so
		}
		n.Tone, n.Text = widgets.ToneSuccess, d.Want.Name+" is here."
		n.Action, n.Do = "Show", func() { host.Go(PageModels); c.page.Tab(0) }
		if d.Want.Kind == backend.KindChat && d.ModelID != 0 {
			n.Action, n.Do = "Chat", func() { host.NewChatWith(d.ModelID) }
		}
	case backend.DownloadFailed:
		if host.Shown(PageModels) {
			return
		}
		n.Tone, n.Text = widgets.ToneWarn, d.Want.Name+": "+d.Error
		n.Action, n.Do = "Resume", func() { c.act(d.ID, c.page.env.Getting.Resume) }
	case backend.DownloadWaiting, backend.DownloadRunning, backend.DownloadPaused, backend.DownloadRemoved:
		return
	}
	host.Notify(n)
}

// show builds the rows.
func (c *downloadsCard) show() {
	c.body.Objects, c.rows = nil, map[int64]*downloadRow{}
	if len(c.list) == 0 {
		c.body.Hide()
		c.page.relayout()
		return
	}
	shown := c.list
	if !c.all && len(shown) > fewDownloads {
		shown = shown[:fewDownloads]
	}
	for i, d := range shown {
		c.body.Add(c.row(d, i))
	}
	if hidden := len(c.list) - len(shown); hidden > 0 || c.all && len(c.list) > fewDownloads {
		text := fmt.Sprintf("and %d more", hidden)
		if hidden == 0 {
			text = "Show fewer"
		}
		more := widgets.NewButton(text, widgets.KindQuiet, func() { c.all = !c.all; c.show() })
		more.Small = true
		c.body.Add(container.New(widgets.Row{}, more))
	}
	c.body.Show()
	c.page.relayout()
}

// row is a download with what can be done about it.
func (c *downloadsCard) row(d backend.Download, place int) fyne.CanvasObject {
	g, host := c.page.env.Getting, c.page.env.Host
	r := &downloadRow{id: d.ID, name: d.Want.Name, bar: widgets.NewBar(), buttons: map[string]*widgets.Button{}}
	r.line = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	c.rows[d.ID] = r
	name := widgets.NewLabel(d.Want.Name, widgets.LabelStyle{Bold: true})
	row := []fyne.CanvasObject{widgets.NewHint(d.Want.Source, container.New(widgets.Column{Gap: 4}, name, r.bar, r.line))}
	icon := func(label string, icon fyne.ThemeIconName, tip string, do func()) {
		b := widgets.NewIconButton(theme.Icon(icon), tip, do)
		b.Small = true
		r.buttons[label] = b
		row = append(row, b)
	}
	switch d.State {
	case backend.DownloadRunning:
		icon("Pause", theme.IconPause, "Pause", func() { c.act(d.ID, g.Pause) })
	case backend.DownloadWaiting:
		if place > 0 {
			icon("First", theme.IconArrowUp, "Download this first", func() { c.act(d.ID, g.First) })
		}
		icon("Pause", theme.IconPause, "Pause", func() { c.act(d.ID, g.Pause) })
	case backend.DownloadPaused, backend.DownloadFailed:
		icon("Resume", theme.IconPlay, "Resume", func() { c.act(d.ID, g.Resume) })
	case backend.DownloadDone:
		if d.ModelID != 0 && d.Want.Kind == backend.KindChat {
			b := widgets.NewButton("Chat", widgets.KindPlain, func() { host.NewChatWith(d.ModelID) })
			b.Small = true
			r.buttons["Chat"] = b
			row = append(row, b)
		}
		icon("Dismiss", theme.IconClose, "Take it off this list", func() { c.act(d.ID, g.Dismiss) })
	case backend.DownloadRemoved:
	}
	if d.State != backend.DownloadDone {
		icon("Remove", theme.IconClose, "Give it up", func() { c.remove(d) })
	}
	c.fill(d)
	if p, ok := g.Progress(d.ID); ok {
		c.progress(p)
	}
	card := widgets.NewCard(container.New(widgets.Row{Gap: 6, Grow: 1}, row...))
	card.Margin = widgets.Inset{Left: 14, Top: 8, Right: 8, Bottom: 8}
	card.Shadow = false
	return card
}

// fill says how a download stands.
func (c *downloadsCard) fill(d backend.Download) {
	r := c.rows[d.ID]
	total := d.Want.SizeBytes()
	have := bytesText(d.DoneBytes) + " of " + bytesText(total)
	text, ink := have, theme.ColorQuiet
	switch d.State {
	case backend.DownloadWaiting:
		text = "Waits for its turn · " + have
	case backend.DownloadRunning:
		text = have
	case backend.DownloadPaused:
		text = "Paused · " + have
	case backend.DownloadFailed:
		text, ink = d.Error+" ("+have+")", theme.ColorWarn
	case backend.DownloadDone:
		text = "Downloaded and checked · " + bytesText(total)
	case backend.DownloadRemoved:
	}
	r.line.SetInk(ink)
	r.line.Wrap = d.State == backend.DownloadFailed
	r.line.SetText(text)
	r.bar.Set(share(d.DoneBytes, total), d.State != backend.DownloadRunning)
}

func share(done, total int64) float32 {
	if total <= 0 {
		return 0
	}
	return float32(float64(done) / float64(total))
}

// progress shows how far a running download is.
func (c *downloadsCard) progress(p event.DownloadProgress) {
	for i := range c.list {
		if d := &c.list[i]; d.ID == p.DownloadID && d.State == backend.DownloadRunning {
			d.DoneBytes = p.Done
		}
	}
	c.ring()
	r := c.rows[p.DownloadID]
	if r == nil {
		return
	}
	parts := []string{bytesText(p.Done) + " of " + bytesText(p.Total)}
	switch {
	case p.Note != "":
		parts = append(parts, p.Note)
	case p.PerSecond > 0:
		parts = append(parts, bytesText(p.PerSecond)+"/s")
		if left := words.TimeLeft(p.Total-p.Done, p.PerSecond); left != "" {
			parts = append(parts, left)
		}
	}
	r.line.SetText(strings.Join(parts, " · "))
	r.bar.Set(share(p.Done, p.Total), p.Note != "")
}

// ring shows on the rail how far everything is that runs or waits.
func (c *downloadsCard) ring() {
	if c.page.Progress == nil {
		return
	}
	var done, total int64
	for _, d := range c.list {
		if d.State == backend.DownloadRunning || d.State == backend.DownloadWaiting {
			done += d.DoneBytes
			total += d.Want.SizeBytes()
		}
	}
	s := share(done, total)
	if total > 0 {
		s = max(s, 0.01)
	}
	c.page.Progress(s)
}

// act does something with a download and shows what came of it.
func (c *downloadsCard) act(id int64, do func(ctx context.Context, id int64) error) {
	c.page.env.Host.Load("downloads-act", func(ctx context.Context) func() {
		err := do(ctx, id)
		return func() {
			if err != nil {
				c.page.env.Host.Fail(err, func() { c.act(id, do) })
			}
			c.reload()
		}
	})
}

// remove gives a download up, with the way back.
func (c *downloadsCard) remove(d backend.Download) {
	g := c.page.env.Getting
	c.act(d.ID, g.Remove)
	c.page.env.Host.Undone(widgets.Undo{
		Text: fmt.Sprintf("Gave %s up. %s will be freed in 10 minutes.", d.Want.Name, bytesText(d.DoneBytes)),
		Undo: func() { c.act(d.ID, g.Restore) },
	})
}

// AskForLeft offers what an earlier run did not finish.
func (p *ModelsPage) AskForLeft() {
	g := p.env.Getting
	if g == nil {
		return
	}
	left := g.Left()
	if len(left) == 0 {
		return
	}
	text := count(len(left), "download") + " were not finished."
	if len(left) == 1 {
		d := left[0]
		text = fmt.Sprintf("%s was not finished: %s of %s are here.", d.Want.Name, bytesText(d.DoneBytes), bytesText(d.Want.SizeBytes()))
	}
	each := func(do func(ctx context.Context, id int64) error) {
		for _, d := range left {
			p.downloads.act(d.ID, do)
		}
	}
	p.env.Host.Notify(widgets.Notice{
		Key: "downloads left", Text: text, Keep: true,
		Action: "Resume", Do: func() { each(g.Resume) },
		Other: "Give up", OtherDo: func() { each(g.Remove) },
	})
}
