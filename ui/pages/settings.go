package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend/event"
	"loam/backend/hardware"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// The settings that the window keeps beside its own; app and residency read them.
const (
	KeyThreads    = "engine.threads"      // int, 0 = automatic
	KeyDevice     = "engine.device"       // string, "" = automatic
	KeyUnload     = "engine.idle_minutes" // int, 0 = never, -1 = at once; absent = 15
	unloadDefault = 15
)

// SettingsPage is all settings on one page with a search on top.
type SettingsPage struct {
	env      Env
	search   *widgets.Field
	sections []*section
	none     *widgets.Label
	column   *fyne.Container
	body     fyne.CanvasObject

	mode    *widgets.Segmented
	scale   *widgets.Label
	device  *widgets.Label
	cpu     *fyne.Container   // why it computes on the processor
	is      *hardware.Machine // nil = not looked yet
	health  *fyne.Container
	threads *widgets.Segmented
	unload  *widgets.Segmented
	awake   *widgets.Segmented
	battery *widgets.Segmented
	tray    *widgets.Segmented
	kept    kept
	models  modelKeeping
	net     networkSettings
	power   *widgets.Label // how many threads compute as things are
	report  hardware.Report

	readMeaning func() // which models find passages
}

// section is a card of the page with the words that a search finds it by.
type section struct {
	title, words string
	body         fyne.CanvasObject
}

// NewSettingsPage builds the page.
func NewSettingsPage(env Env) *SettingsPage {
	p := &SettingsPage{env: env}
	p.search = searchField(env, "Search settings", nil)
	p.search.OnChanged = func(string) { p.filter() }
	p.none = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet})
	p.none.Hide()
	p.add("Look", "theme light dark system text size zoom appearance colour", p.look()...)
	p.add("Engine", "device cpu gpu variant threads unload idle memory speed", p.engine()...)
	if env.Getting != nil {
		p.add("Network", "offline online proxy download speed limit bandwidth token hugging face requests asked privacy internet", p.network()...)
	}
	p.add("Laptop", "battery power sleep awake tray icon background close laptop threads", p.manners()...)
	chats := p.chatKeeping()
	chats = append([]fyne.CanvasObject{chats[0], p.meaningChoice()}, chats[1:]...)
	if env.Transfer != nil {
		chats = append(chats, p.chatFiles()...)
	}
	p.add("Chats", "attached files passages meaning embedding model words names titles contexts kv cache disk clear trash delete for good export import backup chatgpt lm studio open webui markdown html jsonl take along bring", chats...)
	p.add("Models", "models folder move disk space catalogue bill of materials bom cyclonedx licences sbom", p.modelFiles()...)
	p.add("Folders", "data cache logs disk path other programs lm studio ollama comfyui look again", p.folders()...)
	p.add("Health", "doctor findings problems report check", p.doctor()...)
	p.add("About", "version licences license commit", p.about()...)
	head := container.New(widgets.Column{Gap: 14}, widgets.Heading("Settings"), p.search)
	p.column = container.New(widgets.Column{Gap: 16}, head, p.none)
	for _, s := range p.sections {
		p.column.Add(s.body)
	}
	p.body = widgets.Scrolled(container.New(widgets.Inset{Top: 24, Bottom: 32},
		container.New(widgets.Centred{Width: 760, Margin: 24, Grows: true}, p.column)))
	return p
}

func (p *SettingsPage) add(title, words string, rows ...fyne.CanvasObject) {
	content := []fyne.CanvasObject{widgets.NewLabel(title, widgets.LabelStyle{Size: theme.SizeTitle, Bold: true})}
	content = append(content, rows...)
	card := widgets.NewCard(container.New(widgets.Column{Gap: 14}, content...))
	p.sections = append(p.sections, &section{title: title, words: strings.ToLower(title + " " + words), body: card})
}

// Body is what the window shows.
func (p *SettingsPage) Body() fyne.CanvasObject { return p.body }

// FocusSearch puts the focus into the search field.
func (p *SettingsPage) FocusSearch() { seek(p.env, p.search) }

// filter shows the sections that have all the words of the search.
func (p *SettingsPage) filter() {
	found := 0
	for _, s := range p.sections {
		match := true
		for _, w := range strings.Fields(strings.ToLower(p.search.Text)) {
			match = match && strings.Contains(s.words, w)
		}
		if match {
			s.body.Show()
			found++
		} else {
			s.body.Hide()
		}
	}
	p.none.SetText("No setting is called “" + p.search.Text + "”.")
	if found == 0 {
		p.none.Show()
	} else {
		p.none.Hide()
	}
	p.body.Refresh()
}

// line is one setting: name and help on the left, the control on the right.
func line(name, help string, control fyne.CanvasObject) fyne.CanvasObject {
	words := []fyne.CanvasObject{widgets.NewLabel(name, widgets.LabelStyle{})}
	if help != "" {
		words = append(words, widgets.Quiet(help))
	}
	return container.New(widgets.Row{Gap: 16, Grow: 1}, container.New(widgets.Column{Gap: 1}, words...), control)
}

// modes are the choices of the theme, as Look names them.
var modes = []string{"system", "light", "dark"}

func (p *SettingsPage) look() []fyne.CanvasObject {
	at := 0
	for i, m := range modes {
		if m == p.env.Host.Look().Mode {
			at = i
		}
	}
	p.mode = widgets.NewSegmented([]string{"System", "Light", "Dark"}, at, func(i int) {
		l := p.env.Host.Look()
		l.Mode = modes[i]
		p.env.Host.SetLook(l)
	})
	p.scale = widgets.NewLabel("", widgets.LabelStyle{Align: fyne.TextAlignCenter, Natural: true})
	step := func(f func(float32) float32) func() {
		return func() {
			l := p.env.Host.Look()
			l.Scale = f(l.Scale)
			p.env.Host.SetLook(l)
		}
	}
	less := widgets.NewButton("−", widgets.KindPlain, step(theme.ScaleDown))
	more := widgets.NewButton("+", widgets.KindPlain, step(theme.ScaleUp))
	less.Tip, more.Tip = "Smaller ("+widgets.Mod+"−)", "Larger ("+widgets.Mod+"+)"
	p.LookChanged()
	return []fyne.CanvasObject{
		line("Theme", "", p.mode),
		line("Text size", "80 to 200 %", container.New(widgets.Row{Gap: 10}, less, p.scale, more)),
	}
}

// LookChanged shows a look that was changed elsewhere, by a shortcut.
func (p *SettingsPage) LookChanged() {
	l := p.env.Host.Look()
	p.scale.SetText(fmt.Sprintf("%.0f %%", 100*l.Scale))
	for i, m := range modes {
		if m == l.Mode {
			p.mode.Choose(i)
		}
	}
}

// threadChoices are how many threads compute; 0 = one per physical core but one.
var threadChoices = []int{0, 1, 2, 4, 8}

// unloadChoices are the minutes without a question after which the model leaves the memory; 0 = never, -1 = at once.
var unloadChoices = []int{-1, 5, 15, 60, 0}

func (p *SettingsPage) engine() []fyne.CanvasObject {
	p.device = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true})
	p.cpu = container.New(widgets.Column{})
	p.setEngine(p.env.Engines.State())
	p.env.Host.Load("machine", func(ctx context.Context) func() {
		m := p.env.System.Machine(ctx)
		return func() { p.is = &m; p.setCPU() }
	})
	p.threads = widgets.NewSegmented([]string{"Auto", "1", "2", "4", "8"}, 0, func(i int) { p.store(KeyThreads, threadChoices[i]) })
	p.unload = widgets.NewSegmented([]string{"At once", "5 min", "15 min", "1 h", "Never"}, 2, func(i int) { p.store(KeyUnload, unloadChoices[i]) })
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		threads, minutes := 0, unloadDefault
		_, err1 := p.env.System.Setting(ctx, KeyThreads, &threads)
		_, err2 := p.env.System.Setting(ctx, KeyUnload, &minutes)
		return func() {
			for _, err := range []error{err1, err2} {
				if err != nil {
					p.env.Host.Fail(err, nil)
				}
			}
			p.threads.Choose(index(threadChoices, threads))
			p.unload.Choose(index(unloadChoices, minutes))
		}
	})
	return []fyne.CanvasObject{
		container.New(widgets.Column{Gap: 1}, widgets.NewLabel("Device", widgets.LabelStyle{}), p.device, p.cpu),
		line("Threads", "Auto leaves a core to the rest of the machine. Holds from the next load on.", p.threads),
		line("Give memory back", "Unloads the model when nothing was asked for so long.", p.unload),
	}
}

func index(list []int, v int) int {
	for i, n := range list {
		if n == v {
			return i
		}
	}
	return -1
}

func (p *SettingsPage) store(key string, v any) {
	p.env.Host.Load("settings", func(ctx context.Context) func() {
		if err := p.env.System.SetSetting(ctx, key, v); err != nil {
			return func() { p.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

func (p *SettingsPage) setEngine(e event.EngineChanged) {
	text := "Chosen when a model is loaded: the best of what is found."
	if e.State == event.EngineReady {
		text = e.Name + " runs on " + where(e.Info) + ", engine " + e.Info.Engine + "."
		if e.Memory > 0 {
			text += " It takes " + bytesText(e.Memory) + " of memory."
		}
	}
	p.device.SetText(text)
	p.setCPU()
}

func (p *SettingsPage) folders() []fyne.CanvasObject {
	var rows []fyne.CanvasObject
	for _, f := range []struct{ name, path string }{
		{"Data", p.env.Folders.Data},
		{"Cache", p.env.Folders.Cache},
		{"Settings", p.env.Folders.Config},
		{"Logs", p.env.Folders.Logs},
	} {
		if f.path == "" {
			continue
		}
		path := f.path
		open := widgets.NewIconButton(theme.Icon(theme.IconFolderOpen), "Open the folder", func() { p.env.Host.OpenFolder(path) })
		dup := widgets.NewIconButton(theme.Icon(theme.IconCopy), "Copy the path", func() { p.env.Host.Copy(path) })
		name := container.New(widgets.Column{Gap: 1}, widgets.NewLabel(f.name, widgets.LabelStyle{}),
			widgets.NewLabel(path, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall}))
		rows = append(rows, container.New(widgets.Row{Gap: 4, Grow: 1}, name, dup, open))
	}
	again := widgets.NewButton("Look again", widgets.KindPlain, p.env.Host.LookAround)
	again.Small = true
	return append(rows, line("Models of other programs", "LM Studio, Ollama, ComfyUI and others are looked at once, at the first start.", again))
}

func (p *SettingsPage) about() []fyne.CanvasObject {
	version := "Loam " + p.env.About.Version
	if c := p.env.About.Commit; c != "" {
		version += " (" + c[:min(len(c), 12)] + ")"
	}
	rows := []fyne.CanvasObject{
		widgets.NewLabel(version, widgets.LabelStyle{}),
		widgets.Quiet("Local, open AI models. Nothing you write leaves this machine. Apache-2.0."),
	}
	if p.env.About.Licenses != nil {
		show := widgets.NewButton("Licences of what is built in", widgets.KindPlain, func() { p.env.Host.Licenses() })
		show.Small = true
		rows = append(rows, container.New(widgets.Row{}, show))
	}
	return rows
}

// Handle takes an event of the bus.
func (p *SettingsPage) Handle(e event.Event) {
	switch e := e.(type) {
	case event.EngineChanged:
		p.setEngine(e)
	case event.ModelChanged:
		p.readMeaning()
	}
}
