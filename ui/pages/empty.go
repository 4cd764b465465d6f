package pages

import (
	"context"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/hardware"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// emptyChat is what stands in a chat without messages: who will answer, honestly, and what this machine is.
type emptyChat struct {
	env     Env
	head    *widgets.Label
	model   *widgets.Label
	machine *widgets.Label
	add     *widgets.Button
	acts    *fyne.Container // adding a model, and which
	best    *fyne.Container // the model that this machine runs well
	asked   bool            // it was looked for
	body    fyne.CanvasObject
}

func newEmptyChat(env Env) *emptyChat {
	e := &emptyChat{env: env}
	center := func(s widgets.LabelStyle) widgets.LabelStyle {
		s.Align, s.Wrap = fyne.TextAlignCenter, true
		return s
	}
	e.head = widgets.NewLabel("What is on your mind?", center(widgets.LabelStyle{Size: theme.SizeHeading, Bold: true}))
	e.model = widgets.NewLabel("", center(widgets.LabelStyle{Ink: theme.ColorQuiet}))
	e.machine = widgets.NewLabel("", center(widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall}))
	e.add = widgets.NewButton("Add a model file", widgets.KindPlain, env.Host.AddFiles)
	e.add.Icon = theme.Icon(theme.IconPlus)
	e.acts = container.New(middleLayout{}, container.New(widgets.Row{Gap: 6}, e.add, whichModel(env)))
	e.best = container.New(widgets.Column{})
	e.best.Hide()
	e.body = container.New(uprightLayout{},
		container.New(widgets.Centred{Width: 520, Margin: 16, Grows: true},
			container.New(widgets.Column{Gap: 10}, e.head, e.model, e.machine, e.best, e.acts)))
	env.Host.Load("machine", func(ctx context.Context) func() {
		m := env.System.Machine(ctx)
		return func() { e.machine.SetText(runsLine(m)) }
	})
	return e
}

// uprightLayout stands one object in the middle of the height, at the height that it needs for the width there is.
type uprightLayout struct{}

// Layout implements fyne.Layout.
func (uprightLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		h := widgets.HeightFor(o, size.Width)
		o.Resize(fyne.NewSize(size.Width, h))
		o.Move(fyne.NewPos(0, max((size.Height-h)*0.45, 0)))
	}
}

// MinSize implements fyne.Layout.
func (uprightLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(300, widgets.Inset{}.MinSize(objects).Height)
}

// middleLayout centres one object at its own size.
type middleLayout struct{}

// Layout implements fyne.Layout.
func (middleLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	for _, o := range objects {
		m := o.MinSize()
		o.Resize(m)
		o.Move(fyne.NewPos((size.Width-m.Width)/2, (size.Height-m.Height)/2))
	}
}

// MinSize implements fyne.Layout.
func (middleLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return widgets.Inset{}.MinSize(objects)
}

// setModel says who will answer. A nil model means that there is none.
func (e *emptyChat) setModel(m *backend.Model) {
	switch {
	case m == nil:
		e.head.SetText("No chat model yet")
		e.model.SetText("Add a GGUF file that you have, or drop it here. It is used where it lies.")
	case m.Starter:
		e.head.SetText("What is on your mind?")
		e.model.SetText("The starter answers: a tiny model of " + bytesText(m.SizeBytes) +
			" that shows how Loam works. It is quick and often wrong. Add a larger model for real work.")
	default:
		e.head.SetText("What is on your mind?")
		e.model.SetText(strings.Join([]string{m.Name, bytesText(m.SizeBytes), licenseOf(*m)}, " · "))
	}
	want := m == nil || m.Starter
	if want && !e.asked {
		e.asked = true
		e.recommend()
	}
	if want != e.acts.Visible() {
		if want {
			e.acts.Show()
		} else {
			e.acts.Hide()
		}
		canvas.Refresh(e.body)
	}
	if want && len(e.best.Objects) > 0 {
		e.best.Show()
	} else {
		e.best.Hide()
	}
}

// recommend looks for the one model of the catalogues that runs best here.
func (e *emptyChat) recommend() {
	firstAdvice(e.env, backend.KindChat, "Runs well on this machine", func(card fyne.CanvasObject) {
		e.best.Add(card)
		if e.acts.Visible() {
			e.best.Show()
		}
		canvas.Refresh(e.body)
	})
}

// machineLine says in one line what this machine is.
func machineLine(m hardware.Machine) string {
	parts := []string{"This machine: " + memoryText(m.MemoryTotal)}
	if len(m.GPUs) == 0 {
		parts = append(parts, "no GPU")
	} else {
		var names []string
		for _, g := range m.GPUs {
			name := g.Name
			if g.MemoryTotal > 0 {
				name += " " + memoryText(g.MemoryTotal)
			}
			names = append(names, name)
		}
		parts = append(parts, strings.Join(names, " and "))
	}
	line := strings.Join(parts, ", ")
	if m.CPU != "" {
		line += " · " + m.CPU
	}
	if v := m.Variant(); v != "" {
		line += " (" + v + ")"
	}
	return line
}
