package pages

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureMore is the fold with what is rarely changed: negative prompt, steps, guidance, seed, sampler. It remembers its
// state per family of models.
type pictureMore struct {
	of       *pictureControls
	fold     *widgets.Button
	inner    *fyne.Container
	negative *widgets.Field
	idle     *widgets.Label // the negative prompt has no effect
	steps    *widgets.Field
	cfg      *widgets.Field
	width    *widgets.Field
	height   *widgets.Field
	seed     *widgets.Field
	lock     *widgets.Button
	sampler  *widgets.Button
	schedule *widgets.Button
	planned  fyne.CanvasObject // the row of schedule
	start    *pictureStart
	wrong    *widgets.Label
	body     fyne.CanvasObject
}

func newPictureMore(c *pictureControls) *pictureMore {
	p := &pictureMore{of: c}
	p.fold = widgets.NewButton("More", widgets.KindQuiet, func() {
		c.change(func(w *wish) { w.FoldOpen = !w.FoldOpen })
	})
	p.fold.Left, p.fold.Small = true, true
	p.negative = widgets.NewArea("What should not be in it")
	p.negative.SetMinRowsVisible(2)
	p.negative.OnChanged = func(text string) { p.tune(func(t *tune) { t.Negative = text }) }
	p.idle = widgets.Quiet("At guidance 1 a negative prompt has no effect.")
	p.steps = p.number("steps", 1, 1000, func(v float64) { p.tune(func(t *tune) { t.Steps = int(v) }) })
	p.cfg = p.number("guidance", 1, 30, func(v float64) { p.tune(func(t *tune) { t.CFG = float32(v) }) })
	p.width = p.number("the width", 64, 4096, func(v float64) { p.size(int(v), 0) })
	p.height = p.number("the height", 64, 4096, func(v float64) { p.size(0, int(v)) })
	p.seed = p.number("the seed", 0, math.MaxInt32, func(v float64) {
		c.change(func(w *wish) { w.Seed, w.Locked = uint64(v), true })
	})
	p.lock = widgets.NewIconButton(theme.Icon(theme.IconPin), "Keep this seed: the same picture again", func() {
		c.change(func(w *wish) { w.Locked = !w.Locked })
	})
	choice := func(choose func()) *widgets.Button {
		b := widgets.NewButton("", widgets.KindPlain, choose)
		b.Trailing, b.Left = theme.Icon(theme.IconDown), true
		return b
	}
	p.sampler, p.schedule = choice(p.chooseSampler), choice(p.chooseScheduler)
	p.wrong = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorError, Size: theme.SizeSmall, Wrap: true})
	p.wrong.Hide()
	row := func(name string, o fyne.CanvasObject, width float32) fyne.CanvasObject {
		return container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.NewLabel(name, widgets.LabelStyle{}), container.New(widgets.Sized{Width: width}, o))
	}
	p.start = newPictureStart(c, func() { c.chooseStart() }, func() { c.chooseStart() })
	p.planned = row("Scheduler", p.schedule, 168)
	p.inner = container.New(widgets.Column{Gap: 10}, p.start.body,
		container.New(widgets.Column{Gap: 5}, widgets.NewLabel("Negative prompt", widgets.LabelStyle{}), p.negative, p.idle),
		row("Size", container.New(widgets.Row{Gap: 4, Grow: 3}, container.New(widgets.Sized{Width: 74}, p.width),
			widgets.NewLabel("×", widgets.LabelStyle{Ink: theme.ColorQuiet, Natural: true}), p.height), 168),
		row("Steps", p.steps, 110), row("Guidance", p.cfg, 110),
		row("Seed", container.New(widgets.Row{Gap: 2, Grow: 1}, p.seed, p.lock), 168),
		row("Sampler", p.sampler, 168), p.planned, p.wrong)
	p.body = container.New(widgets.Column{Gap: 10}, p.fold, p.inner)
	return p
}

// number makes a field for a number between low and high.
func (p *pictureMore) number(name string, low, high float64, take func(v float64)) *widgets.Field {
	f := widgets.NewField("")
	f.OnChanged = func(text string) {
		if p.of.filling {
			return
		}
		v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), 64)
		if err != nil || math.IsNaN(v) || v < low || v > high {
			p.complain(fmt.Sprintf("%s%s goes from %g to %g.", strings.ToUpper(name[:1]), name[1:], low, high))
			return
		}
		p.complain("")
		take(v)
	}
	f.OnFocus = func(in bool) {
		if !in && p.wrong.Visible() {
			p.complain("")
			p.of.fill() // back to the last number that was one
		}
	}
	return f
}

func (p *pictureMore) complain(text string) {
	p.wrong.SetText(text)
	show(p.wrong, text != "")
	p.of.body.Refresh()
}

// size takes a size that no shape gives; 0 leaves that side as it is. Engines draw multiples of 64 pixels.
func (p *pictureMore) size(width, height int) {
	m := p.of.chosen()
	if m == nil {
		return
	}
	now := p.of.wish.shapeOf(*m)
	if width == 0 {
		width = now.Width
	}
	if height == 0 {
		height = now.Height
	}
	if width%multiple != 0 || height%multiple != 0 {
		p.complain(fmt.Sprintf("Width and height are multiples of %d.", multiple))
		return
	}
	p.complain("")
	p.of.change(func(w *wish) {
		w.Shape = ""
		t := w.tune(tuned(*m))
		t.Width, t.Height = width, height
		w.setTune(tuned(*m), t)
	})
}

// tune changes what is kept for the family of the chosen model.
func (p *pictureMore) tune(f func(t *tune)) {
	p.of.change(func(w *wish) {
		t := w.tune(p.of.family())
		f(&t)
		w.setTune(p.of.family(), t)
	})
}

// fill brings the fields to what the wish says.
func (p *pictureMore) fill() {
	text := func(f *widgets.Field, s string) {
		if f.Text != s {
			f.SetText(s)
		}
	}
	text(p.negative, p.of.wish.tune(p.of.family()).Negative)
	p.numbers()
}

// numbers shows steps, guidance and seed, except in the field that is being typed in.
func (p *pictureMore) numbers() {
	m := p.of.chosen()
	was := p.of.filling
	p.of.filling = true
	defer func() { p.of.filling = was }()
	focused := fyne.Focusable(nil)
	if c := p.of.env.Host.Canvas(); c != nil {
		focused = c.Focused()
	}
	set := func(f *widgets.Field, s string) {
		if f.Text != s && (focused != fyne.Focusable(f) || was) {
			f.SetText(s)
		}
	}
	if m != nil {
		s := p.of.wish.shapeOf(*m)
		set(p.width, strconv.Itoa(s.Width))
		set(p.height, strconv.Itoa(s.Height))
		set(p.steps, strconv.Itoa(p.of.wish.steps(*m)))
		set(p.cfg, strconv.FormatFloat(float64(p.of.wish.cfg(*m)), 'f', -1, 32))
	}
	set(p.seed, strconv.FormatUint(p.of.wish.Seed, 10))
}

// marks shows what follows from the wish.
func (p *pictureMore) marks() {
	w := p.of.wish
	p.fold.SetIcon(theme.Icon(theme.IconNext))
	if w.FoldOpen {
		p.fold.SetIcon(theme.Icon(theme.IconDown))
	}
	p.fold.SetText("More")
	if w.Start != nil && !w.FoldOpen && p.of.can().Init {
		p.fold.SetText("More · starts from a picture")
	}
	show(p.inner, w.FoldOpen)
	p.start.marks()
	m := p.of.chosen()
	show(p.idle, m != nil && w.cfg(*m) <= 1)
	t := w.tune(p.of.family())
	p.sampler.SetText(automatic(t.Sampler))
	p.schedule.SetText(automatic(t.Schedule))
	show(p.planned, p.of.traits != nil && len(p.of.traits.Schedulers) > 1)
	p.lock.SetSelected(w.Locked)
	p.lock.Tip = "Keep this seed: the same picture again"
	if w.Locked {
		p.lock.Tip = "A new seed for each picture"
	}
	p.numbers()
}

// automatic is a choice in words.
func automatic(name string) string {
	if name == "" {
		return "Automatic"
	}
	return name
}

func (p *pictureMore) chooseSampler() {
	var names []string
	if p.of.traits != nil {
		names = p.of.traits.Samplers
	}
	p.choose(p.sampler, names, p.of.wish.tune(p.of.family()).Sampler, func(t *tune, s string) { t.Sampler = s })
}

func (p *pictureMore) chooseScheduler() {
	p.choose(p.schedule, p.of.traits.Schedulers, p.of.wish.tune(p.of.family()).Schedule, func(t *tune, s string) { t.Schedule = s })
}

// choose opens a menu of what the engine has under a button. A choice that it does not have is listed, too: it is what a
// picture was drawn with elsewhere.
func (p *pictureMore) choose(under *widgets.Button, names []string, now string, take func(t *tune, s string)) {
	if now != "" && !slices.Contains(names, now) {
		names = append(slices.Clone(names), now)
	}
	var items []*fyne.MenuItem
	for _, s := range append([]string{""}, names...) {
		i := fyne.NewMenuItem(automatic(s), func() { p.tune(func(t *tune) { take(t, s) }) })
		i.Checked = s == now
		items = append(items, i)
	}
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(under).AddXY(0, under.Size().Height+4)
	p.of.env.Host.Menu(items, at)
}
