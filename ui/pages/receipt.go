package pages

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// showReceipt tells how a reply was written.
func (c *conversation) showReceipt(id int64) {
	mark := c.opened
	c.env.Host.Load("transcript", func(ctx context.Context) func() {
		m, err := c.env.Chats.Message(ctx, id)
		m.Attachments = nil
		if err == nil && m.Parent != 0 {
			if asked, err := c.env.Chats.Message(ctx, m.Parent); err == nil { // else they are not told
				m.Attachments = asked.Attachments
			}
		}
		g, gErr := c.env.Chats.Generation(ctx, id)
		if errors.Is(gErr, backend.ErrNotFound) {
			g, gErr = backend.Generation{}, nil
		}
		if err = errors.Join(err, gErr); err != nil {
			return func() { c.env.Host.Fail(err, func() { c.showReceipt(id) }) }
		}
		return func() {
			if mark == c.opened {
				c.env.Host.Dialog(receipt(m, g, c.env.Host.Canvas().Size(), c.env.Host.ClosePopover, c.env.Host.Copy))
			}
		}
	})
}

// fact is one line of a receipt.
type fact struct{ name, value string }

// receiptFacts are what is known of how a reply was written.
func receiptFacts(m backend.Message, g backend.Generation) []fact {
	var list []fact
	add := func(name, value string) {
		if value != "" {
			list = append(list, fact{name, value})
		}
	}
	add("Model", m.ModelName)
	add("File", shortHash(g.Model.SHA256))
	if b := m.Usage.Begun; b != nil {
		add("Beginning", "the first "+count(b.Tokens, "token")+" are those of another version")
	}
	for _, a := range g.Adapters {
		add("LoRA", a.Name+" at "+number(a.Weight))
	}
	for _, f := range m.Attachments {
		text := filePart(f)
		var places []string
		for _, p := range f.Passages {
			places = append(places, p.Place())
		}
		if len(places) > 0 {
			text = f.Name + ": " + strings.Join(places, ", ")
		}
		add("Attachment", text)
	}
	if e := g.Engine; e.Engine != "" {
		add("Engine", engineName(e.Engine)+", "+strings.TrimPrefix(e.Build, "llama.cpp "))
		device := e.Device
		if e.Variant != "" && e.Variant != "none" {
			device += ", code for " + e.Variant
		}
		if e.Threads > 0 {
			device += ", " + count(e.Threads, "thread")
		}
		add("Device", device)
	}
	if m.Usage.ReplyTokens > 0 {
		add("Length", count(m.Usage.PromptTokens, "token")+" read, "+count(m.Usage.ReplyTokens, "token")+" written")
	}
	if t := m.Usage.ReplyTime; t > 0 && m.Usage.ReplyTokens > 1 {
		add("Speed", tokensPerSecond(m.Usage))
	}
	if t := m.Usage.FirstToken; t > 0 {
		add("First token", "after "+secondsText(t))
	}
	if g.Context > 0 {
		add("Context", count(g.Context, "token"))
	}
	switch m.Usage.Format {
	case "":
	case "jinja":
		text := "the model's own template"
		if hash := shortHash(m.Usage.Template); hash != "" {
			text += ", " + hash
		}
		add("Format", text)
	default:
		add("Format", m.Usage.Format)
	}
	add("Thinking", m.Usage.Thinking)
	if g.Engine.Engine != "" {
		add("Seed", strconv.FormatUint(g.Sampling.Seed, 10))
		add("Settings", settingsText(g.Sampling))
	}
	return list
}

// settingsText are the sampler settings that differ from their off.
func settingsText(s backend.Sampling) string {
	var off backend.Sampling
	off.TopP, off.RepeatPenalty, off.TypicalP = 1, 1, 1
	list := []string{"temperature " + number(s.Temperature)}
	for _, u := range tunablesOf(nil)[1:] {
		v := u.get(&s)
		if v != 0 && v != u.get(&off) && u.name != "Penalty window" {
			list = append(list, strings.ToLower(u.name)+" "+u.number(v))
		}
	}
	for _, w := range writtens {
		if w.get(&s) != "" {
			list = append(list, w.name)
		}
	}
	return strings.Join(list, ", ")
}

func number(v float32) string { return strconv.FormatFloat(float64(v), 'f', -1, 32) }

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

// shortHash is enough of a hash to compare by eye.
func shortHash(hash string) string {
	if len(hash) < 16 {
		return ""
	}
	return "SHA-256 " + hash[:16] + "…"
}

// receiptMargin keeps the words from the bar that scrolls them.
const receiptMargin = 12

// receipt is what showReceipt shows, at most so high.
func receipt(m backend.Message, g backend.Generation, room fyne.Size, closed func(), copyText func(string)) fyne.CanvasObject {
	list := receiptFacts(m, g)
	var text strings.Builder
	rows := make([]fyne.CanvasObject, 0, len(list))
	scale := theme.Size(theme.SizeBody) / 15
	width, height := min(520*scale, room.Width-88), room.Height-88-120*scale
	wide := 92 * scale
	for _, f := range list {
		fmt.Fprintf(&text, "%s: %s\n", f.name, f.value)
		rows = append(rows, container.New(widgets.Row{Gap: 10, Grow: 2},
			container.New(widgets.Sized{Width: wide}, widgets.NewLabel(f.name, widgets.LabelStyle{Ink: theme.ColorQuiet})),
			widgets.NewLabel(f.value, widgets.LabelStyle{Wrap: true})))
	}
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", closed)
	head := container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading("How it was written"), cross)
	take := widgets.NewButton("Copy", widgets.KindPlain, func() { copyText(text.String()) })
	take.Icon = theme.Icon(theme.IconCopy)
	facts := container.New(widgets.Column{Gap: 7}, rows...)
	return widgets.NewEdges(widgets.Edges{
		Top: container.New(widgets.Inset{Bottom: 14}, head), Bottom: container.New(widgets.Inset{Top: 14}, container.New(widgets.Flow{Gap: 8}, take)),
	}, container.New(widgets.Sized{Width: width, Height: min(widgets.HeightFor(facts, width-receiptMargin), height)},
		widgets.Scrolled(container.New(widgets.Inset{Right: receiptMargin}, facts))))
}
