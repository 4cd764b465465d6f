package pages

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// comparing shows two answers to one message side by side while they are written one after the other, and lets a person
// choose. The answers are replies of the chat, stored like all others.
type comparing struct {
	c      *conversation
	of     backend.Message // the reply beside which they stand
	hidden bool            // names are not shown until one is chosen
	sides  [2]side
	cols   [2]compareColumn
	state  *widgets.Label
	none   *widgets.Button
	body   fyne.CanvasObject
	asking bool // an answer was asked for, and its number is not known yet
	chosen bool
	closed bool
}

// compareColumn is what is seen of a side.
type compareColumn struct {
	name, facts *widgets.Label
	card        *widgets.Panel
	view        *chatview.View
	choose      *widgets.Button
}

// showComparing begins a comparison.
func (c *conversation) showComparing(of backend.Message, sides [2]side, hidden bool) {
	p := newComparing(c, of, sides, hidden)
	c.comparing = p
	c.env.Host.DialogUntil(p.body, p.close)
	c.env.Host.Focus(p.cols[0].view)
	p.next()
}

func newComparing(c *conversation, of backend.Message, sides [2]side, hidden bool) *comparing {
	p := &comparing{c: c, of: of, hidden: hidden, sides: sides}
	p.state = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Wrap: true})
	var columns []fyne.CanvasObject
	for i := range p.cols {
		columns = append(columns, p.column(i))
	}
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", c.env.Host.ClosePopover)
	head := container.New(widgets.Column{Gap: 2}, container.New(widgets.Row{Gap: 12, Grow: 1}, widgets.Heading("Compare"), cross), p.state)
	p.none = widgets.NewButton("Neither", widgets.KindQuiet, c.env.Host.ClosePopover)
	p.none.Tip = "Both stay as versions of the reply, and what is shown does not change"
	foot := container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Quiet("Both stay as versions of the reply: the arrows under it walk between them."), p.none)
	room := c.env.Host.Canvas().Size()
	p.body = container.New(widgets.Sized{Width: room.Width - 88, Height: room.Height - 88},
		widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 10}, head), Bottom: container.New(widgets.Inset{Top: 10}, foot)},
			container.New(besideLayout{}, columns...)))
	return p
}

func (p *comparing) column(i int) fyne.CanvasObject {
	col := &p.cols[i]
	col.name = widgets.NewLabel("", widgets.LabelStyle{Bold: true, Wrap: true})
	col.facts = widgets.Quiet("")
	col.view = chatview.New(chatview.Options{Clipboard: p.c.env.Host.Copy, OnLink: p.c.openLink, ReadOnly: true})
	col.choose = widgets.NewButton("Choose this one", widgets.KindPlain, func() { p.choose(i) })
	col.choose.Small = true
	col.choose.SetEnabled(false)
	col.card = widgets.NewGround(theme.ColorPage, container.New(widgets.Inset{Left: 2, Right: 2, Bottom: 4}, col.view))
	col.card.Radius, col.card.Line = theme.SizeRadiusNested, theme.ColorHairline
	p.name(i)
	return widgets.NewEdges(widgets.Edges{
		Top:    container.New(widgets.Inset{Bottom: 6}, container.New(widgets.Column{Gap: 1}, col.name, col.facts)),
		Bottom: container.New(widgets.Inset{Top: 6}, container.New(widgets.Row{Gap: 8}, col.choose)),
	}, col.card)
}

// besideLayout stands two columns beside each other, or under each other where they would be too narrow to read.
type besideLayout struct{}

const (
	besideGap   = 16
	besideLeast = 280 // of a column, at text size 100 %
)

// Layout implements fyne.Layout.
func (besideLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w, h := (size.Width-besideGap)/2, size.Height
	step := fyne.NewPos(w+besideGap, 0)
	if w < besideLeast*max(theme.Size(theme.SizeBody)/15, 1) {
		w, h = size.Width, (size.Height-besideGap)/2
		step = fyne.NewPos(0, h+besideGap)
	}
	for i, o := range objects {
		o.Move(fyne.NewPos(step.X*float32(i), step.Y*float32(i)))
		o.Resize(fyne.NewSize(w, h))
	}
}

// MinSize implements fyne.Layout.
func (besideLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(280, 240) }

// name writes who a column is, as far as that may be known.
func (p *comparing) name(i int) {
	s, col := &p.sides[i], &p.cols[i]
	if p.hidden && !p.chosen {
		col.name.SetText("Answer " + string(rune('A'+i)))
		col.facts.SetText("")
		return
	}
	name := modelShort(s.model)
	if s.existing {
		name = p.of.ModelName + " (this reply)"
	}
	col.name.SetText(name)
	var facts []string
	if !s.unknown {
		facts = append(facts, "temperature "+number(s.sampling.Temperature))
	}
	for _, u := range tunables[1:] {
		if !slices.Contains(compared, u.name) {
			continue
		}
		if o := &p.sides[1-i]; !s.unknown && !o.unknown && u.get(&s.sampling) != u.get(&o.sampling) {
			facts = append(facts, strings.ToLower(u.name)+" "+u.number(u.get(&s.sampling)))
		}
	}
	if s.facts != "" {
		facts = append(facts, s.facts)
	}
	col.facts.SetText(strings.Join(facts, " · "))
}

// done says whether an answer is over.
func (s *side) done() bool {
	return s.id != 0 && s.item.ID != 0 && s.item.State != chatview.StateRunning
}

// next shows the reply that is there, and asks for the next answer that is missing.
func (p *comparing) next() {
	if p.closed {
		return
	}
	for i := range p.sides {
		s := &p.sides[i]
		switch {
		case s.existing && s.id == 0:
			s.id = p.of.ID
			p.take(i, p.of)
		case s.id == 0:
			p.ask(i)
			return
		case !s.done():
			return // it is being written
		}
	}
	p.say("Which one is better?")
	for i := range p.cols {
		p.cols[i].choose.SetEnabled(strings.TrimSpace(p.sides[i].item.Text) != "")
	}
	for i := range p.cols {
		if !p.cols[i].choose.Disabled() {
			p.c.env.Host.Focus(p.cols[i].choose)
			return
		}
	}
	p.say("Neither model gave an answer.")
}

func (p *comparing) say(text string) {
	p.state.SetText(text)
}

// ask has a side answer.
func (p *comparing) ask(i int) {
	if p.asking {
		return
	}
	p.asking = true
	s := &p.sides[i]
	p.say(fmt.Sprintf("Writing the %s answer. Loam keeps one model in memory.", []string{"first", "second"}[i]))
	q := chat.AnswerRequest{ModelID: s.model.ID, Sampling: &s.sampling}
	p.c.env.Host.Load("compare", func(ctx context.Context) func() {
		p.c.env.Engines.Retry()
		m, err := p.c.env.Chats.Answer(ctx, p.of.ID, q)
		return func() {
			p.asking = false
			switch {
			case err != nil:
				p.c.env.Host.ClosePopover()
				p.c.env.Host.Fail(err, nil)
			case p.closed:
				p.c.env.Chats.Stop(m.ID)
			default:
				s.id = m.ID
				p.sync(i)
			}
		}
	})
}

// sync reads the reply of a side.
func (p *comparing) sync(i int) {
	id := p.sides[i].id
	p.c.env.Host.Load("compare", func(ctx context.Context) func() {
		m, err := p.c.env.Chats.Message(ctx, id)
		return func() {
			if p.closed {
				return
			}
			if err != nil {
				p.c.env.Host.Fail(err, nil)
				return
			}
			p.take(i, m)
			p.next()
		}
	})
}

// take shows a reply in its column.
func (p *comparing) take(i int, m backend.Message) {
	s, view := &p.sides[i], p.cols[i].view
	it := chatview.FromMessage(m)
	it.Note, it.Siblings, it.Sibling, it.Rating, it.Choices = "", 0, 0, 0, false
	if shown, ok := view.Item(m.ID); ok && m.State == backend.MessageRunning && len(shown.Text) > len(it.Text) && strings.HasPrefix(shown.Text, it.Text) {
		it.Text = shown.Text // what came by events meanwhile is newer
	}
	s.item = it
	if m.State != backend.MessageRunning {
		s.facts = wordsOf(m)
	}
	view.Update(it)
	p.name(i)
}

// wordsOf is how fast a reply was written, in people's numbers.
func wordsOf(m backend.Message) string {
	if m.Usage.ReplyTokens > 1 && m.Usage.ReplyTime > 0 {
		return wordsPerSecond(float64(m.Usage.ReplyTokens) / m.Usage.ReplyTime.Seconds())
	}
	return ""
}

// handle takes an event about one of the answers; false = it is about something else.
func (p *comparing) handle(e event.Event) bool {
	id := int64(0)
	switch e := e.(type) {
	case event.MessageGrew:
		id = e.MessageID
	case event.MessageProgress:
		id = e.MessageID
	case event.MessageChanged:
		id = e.MessageID
	}
	for i := range p.sides {
		s := &p.sides[i]
		if id == 0 || s.id != id || s.existing {
			continue
		}
		switch e := e.(type) {
		case event.MessageGrew:
			if !p.cols[i].view.Grow(id, e.Offset, e.Text) {
				p.sync(i)
			}
		case event.MessageProgress:
			p.cols[i].view.Progress(id, chatview.Phase(e.Phase), e.Done, e.Total)
		case event.MessageChanged:
			p.sync(i)
			return false // the chat shows how many versions there are
		}
		return true
	}
	return false
}

// choose takes one of the answers, shows it in the chat and tells who they were.
func (p *comparing) choose(i int) {
	chosen, other := p.sides[i].id, p.sides[1-i].id
	for n := range p.cols {
		p.cols[n].choose.SetEnabled(false)
	}
	p.c.env.Host.Load("compare", func(ctx context.Context) func() {
		err := p.c.env.Chats.Choose(ctx, chosen, other)
		tallies, tallyErr := p.c.env.Chats.Tallies(ctx)
		return func() {
			if err != nil {
				p.c.env.Host.Fail(err, nil)
				p.next()
				return
			}
			if tallyErr != nil {
				p.c.env.Host.Fail(tallyErr, nil)
			}
			p.reveal(i, tallies)
		}
	})
}

// reveal shows the names and how often each was chosen.
func (p *comparing) reveal(i int, tallies map[int64]backend.Tally) {
	p.chosen = true
	for n := range p.cols {
		s, col := &p.sides[n], &p.cols[n]
		if t := tallyText(tallies[s.model.ID]); t != "" && p.sides[0].model.ID != p.sides[1].model.ID {
			if s.facts != "" {
				s.facts += " · "
			}
			s.facts += t
		}
		p.name(n)
		col.choose.Hide()
	}
	p.cols[i].card.SetLine(theme.ColorAccent)
	p.say("You chose " + modelShort(p.sides[i].model) + ". It is shown in the chat now.")
	p.none.SetText("Done")
	p.none.Tip = ""
	p.c.env.Host.Focus(p.none)
	p.body.Refresh()
	p.c.reload()
}

// tallyText is how a model did in comparisons: "chosen 3 of 5"; "" = it took part in none.
func tallyText(t backend.Tally) string {
	if t.Compared == 0 {
		return ""
	}
	return fmt.Sprintf("chosen %d of %d", t.Chosen, t.Compared)
}

// close ends the comparison. What is being written is stopped and kept.
func (p *comparing) close() {
	p.closed = true
	p.c.comparing = nil
	for i := range p.sides {
		if s := &p.sides[i]; s.id != 0 && !s.existing && !s.done() {
			p.c.env.Chats.Stop(s.id)
		}
	}
	p.c.reload()
}
