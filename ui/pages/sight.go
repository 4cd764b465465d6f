package pages

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	fynetheme "fyne.io/fyne/v2/theme"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/backend/prompt"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// meterFrom is how full the model's context is when the composer begins to show it.
const meterFrom = 0.6

// showMeter shows how full the context is, from the last reply on.
func (c *conversation) showMeter() {
	id, mark := c.chat.ID, c.opened
	if id == 0 {
		c.fill = [2]int{}
	}
	if id == 0 || c.running != 0 {
		c.composer.setMeter("", false, nil)
		return
	}
	c.env.Host.Load("sight", func(ctx context.Context) func() {
		used, size, err := c.env.Chats.Fill(ctx, id)
		return func() {
			if mark != c.opened || err != nil { // what cannot be read is told where the chat is
				return
			}
			c.fill = [2]int{used, size}
			text := meterText(used, size)
			if text == "" && size > 0 && len(c.files.list) > 0 { // there is something to be planned
				text = fmt.Sprintf("%d %% full", 100*used/size)
			}
			c.composer.setMeter(text, size > 0 && used*10 >= size*9, c.showPlan)
		}
	})
}

// fillText is the whole of what meterText tells in short.
func fillText(used, size int) string {
	if size <= 0 {
		return ""
	}
	share := "Less than 1 %"
	if part := min(100*used/size, 100); part > 0 {
		share = fmt.Sprintf("%d %%", part)
	}
	return share + " of the model's context is full: " + count(used, "token") + " of " + count(size, "token") + ". Click for what the model sees."
}

func meterText(used, size int) string {
	if size <= 0 || float64(used) < meterFrom*float64(size) {
		return ""
	}
	return fmt.Sprintf("%d %% full", min(100*used/size, 100))
}

// sightNames are the parts of a prompt, for people.
var sightNames = map[chat.PartKind]string{
	chat.PartSystem: "System prompt", chat.PartSummary: "Summary of older messages", chat.PartPinned: "Pinned messages",
	chat.PartHistory: "Earlier messages", chat.PartNewest: "The newest message", chat.PartFile: "Attachment", chat.PartFormat: "The chat format around them",
}

var partInks = map[chat.PartKind]fyne.ThemeColorName{
	chat.PartSystem: theme.ColorCodeType, chat.PartSummary: theme.ColorCodeNumber, chat.PartPinned: theme.ColorWarn,
	chat.PartHistory: theme.ColorAccent, chat.PartNewest: theme.ColorText, chat.PartFile: theme.ColorCodeString, chat.PartFormat: theme.ColorControl,
}

// overflows are the ways to deal with what no longer fits.
var overflows = []struct {
	is          backend.Overflow
	name, facts string
}{
	{backend.OverflowLeaveOut, "Leave the oldest out", "The newest turns and what is pinned stay."},
	{backend.OverflowSummarise, "Summarise them", "The model writes what stands for them. Takes a while."},
	{backend.OverflowAsk, "Ask me first", "Nothing is sent before you have said what to do."},
}

// showPlan opens what the model sees of the chat. Counting needs the model, so it may have to be loaded first.
func (c *conversation) showPlan(anchor fyne.CanvasObject) {
	id, mark, text, files := c.chat.ID, c.opened, c.composer.text(), slices.Clone(c.files.list)
	if c.editing != 0 {
		text, files = "", nil
	}
	waiting := widgets.NewLabel("Counting with the model's own tokenizer…", widgets.LabelStyle{Ink: theme.ColorQuiet})
	c.env.Host.Popover(c.inWindow(waiting), anchor, planWidth)
	c.env.Host.Load("plan", func(ctx context.Context) func() {
		p, err := c.env.Chats.Plan(ctx, id, text, files...)
		return func() {
			if mark != c.opened {
				return
			}
			var long *chat.TooLong
			if err != nil && !errors.As(err, &long) {
				c.env.Host.ClosePopover()
				c.env.Host.Fail(err, func() { c.showPlan(anchor) })
				return
			}
			content := planBody(p, c.chat.Overflow, c.setOverflow, func(message int64) {
				c.env.Host.ClosePopover()
				c.view.ScrollTo(message)
			})
			if long != nil {
				content = widgets.NewLabel(capital(long.Error())+".", widgets.LabelStyle{Wrap: true})
			}
			c.env.Host.Popover(c.inWindow(content), anchor, planWidth)
		}
	})
}

const planWidth = 440

// inWindow has what is higher than the window scroll.
func (c *conversation) inWindow(o fyne.CanvasObject) fyne.CanvasObject {
	const bar = 10 // that scrolls
	body := container.New(widgets.Inset{Right: bar}, o)
	height := min(widgets.HeightFor(body, planWidth-36), c.body.Size().Height-72)
	return container.New(widgets.Sized{Height: height}, widgets.Scrolled(body))
}

// filePart says what of a file the model sees.
func filePart(f backend.Attachment) string {
	if f.Partly {
		return f.Name + " (" + count(len(f.Passages), "passage") + " of it)"
	}
	return f.Name + " (all of it)"
}

// planBody is a plan with the ways to deal with what no longer fits.
func planBody(p chat.Plan, now backend.Overflow, choose func(backend.Overflow), open func(message int64)) fyne.CanvasObject {
	var rows []fyne.CanvasObject
	quiet := widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true}
	rows = append(rows, widgets.Heading("What the model sees"),
		widgets.NewLabel(fmt.Sprintf("%s of %s, and %s are kept free for the reply.",
			count(p.PromptTokens, "token"), count(p.Context, "token"), count(p.Reserved, "token")), quiet))
	var shares []widgets.BarShare
	for _, part := range p.Parts {
		shares = append(shares, widgets.BarShare{Part: float64(part.Tokens) / float64(max(p.Context, 1)), Ink: partInks[part.Kind]})
	}
	rows = append(rows, widgets.NewShareBar(shares...))
	for _, part := range p.Parts {
		name := sightNames[part.Kind]
		if part.File != nil {
			name = filePart(*part.File)
		}
		if part.Messages > 1 {
			name += " (" + count(part.Messages, "message") + ")"
		}
		dot := widgets.NewIcon(theme.Icon(fynetheme.IconNameRadioButtonFill), partInks[part.Kind], 10)
		rows = append(rows, container.New(widgets.Row{Gap: 8, Grow: 2}, dot, widgets.NewLabel(name, widgets.LabelStyle{}),
			widgets.NewLabel(count(part.Tokens, "token"), widgets.LabelStyle{Ink: theme.ColorQuiet, Natural: true})))
	}
	if n := len(p.LeftOut); n > 0 {
		text := count(n, "older message") + " left out."
		switch {
		case p.Summary != "":
			text = "A summary stands for " + count(n, "older message") + ":\n" + p.Summary
		case p.Summarise:
			text = count(n, "older message") + " will be summarised before the next reply."
		}
		rows = append(rows, widgets.NewLabel(text, quiet))
	}
	rows = append(rows, widgets.NewLine(false), widgets.NewLabel("When the chat no longer fits", widgets.LabelStyle{Bold: true}))
	for _, o := range overflows {
		rows = append(rows, widgets.NewChoiceRow(o.name, o.facts, o.is == now, func() { choose(o.is) }))
	}
	rows = append(rows, countRows(p.Messages, open)...)
	return container.New(widgets.Column{Gap: 8}, rows...)
}

// countRows are the messages that the model sees, the longest first, each with its tokens; a click leads to it.
func countRows(list []chat.Count, open func(message int64)) []fyne.CanvasObject {
	const most = 12
	list = slices.DeleteFunc(slices.Clone(list), func(c chat.Count) bool { return c.Tokens == 0 })
	if len(list) < 2 {
		return nil
	}
	slices.SortStableFunc(list, func(a, b chat.Count) int { return cmp.Compare(b.Tokens, a.Tokens) })
	rows := []fyne.CanvasObject{widgets.NewLine(false), widgets.NewLabel("Its messages, the longest first", widgets.LabelStyle{Bold: true})}
	for i, c := range list {
		if i == most-1 && len(list) > most {
			rest := 0
			for _, c := range list[i:] {
				rest += c.Tokens
			}
			rows = append(rows, widgets.Quiet(fmt.Sprintf("%s more with %s.", count(len(list)-i, "message"), count(rest, "token"))))
			break
		}
		text := prompt.Split(c.Message.Text).Answer
		if strings.TrimSpace(text) == "" && len(c.Message.Attachments) > 0 {
			text = c.Message.Attachments[0].Name
		}
		facts := count(c.Tokens, "token") + ", written by you"
		if c.Message.Role == backend.RoleAssistant {
			facts = count(c.Tokens, "token") + ", written by the model"
		}
		switch {
		case c.Message.ID == 0:
			facts += ", not sent yet"
		case c.Message.Pinned:
			facts += ", pinned"
		}
		row := widgets.NewChoiceRow(attach.FirstWords(text, 60), facts, false, func() { open(c.Message.ID) })
		row.SetEnabled(c.Message.ID != 0)
		rows = append(rows, row)
	}
	return rows
}

func (c *conversation) setOverflow(o backend.Overflow) {
	c.env.Host.ClosePopover()
	c.chat.Overflow = o
	if id := c.chat.ID; id != 0 {
		c.do(func(ctx context.Context) error { return c.env.Chats.SetOverflow(ctx, id, o) })
	}
}

// pin keeps a message in the model's sight, or no longer.
func (c *conversation) pin(id int64, on bool) {
	c.do(func(ctx context.Context) error { return c.env.Chats.SetPinned(ctx, id, on) })
}

// askOverflow says which messages would go out of sight with what is being sent, and lets the person choose.
func (c *conversation) askOverflow(o *chat.Overflowing) {
	mark := c.opened
	here := func(do func()) func() {
		return func() {
			if mark == c.opened {
				do()
			}
		}
	}
	c.env.Host.Notify(widgets.Notice{
		Key: "overflow", Tone: widgets.ToneWarn, Keep: true,
		Text: fmt.Sprintf("Not sent yet: with this message the model would no longer see the %s of this chat.",
			plural(len(o.Plan.LeftOut), "oldest message", "oldest messages")),
		Action: "Leave them out", Do: here(func() { c.sendAs(c.composer.text(), true) }),
		Other: "Summarise from now on", OtherDo: here(func() {
			c.chat.Overflow = backend.OverflowSummarise
			id := c.chat.ID
			c.env.Host.Load("send", func(ctx context.Context) func() {
				err := c.env.Chats.SetOverflow(ctx, id, backend.OverflowSummarise)
				return func() {
					if err != nil {
						c.env.Host.Fail(err, nil)
						return
					}
					c.sendAs(c.composer.text(), true)
				}
			})
		}),
	})
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return fmt.Sprintf("%d %s", n, many)
}
