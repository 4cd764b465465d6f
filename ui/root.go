package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"loam/ui/pages"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// root is the content of the window: the rail, the page beside it, notices and the tip over them. It never asks for
// more than the smallest window, whatever the pages would like, and hears of every change of size.
type root struct {
	widget.BaseWidget
	ui    *UI
	rail  *widgets.Panel
	page  *fyne.Container
	tip   *widgets.Panel
	tipAt fyne.CanvasObject
	tips  *widgets.Label
	waits func()         // cancels the waiting tip
	pixel *canvas.Raster // tells of the first frame; nil = nobody asks
}

type railButton interface {
	SetSelected(on bool)
	SetProgress(share float32)
}

func newRoot(u *UI) *root {
	r := &root{ui: u}
	r.ExtendBaseWidget(r)
	return r
}

func (r *root) build() {
	u := r.ui
	item := func(p pages.Page, label string, icon fyne.ThemeIconName, key string) fyne.CanvasObject {
		i := widgets.NewRailItem(label, icon, label+" ("+widgets.Mod+key+")", func() { u.show(p) })
		u.rail[p] = i
		return i
	}
	top := container.New(widgets.Column{Gap: 2},
		item(pages.PageChats, "Chats", theme.IconChats, "1"),
		item(pages.PagePictures, "Pictures", theme.IconPictures, "2"),
		item(pages.PageModels, "Models", theme.IconModels, "3"))
	help := widgets.NewRailItem("Guide", theme.IconBook, "Guide (F1)", func() { u.show(pages.PageGuide) })
	u.rail[pages.PageGuide] = help
	foot := container.New(widgets.Column{Gap: 2}, help, item(pages.PageSettings, "Settings", theme.IconSettings, ","))
	r.rail = widgets.NewGround(theme.ColorRail, widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Top: 8}, top), Bottom: container.New(widgets.Inset{Bottom: 8}, foot),
	}))
	r.page = container.NewStack()
	r.tips = widgets.NewLabel("", widgets.LabelStyle{Size: theme.SizeSmall, Wrap: true})
	r.tip = widgets.NewCard(r.tips)
	r.tip.Margin = widgets.Inset{Left: 9, Top: 4, Right: 9, Bottom: 4}
	r.tip.Radius = theme.SizeRadiusNested
	r.tip.Hide()
}

// setPage shows a page; the others are out of the tree.
func (r *root) setPage(o fyne.CanvasObject) {
	r.HideTip()
	r.page.Objects = []fyne.CanvasObject{o}
	r.page.Refresh()
}

// MinSize implements fyne.CanvasObject.
func (r *root) MinSize() fyne.Size { return fyne.NewSize(minWidth, minHeight) }

// TypedShortcut implements fyne.Shortcutable: widgets hand over what they have no use for.
func (r *root) TypedShortcut(s fyne.Shortcut) { r.ui.keys.TypedShortcut(s) }

// relook paints everything again, also the pages that are not shown: colours or text sizes changed.
func (r *root) relook() {
	u := r.ui
	for _, o := range []fyne.CanvasObject{r.rail, u.chats.Body(), u.chats.Away(), u.pictures.All(), u.models.Body(), u.setting.Body(), u.guide.Body(), u.notices.body, r.tip} {
		widgets.RefreshAll(o)
	}
	r.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (r *root) CreateRenderer() fyne.WidgetRenderer {
	ground := canvas.NewRectangle(theme.ColorFor(r, theme.ColorPage))
	return &rootRenderer{r: r, ground: ground, line: widgets.NewLine(true)}
}

type rootRenderer struct {
	r      *root
	ground *canvas.Rectangle
	line   *widgets.Line
	size   fyne.Size // of the last layout
}

func (w *rootRenderer) Destroy()           {}
func (w *rootRenderer) MinSize() fyne.Size { return fyne.NewSize(minWidth, minHeight) }

func (w *rootRenderer) Objects() []fyne.CanvasObject {
	objects := []fyne.CanvasObject{w.ground, w.r.page, w.r.rail, w.line, w.r.ui.notices.body, w.r.tip}
	if w.r.pixel != nil {
		objects = append(objects, w.r.pixel)
	}
	return objects
}

func (w *rootRenderer) Layout(s fyne.Size) {
	put := func(o fyne.CanvasObject, x, y, width, height float32) {
		o.Move(fyne.NewPos(x, y))
		o.Resize(fyne.NewSize(width, height))
	}
	rail := w.r.rail.MinSize().Width
	put(w.ground, 0, 0, s.Width, s.Height)
	put(w.r.rail, 0, 0, rail, s.Height)
	put(w.line, rail, 0, 1, s.Height)
	put(w.r.page, rail+1, 0, s.Width-rail-1, s.Height)
	w.r.ui.notices.layout(rail+1, s)
	if s != w.size { // Fyne also lays out when something inside wants another size: a tip that just came
		w.size = s
		w.r.HideTip()
		w.r.ui.touchState()
	}
}

func (w *rootRenderer) Refresh() {
	w.ground.FillColor = theme.ColorFor(w.r, theme.ColorPage)
	w.ground.Refresh()
	w.Layout(w.r.Size())
	canvas.Refresh(w.r)
}

// ShowTip implements widgets.Tip: after a moment, under the object.
func (r *root) ShowTip(text string, at fyne.CanvasObject) {
	r.HideTip()
	r.tipAt = at
	r.waits = r.ui.tasks.after(tipDelay, func() {
		r.waits = nil
		if r.tipAt == at {
			r.placeTip(text, at)
		}
	})
}

// HideTip implements widgets.Tip.
func (r *root) HideTip() {
	r.tipAt = nil
	if r.waits != nil {
		r.waits()
		r.waits = nil
	}
	if r.tip.Visible() {
		r.tip.Hide()
	}
}

func (r *root) placeTip(text string, at fyne.CanvasObject) {
	width := min(widest(text)+20, 380*max(theme.Size(theme.SizeBody)/15, 1), r.Size().Width-12)
	r.tips.SetText(text)
	size := fyne.NewSize(width, r.tip.HeightFor(width))
	pos := r.ui.app.Driver().AbsolutePositionForObject(at)
	if pos.IsZero() { // it went away while the tip waited
		return
	}
	x := min(max(pos.X, 6), r.Size().Width-size.Width-6)
	y := pos.Y + at.Size().Height + 8
	if y+size.Height > r.Size().Height-4 {
		y = max(pos.Y-size.Height-8, 4)
	}
	if pos.X < r.rail.Size().Width {
		x, y = r.rail.Size().Width+6, pos.Y+(at.Size().Height-size.Height)/2
	}
	r.tip.Resize(size)
	r.tip.Move(fyne.NewPos(x, y))
	r.tip.Show()
	canvas.Refresh(r) // the tip itself does not know its canvas before it was painted
}

func widest(text string) float32 {
	return fyne.MeasureText(text, theme.Size(theme.SizeSmall), fyne.TextStyle{}).Width
}
