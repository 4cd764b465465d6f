package pages

import (
	"context"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// trashShown is how many removed chats are listed; older ones come when these are gone.
const trashShown = 100

// showTrash lists what was removed, each with the way back: whole chats, and messages that were removed from one, which come
// back as a chat of their own.
func (p *SettingsPage) showTrash() {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		list, err := p.env.Chats.Trashed(ctx)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, p.showTrash)
				return
			}
			if len(list) == 0 {
				p.env.Host.ClosePopover()
				p.lookAtKept()
				return
			}
			p.env.Host.Dialog(p.trashList(list))
		}
	})
}

func (p *SettingsPage) trashList(list []backend.Chat) fyne.CanvasObject {
	room, scale := p.env.Host.Canvas().Size(), theme.Size(theme.SizeBody)/15
	width, height := min(520*scale, room.Width-88), room.Height-88-80*scale
	rows := container.New(widgets.Column{Gap: 8})
	for _, c := range list[:min(len(list), trashShown)] {
		title := widgets.Shorten(chatTitle(c), width-150*scale, measureBody)
		rows.Add(container.New(widgets.Row{Gap: 10, Grow: 1},
			container.New(widgets.Column{Gap: 1}, widgets.NewLabel(title, widgets.LabelStyle{}), widgets.Quiet("Removed on "+c.Deleted.Local().Format("2 January 2006, 15:04"))),
			smallButton("Restore", func() { p.restore(c) })))
	}
	if more := len(list) - trashShown; more > 0 {
		rows.Add(widgets.Quiet("And " + strconv.Itoa(more) + " that were removed before."))
	}
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", p.env.Host.ClosePopover)
	head := container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading("Trash"), cross)
	return widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 14}, head)},
		container.New(widgets.Sized{Width: width, Height: min(widgets.HeightFor(rows, width-receiptMargin), height)},
			widgets.Scrolled(container.New(widgets.Inset{Right: receiptMargin}, rows))))
}

// restore takes a chat out of the trash and shows what is left there.
func (p *SettingsPage) restore(c backend.Chat) {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		err := p.env.Chats.Restore(ctx, c.ID)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, nil)
				return
			}
			p.env.Host.Notify(widgets.Notice{Key: "restored", Text: "“" + widgets.Shorten(chatTitle(c), 260, measureBody) + "” is back among the chats."})
			p.lookAtKept()
			p.showTrash()
		}
	})
}
