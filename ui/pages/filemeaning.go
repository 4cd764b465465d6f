package pages

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// Meaning reads attached files for what they mean; *meaning.Service is one.
type Meaning interface {
	// Begin has a file read in the background, unless it was or was stopped.
	Begin(a backend.Attachment)
	State(a backend.Attachment) event.FileMeaning
	// Stop ends the reading of a file, Again begins it once more, and Forget is for one that is taken away.
	Stop(a backend.Attachment)
	Again(a backend.Attachment)
	Forget(a backend.Attachment)
}

// meaningOf is how far a file is in being read.
func (a *attachments) meaningOf(f backend.Attachment) event.FileMeaning {
	if a.of.env.Meaning == nil {
		return event.FileMeaning{}
	}
	return a.of.env.Meaning.State(f)
}

// meaningStep is how finely a chip tells how far a file is, in parts of a hundred: it is built anew for each step.
const meaningStep = 10

// meaningLabel is what a chip says of that; "" = nothing.
func meaningLabel(e event.FileMeaning) string {
	switch e.State {
	case event.MeaningReading:
		if e.Total > 0 {
			return fmt.Sprintf(" · reading %d %%", 100*e.Done/e.Total/meaningStep*meaningStep)
		}
	case event.MeaningNone, event.MeaningWaiting, event.MeaningReady, event.MeaningStopped, event.MeaningFailed:
	}
	return ""
}

// meaningTip is what its tip says; "" = nothing.
func meaningTip(e event.FileMeaning) string {
	switch e.State {
	case event.MeaningWaiting, event.MeaningReading:
		return e.Model + " reads it, so that its passages are found by meaning too; you need not wait"
	case event.MeaningReady:
		return "Its passages are found by words and by meaning"
	case event.MeaningStopped:
		return "Its passages are found by words alone"
	case event.MeaningFailed:
		return "Its passages are found by words alone: " + e.Error
	case event.MeaningNone:
	}
	return ""
}

// meaningItems are those of a chip's menu.
func (a *attachments) meaningItems(f backend.Attachment) []*fyne.MenuItem {
	item := func(label string, icon fyne.ThemeIconName, do func(backend.Attachment)) []*fyne.MenuItem {
		m := fyne.NewMenuItem(label, func() { do(f) })
		m.Icon = theme.Icon(icon)
		return []*fyne.MenuItem{m}
	}
	switch a.meaningOf(f).State {
	case event.MeaningWaiting, event.MeaningReading:
		return item("Stop reading it for its meaning", theme.IconStop, a.of.env.Meaning.Stop)
	case event.MeaningStopped, event.MeaningFailed:
		return item("Read it for its meaning", theme.IconRegenerate, a.of.env.Meaning.Again)
	case event.MeaningNone, event.MeaningReady:
	}
	return nil
}

// heard shows how far a file is.
func (a *attachments) heard(e event.FileMeaning) {
	i := slices.IndexFunc(a.list, func(f backend.Attachment) bool { return f.Text == e.Text })
	if i < 0 || a.told[e.Text] == string(e.State)+meaningLabel(e) {
		return
	}
	a.show()
}

// foundBy says how the passages of a file were found.
func foundBy(of *chat.Picks) string {
	switch {
	case of.Meaning != "":
		return "Found by words and by meaning (" + of.Meaning + ")."
	case of.Unread && !of.General:
		return "Found by words alone: the file is not read for its meaning yet."
	}
	return ""
}

// pickedBy says why a passage is in the list; "" = there is one way only.
func pickedBy(of *chat.Picks, by attach.By) string {
	if of.Meaning == "" {
		return ""
	}
	switch by {
	case attach.ByWords:
		return ", by its words"
	case attach.ByMeaning:
		return ", by its meaning"
	case attach.ByWords | attach.ByMeaning:
		return ", by its words and its meaning"
	}
	return ""
}

// meaningChoice is the row of the settings with the model that finds passages.
func (p *SettingsPage) meaningChoice() fyne.CanvasObject {
	var b *widgets.Button
	var installed []backend.Model
	chosen := app.MeaningAuto
	label := func() string {
		for _, m := range installed {
			if int64(chosen) == m.ID || chosen == app.MeaningAuto && m.ID == installed[0].ID {
				return widgets.Shorten(modelName(m), 220, measureBody)
			}
		}
		if chosen == app.MeaningOff || len(installed) == 0 {
			return "Off"
		}
		return widgets.Shorten(modelName(installed[0]), 220, measureBody)
	}
	take := func(id int) {
		chosen = id
		b.SetText(label())
		p.store(app.KeyMeaning, id)
	}
	help := widgets.Quiet("")
	b = widgets.NewButton("Off", widgets.KindPlain, func() {
		var items []*fyne.MenuItem
		for _, m := range installed {
			items = append(items, fyne.NewMenuItem(modelName(m), func() { take(int(m.ID)) }))
		}
		items = append(items, fyne.NewMenuItem("Off: by words alone", func() { take(app.MeaningOff) }))
		p.env.Host.Menu(items, fyne.CurrentApp().Driver().AbsolutePositionForObject(b).AddXY(0, b.Size().Height+4))
	})
	b.Small = true
	p.readMeaning = func() {
		p.env.Host.Load("settings", func(ctx context.Context) func() {
			list, err := p.env.System.EmbeddingModels(ctx)
			id := app.MeaningAuto
			if err == nil {
				_, err = p.env.System.Setting(ctx, app.KeyMeaning, &id)
			}
			return func() {
				if err != nil {
					p.env.Host.Fail(err, nil)
				}
				installed, chosen = list, id
				b.SetText(label())
				b.SetEnabled(len(list) > 0)
				text := "In attached files too long for a model. Words are always compared; meaning finds what is said in other words."
				if len(list) == 0 {
					text += " It needs an embedding model: find one under Models, or drop one here."
				}
				help.SetText(text)
				if p.body != nil {
					p.body.Refresh()
				}
			}
		})
	}
	p.readMeaning()
	words := container.New(widgets.Column{Gap: 1}, widgets.NewLabel("Find passages by meaning with", widgets.LabelStyle{}), help)
	return container.New(widgets.Row{Gap: 16, Grow: 1}, words, b)
}
