package pages

import (
	"context"
	"fmt"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// keepAlternatives switches whether alternatives are kept beside the tokens of the chat's replies.
func (c *conversation) keepAlternatives(on bool) {
	n := 0
	if on {
		n = backend.DefaultAlternatives
	}
	c.chat.Alternatives = n
	if id := c.chat.ID; id != 0 { // else it is stored with the first message
		c.env.Host.Load("send", func(ctx context.Context) func() {
			if err := c.env.Chats.SetAlternatives(ctx, id, n); err != nil {
				return func() { c.env.Host.Fail(err, nil) }
			}
			return nil
		})
	}
}

// offerAlternatives is for a reply that was written without them.
func (c *conversation) offerAlternatives(id int64) {
	n := widgets.Notice{Key: "alternatives", Text: "This reply was written without keeping alternatives."}
	if c.running == 0 {
		n.Action, n.Do = "Regenerate with them", func() {
			c.keepAlternatives(true)
			c.do(func(ctx context.Context) error {
				c.env.Engines.Retry()
				_, err := c.env.Chats.Regenerate(ctx, id)
				return err
			})
		}
	}
	c.env.Host.Notify(n)
}

// showAlternatives opens a reply as its tokens.
func (c *conversation) showAlternatives(id int64) {
	mark := c.opened
	c.env.Host.Load("transcript", func(ctx context.Context) func() {
		list, err := c.env.Chats.Alternatives(ctx, id)
		return func() {
			switch {
			case mark != c.opened:
			case err != nil:
				c.env.Host.Fail(err, func() { c.showAlternatives(id) })
			case len(list) == 0:
				c.offerAlternatives(id)
			default:
				a := newAlternatives(c, id, list)
				c.env.Host.Dialog(a.body)
				c.env.Host.Focus(a.text)
			}
		}
	})
}

// alternatives shows the tokens of a reply, and beside them what else could have stood in the place of one.
type alternatives struct {
	c       *conversation
	id      int64
	choices []backend.TokenChoice
	text    *widgets.TokenText
	title   *widgets.Label
	rows    *fyne.Container
	body    fyne.CanvasObject
}

// The room of the dialog.
const (
	alternativesWidth  = 940
	alternativesHeight = 560
	candidatesWidth    = 260
)

func newAlternatives(c *conversation, id int64, choices []backend.TokenChoice) *alternatives {
	a := &alternatives{c: c, id: id, choices: choices}
	a.text = widgets.NewTokenText(tokensOf(choices))
	a.text.OnChosen = a.show
	a.text.OnEnter = a.enter
	a.title = widgets.NewLabel("", widgets.LabelStyle{Bold: true})
	a.rows = container.New(widgets.Column{Gap: 2})
	hint := "Click one to go on from here with it, as another version of the reply."
	if c.running != 0 {
		hint = "When the reply is finished, a click on one goes on from here with it."
	}
	beside := widgets.NewEdges(widgets.Edges{
		Top:    container.New(widgets.Inset{Left: 10, Bottom: 6}, a.title),
		Bottom: container.New(widgets.Inset{Left: 10, Top: 8}, widgets.Quiet(hint)),
	}, widgets.Scrolled(a.rows))
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", c.env.Host.ClosePopover)
	head := container.New(widgets.Column{Gap: 4},
		container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading("Alternatives"), cross),
		widgets.Quiet("How likely the model found each token, before temperature and the other settings. Tinted: it was unsure. Click a token to stay on it."))
	scale := max(theme.Size(theme.SizeBody)/15, 1)
	room := c.env.Host.Canvas().Size()
	size := fyne.NewSize(min(alternativesWidth*scale, room.Width-88), min(alternativesHeight*scale, room.Height-88))
	right := container.New(widgets.Sized{Width: min(candidatesWidth*scale, size.Width*0.45)}, beside)
	a.body = container.New(widgets.Sized{Width: size.Width, Height: size.Height}, widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Bottom: 14}, head), Right: container.New(widgets.Inset{Left: 16}, right),
	}, a.text.Body()))
	a.show(0)
	return a
}

// tokensOf are the tokens to show. A rune may be spelt by several: the first shows it, the others a point.
func tokensOf(choices []backend.TokenChoice) []widgets.Token {
	list := make([]widgets.Token, len(choices))
	for i := 0; i < len(choices); i++ {
		chosen, ok := choices[i].Chosen()
		list[i] = widgets.Token{Text: chosen.Text, Share: chosen.Probability()}
		if !ok {
			list[i].Share = 1 // not known: not worth a tint
		}
		if chosen.Bytes == nil || chosen.Control {
			continue
		}
		whole, j := append([]byte(nil), chosen.Bytes...), i
		for j+1 < len(choices) && !utf8.Valid(whole) && j-i < utf8.UTFMax {
			j++
			next, _ := choices[j].Chosen()
			whole = append(whole, next.Piece()...)
		}
		if !utf8.Valid(whole) || j == i {
			continue
		}
		list[i].Text = string(whole)
		for k := i + 1; k <= j; k++ {
			next, _ := choices[k].Chosen()
			list[k] = widgets.Token{Text: "·", Share: next.Probability()}
		}
		i = j
	}
	return list
}

// show lists the candidates of a token.
func (a *alternatives) show(i int) {
	k := a.choices[i]
	a.title.SetText(fmt.Sprintf("Token %d of %d", k.Index+1, a.choices[len(a.choices)-1].Index+1))
	a.rows.Objects = nil
	rest := 1.0
	for _, alt := range k.Alts {
		rest -= alt.Probability()
		var pick func()
		if a.c.running == 0 {
			pick = func() { a.pick(k.Index, alt.ID) }
		}
		row := widgets.NewShareRow(candidate(alt), alt.Probability(), alt.ID == k.ID, pick)
		row.Quiet = alt.Control || alt.Bytes != nil
		a.rows.Add(row)
	}
	if rest > 0.0005 {
		other := widgets.NewShareRow("all others", rest, false, nil)
		other.Quiet = true
		a.rows.Add(other)
	}
	a.rows.Refresh()
	if a.body != nil {
		widgets.RefreshAll(a.rows)
	}
}

// candidate is how an alternative is written: with its quotes where white space would not be seen.
func candidate(a backend.TokenAlt) string {
	switch {
	case a.Control:
		return a.Text
	case a.Bytes != nil:
		return fmt.Sprintf("part of a character (% X)", a.Bytes)
	}
	return "“" + a.Text + "”"
}

// enter goes on to the candidates by the keyboard.
func (a *alternatives) enter() {
	for _, o := range a.rows.Objects {
		if row, ok := o.(*widgets.ShareRow); ok && !row.Disabled() {
			a.c.env.Host.Focus(row)
			return
		}
	}
}

// pick goes on from another token.
func (a *alternatives) pick(index int, token int32) {
	a.c.env.Host.ClosePopover()
	a.c.view.ScrollToBottom()
	id := a.id
	a.c.do(func(ctx context.Context) error {
		a.c.env.Engines.Retry()
		_, err := a.c.env.Chats.Branch(ctx, id, index, token)
		return err
	})
}
