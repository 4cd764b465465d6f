package pages

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/ui/widgets"
)

// engineName is what a chat engine is called for a person.
func engineName(name string) string {
	switch name {
	case app.ChatPack:
		return "llama.cpp (newest build)"
	case app.ChatEmbedded:
		return "llama.cpp (built in)"
	}
	return name
}

// engineChoices are the chat engines as they are offered, "" being the automatic choice.
var engineChoices = []string{"", app.ChatPack, app.ChatEmbedded}

// loadChoice reads which engine the chosen model runs on.
func (p *picker) loadChoice() {
	m := p.model()
	if m == nil {
		p.choiceOf = 0
		return
	}
	model := *m
	p.env.Host.Load("template", func(ctx context.Context) func() {
		choice, err := p.env.System.EngineOf(ctx, model)
		return func() {
			if err != nil {
				p.env.Host.Fail(err, p.loadChoice)
				return
			}
			p.choice, p.choiceOf = choice, model.ID
		}
	})
}

// engineRow shows the engine of the chosen model, to be changed, with what the other one would do better.
func (p *picker) engineRow(chosen *backend.Model) fyne.CanvasObject {
	rows := container.New(widgets.Column{Gap: 6})
	if chosen == nil || p.choiceOf != chosen.ID || !p.choice.Pack && p.choice.Chosen == "" {
		return rows // there is one engine only: nothing to choose
	}
	at := 0
	for i, name := range engineChoices {
		if name == p.choice.Chosen {
			at = i
		}
	}
	id := chosen.ID
	pick := widgets.NewSegmented([]string{"Automatic", "Newest", "Built in"}, at, func(i int) { p.chooseEngine(id, engineChoices[i]) })
	rows.Add(widgets.NewLine(false))
	rows.Add(container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.NewLabel("Engine", widgets.LabelStyle{}), pick))
	text := "Runs on " + engineName(p.choice.Engine) + "."
	switch {
	case !p.choice.Installed:
		text = "The newest build of llama.cpp was chosen for it and is not installed."
	case p.choice.Fault != "":
		text = engineName(p.choice.Engine) + " cannot run it: " + p.choice.Fault + "."
	}
	switch {
	case p.choice.Other != "":
		text += " " + p.choice.Other
	case p.choice.Engine == app.ChatPack:
		text += " The built-in one is older: choose it where a model misbehaves on the newest build."
	}
	rows.Add(widgets.Quiet(text))
	return rows
}

// chooseEngine has a model run on another engine from its next load on, and unloads it where it is loaded.
func (p *picker) chooseEngine(id int64, name string) {
	p.env.Host.ClosePopover()
	p.env.Host.Load("engine", func(ctx context.Context) func() {
		err := p.env.System.SetModelEngine(ctx, id, name)
		if err == nil && p.env.Engines.State().ModelID == id {
			p.env.Engines.Unload(ctx)
		}
		return func() {
			if err != nil {
				p.env.Host.Fail(err, nil)
			}
			p.loadChoice()
			if p.onEngine != nil {
				p.onEngine()
			}
		}
	})
}
