package pages

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"loam/backend"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// side is one of the two answers of a comparison: the reply that is there, or a model with settings that answers anew.
type side struct {
	existing bool
	unknown  bool // how the reply that is there was written
	model    backend.Model
	sampling backend.Sampling

	id    int64 // of the reply; 0 = it is not asked for yet
	item  chatview.Item
	facts string
}

// compareSetup asks who should answer a message, and how.
type compareSetup struct {
	c      *conversation
	of     backend.Message // the reply that is there
	sides  [2]side
	was    backend.Sampling // of the reply
	known  bool             // was is known
	author backend.Model    // of the reply; only its name where it is gone
	hidden bool

	picks  [2]*widgets.Button
	fields [2][]*widgets.Field
	list   []tunable
	wrong  *widgets.Label
	start  *widgets.Button
	body   fyne.CanvasObject
}

// compared are the settings that a comparison offers: those that people turn most.
var compared = []string{"Temperature", "Top-k", "Top-p", "Min-p", "Repeat penalty", "Frequency penalty", "Presence penalty", "Reply limit"}

// compare asks who should answer the message above a reply once more. It reads first how the reply was written.
func (c *conversation) compare(id int64) {
	mark := c.opened
	c.env.Host.Load("transcript", func(ctx context.Context) func() {
		m, err := c.env.Chats.Message(ctx, id)
		if err != nil {
			return func() { c.env.Host.Fail(err, func() { c.compare(id) }) }
		}
		g, err := c.env.Chats.Generation(ctx, id)
		known := err == nil && g.Engine.Engine != ""
		if err != nil && !errors.Is(err, backend.ErrNotFound) {
			return func() { c.env.Host.Fail(err, func() { c.compare(id) }) }
		}
		return func() {
			if mark != c.opened || len(c.comparable()) == 0 {
				return
			}
			s := newCompareSetup(c, m, g.Sampling, known)
			c.env.Host.Dialog(s.body)
			c.env.Host.Focus(s.start)
		}
	})
}

// comparable are the models that can answer.
func (c *conversation) comparable() []backend.Model {
	return slices.DeleteFunc(slices.Clone(c.picker.models), func(m backend.Model) bool { return !CanAnswer(m) })
}

func newCompareSetup(c *conversation, of backend.Message, was backend.Sampling, known bool) *compareSetup {
	s := &compareSetup{c: c, of: of, was: was, known: known}
	for _, u := range tunablesOf(c.picker.choice.Capabilities) {
		if slices.Contains(compared, u.name) {
			s.list = append(s.list, u)
		}
	}
	models := c.comparable()
	author, other := backend.Model{ID: of.ModelID, Name: of.ModelName}, models[0]
	for _, m := range models {
		if m.ID == of.ModelID {
			author, other = m, m
		}
	}
	for _, m := range models {
		if m.ID != author.ID {
			other = m
			break
		}
	}
	s.wrong = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorError, Size: theme.SizeSmall, Wrap: true})
	s.wrong.Hide()
	s.start = widgets.NewButton("Compare", widgets.KindPrimary, s.begin)
	hide := widgets.NewSwitch(false, func(on bool) { s.hide(on) })
	rows := []fyne.CanvasObject{compareRow(widgets.Quiet(""), widgets.NewLabel("First", widgets.LabelStyle{Bold: true}), widgets.NewLabel("Second", widgets.LabelStyle{Bold: true}))}
	for i := range s.picks {
		s.picks[i] = widgets.NewButton("", widgets.KindPlain, nil)
		s.picks[i].Trailing = theme.Icon(theme.IconDown)
		s.picks[i].OnTapped = func() { s.pick(i) }
	}
	rows = append(rows, compareRow(widgets.NewLabel("Model", widgets.LabelStyle{}), s.picks[0], s.picks[1]))
	for _, u := range s.list {
		var pair [2]fyne.CanvasObject
		for i := range pair {
			f := widgets.NewField("")
			f.OnEnter = s.begin
			s.fields[i] = append(s.fields[i], f)
			pair[i] = f
		}
		rows = append(rows, compareRow(widgets.NewHint(u.help, widgets.NewLabel(u.name, widgets.LabelStyle{})), pair[0], pair[1]))
	}
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", c.env.Host.ClosePopover)
	head := container.New(widgets.Column{Gap: 6},
		container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading("Compare"), cross),
		widgets.Quiet("The same message is answered twice. Both answers stay as versions of the reply; the one you choose is shown."))
	hiding := container.New(widgets.Row{Gap: 10, Grow: 1}, container.New(widgets.Column{Gap: 1},
		widgets.NewLabel("Hide names", widgets.LabelStyle{}),
		widgets.Quiet("Until one is chosen. Both are written anew then and stand in a random order.")), hide)
	foot := container.New(widgets.Column{Gap: 10}, hiding, s.wrong, container.New(widgets.Row{Gap: 8, Grow: 1},
		widgets.Quiet("Loam keeps one model in memory, so they answer one after the other."), s.start))
	scale := max(theme.Size(theme.SizeBody)/15, 1)
	room := c.env.Host.Canvas().Size()
	table := container.New(widgets.Column{Gap: 6}, rows...)
	width := min(620*scale, room.Width-88)
	s.body = container.New(widgets.Sized{Width: width, Height: min(widgets.HeightFor(table, width)+206*scale, room.Height-88)},
		widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 12}, head), Bottom: container.New(widgets.Inset{Top: 12}, foot)},
			widgets.Scrolled(container.New(widgets.Inset{Right: receiptMargin}, table))))
	s.author = author
	s.set(0, author, true)
	s.set(1, other, false)
	return s
}

// compareRow stands a name and two controls in the columns of a table.
func compareRow(name, first, second fyne.CanvasObject) fyne.CanvasObject {
	return container.New(compareColumns{}, name, first, second)
}

// compareColumns are three columns, the first as wide as the longest name needs.
type compareColumns struct{}

const (
	compareNames = 140
	compareGap   = 10
)

// Layout implements fyne.Layout.
func (compareColumns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	names := compareNames * max(theme.Size(theme.SizeBody)/15, 1)
	width := (size.Width - names - 2*compareGap) / 2
	for i, o := range objects {
		x, w := float32(0), names
		if i > 0 {
			x, w = names+compareGap+float32(i-1)*(width+compareGap), width
		}
		h := o.MinSize().Height
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
		o.Resize(fyne.NewSize(w, h))
	}
}

// MinSize implements fyne.Layout.
func (compareColumns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	h := float32(0)
	for _, o := range objects {
		h = max(h, o.MinSize().Height)
	}
	return fyne.NewSize(360, h)
}

// set takes a model, or the reply that is there, for a side, with the settings that it would have.
func (s *compareSetup) set(i int, m backend.Model, existing bool) {
	s.sides[i] = side{model: m, existing: existing, unknown: existing && !s.known}
	name := modelShort(m)
	if existing {
		name = "This reply"
	}
	s.picks[i].SetText(widgets.Shorten(name, 150, measureBody))
	s.picks[i].Tip = m.Name
	switch {
	case existing && s.known:
		s.show(i, s.was)
	case existing:
		s.show(i, backend.Sampling{})
	case m.ID == s.c.mannerOf && s.c.chat.Sampling != nil:
		s.show(i, *s.c.chat.Sampling)
	case m.ID == s.c.mannerOf:
		s.show(i, s.c.defaults)
	default:
		s.show(i, backend.DefaultSampling())
		s.c.env.Host.Load("compare", func(ctx context.Context) func() {
			r, err := s.c.env.Chats.Recommended(ctx, m.ID)
			if err != nil {
				return nil // the usual settings are as good
			}
			return func() {
				if now := &s.sides[i]; now.model.ID == m.ID && !now.existing {
					s.show(i, r)
				}
			}
		})
	}
}

// show writes the settings of a side into its fields. Those of a reply that is there cannot be changed any more.
func (s *compareSetup) show(i int, sampling backend.Sampling) {
	s.sides[i].sampling = sampling
	for n, u := range s.list {
		f := s.fields[i][n]
		if s.sides[i].unknown {
			f.SetText("")
		} else {
			f.SetText(u.number(u.get(&sampling)))
		}
		if s.sides[i].existing {
			f.Disable()
		} else {
			f.Enable()
		}
	}
}

// pick offers who can answer on a side.
func (s *compareSetup) pick(i int) {
	var items []*fyne.MenuItem
	add := func(name string, taken bool, do func()) {
		item := fyne.NewMenuItem(name, do)
		item.Checked = taken
		items = append(items, item)
	}
	if i == 0 && !s.hidden {
		add("This reply", s.sides[i].existing, func() { s.set(i, s.author, true) })
	}
	for _, m := range s.c.comparable() {
		add(modelShort(m), !s.sides[i].existing && s.sides[i].model.ID == m.ID, func() { s.set(i, m, false) })
	}
	menuUnder(s.c.env.Host.Canvas(), s.picks[i], items)
}

// menuUnder shows a menu under a control of a card, which stays open.
func menuUnder(c fyne.Canvas, under fyne.CanvasObject, items []*fyne.MenuItem) {
	m := widget.NewPopUpMenu(fyne.NewMenu("", items...), c)
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(under)
	m.ShowAtPosition(at.Add(fyne.NewPos(0, under.Size().Height+4)))
	c.Focus(m)
}

// hide switches whether names are hidden: a reply that was read already cannot take part then.
func (s *compareSetup) hide(on bool) {
	if s.hidden = on; on && s.sides[0].existing {
		was, m, known := s.sides[0].sampling, s.sides[0].model, s.known
		models := s.c.comparable()
		if !slices.ContainsFunc(models, func(x backend.Model) bool { return x.ID == m.ID }) {
			m = models[0] // the one that wrote the reply is gone
		}
		if s.set(0, m, false); known {
			s.show(0, was)
		}
	}
}

// begin starts the comparison, unless a number cannot be read.
func (s *compareSetup) begin() {
	for i := range s.sides {
		side := &s.sides[i]
		if side.existing {
			continue
		}
		for n, u := range s.list {
			v, err := u.parse(s.fields[i][n].Text)
			if err != nil {
				s.wrong.SetText(capital(err.Error()) + ".")
				s.wrong.Show()
				s.body.Refresh()
				return
			}
			u.set(&side.sampling, v)
		}
	}
	s.seed()
	sides := s.sides
	if s.hidden && rand.IntN(2) == 0 {
		sides[0], sides[1] = sides[1], sides[0]
	}
	s.c.env.Host.ClosePopover()
	s.c.showComparing(s.of, sides, s.hidden)
}

// seed gives both the same seed: that of the reply that is there, one that a person fixed, or a new one. The same model
// with the same settings would write the same twice, so there the second one gets another.
func (s *compareSetup) seed() {
	seed := uint64(rand.Uint32() >> 1)
	switch first := s.sides[0]; {
	case first.existing && s.known:
		seed = s.was.Seed
	case !first.sampling.RandomSeed:
		seed = first.sampling.Seed
	}
	for i := range s.sides {
		s.sides[i].sampling.Seed, s.sides[i].sampling.RandomSeed = seed, false
	}
	if s.sides[0].model.ID == s.sides[1].model.ID && s.sides[0].sampling.Equal(s.sides[1].sampling) {
		s.sides[1].sampling.Seed = (seed + 1 + uint64(rand.Uint32()>>2)) & math.MaxInt32
	}
}

// modelShort is a model's name where there is little room.
func modelShort(m backend.Model) string {
	if m.Starter {
		return "Starter"
	}
	return m.Name
}
