package pages

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend/chat"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// againTick is how often a run that goes on is looked at.
const againTick = 100 * time.Millisecond

// runAgain writes a reply once more by its record and says whether it comes out the same. The chat stays as it is.
func (c *conversation) runAgain(id int64) {
	a := newAgain(c)
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var at chat.Repetition
	c.env.Host.DialogUntil(a.body, func() {
		a.closed = true
		cancel()
	})
	c.env.Host.Focus(a.view)
	var tick func()
	tick = func() {
		if a.over || a.closed {
			return
		}
		mu.Lock()
		r := at
		mu.Unlock()
		a.progress(r)
		c.env.Host.After(againTick, tick)
	}
	c.env.Host.After(againTick, tick)
	c.env.Host.Load("again", func(host context.Context) func() {
		defer context.AfterFunc(host, cancel)() // the window closes
		c.env.Engines.Retry()
		r, err := c.env.Chats.RunAgain(ctx, id, func(r chat.Repetition) {
			mu.Lock()
			defer mu.Unlock()
			at = r
		})
		return func() {
			a.over = true
			cancel()
			if a.closed {
				return
			}
			if err != nil {
				c.env.Host.ClosePopover()
				if !errors.Is(err, context.Canceled) {
					c.env.Host.Fail(err, func() { c.runAgain(id) })
				}
				return
			}
			a.end(r)
		}
	})
}

// again shows a run and what became of it.
type again struct {
	c      *conversation
	icon   *widgets.Icon
	title  *widgets.Label
	why    *widgets.Label
	view   *chatview.View
	keep   *widgets.Button
	foot   *fyne.Container
	body   fyne.CanvasObject
	over   bool
	closed bool
}

// The room of the dialog.
const (
	againWidth  = 700
	againHeight = 480
)

func newAgain(c *conversation) *again {
	a := &again{c: c}
	a.icon = widgets.NewIcon(theme.Icon(theme.IconRegenerate), theme.ColorQuiet, 18)
	a.title = widgets.NewLabel("Waiting for the model…", widgets.LabelStyle{Bold: true})
	a.why = widgets.NewLabel("The same prompt, seed, settings and engine as when it was written. The chat is not changed.", widgets.LabelStyle{Ink: theme.ColorQuiet, Wrap: true})
	a.view = chatview.New(chatview.Options{Clipboard: c.env.Host.Copy, OnLink: c.openLink})
	a.keep = widgets.NewButton("Keep as another version", widgets.KindPlain, nil)
	a.foot = container.New(widgets.Inset{Top: 12}, container.New(widgets.Flow{Gap: 8}, a.keep))
	a.foot.Hide()
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", c.env.Host.ClosePopover)
	head := container.New(widgets.Column{Gap: 8},
		container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading("Run again exactly"), cross),
		container.New(widgets.Row{Gap: 8, Grow: 2}, a.icon, a.title), a.why)
	scale := max(theme.Size(theme.SizeBody)/15, 1)
	room := c.env.Host.Canvas().Size()
	ground := widgets.NewGround(theme.ColorPage, container.New(widgets.Inset{Left: 4, Right: 4, Bottom: 6}, a.view))
	ground.Radius, ground.Line = theme.SizeRadiusNested, theme.ColorHairline
	a.body = container.New(widgets.Sized{Width: min(againWidth*scale, room.Width-88), Height: min(againHeight*scale, room.Height-88)},
		widgets.NewEdges(widgets.Edges{Top: container.New(widgets.Inset{Bottom: 12}, head), Bottom: a.foot}, ground))
	return a
}

// progress shows how far the run is.
func (a *again) progress(r chat.Repetition) {
	if r.Tokens == 0 {
		return
	}
	text := count(r.Tokens, "token") + " of " + count0(uint64(r.Recorded)) + ", "
	if r.Same == r.Tokens {
		text += "all the same so far"
	} else {
		text += "the first " + count0(uint64(r.Same)) + " the same"
	}
	a.title.SetText(text)
	a.show(r.Text)
}

// show puts the text up. It may become another one at its end only.
func (a *again) show(text string) {
	a.view.Update(chatview.Item{ID: 1, Role: chatview.RoleDocument, Text: text})
}

// end says what became of the run.
func (a *again) end(r chat.Repetition) {
	a.show(r.Text)
	title, why := againWords(r)
	a.title.SetText(title)
	a.why.SetText(why)
	if r.Identical() {
		a.icon.Set(theme.Icon(theme.IconSuccess), theme.ColorSuccess)
	} else {
		a.icon.Set(theme.Icon(theme.IconInfo), theme.ColorWarn)
		a.keep.OnTapped = func() { a.take(r) }
		a.foot.Show()
	}
	widgets.RefreshAll(a.body)
	a.body.Refresh()
}

// take keeps what was run.
func (a *again) take(r chat.Repetition) {
	a.c.env.Host.ClosePopover()
	a.c.do(func(ctx context.Context) error {
		_, err := a.c.env.Chats.KeepRun(ctx, r)
		return err
	})
}

// againWords says what became of a run that is over, and why.
func againWords(r chat.Repetition) (title, why string) {
	var list []string
	for _, c := range r.Changes {
		list = append(list, changeWords(c))
	}
	because := capital(strings.Join(list, "; "))
	if r.Identical() {
		title, why = "Identical: all "+count(r.Tokens, "token")+" are the same.", "This reply can be written again at any time."
		if r.Tokens == 1 {
			title = "Identical: its token is the same."
		}
		if because != "" {
			why = "Although something is not as it was: " + strings.Join(list, "; ") + "."
		}
		return title, why
	}
	switch {
	case r.Same == 0:
		title = "Not the same from the first token on."
	case r.Same == r.Recorded:
		title = "Close: all " + count(r.Same, "token") + " are the same, and it goes on from there."
	default:
		title = "Close: the first " + count0(uint64(r.Same)) + " of " + count(r.Recorded, "token") + " are the same."
	}
	if because == "" {
		return title, "Nothing is known to be other than it was; this engine does not compute exactly the same twice."
	}
	return title, because + "."
}

// changeWords is a clause about what is not as it was.
func changeWords(c chat.Change) string {
	was := func(name func(string) string) string {
		if c.Was == "" || c.Is == "" {
			return ""
		}
		return " (" + name(c.Is) + " instead of " + name(c.Was) + ")"
	}
	plain := func(s string) string { return s }
	switch c.What {
	case chat.ChangedFile:
		return "the model's file is another one than it was"
	case chat.ChangedWords:
		return "the model's template is another one now, and the prompt of then was used"
	case chat.ChangedLoRAs:
		return "a LoRA that took part has changed or is gone"
	case chat.ChangedEngine:
		return "another engine computes" + was(engineName)
	case chat.ChangedBuild:
		return "it is another build of the engine" + was(plain)
	case chat.ChangedDevice:
		return "it runs on another device" + was(plain)
	case chat.ChangedVariant:
		return "the processor runs other code" + was(plain)
	case chat.ChangedMemory:
		return "the engine keeps its memory in another form"
	case chat.ChangedBatch:
		return "the engine reads in pieces of another size" + was(plain)
	case chat.ChangedMidway:
		return "it was continued in between by another engine or model, and was not written in one go"
	}
	return string(c.What)
}

// rerunnable says whether a reply can be run again, as far as is seen of it.
func rerunnable(it chatview.Item) bool {
	return it.Role == chatview.RoleAssistant && it.State != chatview.StateRunning && it.State != chatview.StateFailed && !it.Edited
}
