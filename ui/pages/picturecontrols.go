package pages

import (
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// pictureControls is the column of controls of the pictures page. It holds the wish; the page hears of every change.
type pictureControls struct {
	env      Env
	onChange func()
	wish     wish
	models   []backend.Model // that draw
	all      []backend.Model // that are installed
	sets     map[int64]library.Set
	traits   *engine.PictureInfo // of the engine that draws; nil = not known yet
	prompt   *widgets.Field
	model    *widgets.Button
	lacking  *widgets.Label // why the chosen model cannot draw
	complete *widgets.Button
	loras    *pictureLoRAs
	try      func(lora int64) // draws with and without

	chooseStart func() // asks for a picture to start from
	scroll      *container.Scroll

	shape     *widgets.Segmented
	own       *widgets.Label // a size that no shape gives
	quality   *widgets.Segmented
	count     *widgets.Segmented
	more      *pictureMore
	body      fyne.CanvasObject
	column    *fyne.Container
	filling   bool // the controls are being set: not a change of the person's
	lastModel int64
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
	c.loras = newPictureLoRAs(c)
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
	c.column = container.New(widgets.Inset{Left: 16, Top: 16, Right: 16, Bottom: 16},
		container.New(widgets.Column{Gap: 14},
			field("Prompt", c.prompt),
			field("Model", c.model, c.lacking, container.New(widgets.Row{}, c.complete)),
			c.loras.body,
			field("Shape", c.shape, c.own),
			field("Quality", c.quality),
			field("Count", c.count),
			c.more.body,
		))
	c.scroll = widgets.Scrolled(c.column)
	c.body = c.scroll
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
	show(c.shape, m == nil || !m.Starter)
	show(c.own, false)
	if m != nil {
		s := c.wish.shapeOf(*m)
		size := fmt.Sprintf("%d × %d", s.Width, s.Height)
		switch {
		case m.Starter && s.Width == s.Height:
			size += ": the starter draws squares"
		case c.wish.Shape == shapeStart:
			size += ", as the start picture"
		}
		c.own.SetText(size)
		show(c.own, true)
		if m.ID != c.lastModel {
			c.lastModel = m.ID
			was := c.filling
			c.filling = true
			c.more.fill()
			c.filling = was
		}
	}
	c.loras.marks()
	c.more.marks()
	c.body.Refresh()
}

// can says what the engine that draws can do. Before it was asked, nothing is taken away.
func (c *pictureControls) can() engine.PictureCapabilities {
	if c.traits == nil {
		return engine.PictureCapabilities{Progress: true, Cancel: true, Preview: true, Init: true, Mask: true, LoRA: true, Upscale: true}
	}
	return c.traits.Capabilities
}

// known takes what the engine can do.
func (c *pictureControls) known(t engine.PictureInfo) {
	c.traits = &t
	c.fill()
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

// family is what the chosen model's tune is kept under.
func (c *pictureControls) family() string {
	if m := c.chosen(); m != nil {
		return tuned(*m)
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
	c.loras.installed()
	for _, m := range all {
		if m.Kind == backend.KindDiffusion {
			c.models = append(c.models, m)
			c.sets[m.ID] = library.SetOf(m, all)
		}
	}
	c.fill()
}

// reveal scrolls until a part of the controls is seen whole.
func (c *pictureControls) reveal(o fyne.CanvasObject) {
	c.scroll.Refresh()
	driver := fyne.CurrentApp().Driver()
	at := driver.AbsolutePositionForObject(o).Y - driver.AbsolutePositionForObject(c.column).Y
	if bottom := at + o.Size().Height + 16; bottom > c.scroll.Offset.Y+c.scroll.Size().Height || at < c.scroll.Offset.Y {
		c.scroll.ScrollToOffset(fyne.NewPos(0, max(0, bottom-c.scroll.Size().Height)))
	}
}

// request is what the studio is asked for. What the engine cannot do is left out: the controls say so.
func (c *pictureControls) request(w wish, m backend.Model) (studio.Request, error) {
	if !c.can().Init {
		w.dropStart()
	}
	return w.request(m, c.all)
}

// chooseModel lists the picture models, with what each lacks.
func (c *pictureControls) chooseModel() {
	chosen := c.chosen()
	list := []fyne.CanvasObject{}
	for _, m := range c.models {
		facts := strings.Join(slices.DeleteFunc([]string{m.Family, m.Quant, bytesText(m.SizeBytes), licenseOf(m)}, func(s string) bool { return s == "" }), " · ")
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

// addLoRA puts a LoRA to use with the chosen model, or gives it another weight.
func (c *pictureControls) addLoRA(id int64, weight float32) {
	if m := c.chosen(); m != nil {
		c.change(func(w *wish) { w.putUse(m.ID, loraUse{ModelID: id, Weight: weight}) })
	}
}

// toggleWords puts trigger words at the end of the prompt, or takes them out of it.
func (c *pictureControls) toggleWords(words string) {
	if hasWords(c.prompt.Text, words) {
		c.prompt.SetText(withoutWords(c.prompt.Text, words))
		return
	}
	c.prompt.SetText(withWords(c.prompt.Text, words))
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
