package pages

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// Where the guide says more about a machine and its models.
const (
	learnModels = "models#choose-a-model"
	learnCPU    = "models#on-the-processor-not-on-the-graphics-card"
)

// runsLine says in one sentence what this machine can run well.
func runsLine(m hardware.Machine) string {
	if m.MemoryTotal <= 0 {
		return ""
	}
	card := "no GPU"
	if len(m.GPUs) > 0 {
		var names []string
		for _, g := range m.GPUs {
			names = append(names, g.Name)
		}
		card = strings.Join(names, " and ") + " not used"
	}
	is := "This machine (" + memoryText(m.MemoryTotal) + ", " + card + ")"
	b := hardware.RunsWell(m)
	if b == 0 {
		return is + " runs only the smallest models."
	}
	return is + " runs models up to about " + hardware.Billions(b) + " well."
}

// cpuLine says why models run on the processor and what can be done about it; "" = they do not.
func cpuLine(m hardware.Machine, i backend.EngineInfo) string {
	if i.Device != "" && !strings.HasPrefix(strings.ToUpper(i.Device), "CPU") {
		return ""
	}
	because, next, worse := hardware.WhyCPU(m, nil)
	if worse {
		return "On the CPU, because " + because + ". " + next
	}
	return "On the CPU, because " + because + "."
}

// why is a line with a button that opens the guide at a place.
func why(env Env, text, label, link string) fyne.CanvasObject {
	more := widgets.NewButton(label, widgets.KindQuiet, func() {
		env.Host.ClosePopover()
		env.Host.Guide(link)
	})
	more.Small = true
	return container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Quiet(text), more)
}

// whyCPU says under what is loaded why it runs on the processor; it takes no room where it does not.
func (p *picker) whyCPU() fyne.CanvasObject {
	text := ""
	if p.is != nil && p.engine.State == event.EngineReady {
		text = cpuLine(*p.is, p.engine.Info)
	}
	row := why(p.env, text, "Why?", learnCPU)
	if text == "" {
		row.Hide()
	}
	return row
}

// setCPU does the same on the page of settings.
func (p *SettingsPage) setCPU() {
	text := ""
	if p.is != nil {
		text = cpuLine(*p.is, p.env.Engines.State().Info)
	}
	p.cpu.RemoveAll()
	if text != "" {
		p.cpu.Add(why(p.env, text, "Why?", learnCPU))
	}
}

// whichModel is the button that explains the choice of a model.
func whichModel(env Env) *widgets.Button {
	b := widgets.NewButton("Which model?", widgets.KindQuiet, func() { env.Host.Guide(learnModels) })
	b.Icon = theme.Icon(theme.IconBook)
	return b
}
