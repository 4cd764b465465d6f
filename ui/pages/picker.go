package pages

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// picker is the button that names the model of a chat, with the load bar inside, and the list behind it.
type picker struct {
	env      Env
	onChoose func(modelID int64)
	onEngine func()           // another engine was chosen for the model
	onUsable func(why string) // why nothing can answer; "" = a model can
	button   *widgets.Button

	chat     backend.Chat
	models   []backend.Model // for chat, the starter last
	speeds   map[int64]string
	tallies  map[int64]backend.Tally
	byRule   int64 // the default model, 0 = none
	engine   event.EngineChanged
	is       *hardware.Machine // nil = not looked yet
	choice   app.EngineChoice  // of the model choiceOf
	choiceOf int64
}

func newPicker(env Env, choose func(int64)) *picker {
	p := &picker{env: env, onChoose: choose, speeds: map[int64]string{}}
	p.button = widgets.NewButton("", widgets.KindPlain, p.open)
	p.button.Trailing = theme.Icon(theme.IconDown)
	p.engine = env.Engines.State()
	p.refresh()
	env.Host.Load("machine", func(ctx context.Context) func() {
		m := env.System.Machine(ctx)
		return func() { p.is = &m }
	})
	return p
}

// reload reads the installed models again.
func (p *picker) reload() {
	p.env.Host.Load("models", func(ctx context.Context) func() {
		all, err := p.env.Models.List(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.reload) }
		}
		var byRule int64
		d, err := p.env.Models.Default(ctx)
		if err == nil {
			byRule = d.ID
		} else if !errors.Is(err, backend.ErrNoModel) {
			return func() { p.env.Host.Fail(err, p.reload) }
		}
		chat, speeds := chatModels(all), map[int64]string{}
		for _, m := range chat {
			if s, ok, err := p.env.Models.MeasuredSpeed(ctx, m.ID); err == nil && ok {
				speeds[m.ID] = wordsPerSecond(s.Reply)
			}
		}
		tallies, err := p.env.Chats.Tallies(ctx)
		if err != nil {
			return func() { p.env.Host.Fail(err, p.reload) }
		}
		return func() {
			p.models, p.speeds, p.byRule, p.tallies = chat, speeds, byRule, tallies
			p.refresh()
			p.loadChoice()
		}
	})
}

// chatModels are the models to chat with, the starter last.
func chatModels(all []backend.Model) []backend.Model {
	var list, starters []backend.Model
	for _, m := range all {
		switch {
		case m.Kind != backend.KindChat:
		case m.Starter:
			starters = append(starters, m)
		default:
			list = append(list, m)
		}
	}
	return append(list, starters...)
}

// CanAnswer says whether a model in that state can be asked.
func CanAnswer(m backend.Model) bool {
	if m.Kind != backend.KindChat {
		return false
	}
	switch m.State {
	case backend.ModelReady, backend.ModelUnverified, backend.ModelChanged:
		return true
	case backend.ModelQuarantined, backend.ModelMissing, backend.ModelIncomplete:
	}
	return false
}

func (p *picker) setChat(c backend.Chat) {
	p.chat = c
	p.refresh()
	p.loadChoice()
}

func (p *picker) setEngine(e event.EngineChanged) {
	p.engine = e
	if e.State == event.EngineReady {
		p.loadChoice() // it told what it can do
	}
	p.refresh()
}

// model is the model that will answer, nil when there is none.
func (p *picker) model() *backend.Model {
	want := p.chat.ModelID
	if want == 0 {
		want = p.byRule
	}
	for i := range p.models {
		if p.models[i].ID == want {
			return &p.models[i]
		}
	}
	return nil
}

func (p *picker) refresh() {
	m, why := p.model(), ""
	switch {
	case m == nil && len(p.models) == 0:
		p.button.SetText("No model")
		why = "No chat model is installed. Add a model file to begin."
	case m == nil:
		p.button.SetText("Choose a model")
		why = "The model of this chat is not installed any more. Choose another one above."
	default:
		name := m.Name
		if m.Starter {
			name = "Starter"
		}
		p.button.SetText(widgets.Shorten(name, 220, measureBody))
		if !CanAnswer(*m) {
			why = m.Name + " cannot be used: " + reason(*m) + "."
		}
	}
	p.button.Tip = p.line()
	fill := float32(0)
	if p.engine.State == event.EngineLoading {
		fill = max(p.engine.Load, 0.02)
	}
	p.button.SetFill(fill)
	if p.onUsable != nil {
		p.onUsable(why)
	}
}

func reason(m backend.Model) string {
	if m.Reason != "" {
		return strings.TrimSuffix(m.Reason, ".")
	}
	return string(m.State)
}

// line says in one line what is loaded and where it runs.
func (p *picker) line() string {
	e := p.engine
	switch e.State {
	case event.EngineLoading:
		return fmt.Sprintf("Loading %s: %.0f %%", e.Name, 100*e.Load)
	case event.EngineReady:
		parts := []string{e.Name, engineName(e.Info.Engine), where(e.Info)}
		if e.Memory > 0 {
			parts = append(parts, bytesText(e.Memory)+" of memory")
		}
		return strings.Join(parts, " · ")
	case event.EngineDied, event.EngineFailed:
		return e.Error
	case event.EngineNone:
	}
	return "Nothing is loaded: the first message loads the model."
}

// where says on what an engine computes: "CPU (zen4), 7 threads".
func where(i backend.EngineInfo) string {
	s := i.Device
	if s == "" {
		s = "CPU"
	}
	if i.Variant != "" {
		s += " (" + i.Variant + ")"
	}
	if i.Threads > 0 {
		s += ", " + count(i.Threads, "thread")
	}
	return s
}

// open shows the list of models.
func (p *picker) open() {
	chosen := p.model()
	list := []fyne.CanvasObject{}
	for _, m := range p.models {
		row := widgets.NewChoiceRow(modelName(m), p.facts(m), chosen != nil && chosen.ID == m.ID, func() {
			p.env.Host.ClosePopover()
			p.onChoose(m.ID)
		})
		row.SetEnabled(CanAnswer(m))
		list = append(list, row)
	}
	if len(list) == 0 {
		list = append(list, widgets.Quiet("No chat model is installed."))
	}
	status := widgets.Quiet(p.line())
	foot := []fyne.CanvasObject{status}
	if p.engine.State == event.EngineReady {
		unload := widgets.NewButton("Unload", widgets.KindPlain, func() {
			p.env.Host.ClosePopover()
			p.env.Host.Load("engine", func(ctx context.Context) func() { p.env.Engines.Unload(ctx); return nil })
		})
		unload.Small, unload.Tip = true, "Gives the memory back"
		foot = append(foot, unload)
	}
	add := widgets.NewButton("Add a model file", widgets.KindQuiet, func() { p.env.Host.ClosePopover(); p.env.Host.AddFiles() })
	add.Icon, add.Small = theme.Icon(theme.IconPlus), true
	all := widgets.NewButton("All models", widgets.KindQuiet, func() { p.env.Host.ClosePopover(); p.env.Host.Go(PageModels) })
	all.Icon, all.Small = theme.Icon(theme.IconModels), true
	links := []fyne.CanvasObject{add, all}
	if chosen != nil {
		m := *chosen
		memory := widgets.NewButton("Details and memory", widgets.KindQuiet, func() { p.env.Host.ClosePopover(); showModel(p.env, m) })
		memory.Icon, memory.Small = theme.Icon(theme.IconInfo), true
		links = append(links, memory)
	}
	content := container.New(widgets.Column{Gap: 8},
		container.New(widgets.Row{Gap: 8, Grow: 1}, foot...),
		p.whyCPU(),
		widgets.NewLine(false),
		container.New(widgets.Column{Gap: 2}, list...),
		p.engineRow(chosen),
		widgets.NewLine(false),
		container.New(widgets.Flow{Gap: 4}, links...))
	p.env.Host.Popover(content, p.button, 470)
}

// facts is the quiet line under a model's name in the list.
func (p *picker) facts(m backend.Model) string {
	if !CanAnswer(m) {
		return "Cannot be used: " + reason(m)
	}
	parts := []string{bytesText(m.SizeBytes)}
	if m.Quant != "" {
		parts = append(parts, m.Quant)
	}
	parts = append(parts, licenseOf(m))
	if s := p.speeds[m.ID]; s != "" {
		parts = append(parts, s)
	}
	if t := tallyText(p.tallies[m.ID]); t != "" {
		parts = append(parts, t)
	}
	return strings.Join(parts, " · ")
}
