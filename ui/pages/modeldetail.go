package pages

import (
	"context"
	"fmt"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/license"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// modelDetail is the card of one model: what it is, what its licence allows, how it would be loaded now and why, and what a
// person wants of that.
type modelDetail struct {
	env    Env
	model  backend.Model
	plan   *fyne.Container
	scroll fyne.CanvasObject
	choice backend.LoadChoice
}

// showModel opens the card of a model.
func showModel(env Env, m backend.Model) {
	d := &modelDetail{env: env, model: m, plan: container.New(widgets.Column{Gap: 10})}
	facts := container.New(widgets.Column{Gap: 7}, d.facts()...)
	column := []fyne.CanvasObject{facts}
	if m.Kind == backend.KindChat || m.Kind == backend.KindDiffusion {
		d.plan.Add(widgets.Quiet("Looking at the memory…"))
		column = append(column, widgets.NewLine(false), d.plan)
	}
	room, scale := env.Host.Canvas().Size(), theme.Size(theme.SizeBody)/15
	width := min(600*scale, room.Width-88)
	d.scroll = widgets.Scrolled(container.New(widgets.Inset{Right: receiptMargin}, container.New(widgets.Column{Gap: 14}, column...)))
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", env.Host.ClosePopover)
	head := container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.NewLabel(modelName(m), widgets.LabelStyle{Size: theme.SizeHeading, Bold: true, Wrap: true}), cross)
	height := min(detailHeight(m)*scale, room.Height-88-60*scale)
	env.Host.Dialog(widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 14}, head)},
		container.New(widgets.Sized{Width: width, Height: height}, d.scroll)))
	if len(column) > 1 {
		d.load()
	}
}

// detailHeight is about how high a card is without having to scroll.
func detailHeight(m backend.Model) float32 {
	if m.Kind == backend.KindChat {
		return 520
	}
	return 400
}

// facts are the lines about the file.
func (d *modelDetail) facts() []fyne.CanvasObject {
	m := d.model
	wide := 92 * theme.Size(theme.SizeBody) / 15
	var rows []fyne.CanvasObject
	add := func(name, value string, more ...fyne.CanvasObject) {
		if value == "" {
			return
		}
		line := []fyne.CanvasObject{
			container.New(widgets.Sized{Width: wide}, widgets.NewLabel(name, widgets.LabelStyle{Ink: theme.ColorQuiet})),
			widgets.NewLabel(value, widgets.LabelStyle{Wrap: true}),
		}
		rows = append(rows, container.New(widgets.Row{Gap: 10, Grow: 2}, append(line, more...)...))
	}
	if s := stateLine(m); s != "" {
		add("State", s)
	}
	add("Is", strings.Join(nonEmpty(capital(kindName(m.Kind)), familyName(m.Family), m.Quant, parametersText(m.Parameters), bytesText(m.SizeBytes)), ", "))
	if m.ContextLength > 0 {
		add("Context", "trained for "+count(m.ContextLength, "token"))
	}
	add("Licence", capital(licenseOf(m))+". "+license.Explain(m.License))
	from := sourceOf(m)
	if from == "" {
		from = "not known"
	}
	add("Source", from)
	if h := shortHash(m.SHA256); h != "" {
		dup := widgets.NewIconButton(theme.Icon(theme.IconCopy), "Copy the whole hash", func() { d.env.Host.Copy(m.SHA256) })
		dup.Small = true
		add("Hash", h, dup)
	}
	place := m.Path
	if !m.Owned && !m.Starter {
		place += "\nUsed where it lies: removing it from Loam leaves the file."
	}
	add("File", place)
	return rows
}

func nonEmpty(list ...string) []string {
	var out []string
	for _, s := range list {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

// parametersText is a number of parameters: "8 B parameters".
func parametersText(n int64) string {
	switch {
	case n >= 1e9:
		return strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1e9), ".0") + " B parameters"
	case n >= 1e6:
		return fmt.Sprintf("%.0f M parameters", float64(n)/1e6)
	}
	return ""
}

// sourceOf is where a model came from, for a person; "" = nobody knows.
func sourceOf(m backend.Model) string {
	return strings.TrimPrefix(strings.TrimPrefix(m.Source, "https://"), "http://")
}

// load plans the load again and shows it.
func (d *modelDetail) load() {
	d.env.Host.Load("plan", func(ctx context.Context) func() {
		p, err := d.env.System.PlanModel(ctx, d.model)
		return func() {
			if err != nil {
				d.plan.Objects = []fyne.CanvasObject{widgets.Quiet(capital(err.Error()) + ".")}
			} else {
				d.choice = p.Choice
				d.plan.Objects = d.body(p)
			}
			d.scroll.Refresh()
		}
	})
}

// choose keeps a choice and plans anew.
func (d *modelDetail) choose(change func(c *backend.LoadChoice)) {
	c := d.choice
	change(&c)
	d.choice = c
	d.env.Host.Load("plan", func(ctx context.Context) func() {
		err := d.env.System.SetModelChoice(ctx, d.model.ID, c)
		return func() {
			if err != nil {
				d.env.Host.Fail(err, nil)
			}
			d.load()
		}
	})
}

// body is the plan with its bars, its reasons and what can be chosen.
func (d *modelDetail) body(p backend.LoadPlan) []fyne.CanvasObject {
	rows := []fyne.CanvasObject{widgets.NewLabel(planHead(p), widgets.LabelStyle{Bold: true, Wrap: true})}
	for _, use := range p.Devices {
		rows = append(rows, bar(use)...)
	}
	for i, why := range p.Reasons {
		style := widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true}
		if i == 0 && p.Fit != backend.LoadFits {
			style.Ink = theme.ColorWarn
		}
		rows = append(rows, widgets.NewLabel(why, style))
	}
	for _, s := range p.Stages {
		rows = append(rows, widgets.Quiet(fmt.Sprintf("%s: about %s beside the weights", capital(s.Name), bytesText(s.Bytes))))
	}
	if p.Fit == backend.LoadTight || p.Choice.Anyway {
		rows = append(rows, line("Load anyway", "Also when memory is short. Loam still stops where the system would end the model.",
			widgets.NewSwitch(p.Choice.Anyway, func(on bool) { d.choose(func(c *backend.LoadChoice) { c.Anyway = on }) })))
	}
	if d.model.Kind != backend.KindChat {
		return rows
	}
	tokens, names := contextsOf(p.ContextOwn, p.Choice.Context)
	rows = append(rows, line("Context", "Tokens that the model sees at once.",
		widgets.NewSegmented(names, index(tokens, p.Choice.Context), func(i int) { d.choose(func(c *backend.LoadChoice) { c.Context = tokens[i] }) })))
	kinds := []string{"", "f16", "q8_0", "q4_0"}
	rows = append(rows, line("Conversation kept in", "Fewer bits take less memory; 4 bits cost some care.",
		widgets.NewSegmented([]string{"Auto", "16 bit", "8 bit", "4 bit"}, indexOf(kinds, p.Choice.KVType), func(i int) {
			d.choose(func(c *backend.LoadChoice) { c.KVType = kinds[i] })
		})))
	if p.Device != "" || p.Choice.GPULayers != nil {
		rows = append(rows, d.layers(p))
	}
	if e := d.env.Engines.State(); e.State == event.EngineReady && e.ModelID == d.model.ID {
		again := widgets.NewButton("Unload", widgets.KindPlain, func() {
			d.env.Host.Load("engine", func(ctx context.Context) func() { d.env.Engines.Unload(ctx); return d.load })
		})
		again.Small = true
		rows = append(rows, line("It is loaded now", "What you choose here holds from its next load on.", again))
	}
	return rows
}

// layers chooses how much of a model lies on the graphics card.
func (d *modelDetail) layers(p backend.LoadPlan) fyne.CanvasObject {
	values := []int{-2, 0, p.Layers / 2, -1}
	at := 0
	if n := p.Choice.GPULayers; n != nil {
		at = index(values, *n)
	}
	return line("Layers on the graphics card", fmt.Sprintf("%d of %d now.", p.GPULayers, p.Layers),
		widgets.NewSegmented([]string{"Auto", "None", "Half", "All"}, at, func(i int) {
			d.choose(func(c *backend.LoadChoice) {
				c.GPULayers = nil
				if n := values[i]; n > -2 {
					c.GPULayers = &n
				}
			})
		}))
}

// contextsOf are the contexts that are offered: the usual ones that the model was trained for, and what was chosen.
func contextsOf(own, chosen int) (tokens []int, names []string) {
	tokens, names = []int{0}, []string{"Auto"}
	add := func(n int) {
		tokens, names = append(tokens, n), append(names, strings.TrimSuffix(fmt.Sprintf("%.1f", float64(n)/1024), ".0")+"k")
	}
	for _, n := range []int{2048, 4096, 8192, 16384, 32768, 65536, 131072} {
		if chosen > tokens[len(tokens)-1] && chosen < n {
			add(chosen)
		}
		if own == 0 && n <= 8192 || n <= own {
			add(n)
		}
	}
	if chosen > tokens[len(tokens)-1] {
		add(chosen)
	}
	if len(tokens) > 7 { // the card is narrow; who chose another one sees it
		drop := 1
		if tokens[drop] == chosen {
			drop = 2
		}
		tokens, names = append(tokens[:drop], tokens[drop+1:]...), append(names[:drop], names[drop+1:]...)
	}
	return tokens, names
}

func indexOf(list []string, v string) int {
	for i, s := range list {
		if s == v {
			return i
		}
	}
	return -1
}

// planHead says in one line what the load takes.
func planHead(p backend.LoadPlan) string {
	s := "Takes about " + bytesText(p.Forecast.Needed()) + " of memory"
	if len(p.Devices) > 0 && p.Devices[0].Total > 0 {
		if short := p.Devices[0].Short; short > 0 {
			return s + ", " + bytesText(short) + " more than is free"
		}
		s += ", leaves " + bytesText(p.Devices[0].Free) + " free"
	}
	return s
}

// bar is the memory of a device with its legend.
func bar(u backend.DeviceUse) []fyne.CanvasObject {
	if u.Total <= 0 {
		return nil
	}
	parts := []struct {
		name  string
		bytes int64
		ink   fyne.ThemeColorName
	}{
		{"others", u.Others, theme.ColorControl}, {"Loam now", u.Loam, theme.ColorQuiet}, {"this model", u.Model, theme.ColorAccent}, {"free", u.Free, ""},
	}
	if u.Short > 0 {
		parts[2].ink = theme.ColorWarn
	}
	var shares []widgets.BarShare
	legend := []fyne.CanvasObject{widgets.NewLabel(fmt.Sprintf("%s, %s", u.Name, memoryText(u.Total)), widgets.LabelStyle{Size: theme.SizeSmall, Natural: true})}
	for _, part := range parts {
		if part.bytes <= 0 {
			continue
		}
		if part.ink != "" {
			shares = append(shares, widgets.BarShare{Part: float64(part.bytes) / float64(u.Total), Ink: part.ink})
		}
		words := []fyne.CanvasObject{}
		if part.ink != "" {
			words = append(words, widgets.NewIcon(theme.Icon(fynetheme.IconNameRadioButtonFill), part.ink, 10))
		}
		words = append(words, widgets.NewLabel(part.name+" "+bytesText(part.bytes), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Natural: true}))
		legend = append(legend, container.New(widgets.Row{Gap: 4}, words...))
	}
	return []fyne.CanvasObject{widgets.NewShareBar(shares...), container.New(widgets.Flow{Gap: 14}, legend...)}
}
