package pages

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend/attach"
	"loam/backend/chat"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// picking shows the passages of files that do not fit the model as a whole, before they are sent.
type picking struct {
	c     *conversation
	p     *chat.Picking
	total *widgets.Label
	send  *widgets.Button
}

// The room of the list.
const (
	pickingWidth  = 760
	pickingHeight = 560
)

// askPassages lists the passages and sends the message with those that the person leaves ticked.
func (c *conversation) askPassages(p *chat.Picking, leaveOut bool) {
	k := &picking{c: c, p: p}
	mark := c.opened
	k.total = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	k.send = widgets.NewButton("Send with these", widgets.KindPrimary, func() {
		c.env.Host.ClosePopover()
		if mark == c.opened {
			c.sendWith(c.composer.text(), leaveOut, p.Chosen(), true)
		}
	})
	cancel := widgets.NewButton("Not yet", widgets.KindPlain, c.env.Host.ClosePopover)
	var rows []fyne.CanvasObject
	for i := range p.Picks {
		rows = append(rows, k.file(&p.Picks[i])...)
	}
	head := container.New(widgets.Column{Gap: 4}, widgets.Heading("Passages that the model will see"),
		widgets.Quiet("What you attached is longer than this model can hold. Nothing is cut silently: these passages answer the message best, and only they are sent. Tick others, or untick some."))
	foot := container.New(widgets.Inset{Top: 10}, container.New(widgets.Row{Gap: 8, Grow: 1}, k.total, cancel, k.send))
	scale := max(theme.Size(theme.SizeBody)/15, 1)
	room := c.env.Host.Canvas().Size()
	size := fyne.NewSize(min(pickingWidth*scale, room.Width-88), min(pickingHeight*scale, room.Height-88))
	body := widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 8}, head), Bottom: foot},
		widgets.Scrolled(container.New(widgets.Inset{Right: 12}, container.New(widgets.Column{Gap: 2}, rows...))))
	k.count()
	c.env.Host.Dialog(container.New(widgets.Sized{Width: size.Width, Height: size.Height}, body))
	c.env.Host.Focus(k.send)
}

// file are the rows of one file.
func (k *picking) file(of *chat.Picks) []fyne.CanvasObject {
	f := k.p.Files[of.File]
	facts := fmt.Sprintf("%s, %s in all.", count(of.Total, "passage"), count(f.Tokens, "token"))
	if found := foundBy(of); found != "" {
		facts += " " + found
	}
	if of.General {
		facts += " The message names nothing that stands in it, so these are its beginning and steps through all of it."
	}
	rows := []fyne.CanvasObject{
		container.New(widgets.Inset{Top: 8}, widgets.NewLabel(f.Name, widgets.LabelStyle{Bold: true})),
		widgets.Quiet(facts),
	}
	for i := range of.List {
		rows = append(rows, k.row(of, &of.List[i]))
	}
	if n := of.Total - len(of.List); n > 0 {
		rows = append(rows, widgets.Quiet(fmt.Sprintf("%s of it answer less well and are not listed.", count(n, "passage"))))
	}
	return rows
}

func (k *picking) row(of *chat.Picks, pick *chat.Pick) fyne.CanvasObject {
	name := pick.Passage.Place() + " · " + attach.Around(pick.Text, k.c.composer.text(), 110)
	facts := count(pick.Passage.Tokens, "token") + pickedBy(of, pick.By)
	if pick.Seen {
		facts += ", went in with an earlier message that the model still sees"
	}
	var row *widgets.ChoiceRow
	row = widgets.NewChoiceRow(name, facts, pick.Picked, func() {
		pick.Picked = !pick.Picked
		row.SetTaken(pick.Picked)
		k.count()
	})
	return row
}

// count says how much is picked, and whether it fits.
func (k *picking) count() {
	n := k.p.Tokens()
	text := fmt.Sprintf("%s picked, there is room for %s.", count(n, "token"), count(k.p.Room, "token"))
	if n > k.p.Room {
		text = fmt.Sprintf("%s picked, %s too many.", count(n, "token"), count(n-k.p.Room, "token"))
	}
	k.total.SetText(text)
	k.send.SetEnabled(n <= k.p.Room)
	k.send.Refresh()
}
