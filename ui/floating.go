package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"loam/ui/theme"
	"loam/ui/typeset"
	"loam/ui/widgets"
)

// floating is what lies over the window and takes the keys: one menu, popover or dialog at a time, closed by Esc.
type floating struct {
	ui  *UI
	top interface {
		Hide()
		Visible() bool
	}
	before fyne.Focusable // had the focus
	closed func()         // hears when it closes; nil = nobody cares
}

// open says whether something floats.
func (f *floating) open() bool { return f.top != nil && f.top.Visible() }

// close closes it; false = nothing floated.
func (f *floating) close() {
	if closed := f.closed; closed != nil {
		f.closed = nil
		defer closed()
	}
	if !f.open() {
		f.top = nil
		return
	}
	f.ui.window.Canvas().Unfocus() // what is written in it is taken when its field loses the focus, which hiding does not do
	f.top.Hide()
	f.top = nil
	if f.before != nil {
		f.ui.window.Canvas().Focus(f.before)
		f.before = nil
	}
}

func (f *floating) remember() {
	f.close()
	f.ui.root.HideTip()
	f.before = f.ui.window.Canvas().Focused()
}

// popover shows content in a card under an anchor, or over it where there is no room under it; its right edge is at the anchor's where there is no room otherwise.
func (f *floating) popover(content, anchor fyne.CanvasObject, width float32) {
	f.remember()
	c := f.ui.window.Canvas()
	inner := container.New(widgets.Even(14), content)
	room := c.Size()
	width = min(width*max(theme.Size(theme.SizeBody)/15, 1), room.Width-24)
	size := fyne.NewSize(width, min(widgets.HeightFor(inner, width), room.Height-24))
	pos := f.ui.app.Driver().AbsolutePositionForObject(anchor)
	x := min(pos.X, room.Width-size.Width-12)
	if pos.X+anchor.Size().Width/2 > room.Width/2 {
		x = pos.X + anchor.Size().Width - size.Width
	}
	y := pos.Y + anchor.Size().Height + 8
	if over := pos.Y - size.Height - 8; y+size.Height > room.Height-12 && over >= 12 {
		y = over // under it there is no room, over it there is
	}
	y = min(y, room.Height-size.Height-12)
	inner.Resize(size) // wrapped text learns its width, so that its least height is right from the beginning
	p := widget.NewPopUp(inner, c)
	p.ShowAtPosition(fyne.NewPos(max(x, 12), max(y, 12)))
	p.Resize(size)
	f.top = p
}

// dialog shows content in a card in the middle, over a scrim.
func (f *floating) dialog(content fyne.CanvasObject) {
	f.remember()
	c := f.ui.window.Canvas()
	inner := container.New(widgets.Even(20), content)
	room := c.Size()
	width := min(max(inner.MinSize().Width, 480), room.Width-48)
	size := fyne.NewSize(width, min(widgets.HeightFor(inner, width), room.Height-48))
	inner.Resize(size)
	p := widget.NewModalPopUp(inner, c)
	p.Show()
	p.Resize(size)
	f.top = p
}

// menu shows items at a place of the canvas.
func (f *floating) menu(items []*fyne.MenuItem, at fyne.Position) {
	f.remember()
	readable(items)
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), f.ui.window.Canvas())
	m.ShowAtPosition(at)
	f.ui.window.Canvas().Focus(m)
	f.top = m
}

// readable puts the words of menus, which Fyne draws, into the order in which they are read.
func readable(items []*fyne.MenuItem) {
	for _, item := range items {
		item.Label = typeset.Visual(item.Label)
		if item.ChildMenu != nil {
			readable(item.ChildMenu.Items)
		}
	}
}
