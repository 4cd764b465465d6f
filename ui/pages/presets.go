package pages

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/chat"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// presetRow stands first in the settings of a chat: presets to choose from, and to save what is set now.
func (c *conversation) presetRow() fyne.CanvasObject {
	open := widgets.NewButton("Presets", widgets.KindPlain, nil)
	open.Small, open.Trailing = true, theme.Icon(theme.IconDown)
	open.OnTapped = func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(open).Add(fyne.NewPos(0, open.Size().Height))
		c.env.Host.Load("presets", func(ctx context.Context) func() {
			list, err := c.env.Chats.Presets(ctx)
			return func() {
				if err != nil {
					c.env.Host.Fail(err, nil)
					return
				}
				c.env.Host.Menu(c.presetMenu(list), at)
			}
		})
	}
	words := container.New(widgets.Column{Gap: 1}, widgets.NewLabel("System prompt and settings", widgets.LabelStyle{Bold: true}),
		widgets.Quiet("A preset keeps both, with the model, under a name."))
	return container.New(widgets.Row{Gap: 8, Grow: 1}, words, open)
}

// presetMenu offers presets, and what can be done with them.
func (c *conversation) presetMenu(list []chat.Preset) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	var remove []*fyne.MenuItem
	for _, p := range list {
		m := fyne.NewMenuItem(p.Name, func() { c.usePreset(p) })
		m.Checked = p.System == c.chat.System && equalSampling(p.Sampling, c.chat.Sampling)
		items = append(items, m)
		remove = append(remove, fyne.NewMenuItem(p.Name, func() { c.removePreset(p) }))
	}
	save := fyne.NewMenuItem("Save as a preset…", func() { c.savePreset(false) })
	save.Icon = theme.Icon(theme.IconDownload)
	if len(items) > 0 {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	items = append(items, save)
	if m := c.picker.model(); m != nil {
		always := fyne.NewMenuItem("Save for all new chats with "+m.Name+"…", func() { c.savePreset(true) })
		always.Icon = theme.Icon(theme.IconPlus)
		items = append(items, always)
	}
	if len(remove) > 0 {
		r := fyne.NewMenuItem("Remove", nil)
		r.Icon, r.ChildMenu = theme.Icon(theme.IconRemove), fyne.NewMenu("", remove...)
		items = append(items, r)
	}
	return items
}

func equalSampling(a, b *backend.Sampling) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}

// usePreset gives the open chat what a preset holds.
func (c *conversation) usePreset(p chat.Preset) {
	c.env.Host.ClosePopover()
	if m := c.picker.model(); p.ModelID != 0 && (m == nil || m.ID != p.ModelID) && slices.ContainsFunc(c.picker.models, func(m backend.Model) bool { return m.ID == p.ModelID }) {
		c.chooseModel(p.ModelID)
	}
	c.tuned(p.System, p.Sampling)
	c.env.Host.Notify(widgets.Notice{Key: "preset", Tone: widgets.ToneSuccess, Text: "This chat uses “" + p.Name + "” from the next message on."})
}

func (c *conversation) savePreset(always bool) {
	p := chat.Preset{System: c.chat.System, Sampling: c.chat.Sampling}
	if m := c.picker.model(); m != nil {
		p.ModelID = m.ID
		if always {
			p.Always = []int64{m.ID}
		}
	}
	askName(c.env, "Save as a preset", "Name", "", func(name string) {
		if name == "" {
			return
		}
		p.Name = name
		c.env.Host.Load("presets", func(ctx context.Context) func() {
			err := c.env.Chats.SavePreset(ctx, p)
			return func() {
				if err != nil {
					c.env.Host.Fail(err, nil)
					return
				}
				c.env.Host.Notify(widgets.Notice{Key: "preset", Tone: widgets.ToneSuccess, Text: "Saved “" + strings.TrimSpace(name) + "”."})
			}
		})
	})
}

// removePreset forgets a preset at once and offers it back.
func (c *conversation) removePreset(p chat.Preset) {
	c.env.Host.Load("presets", func(ctx context.Context) func() {
		err := c.env.Chats.RemovePreset(ctx, p.Name)
		return func() {
			if err != nil {
				c.env.Host.Fail(err, nil)
				return
			}
			c.env.Host.Undone(widgets.Undo{Text: "Removed “" + p.Name + "”.", Undo: func() {
				c.env.Host.Load("presets", func(ctx context.Context) func() {
					if err := c.env.Chats.SavePreset(ctx, p); err != nil {
						return func() { c.env.Host.Fail(err, nil) }
					}
					return nil
				})
			}})
		}
	})
}

// beginPreset gives a chat that is not begun yet the preset that its model's chats begin with.
func (c *conversation) beginPreset() {
	mark := c.opened
	c.env.Host.Load("presets", func(ctx context.Context) func() {
		list, err := c.env.Chats.Presets(ctx)
		if err != nil {
			return nil // the chat begins with the defaults; the menu of presets says why
		}
		return func() {
			m := c.picker.model()
			if mark != c.opened || c.chat.ID != 0 || m == nil || c.chat.System != "" || c.chat.Sampling != nil {
				return
			}
			if p, ok := beginWith(list, m.ID); ok {
				c.chat.System, c.chat.Sampling = p.System, p.Sampling
			}
		}
	})
}

// beginWith is the preset that a model's new chats begin with, if there is one.
func beginWith(list []chat.Preset, model int64) (chat.Preset, bool) {
	i := slices.IndexFunc(list, func(p chat.Preset) bool { return slices.Contains(p.Always, model) })
	if i < 0 {
		return chat.Preset{}, false
	}
	return list[i], true
}
