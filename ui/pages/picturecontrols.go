package pages

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureControls is the column of controls of the pictures page. It holds the wish; the page hears of every change.
type pictureControls struct {
	env       Env
	onChange  func()
	wish      wish
	models    []backend.Model // that draw
	all       []backend.Model // that are installed
	sets      map[int64]library.Set
	prompt    *widgets.Field
	model     *widgets.Button
	lacking   *widgets.Label // why the chosen model cannot draw
	complete  *widgets.Button
	loras     *fyne.Container
	loraRows  []loraRow
	shape     *widgets.Segmented
	own       *widgets.Label // a size that no shape gives
	quality   *widgets.Segmented
	count     *widgets.Segmented
	more      *pictureMore
	body      fyne.CanvasObject
	filling   bool // the controls are being set: not a change of the person's
	lastModel int64
}

// loraRow is a LoRA of the list: for tests.
type loraRow struct {
	model  backend.Model
	on     *widgets.Switch
	weight *widgets.Slider
}

func newPictureControls(env Env, changed func()) *pictureControls {
	c := &pictureControls{env: env, onChange: changed, sets: map[int64]library.Set{}}
	c.wish = wish{Quality: studio.Good, Count: 1, Shape: pictureShapes[0].label}
	c.prompt = widgets.NewArea("What to draw")
	c.prompt.SetMinRowsVisible(4)
	c.prompt.OnChanged = func(text string) { c.change(func(w *wish) { w.Prompt = text }) }
	c.model = widgets.NewButton("No model", widgets.KindPlain, c.chooseModel)
	c.model.Trailing, c.model.Left = theme.Icon(theme.IconDown), true
	c.lacking = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorWarn, Size: theme.SizeSmall, Wrap: true})
	c.complete = widgets.NewButton("Add file", widgets.KindPlain, env.Host.AddFiles)
	c.complete.Icon, c.complete.Small = theme.Icon(theme.IconPlus), true
	c.loras = container.New(widgets.Column{Gap: 6})
	labels := []string{}
	for _, s := range pictureShapes {
		labels = append(labels, s.label)
	}
	c.shape = widgets.NewSegmented(labels, 0, func(i int) { c.change(func(w *wish) { w.Shape = labels[i] }) })
	c.own = widgets.Quiet("")
	c.quality = widgets.NewSegmented(qualityNames, 1, func(i int) {
		c.change(func(w *wish) {
			w.Quality = qualities[i]
			t := w.tune(c.family())
			t.Steps = 0
			w.setTune(c.family(), t)
		})
	})
	counts := []string{}
	for _, n := range pictureCounts {
		counts = append(counts, fmt.Sprint(n))
	}
	c.count = widgets.NewSegmented(counts, 0, func(i int) { c.change(func(w *wish) { w.Count = pictureCounts[i] }) })
	c.more = newPictureMore(c)
	field := func(name string, o ...fyne.CanvasObject) fyne.CanvasObject {
		return container.New(widgets.Column{Gap: 5}, append([]fyne.CanvasObject{
			widgets.NewLabel(name, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}),
		}, o...)...)
	}
	c.body = widgets.Scrolled(container.New(widgets.Inset{Left: 16, Top: 16, Right: 16, Bottom: 16},
		container.New(widgets.Column{Gap: 14},
			field("Prompt", c.prompt),
			field("Model", c.model, c.lacking, container.New(widgets.Row{}, c.complete)),
			c.loras,
			field("Shape", c.shape, c.own),
			field("Quality", c.quality),
			field("Count", c.count),
			c.more.body,
		)))
	c.fill()
	return c
}

// change takes a change of the person's.
func (c *pictureControls) change(f func(w *wish)) {
	if c.filling {
		return
	}
	f(&c.wish)
	c.marks()
	c.onChange()
}

// set shows another wish.
func (c *pictureControls) set(w wish) {
	c.wish = w
	c.fill()
	c.onChange()
}

// fill brings the controls to what the wish says.
func (c *pictureControls) fill() {
	c.filling = true
	defer func() { c.filling = false }()
	if !slices.Contains(pictureCounts, c.wish.Count) {
		c.wish.Count = 1
	}
	if !slices.Contains(qualities, c.wish.Quality) {
		c.wish.Quality = studio.Good
	}
	if c.prompt.Text != c.wish.Prompt {
		c.prompt.SetText(c.wish.Prompt)
	}
	c.quality.Choose(slices.Index(qualities, c.wish.Quality))
	c.count.Choose(slices.Index(pictureCounts, c.wish.Count))
	c.showLoRAs()
	c.more.fill()
	c.marks()
}

// marks shows what follows from the wish.
func (c *pictureControls) marks() {
	m := c.chosen()
	if m == nil {
		c.model.SetText("No picture model")
	} else {
		c.model.SetText(m.Name)
	}
	c.lacking.SetText(c.whyNot())
	show(c.lacking, c.lacking.Text() != "")
	show(c.complete, m == nil || !c.sets[m.ID].Complete())
	i := slices.IndexFunc(pictureShapes, func(s struct {
		label string
		x, y  int
	},
	) bool {
		return s.label == c.wish.Shape
	})
	c.shape.Choose(i)
	show(c.own, false)
	if m != nil {
		s := c.wish.shapeOf(*m)
		c.own.SetText(fmt.Sprintf("%d × %d", s.Width, s.Height))
		show(c.own, true)
		if m.ID != c.lastModel {
			c.lastModel = m.ID
			c.showLoRAs()
			was := c.filling
			c.filling = true
			c.more.fill()
			c.filling = was
		}
	}
	c.more.marks()
	c.body.Refresh()
}

// chosen is the model that will draw; nil = there is none.
func (c *pictureControls) chosen() *backend.Model {
	for i := range c.models {
		if c.models[i].ID == c.wish.ModelID {
			return &c.models[i]
		}
	}
	for i := range c.models {
		if c.sets[c.models[i].ID].Complete() && usable(c.models[i]) {
			return &c.models[i]
		}
	}
	if len(c.models) > 0 {
		return &c.models[0]
	}
	return nil
}

func (c *pictureControls) family() string {
	if m := c.chosen(); m != nil {
		return m.Family
	}
	return ""
}

// usable says whether a file can be put to use in its state.
func usable(m backend.Model) bool {
	return m.State == backend.ModelReady || m.State == backend.ModelUnverified || m.State == backend.ModelChanged
}

// whyNot says why nothing can be drawn now; "" = it can.
func (c *pictureControls) whyNot() string {
	m := c.chosen()
	switch {
	case m == nil:
		return "No picture model is installed."
	case !usable(*m):
		return m.Name + " cannot be used: " + reason(*m) + "."
	case !c.sets[m.ID].Complete():
		text, _ := c.env.Host.Sentence(&library.MissingParts{Model: m.Name, Missing: c.sets[m.ID].Missing})
		return text
	}
	return ""
}

// installed takes the models that are installed now.
func (c *pictureControls) installed(all []backend.Model) {
	c.all, c.models, c.sets = all, nil, map[int64]library.Set{}
	for _, m := range all {
		if m.Kind == backend.KindDiffusion {
			c.models = append(c.models, m)
			c.sets[m.ID] = library.SetOf(m, all)
		}
	}
	c.fill()
}

// chooseModel lists the picture models, with what each lacks.
func (c *pictureControls) chooseModel() {
	chosen := c.chosen()
	list := []fyne.CanvasObject{}
	for _, m := range c.models {
		facts := strings.Join(slices.DeleteFunc([]string{m.Family, m.Quant, bytesText(m.SizeBytes), license(m)}, func(s string) bool { return s == "" }), " · ")
		set := c.sets[m.ID]
		if !set.Complete() {
			facts = "Missing: " + strings.Join(set.Missing, ", ")
		}
		if !usable(m) {
			facts = "Cannot be used: " + reason(m)
		}
		row := widgets.NewChoiceRow(m.Name, facts, chosen != nil && chosen.ID == m.ID, func() {
			c.env.Host.ClosePopover()
			c.change(func(w *wish) { w.ModelID = m.ID })
		})
		row.SetEnabled(usable(m))
		list = append(list, row)
	}
	if len(list) == 0 {
		list = append(list, widgets.Quiet("No picture model is installed."))
	}
	add := widgets.NewButton("Add file", widgets.KindQuiet, func() { c.env.Host.ClosePopover(); c.env.Host.AddFiles() })
	add.Icon, add.Small = theme.Icon(theme.IconPlus), true
	all := widgets.NewButton("All models", widgets.KindQuiet, func() { c.env.Host.ClosePopover(); c.env.Host.Go(PageModels) })
	all.Icon, all.Small = theme.Icon(theme.IconModels), true
	c.env.Host.Popover(container.New(widgets.Column{Gap: 8}, container.New(widgets.Column{Gap: 2}, list...),
		widgets.NewLine(false), container.New(widgets.Row{Gap: 4}, add, all)), c.model, 420)
}

// fitting are the installed LoRAs of the chosen model's family.
func (c *pictureControls) fitting() (fit []backend.Model, others int) {
	for _, l := range c.all {
		switch {
		case l.Kind != backend.KindLoRA || !usable(l):
		case l.Family == c.family():
			fit = append(fit, l)
		default:
			others++
		}
	}
	return fit, others
}

// showLoRAs builds the rows of the LoRAs that fit the model.
func (c *pictureControls) showLoRAs() {
	c.loras.Objects, c.loraRows = nil, nil
	fit, others := c.fitting()
	if len(fit)+others > 0 {
		c.loras.Add(widgets.NewLabel("LoRA", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Bold: true}))
	}
	for _, l := range fit {
		c.loras.Add(c.loraRow(l))
	}
	if len(fit) == 0 && others > 0 {
		c.loras.Add(widgets.Quiet("None of the installed LoRAs is made for this model."))
	}
	show(c.loras, len(fit)+others > 0)
	c.loras.Refresh()
}

func (c *pictureControls) loraRow(l backend.Model) fyne.CanvasObject {
	weight, on := float32(1), false
	if i := slices.IndexFunc(c.wish.LoRAs, func(x studio.LoRA) bool { return x.ModelID == l.ID }); i >= 0 {
		weight, on = c.wish.LoRAs[i].Weight, true
	}
	number := widgets.NewLabel(fmt.Sprintf("%.2f", weight), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Natural: true})
	r := loraRow{model: l}
	store := func() {
		number.SetText(fmt.Sprintf("%.2f", r.weight.Value()))
		show(r.weight, r.on.On())
		show(number, r.on.On())
		c.change(func(w *wish) {
			w.LoRAs = slices.DeleteFunc(slices.Clone(w.LoRAs), func(x studio.LoRA) bool { return x.ModelID == l.ID })
			if r.on.On() {
				w.LoRAs = append(w.LoRAs, studio.LoRA{ModelID: l.ID, Weight: float32(r.weight.Value())})
			}
		})
	}
	r.weight = widgets.NewSlider(-1, 2, 0.05, float64(weight), func(float64) { store() })
	r.on = widgets.NewSwitch(on, func(bool) { store() })
	show(r.weight, on)
	show(number, on)
	c.loraRows = append(c.loraRows, r)
	rows := []fyne.CanvasObject{
		container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.NewHint(l.Path, widgets.NewLabel(l.Name, widgets.LabelStyle{})), r.on),
		container.New(widgets.Row{Gap: 6, Grow: 1}, r.weight, number),
	}
	if t := l.Shape.Triggers; t != "" {
		first, _, _ := strings.Cut(t, ",")
		add := widgets.NewButton("Add", widgets.KindQuiet, func() { c.addWords(first) })
		add.Small, add.Tip = true, "Puts “"+first+"” into the prompt"
		rows = append(rows, container.New(widgets.Row{Gap: 4, Grow: 1}, widgets.Quiet("Listens to: "+t), add))
	}
	card := widgets.NewCard(container.New(widgets.Column{Gap: 2}, rows...))
	card.Margin, card.Shadow = widgets.Inset{Left: 10, Top: 6, Right: 8, Bottom: 6}, false
	return card
}

// addWords puts trigger words at the end of the prompt.
func (c *pictureControls) addWords(words string) {
	text := strings.TrimRight(c.prompt.Text, " ,")
	if strings.Contains(text, words) {
		return
	}
	if text != "" {
		text += ", "
	}
	c.prompt.SetText(text + words)
}

// show hides or shows without a repaint when nothing changes.
func show(o fyne.CanvasObject, on bool) {
	switch {
	case on && !o.Visible():
		o.Show()
	case !on && o.Visible():
		o.Hide()
	}
}
