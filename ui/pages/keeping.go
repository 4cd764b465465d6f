package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/widgets"
)

// The settings of what is kept of chats; chat and app read them.
const (
	KeyTitles   = "chat.titles"  // bool, absent = true
	KeyContexts = "kv.budget_mb" // int, MB of disk, 0 = none; absent = 4000
)

// contextChoices are the sizes of KeyContexts.
var contextChoices = []int{0, 1000, 4000, 16000}

const contextDefault = 4000

// kept are the rows of the settings about what Loam keeps of chats.
type kept struct {
	titles   *widgets.Segmented
	contexts *widgets.Segmented
	used     *widgets.Label
	clear    *widgets.Button
	trash    *widgets.Label
	purge    *widgets.Button
	show     *widgets.Button // what is in the trash
}

func (p *SettingsPage) chatKeeping() []fyne.CanvasObject {
	k := &p.kept
	k.titles = widgets.NewSegmented([]string{"On", "Off"}, 0, func(i int) { p.store(KeyTitles, i == 0) })
	k.contexts = widgets.NewSegmented([]string{"Off", "1 GB", "4 GB", "16 GB"}, index(contextChoices, contextDefault), func(i int) {
		p.store(KeyContexts, contextChoices[i])
		p.lookAtKept()
	})
	k.used, k.trash = widgets.Quiet(""), widgets.Quiet("")
	k.clear = widgets.NewButton("Clear", widgets.KindPlain, func() {
		p.change(func(context.Context) error { return p.env.System.ClearStates() })
	})
	k.purge = widgets.NewButton("Delete for good", widgets.KindPlain, func() {
		p.change(func(ctx context.Context) error {
			_, err := p.env.System.EmptyTrash(ctx)
			return err
		})
	})
	k.show = widgets.NewButton("Show", widgets.KindPlain, p.showTrash)
	k.clear.Small, k.purge.Small, k.show.Small = true, true, true
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		titles, budget := true, contextDefault
		_, err1 := p.env.System.Setting(ctx, KeyTitles, &titles)
		_, err2 := p.env.System.Setting(ctx, KeyContexts, &budget)
		return func() {
			for _, err := range []error{err1, err2} {
				if err != nil {
					p.env.Host.Fail(err, nil)
				}
			}
			if !titles {
				k.titles.Choose(1)
			}
			k.contexts.Choose(index(contextChoices, budget))
		}
	})
	p.lookAtKept()
	foot := func(says fyne.CanvasObject, buttons ...*widgets.Button) fyne.CanvasObject {
		row := container.New(widgets.Row{Gap: 16, Grow: 1}, says)
		for _, b := range buttons {
			row.Add(b)
		}
		return row
	}
	return []fyne.CanvasObject{
		line("Names by the model", "After the first answer, while nobody waits. A name that you gave stays.", k.titles),
		container.New(widgets.Column{Gap: 4},
			line("Room for contexts", "What a model has read of a chat, so that a long one goes on at once after a restart.", k.contexts),
			foot(k.used, k.clear)),
		foot(container.New(widgets.Column{Gap: 1}, widgets.NewLabel("Trash", widgets.LabelStyle{}), k.trash), k.show, k.purge),
	}
}

// change does what a button of these rows asks for, and looks again.
func (p *SettingsPage) change(do func(ctx context.Context) error) {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		err := do(ctx)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, nil)
			}
			p.lookAtKept()
		}
	})
}

// lookAtKept says how much is kept now; the window calls it when the page is shown.
func (p *SettingsPage) lookAtKept() {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		bytes, chats, err1 := p.env.System.States()
		trashed, err2 := p.env.System.Trashed(ctx)
		return func() {
			for _, err := range []error{err1, err2} {
				if err != nil {
					p.env.Host.Fail(err, nil)
					return
				}
			}
			k := &p.kept
			k.used.SetText("Nothing is kept now.")
			if chats > 0 {
				k.used.SetText("Now " + bytesText(bytes) + " of " + count(chats, "chat") + ".")
			}
			k.trash.SetText("It is empty.")
			if trashed > 0 {
				k.trash.SetText(count(trashed, "removed chat") + ", deleted 30 days after the removal.")
			}
			k.clear.SetEnabled(bytes > 0)
			k.purge.SetEnabled(trashed > 0)
			k.show.SetEnabled(trashed > 0)
			if p.body != nil {
				p.body.Refresh()
			}
		}
	})
}
