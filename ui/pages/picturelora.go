package pages

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureLoRAs is the part of the controls with the LoRAs of the chosen model: a chip for each, with its weight.
type pictureLoRAs struct {
	of    *pictureControls
	list  *fyne.Container
	named *fyne.Container // those that the prompt names
	add   *widgets.Button
	none  *widgets.Label // the engine cannot use any
	body  *fyne.Container

	chips  []*loraChip
	shown  string                    // what the chips were built for
	fits   map[int64]library.LoRAFit // of the installed LoRAs with the model that asked is the model of
	asked  int64
	asking bool
}

// loraChip is one LoRA that is in use, or kept at hand while it is off.
type loraChip struct {
	model  backend.Model
	on     *widgets.Switch
	weight *widgets.Slider
	number *widgets.Field
	more   *widgets.Button
	words  []*widgets.Button // trigger words
	remove func()
}

func newPictureLoRAs(c *pictureControls) *pictureLoRAs {
	p := &pictureLoRAs{of: c, fits: map[int64]library.LoRAFit{}}
	p.list = container.New(widgets.Column{Gap: 6})
	p.named = container.New(widgets.Column{Gap: 4})
	p.add = widgets.NewButton("Add or drop", widgets.KindQuiet, p.choose)
	p.add.Icon, p.add.Small, p.add.Tip = theme.Icon(theme.IconPlus), true, "Put a LoRA to use; a file can be dropped anywhere"
	p.none = widgets.Quiet("The built-in engine draws without LoRAs; the picture pack uses them.")
	p.none.Hide()
	p.body = container.New(widgets.Column{Gap: 5},
		widgets.NewLabel("LoRA", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}),
		p.list, p.named, p.none, container.New(widgets.Row{}, p.add))
	return p
}

// installed hears that other files are installed: what fits is asked again.
func (p *pictureLoRAs) installed() { p.asked, p.shown = 0, "" }

// marks brings chips and lines to what the wish says. Chips are built again only when others are needed, so that the one
// under the pointer stays.
func (p *pictureLoRAs) marks() {
	m := p.of.chosen()
	show(p.body, m != nil)
	if m == nil {
		return
	}
	show(p.none, !p.of.can().LoRA)
	show(p.add, p.of.can().LoRA) // chips stay, so that they can be switched off
	key := fmt.Sprint(m.ID)
	for _, u := range p.of.wish.uses(m.ID) {
		key += fmt.Sprint(" ", u.ModelID)
	}
	if key != p.shown {
		p.shown = key
		p.build(*m)
	}
	for _, c := range p.chips {
		p.fill(c, *m)
	}
	p.marksOfPrompt(*m)
	p.ask(m.ID)
	p.body.Refresh()
}

// ask compares the installed LoRAs with the model, elsewhere.
func (p *pictureLoRAs) ask(model int64) {
	if p.asked == model || p.asking {
		return
	}
	var loras []int64
	for _, m := range p.of.all {
		if m.Kind == backend.KindLoRA && usable(m) {
			loras = append(loras, m.ID)
		}
	}
	p.asked = model
	if len(loras) == 0 {
		return
	}
	p.asking = true
	p.of.env.Host.Load("fits", func(ctx context.Context) func() {
		fits := map[int64]library.LoRAFit{}
		for _, id := range loras {
			if f, err := p.of.env.Models.FitLoRA(ctx, id, model); err == nil {
				fits[id] = f
			}
		}
		return func() {
			p.asking = false
			p.fits = fits
			p.shown = ""
			p.of.marks()
		}
	})
}

// lora looks an installed LoRA up.
func (p *pictureLoRAs) lora(id int64) (backend.Model, bool) {
	for _, m := range p.of.all {
		if m.ID == id && m.Kind == backend.KindLoRA {
			return m, true
		}
	}
	return backend.Model{}, false
}

// build makes the chips of a model's LoRAs.
func (p *pictureLoRAs) build(m backend.Model) {
	p.list.Objects, p.chips = nil, nil
	for _, u := range p.of.wish.uses(m.ID) {
		l, ok := p.lora(u.ModelID)
		if !ok {
			continue // removed, perhaps to come back by Undo
		}
		p.list.Add(p.chip(m, l, u))
	}
	show(p.list, len(p.chips) > 0)
}

func (p *pictureLoRAs) chip(m, l backend.Model, u loraUse) fyne.CanvasObject {
	c := &loraChip{model: l}
	change := func(f func(u *loraUse)) {
		p.of.change(func(w *wish) {
			if now, ok := w.use(m.ID, l.ID); ok {
				f(&now)
				w.putUse(m.ID, now)
			}
		})
	}
	c.remove = func() { p.remove(m.ID, l.ID) }
	c.on = widgets.NewSwitch(!u.Off, func(on bool) { change(func(u *loraUse) { u.Off = !on }) })
	c.weight = widgets.NewSlider(0, 2, 0.01, float64(u.Weight), func(v float64) {
		change(func(u *loraUse) { u.Weight = float32(math.Round(v*100) / 100) })
	})
	c.number = widgets.NewField("")
	c.number.SetText(weightText(u.Weight))
	c.number.OnChanged = func(text string) {
		v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), 64)
		if p.of.filling || err != nil || math.IsNaN(v) || v < leastWeight || v > mostWeight {
			return
		}
		change(func(u *loraUse) { u.Weight = float32(v) })
	}
	c.number.OnFocus = func(in bool) {
		if !in {
			p.of.marks() // back to the last number that was one
		}
	}
	c.more = widgets.NewIconButton(theme.Icon(theme.IconMore), "More", nil)
	c.more.Small = true
	c.more.OnTapped = func() {
		p.of.env.Host.Menu(p.menu(m, c), fyne.CurrentApp().Driver().AbsolutePositionForObject(c.more).AddXY(0, c.more.Size().Height+4))
	}
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Take "+l.Name+" out", c.remove)
	cross.Small = true
	rows := []fyne.CanvasObject{
		container.New(widgets.Row{Gap: 4, Grow: 2}, c.on,
			widgets.NewHint(modelFacts(l)+"\n"+l.Path, container.New(widgets.Inset{Left: 4}, widgets.NewLabel(l.Name, widgets.LabelStyle{}))), c.more, cross),
		container.New(widgets.Row{Gap: 6, Grow: 1}, c.weight, container.New(widgets.Sized{Width: 62}, c.number)),
	}
	if words := triggersOf(l); len(words) > 0 {
		flow := container.New(widgets.Flow{Gap: 5, Lines: 4})
		for _, w := range words {
			b := widgets.NewButton(w, widgets.KindPlain, nil)
			b.Small, b.Pill, b.Tip = true, true, "A word that "+l.Name+" listens to: puts it into the prompt, or takes it out"
			b.OnTapped = func() { p.of.toggleWords(w) }
			c.words = append(c.words, b)
			flow.Add(b)
		}
		rows = append(rows, flow)
	}
	if line, good := p.fitWords(m, l); !good {
		rows = append(rows, widgets.NewLabel(line, widgets.LabelStyle{Ink: theme.ColorWarn, Size: theme.SizeSmall, Wrap: true}))
	}
	p.chips = append(p.chips, c)
	card := widgets.NewCard(container.New(widgets.Column{Gap: 4}, rows...))
	card.Margin, card.Shadow = widgets.Inset{Left: 10, Top: 6, Right: 6, Bottom: 8}, false
	return widgets.NewMenuArea(card, func(at fyne.Position) { p.of.env.Host.Menu(p.menu(m, c), at) })
}

// fitWords says what of a LoRA has its place in the model. good = all of it, as far as headers tell.
func (p *pictureLoRAs) fitWords(m, l backend.Model) (line string, good bool) {
	f, known := p.fits[l.ID]
	switch {
	case !known:
		return modelFacts(l), l.Family == "" || m.Family == "" || l.Family == m.Family
	case !f.Fits():
		return misfitWords(f), false
	case f.Counted && f.Matched < f.Total:
		return fmt.Sprintf("%d of %d tensors have a place in %s.", f.Matched, f.Total, m.Name), false
	case f.Counted:
		return fmt.Sprintf("Fits: %d of %d tensors", f.Matched, f.Total), true
	}
	return modelFacts(l), true
}

// misfitWords says why a LoRA cannot be used with a model: what it was made for, where that is known.
func misfitWords(f library.LoRAFit) string {
	made, is := familyName(f.LoRA.Family), familyName(f.Model.Family)
	if made != "" && is != "" && made != is {
		return fmt.Sprintf("Made for %s; %s is %s.", made, f.Model.Name, is)
	}
	return fmt.Sprintf("Cannot be used with %s: %s.", f.Model.Name, strings.TrimSuffix(f.Reason, "."))
}

// fill shows the present state in a chip.
func (p *pictureLoRAs) fill(c *loraChip, m backend.Model) {
	u, _ := p.of.wish.use(m.ID, c.model.ID)
	c.on.Set(!u.Off)
	c.weight.Set(float64(u.Weight))
	if canvas := p.of.env.Host.Canvas(); canvas == nil || canvas.Focused() != fyne.Focusable(c.number) {
		if text := weightText(u.Weight); c.number.Text != text {
			was := p.of.filling
			p.of.filling = true
			c.number.SetText(text)
			p.of.filling = was
		}
	}
	for _, b := range c.words {
		b.SetSelected(hasWords(p.of.wish.Prompt, b.Text))
	}
}

func weightText(w float32) string {
	return strconv.FormatFloat(math.Round(float64(w)*1000)/1000, 'f', -1, 64)
}

// menu is the context menu of a chip: the same acts.
func (p *pictureLoRAs) menu(m backend.Model, c *loraChip) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	item := func(label string, icon fyne.ThemeIconName, do func()) {
		i := fyne.NewMenuItem(label, do)
		i.Icon = theme.Icon(icon)
		items = append(items, i)
	}
	u, _ := p.of.wish.use(m.ID, c.model.ID)
	if u.Off {
		item("Switch on", theme.IconShow, func() { p.set(m.ID, c.model.ID, func(u *loraUse) { u.Off = false }) })
	} else {
		item("Switch off", theme.IconHide, func() { p.set(m.ID, c.model.ID, func(u *loraUse) { u.Off = true }) })
	}
	item("Try it: with and without", theme.IconPictures, func() { p.of.try(c.model.ID) })
	item("Weight 0.8", theme.IconRegenerate, func() { p.set(m.ID, c.model.ID, func(u *loraUse) { u.Weight = firstWeight }) })
	for _, w := range triggersOf(c.model) {
		if !hasWords(p.of.wish.Prompt, w) {
			item("Add “"+widgets.Shorten(w, 160, measureBody)+"” to the prompt", theme.IconTag, func() { p.of.toggleWords(w) })
		}
	}
	item("Open folder", theme.IconFolderOpen, func() { p.of.env.Host.OpenFolder(filepath.Dir(c.model.Path)) })
	item("Take out", theme.IconRemove, c.remove)
	return items
}

// set changes one LoRA of a model.
func (p *pictureLoRAs) set(model, lora int64, f func(u *loraUse)) {
	p.of.change(func(w *wish) {
		u, ok := w.use(model, lora)
		if !ok {
			u = loraUse{ModelID: lora, Weight: firstWeight}
		}
		f(&u)
		w.putUse(model, u)
	})
}

// remove takes a LoRA out of a model's list, with the way back.
func (p *pictureLoRAs) remove(model, lora int64) {
	before := p.of.wish.uses(model)
	l, _ := p.lora(lora)
	p.of.change(func(w *wish) { w.dropUse(model, lora) })
	p.of.env.Host.Undone(widgets.Undo{
		Text: l.Name + " is taken out. It stays installed.",
		Undo: func() { p.of.change(func(w *wish) { w.setUses(model, before) }) },
	})
}

// marksOfPrompt shows the LoRAs that the prompt names, the equals of chips, and the names that nothing answers to.
func (p *pictureLoRAs) marksOfPrompt(m backend.Model) {
	named := p.of.wish.inPrompt(p.of.all)
	p.named.Objects = nil
	for _, n := range named {
		if !n.found {
			p.named.Add(widgets.NewLabel("The prompt names “"+n.ref.Name+"”, and no LoRA of that name is installed.",
				widgets.LabelStyle{Ink: theme.ColorError, Size: theme.SizeSmall, Wrap: true}))
			continue
		}
		line, good := p.fitWords(m, n.model)
		ink := theme.ColorQuiet
		if good {
			line = "in the prompt"
		} else {
			ink = theme.ColorWarn
		}
		take := widgets.NewButton("Slider", widgets.KindQuiet, func() { p.lift(m.ID, n) })
		take.Small, take.Tip = true, "Takes it out of the prompt and gives it a slider"
		p.named.Add(container.New(widgets.Row{Gap: 4, Grow: 1},
			container.New(widgets.Column{}, widgets.NewLabel(n.model.Name+"  "+weightText(n.ref.Weight), widgets.LabelStyle{}),
				widgets.NewLabel(line, widgets.LabelStyle{Ink: ink, Size: theme.SizeSmall, Wrap: true})), take))
	}
	show(p.named, len(named) > 0)
}

// lift makes a chip of a LoRA that the prompt names.
func (p *pictureLoRAs) lift(model int64, n promptLoRA) {
	p.of.change(func(w *wish) {
		w.Prompt = studio.WithoutLoRA(w.Prompt, n.ref.Name)
		w.putUse(model, loraUse{ModelID: n.model.ID, Weight: n.ref.Weight})
	})
	p.of.fill()
}

// choose lists the installed LoRAs: those that fit can be added, the others say what they were made for.
func (p *pictureLoRAs) choose() {
	m := p.of.chosen()
	if m == nil {
		p.of.env.Host.AddFiles()
		return
	}
	var fit, other []fyne.CanvasObject
	for _, l := range p.of.all {
		if l.Kind != backend.KindLoRA {
			continue
		}
		_, taken := p.of.wish.use(m.ID, l.ID)
		line, good := p.fitWords(*m, l)
		f, known := p.fits[l.ID]
		able := usable(l) && (good || known && f.Fits())
		if words := triggersOf(l); able && len(words) > 0 {
			line += " · " + strings.Join(words, ", ")
		}
		if !usable(l) {
			line = "Cannot be used: " + reason(l)
		}
		row := widgets.NewChoiceRow(l.Name, line, taken, func() {
			p.of.env.Host.ClosePopover()
			if !taken {
				p.of.addLoRA(l.ID, firstWeight)
			}
		})
		row.SetEnabled(able)
		if able {
			fit = append(fit, row)
		} else {
			other = append(other, row)
		}
	}
	list := fit
	if len(fit) == 0 {
		list = append(list, widgets.Quiet("No installed LoRA fits "+m.Name+"."))
	}
	list = append(list, other...)
	add := widgets.NewButton("Add file", widgets.KindQuiet, func() { p.of.env.Host.ClosePopover(); p.of.env.Host.AddFiles() })
	add.Icon, add.Small = theme.Icon(theme.IconPlus), true
	rows := container.New(widgets.Column{Gap: 2}, list...)
	var body fyne.CanvasObject = rows
	if len(list) > 6 {
		body = container.New(widgets.Sized{Width: 360, Height: 320}, widgets.Scrolled(rows))
	}
	p.of.env.Host.Popover(container.New(widgets.Column{Gap: 8}, body, widgets.NewLine(false), container.New(widgets.Row{}, add)), p.add, 400)
}
