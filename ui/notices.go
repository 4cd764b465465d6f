package ui

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/pages"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// How long notices stay that need no answer, and how long a thing can be undone.
const (
	noticeStays = 6 * time.Second
	undoStays   = 10 * time.Second
	tipDelay    = 500 * time.Millisecond
)

// maxNotices is how many stand at once; the oldest leaves first.
const maxNotices = 3

// notices are the banners and undo bars over the top of the page, the newest on top, under the drop card if there is one.
type notices struct {
	ui    *UI
	body  *fyne.Container
	shown []*notice
	left  float32
}

type notice struct {
	key    string
	object fyne.CanvasObject
	cancel func() // of its timer
	closed func() // it left by itself or by Esc
	learns bool   // it leads to the guide, and waits where the guide is read
	undo   *widgets.Undo
}

func newNotices(u *UI) *notices {
	return &notices{ui: u, body: container.NewWithoutLayout()}
}

// notify shows a banner, in place of an older one of the same key.
func (n *notices) notify(w widgets.Notice) {
	key := w.Key
	if key == "" {
		key = w.Text
	}
	it := &notice{key: key, closed: w.OnClose, learns: w.Learn != nil}
	banner := widgets.NewBanner(w, func() { n.remove(it) }, n.ui.copy)
	banner.OnFold(n.relayout)
	it.object = banner
	stays := noticeStays
	if w.Keep || w.Tone == widgets.ToneError {
		stays = 0
	}
	n.add(it, stays)
}

// undone shows an undo bar.
func (n *notices) undone(w widgets.Undo) {
	it := &notice{key: "undo:" + w.Text, undo: &w}
	it.object = widgets.NewUndoBar(w, func() { n.remove(it) })
	n.add(it, undoStays)
}

// undoing is what can be undone now, the newest first, as commands: the bars are hard to reach in time by the keyboard.
func (n *notices) undoing() []pages.Command {
	var list []pages.Command
	for _, it := range n.shown {
		if it.undo != nil {
			list = append(list, pages.Command{Name: "Undo", Of: it.undo.Text, Do: func() {
				n.remove(it)
				it.undo.Undo()
			}})
		}
	}
	return list
}

func (n *notices) add(it *notice, stays time.Duration) {
	n.dismiss(it.key)
	for len(n.shown) >= maxNotices {
		n.remove(n.shown[len(n.shown)-1])
	}
	n.shown = append([]*notice{it}, n.shown...)
	if stays > 0 {
		it.cancel = n.ui.tasks.after(stays, func() { it.cancel = nil; n.remove(it) })
	}
	n.rebuild()
}

// dismiss takes the notice of a key away.
func (n *notices) dismiss(key string) {
	for _, it := range n.shown {
		if it.key == key {
			n.remove(it)
			return
		}
	}
}

func (n *notices) remove(it *notice) {
	for i, other := range n.shown {
		if other == it {
			n.shown = append(n.shown[:i:i], n.shown[i+1:]...)
			if it.cancel != nil {
				it.cancel()
			}
			n.rebuild()
			return
		}
	}
}

// cancelNewest is Esc; false = there is none.
func (n *notices) cancelNewest() bool {
	if len(n.shown) == 0 {
		return false
	}
	it := n.shown[0]
	n.remove(it)
	if it.closed != nil {
		it.closed()
	}
	return true
}

func (n *notices) rebuild() {
	n.body.Objects = n.body.Objects[:0]
	if c := n.ui.card; c != nil {
		n.body.Objects = append(n.body.Objects, c.Body())
	}
	for _, it := range n.shown {
		n.body.Objects = append(n.body.Objects, it.object)
	}
	n.relayout()
	n.body.Refresh()
}

func (n *notices) relayout() { n.layout(n.left, n.ui.root.Size()) }

// layout stands the notices under the title row, in the middle of the page that begins at left.
func (n *notices) layout(left float32, s fyne.Size) {
	n.left = left
	if n.ui.page == pages.PageChats {
		left += n.ui.chats.Middle()
	}
	if n.ui.page == pages.PageGuide {
		left += n.ui.guide.Middle()
	}
	if n.ui.page == pages.PagePictures {
		left += n.ui.pictures.Middle()
	}
	width := min(s.Width-left-32, theme.Size(theme.SizeReading)*0.9)
	x := left + (s.Width-left-width)/2
	n.body.Move(fyne.NewPos(0, 0))
	n.body.Resize(fyne.NewSize(0, 0))
	y := theme.Size(theme.SizeBody) + 48
	if c := n.ui.card; c != nil {
		h := min(widgets.HeightFor(c.Body(), width), s.Height*0.78-y)
		c.Body().Move(fyne.NewPos(x, y))
		c.Body().Resize(fyne.NewSize(width, h))
		y += h + 8
	}
	for i, it := range n.shown {
		h := widgets.HeightFor(it.object, width)
		// The composer stays free: an older notice waits for its place until a newer one has gone.
		if (i > 0 || n.ui.card != nil) && y+h > s.Height*0.75 || it.learns && n.ui.page == pages.PageGuide {
			it.object.Hide()
			continue
		}
		it.object.Show()
		it.object.Move(fyne.NewPos(x, y))
		it.object.Resize(fyne.NewSize(width, h))
		y += h + 8
	}
}
