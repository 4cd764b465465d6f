package pages

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// tunable is one sampler setting: how it is called, what it does in one short line, its bounds, and where it lives.
type tunable struct {
	name, help string
	low, high  float64
	whole      bool
	get        func(s *backend.Sampling) float64
	set        func(s *backend.Sampling, v float64)
}

// tunables are the settings in the order of the sampler chain, the ones that people turn most first.
var tunables = []tunable{
	{
		"Temperature", "Higher is more varied, lower is more predictable. 0 always takes the likeliest word.", 0, 5, false,
		func(s *backend.Sampling) float64 { return float64(s.Temperature) },
		func(s *backend.Sampling, v float64) { s.Temperature = float32(v) },
	},
	{
		"Top-k", "Only the k likeliest tokens may be drawn. 0 = off.", 0, 1000, true,
		func(s *backend.Sampling) float64 { return float64(s.TopK) },
		func(s *backend.Sampling, v float64) { s.TopK = int(v) },
	},
	{
		"Top-p", "Only the likeliest tokens that make up this share. 1 = off.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.TopP) },
		func(s *backend.Sampling, v float64) { s.TopP = float32(v) },
	},
	{
		"Min-p", "Drops tokens less likely than this part of the likeliest. 0 = off.", 0, 1, false,
		func(s *backend.Sampling) float64 { return float64(s.MinP) },
		func(s *backend.Sampling, v float64) { s.MinP = float32(v) },
	},
	{
		"Repeat penalty", "Makes tokens that were just used less likely. 1 = off.", 0, 3, false,
		func(s *backend.Sampling) float64 { return float64(s.RepeatPenalty) },
		func(s *backend.Sampling, v float64) { s.RepeatPenalty = float32(v) },
	},
	{
		"Frequency penalty", "The same, growing with each use. 0 = off.", -2, 2, false,
		func(s *backend.Sampling) float64 { return float64(s.FrequencyPenalty) },
		func(s *backend.Sampling, v float64) { s.FrequencyPenalty = float32(v) },
	},
	{
		"Presence penalty", "The same for every token used at all. 0 = off.", -2, 2, false,
		func(s *backend.Sampling) float64 { return float64(s.PresencePenalty) },
		func(s *backend.Sampling, v float64) { s.PresencePenalty = float32(v) },
	},
	{
		"Penalty window", "How many tokens back the penalties look.", 0, 8192, true,
		func(s *backend.Sampling) float64 { return float64(s.PenaltyLastN) },
		func(s *backend.Sampling, v float64) { s.PenaltyLastN = int(v) },
	},
	{
		"Reply limit", "The longest reply in tokens. 0 = until the context is full.", 0, 1 << 20, true,
		func(s *backend.Sampling) float64 { return float64(s.MaxTokens) },
		func(s *backend.Sampling, v float64) { s.MaxTokens = int(v) },
	},
}

// number is how a setting's value is written.
func (t tunable) number(v float64) string {
	if t.whole {
		return strconv.FormatInt(int64(v), 10)
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64)
}

// parse reads what a person wrote; both the point and the comma divide.
func (t tunable) parse(text string) (float64, error) {
	v, err := strconv.ParseFloat(strings.ReplaceAll(strings.TrimSpace(text), ",", "."), 64)
	switch {
	case err != nil || math.IsNaN(v) || t.whole && v != math.Trunc(v):
		return 0, fmt.Errorf("%s is a number between %s and %s", t.name, t.number(t.low), t.number(t.high))
	case v < t.low || v > t.high:
		return 0, fmt.Errorf("%s goes from %s to %s", t.name, t.number(t.low), t.number(t.high))
	}
	return v, nil
}

// tuning is the panel with a chat's system prompt and sampler settings.
type tuning struct {
	defaults backend.Sampling // what the model's file recommends, else the engine's own
	sampling backend.Sampling
	system   string
	onChange func(system string, s *backend.Sampling) // nil = the defaults

	onAlternatives func(on bool)

	tunables []tunable
	writtens []written
	areas    []*widgets.Field // of writtens
	clears   []*widgets.Button
	fields   []*widgets.Field
	resets   []*widgets.Button
	seed     *widgets.Field
	random   *widgets.Switch
	keeps    *widgets.Switch // alternatives
	prompt   *widgets.Field
	wrong    *widgets.Label
	body     fyne.CanvasObject
}

func newTuning(system string, alternatives bool, s *backend.Sampling, defaults backend.Sampling, can *backend.Capabilities, head fyne.CanvasObject, first []fyne.CanvasObject, changed func(string, *backend.Sampling)) *tuning {
	t := &tuning{defaults: defaults, sampling: defaults, system: system, onChange: changed, tunables: tunablesOf(can)}
	if s != nil {
		t.sampling = *s
	}
	t.prompt = widgets.NewArea("How the model should behave, in your words")
	t.prompt.SetMinRowsVisible(3)
	t.prompt.SetText(system)
	t.prompt.OnFocus = func(in bool) {
		if !in {
			t.store()
		}
	}
	t.wrong = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorError, Size: theme.SizeSmall, Wrap: true})
	t.wrong.Hide()
	rows := []fyne.CanvasObject{
		head, widgets.NewLine(false), widgets.NewLabel("System prompt", widgets.LabelStyle{Bold: true}), t.prompt, widgets.NewLine(false),
	}
	rows = append(rows, first...)
	inMore := false
	mid := func() { rows = append(rows, t.seedRow(), t.alternativesRow(alternatives), widgets.NewLine(false)) }
	for _, u := range t.tunables {
		if !inMore && slices.ContainsFunc(moreTunables, func(m tunable) bool { return m.name == u.name }) {
			inMore = true
			mid()
			rows = append(rows, widgets.NewLabel("More", widgets.LabelStyle{Bold: true}))
		}
		rows = append(rows, t.row(u))
	}
	if !inMore {
		mid()
	}
	for _, w := range writtens {
		if can == nil || w.acts(*can) {
			rows = append(rows, t.writtenRow(w))
		}
	}
	all := widgets.NewButton("Reset all", widgets.KindQuiet, func() { t.reset() })
	all.Small = true
	foot := container.New(widgets.Row{Gap: 8, Grow: 1}, t.wrong, all)
	t.body = widgets.NewEdges(widgets.Edges{Bottom: foot},
		widgets.Scrolled(container.New(widgets.Inset{Right: 12}, container.New(widgets.Column{Gap: 10}, rows...))))
	t.marks()
	return t
}

// row is a setting: name and help on the left, the number and its reset on the right.
func (t *tuning) row(u tunable) fyne.CanvasObject {
	f := widgets.NewField("")
	f.SetText(u.number(u.get(&t.sampling)))
	take := func() {
		v, err := u.parse(f.Text)
		if err != nil {
			t.complain(err)
			return
		}
		t.complain(nil)
		u.set(&t.sampling, v)
		t.marks()
		t.store()
	}
	f.OnEnter = take
	f.OnFocus = func(in bool) {
		if !in {
			take()
		}
	}
	back := widgets.NewIconButton(theme.Icon(theme.IconUndo), "Back to the default", nil)
	back.Small = true
	back.OnTapped = func() {
		d := t.defaults
		u.set(&t.sampling, u.get(&d))
		f.SetText(u.number(u.get(&t.sampling)))
		t.complain(nil)
		t.marks()
		t.store()
	}
	t.fields, t.resets = append(t.fields, f), append(t.resets, back)
	words := container.New(widgets.Column{Gap: 1},
		widgets.NewLabel(u.name, widgets.LabelStyle{}), widgets.Quiet(u.help))
	return container.New(widgets.Row{Gap: 8, Grow: 1}, words, container.New(widgets.Sized{Width: 84}, f), back)
}

func (t *tuning) seedRow() fyne.CanvasObject {
	t.seed = widgets.NewField("")
	t.seed.SetText(strconv.FormatUint(t.sampling.Seed, 10))
	take := func() {
		if t.sampling.RandomSeed {
			return
		}
		v, err := strconv.ParseUint(strings.TrimSpace(t.seed.Text), 10, 64)
		if err != nil {
			t.complain(fmt.Errorf("the seed is a whole number from 0 on"))
			return
		}
		t.complain(nil)
		t.sampling.Seed = v
		t.store()
	}
	t.seed.OnEnter = take
	t.seed.OnFocus = func(in bool) {
		if !in {
			take()
		}
	}
	t.random = widgets.NewSwitch(t.sampling.RandomSeed, func(on bool) {
		t.sampling.RandomSeed = on
		t.marks()
		t.store()
	})
	words := container.New(widgets.Column{Gap: 1},
		widgets.NewLabel("New seed for each reply", widgets.LabelStyle{}),
		widgets.Quiet("Off: the same seed, settings and words give the same reply."))
	return container.New(widgets.Row{Gap: 8, Grow: 1}, words, container.New(widgets.Sized{Width: 120}, t.seed), t.random)
}

// alternativesRow switches whether alternatives are kept.
func (t *tuning) alternativesRow(on bool) fyne.CanvasObject {
	t.keeps = widgets.NewSwitch(on, func(on bool) { t.onAlternatives(on) })
	words := container.New(widgets.Column{Gap: 1},
		widgets.NewLabel("Keep alternatives", widgets.LabelStyle{}),
		widgets.Quiet("Shows under each new reply what else could have stood there and how likely it was."))
	return container.New(widgets.Row{Gap: 8, Grow: 1}, words, t.keeps)
}

// marks shows a reset only beside what differs from the default.
func (t *tuning) marks() {
	d := t.defaults
	for i, u := range t.tunables {
		if i < len(t.resets) {
			t.resets[i].SetEnabled(u.number(u.get(&t.sampling)) != u.number(u.get(&d)))
		}
	}
	for i, w := range t.writtens {
		t.clears[i].SetEnabled(w.get(&t.sampling) != "")
	}
	if t.sampling.RandomSeed {
		t.seed.Disable()
	} else {
		t.seed.Enable()
	}
}

func (t *tuning) complain(err error) {
	if err == nil {
		t.wrong.Hide()
		return
	}
	text := err.Error()
	t.wrong.SetText(strings.ToUpper(text[:1]) + text[1:] + ".")
	t.wrong.Show()
	canvas.Refresh(t.body)
}

func (t *tuning) reset() {
	t.sampling = t.defaults
	for i, u := range t.tunables {
		t.fields[i].SetText(u.number(u.get(&t.sampling)))
	}
	for i, w := range t.writtens {
		t.areas[i].SetText(w.get(&t.sampling))
	}
	t.random.Set(t.sampling.RandomSeed)
	t.complain(nil)
	t.marks()
	t.store()
}

// store hands the settings on; what equals the defaults is stored as none, so that better defaults reach the chat.
func (t *tuning) store() {
	t.system = t.prompt.Text
	if t.sampling.Equal(t.defaults) {
		t.onChange(t.system, nil)
		return
	}
	s := t.sampling
	t.onChange(t.system, &s)
}

// showTuning opens the panel under the title row.
func (c *conversation) showTuning(anchor fyne.CanvasObject) {
	mark := c.opened
	t := newTuning(c.chat.System, c.chat.Alternatives > 0, c.chat.Sampling, c.defaults, c.picker.choice.Capabilities, c.presetRow(), c.formatRow(), func(system string, s *backend.Sampling) {
		if mark == c.opened {
			c.tuned(system, s)
		}
	})
	t.onAlternatives = func(on bool) {
		if mark == c.opened {
			c.keepAlternatives(on)
		}
	}
	height := min(520, c.body.Size().Height-80)
	c.env.Host.Popover(container.New(widgets.Sized{Height: height}, t.body), anchor, 460)
}

func (c *conversation) tuned(system string, s *backend.Sampling) {
	words := system != c.chat.System
	c.chat.System, c.chat.Sampling = system, s
	id := c.chat.ID
	if id == 0 {
		return // stored with the first message
	}
	c.env.Host.Load("send", func(ctx context.Context) func() {
		err := c.env.Chats.SetSampling(ctx, id, s)
		if err == nil && words {
			err = c.env.Chats.SetSystem(ctx, id, system)
		}
		if err != nil {
			return func() { c.env.Host.Fail(err, nil) }
		}
		return nil
	})
}
