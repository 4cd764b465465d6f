package pages

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// chatLoRAs are the LoRAs of the open chat: a chip for each beside the message, with its weight behind a click.
type chatLoRAs struct {
	of        *conversation
	installed []backend.Model // the LoRAs for chat models
}

func newChatLoRAs(c *conversation) *chatLoRAs {
	l := &chatLoRAs{of: c}
	l.reload()
	return l
}

// reload reads which LoRAs are installed.
func (l *chatLoRAs) reload() {
	l.of.env.Host.Load("models", func(ctx context.Context) func() {
		all, err := l.of.env.Models.List(ctx)
		if err != nil {
			return nil // the picker says it
		}
		list := slices.DeleteFunc(all, func(m backend.Model) bool { return m.Kind != backend.KindAdapter })
		return func() {
			l.installed = list
			l.show()
		}
	})
}

func (l *chatLoRAs) find(id int64) (backend.Model, bool) {
	i := slices.IndexFunc(l.installed, func(m backend.Model) bool { return m.ID == id })
	if i < 0 {
		return backend.Model{Name: "A removed LoRA"}, false
	}
	return l.installed[i], true
}

// show builds the chips.
func (l *chatLoRAs) show() {
	row := l.of.composer.extras
	row.Objects = nil
	for _, u := range l.of.chat.Adapters {
		m, _ := l.find(u.ModelID)
		label := m.Name + " " + weightText(u.Weight)
		if u.Off {
			label = m.Name + " off"
		}
		b := widgets.NewButton(widgets.Shorten(label, 150, measureBody), widgets.KindPlain, nil)
		b.Small, b.Pill, b.Tip = true, true, "LoRA of this chat: weight, on or off"
		b.SetSelected(u.Active())
		b.OnTapped = func() { l.open(u.ModelID, b) }
		row.Add(widgets.NewMenuArea(b, func(at fyne.Position) { l.of.env.Host.Menu(l.menu(u.ModelID, b), at) }))
	}
	show(row, len(row.Objects) > 0)
	row.Refresh()
	if l.of.body != nil {
		l.of.composer.relayout()
	}
}

// put changes one LoRA of the chat, or adds it.
func (l *chatLoRAs) put(u backend.AdapterUse) {
	list := slices.Clone(l.of.chat.Adapters)
	if i := slices.IndexFunc(list, func(x backend.AdapterUse) bool { return x.ModelID == u.ModelID }); i >= 0 {
		list[i] = u
	} else {
		list = append(list, u)
	}
	l.set(list)
}

func (l *chatLoRAs) use(id int64) backend.AdapterUse {
	for _, u := range l.of.chat.Adapters {
		if u.ModelID == id {
			return u
		}
	}
	return backend.AdapterUse{ModelID: id, Weight: 1}
}

// remove takes a LoRA out of the chat, with the way back.
func (l *chatLoRAs) remove(id int64) {
	before, mark := l.of.chat.Adapters, l.of.opened
	m, _ := l.find(id)
	l.of.env.Host.ClosePopover()
	l.set(slices.DeleteFunc(slices.Clone(before), func(u backend.AdapterUse) bool { return u.ModelID == id }))
	l.of.env.Host.Undone(widgets.Undo{Text: m.Name + " is taken out of this chat. It stays installed.", Undo: func() {
		if mark == l.of.opened {
			l.set(before)
		}
	}})
}

// set shows and stores the LoRAs of the chat. The next reply is written with them.
func (l *chatLoRAs) set(list []backend.AdapterUse) {
	l.of.chat.Adapters = list
	l.show()
	id := l.of.chat.ID
	if id == 0 {
		return // stored with the first message
	}
	l.of.env.Host.Load("send", func(ctx context.Context) func() {
		if err := l.of.env.Chats.SetAdapters(ctx, id, list); err != nil {
			return func() { l.of.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

// open shows the weight of a LoRA.
func (l *chatLoRAs) open(id int64, anchor fyne.CanvasObject) {
	m, _ := l.find(id)
	u := l.use(id)
	number := widgets.NewField("")
	number.SetText(weightText(u.Weight))
	var slider *widgets.Slider
	change := func(f func(u *backend.AdapterUse)) {
		u := l.use(id)
		f(&u)
		l.put(u)
	}
	slider = widgets.NewSlider(0, 2, 0.01, float64(u.Weight), func(v float64) {
		w := float32(math.Round(v*100) / 100)
		number.SetText(weightText(w))
		change(func(u *backend.AdapterUse) { u.Weight = w })
	})
	number.OnChanged = func(text string) {
		v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), 64)
		if err != nil || math.IsNaN(v) || v < leastWeight || v > mostWeight || float32(v) == l.use(id).Weight {
			return
		}
		slider.Set(v)
		change(func(u *backend.AdapterUse) { u.Weight = float32(v) })
	}
	on := widgets.NewSwitch(!u.Off, func(on bool) { change(func(u *backend.AdapterUse) { u.Off = !on }) })
	out := widgets.NewButton("Take out", widgets.KindPlain, func() { l.remove(id) })
	out.Small = true
	l.of.env.Host.Popover(container.New(widgets.Column{Gap: 8},
		container.New(widgets.Row{Gap: 8, Grow: 2}, on, widgets.NewLabel(m.Name, widgets.LabelStyle{Bold: true}), out),
		container.New(widgets.Row{Gap: 8, Grow: 1}, slider, container.New(widgets.Sized{Width: 70}, number)),
		widgets.Quiet(modelFacts(m)+". A change loads the model again before the next answer.")), anchor, 360)
}

// menu is the context menu of a chip.
func (l *chatLoRAs) menu(id int64, anchor fyne.CanvasObject) []*fyne.MenuItem {
	item := func(label string, icon fyne.ThemeIconName, do func()) *fyne.MenuItem {
		i := fyne.NewMenuItem(label, do)
		i.Icon = theme.Icon(icon)
		return i
	}
	turn, icon := "Switch off", theme.IconHide
	if l.use(id).Off {
		turn, icon = "Switch on", theme.IconShow
	}
	return []*fyne.MenuItem{
		item("Weight…", theme.IconSliders, func() { l.open(id, anchor) }),
		item(turn, icon, func() { u := l.use(id); u.Off = !u.Off; l.put(u) }),
		item("Take out", theme.IconRemove, func() { l.remove(id) }),
	}
}

// Model is the model that answers in the open chat; nil = there is none.
func (p *ChatsPage) Model() *backend.Model { return p.talk.picker.model() }

// AddAdapter puts a LoRA to use in the open chat, at its full weight.
func (p *ChatsPage) AddAdapter(id int64) {
	u := p.talk.loras.use(id)
	u.Off = false
	p.talk.loras.put(u)
	p.talk.composer.focus()
}

// NewChatWithAdapter opens a chat with a model and a LoRA.
func (p *ChatsPage) NewChatWithAdapter(modelID, id int64) {
	p.closeOver()
	p.talk.openNew(modelID, func() { p.AddAdapter(id) })
}
