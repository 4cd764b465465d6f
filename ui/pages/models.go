package pages

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/event"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// ModelsPage lists the model files that Loam knows, takes new ones in, and says of each what it is.
type ModelsPage struct {
	env     Env
	machine *widgets.Label
	folder  *widgets.Label
	rows    *fyne.Container
	body    fyne.CanvasObject

	models []backend.Model
	byRule int64
	speeds map[int64]string
	shown  []modelRow
}

// modelRow is a model as the page shows it: for tests and for the keyboard.
type modelRow struct {
	model  backend.Model
	chat   *widgets.Button
	remove func()
}

// NewModelsPage builds the page.
func NewModelsPage(env Env) *ModelsPage {
	p := &ModelsPage{env: env, speeds: map[int64]string{}}
	p.machine = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	p.folder = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	add := widgets.NewButton("Add file", widgets.KindPrimary, env.Host.AddFiles)
	add.Icon = theme.Icon(theme.IconPlus)
	head := container.New(widgets.Row{Gap: 16, Grow: 1},
		container.New(widgets.Column{Gap: 2}, widgets.Heading("Models"), p.machine, p.folder), add)
	p.rows = container.New(widgets.Column{Gap: 8})
	hint := widgets.NewLabel("Drop model files (GGUF, safetensors) anywhere. They are used where they lie.",
		widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Align: fyne.TextAlignCenter, Wrap: true})
	p.body = widgets.Scrolled(container.New(widgets.Inset{Top: 24, Bottom: 32},
		container.New(widgets.Centred{Width: 860, Margin: 24},
			container.New(widgets.Column{Gap: 18}, head, p.rows, hint))))
	p.Reload()
	return p
}

// Body is what the window shows.
func (p *ModelsPage) Body() fyne.CanvasObject { return p.body }

// Reload reads models, machine and folder again.
func (p *ModelsPage) Reload() {
	p.env.Host.Load("models", func(ctx context.Context) func() {
		models, err := p.env.Models.List(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		var byRule int64
		if d, err := p.env.Models.Default(ctx); err == nil {
			byRule = d.ID
		} else if !errors.Is(err, backend.ErrNoModel) {
			return func() { p.env.Host.Fail(err, p.Reload) }
		}
		speeds := map[int64]string{}
		for _, m := range models {
			if s, ok, err := p.env.Models.MeasuredSpeed(ctx, m.ID); err == nil && ok {
				speeds[m.ID] = wordsPerSecond(s.Reply)
			}
		}
		machine := machineLine(p.env.System.Machine(ctx))
		used, free := p.env.System.ModelsFolder(ctx)
		return func() {
			p.models, p.byRule, p.speeds = models, byRule, speeds
			p.machine.SetText(machine)
			p.folder.SetText(folderLine(used, free))
			p.show()
		}
	})
}

func folderLine(used, free int64) string {
	s := "Models folder: " + bytesText(used)
	if free > 0 {
		s += ", " + bytesText(free) + " free"
	}
	return s
}

// show builds the rows: chat models first, the starter last among them, then the other kinds.
func (p *ModelsPage) show() {
	p.rows.Objects, p.shown = nil, nil
	heading := func(text string) {
		p.rows.Add(widgets.NewLabel(text, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}))
	}
	chat := chatModels(p.models)
	if len(chat) > 0 {
		heading("Chat")
	}
	for _, m := range chat {
		p.rows.Add(p.row(m))
	}
	others := slices.DeleteFunc(slices.Clone(p.models), func(m backend.Model) bool { return m.Kind == backend.KindChat })
	if len(others) > 0 {
		heading("Other files")
	}
	for _, m := range others {
		p.rows.Add(p.row(m))
	}
	if len(p.models) == 0 {
		p.rows.Add(widgets.NewLabel("No model is installed yet.", widgets.LabelStyle{Ink: theme.ColorQuiet}))
	}
	p.body.Refresh()
}

func (p *ModelsPage) row(m backend.Model) fyne.CanvasObject {
	name := []fyne.CanvasObject{widgets.NewLabel(modelName(m), widgets.LabelStyle{Bold: true})}
	facts := []string{}
	if m.Kind != backend.KindChat {
		facts = append(facts, string(m.Kind))
	}
	facts = append(facts, m.Quant, bytesText(m.SizeBytes), license(m), p.speeds[m.ID])
	facts = slices.DeleteFunc(facts, func(s string) bool { return s == "" })
	if m.Starter {
		facts = slices.Insert(facts, 0, m.Name)
	}
	name = append(name, widgets.NewLabel(strings.Join(facts, " · "), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall}))
	if s := stateLine(m); s != "" {
		ink := theme.ColorWarn
		if !CanAnswer(m) {
			ink = theme.ColorError
		}
		name = append(name, widgets.NewLabel(s, widgets.LabelStyle{Ink: ink, Size: theme.SizeSmall, Wrap: true}))
	}
	words := widgets.NewHint(m.Path, container.New(widgets.Column{Gap: 2}, name...))
	row := []fyne.CanvasObject{words}
	r := modelRow{model: m, remove: func() { p.remove(m) }}
	if m.ID == p.byRule {
		row = append(row, widgets.NewChip("Default", theme.ColorSuccess))
	}
	if m.Kind == backend.KindChat {
		r.chat = widgets.NewButton("Chat", widgets.KindPlain, func() { p.env.Host.NewChatWith(m.ID) })
		r.chat.SetEnabled(CanAnswer(m))
		row = append(row, r.chat)
	}
	var more *widgets.Button
	more = widgets.NewIconButton(theme.Icon(theme.IconMore), "More", func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(more).Add(fyne.NewPos(0, more.Size().Height+4))
		p.env.Host.Menu(p.menu(m), at)
	})
	row = append(row, more)
	p.shown = append(p.shown, r)
	card := widgets.NewCard(container.New(widgets.Row{Gap: 10, Grow: 1}, row...))
	card.Margin = widgets.Inset{Left: 16, Top: 12, Right: 10, Bottom: 12}
	card.Shadow = false
	return card
}

// stateLine says what is the matter with a model; "" = nothing.
func stateLine(m backend.Model) string {
	switch m.State {
	case backend.ModelReady, backend.ModelUnverified:
		return ""
	case backend.ModelMissing:
		return "Missing: the file is not where it was (" + m.Path + ")."
	case backend.ModelQuarantined:
		return "Cannot be used: " + reason(m) + "."
	case backend.ModelChanged:
		return "Changed on disk since it was added: " + reason(m) + "."
	case backend.ModelIncomplete:
		return "Not complete: " + reason(m) + "."
	}
	return reason(m)
}

func (p *ModelsPage) menu(m backend.Model) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	item := func(label string, icon fyne.ThemeIconName, do func()) {
		i := fyne.NewMenuItem(label, do)
		i.Icon = theme.Icon(icon)
		items = append(items, i)
	}
	if m.Kind == backend.KindChat && CanAnswer(m) && m.ID != p.byRule {
		item("Make default", theme.IconStar, func() {
			p.do(func(ctx context.Context) error { return p.env.Models.SetDefault(ctx, m.ID) })
		})
	}
	item("Open folder", theme.IconFolderOpen, func() { p.env.Host.OpenFolder(filepath.Dir(m.Path)) })
	item("Copy path", theme.IconCopy, func() { p.env.Host.Copy(m.Path) })
	item("Remove", theme.IconRemove, func() { p.remove(m) })
	return items
}

func (p *ModelsPage) do(act func(ctx context.Context) error) {
	p.env.Host.Load("models", func(ctx context.Context) func() {
		if err := act(ctx); err != nil {
			return func() { p.env.Host.Fail(err, func() { p.do(act) }) }
		}
		return p.Reload
	})
}

// remove takes a model off the list, with the way back. Files outside Loam's folders are only forgotten.
func (p *ModelsPage) remove(m backend.Model) {
	p.env.Host.Load("models", func(ctx context.Context) func() {
		if err := p.env.Models.Remove(ctx, m.ID); err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		return func() {
			u := widgets.Undo{
				Text: fmt.Sprintf("Removed %s from Loam. Its file stays where it is.", m.Name),
				Undo: func() {
					p.do(func(ctx context.Context) error { _, err := p.env.Models.Restore(ctx, m.ID); return err })
				},
			}
			if m.Owned {
				u.Text = fmt.Sprintf("Removed %s. %s will be freed in 10 minutes.", m.Name, bytesText(m.SizeBytes))
				u.More = "Free now"
				u.Do = func() { p.do(func(ctx context.Context) error { return p.env.Models.FreeNow(ctx, m.ID) }) }
			}
			p.env.Host.Undone(u)
			p.Reload()
		}
	})
}

// Handle takes an event of the bus.
func (p *ModelsPage) Handle(e event.Event) {
	if _, ok := e.(event.ModelChanged); ok {
		p.Reload()
	}
}
