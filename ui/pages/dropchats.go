package pages

import (
	"context"
	"errors"
	"strings"
	"sync"

	"loam/backend/transfer"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// lookForChats says what to show of a file that holds chats; nil = it holds none.
func (r *dropRow) lookForChats(ctx context.Context, kind sniff) func() {
	if r.card.env.Transfer == nil || !mayHoldChats(r.path, kind) {
		return nil
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer r.stopsWithCard(cancel)()
	c, err := r.card.env.Transfer.Inspect(ctx, r.path, nil)
	switch {
	case errors.Is(err, transfer.ErrNotChats):
		return nil
	case errors.Is(err, context.Canceled):
		return func() {} // the card is gone
	case err != nil:
		return func() { r.refuse(err) }
	}
	return func() { r.showChats(c) }
}

// stopsWithCard ends slow work when the card is closed; the work calls what is returned when it is done.
func (r *dropRow) stopsWithCard(cancel func()) (done func()) {
	r.slow.Lock()
	defer r.slow.Unlock()
	r.stop = cancel
	if r.gone {
		cancel()
	}
	return func() {
		r.slow.Lock()
		defer r.slow.Unlock()
		r.stop = nil
	}
}

// closed hears that the card is gone. Looking ends; an import goes on, and its notice says how it went.
func (r *dropRow) closed() {
	r.slow.Lock()
	defer r.slow.Unlock()
	r.gone = true
	if r.stop != nil {
		r.stop()
	}
}

// slowWork is what a row does that takes long.
type slowWork struct {
	slow sync.Mutex
	stop func() // ends what runs; guarded by slow
	gone bool   // the card is closed; guarded by slow
}

// showChats tells what is in an export and offers to import it.
func (r *dropRow) showChats(c transfer.Contents) {
	r.icon.Set(theme.Icon(theme.IconChats), theme.ColorAccent)
	facts := []string{"Chats of " + string(c.Program), count(c.New+c.There, "chat")}
	if n := c.Messages - c.BadMessages; n > 0 {
		facts = append(facts, count(n, "message"))
	}
	r.facts.SetText(strings.Join(facts, ", "))
	lines := []string{chatsInIt(c)}
	if c.There > 0 {
		lines = append(lines, alreadyHere(c))
	}
	if c.Newer > 0 {
		lines = append(lines, count(c.Newer, "chat")+" of it here in another state: the one of the file comes beside it.")
	}
	r.say(strings.Join(append(lines, c.Sentences()...), "\n"), c.BadChats == 0 && c.BadMessages == 0 && !c.Cut)
	r.offerImport(c)
	r.card.changed()
}

// chatsInIt names some chats and says of what time they are.
func chatsInIt(c transfer.Contents) string {
	var names []string
	for _, t := range c.Titles {
		if t == "" {
			t = "New chat"
		}
		names = append(names, "“"+widgets.Shorten(t, 220, measureBody)+"”")
	}
	text := strings.Join(names, ", ")
	if n := c.New + c.There - len(names); n > 0 {
		text += " and " + strings.TrimSuffix(count(n, "more"), "s")
	}
	if first, last := c.First, c.Last; !first.IsZero() {
		const day = "2 January 2006"
		from, to := first.Local().Format(day), last.Local().Format(day)
		if text += ", of " + from; to != from && last.After(first) {
			text += " to " + to
		}
	}
	return text + "."
}

func alreadyHere(c transfer.Contents) string {
	switch {
	case c.New == 0 && c.There == 1:
		return "It is here already."
	case c.New == 0:
		return "All of them are here already."
	}
	verb := " are"
	if c.There == 1 {
		verb = " is"
	}
	return count(c.There, "chat") + verb + " here already and will be left alone."
}

func (r *dropRow) offerImport(c transfer.Contents) {
	r.actions.Objects = nil
	if c.New > 0 {
		r.stay("Import "+count(c.New, "chat"), widgets.KindPrimary, func() { r.importChats(c, false) })
	} else {
		r.stay("Import again as copies", widgets.KindPlain, func() { r.importChats(c, true) })
	}
	r.button("Close", widgets.KindQuiet, nil)
	show(r.actions, true)
}

// stay adds an action after which the row is still wanted.
func (r *dropRow) stay(label string, kind widgets.Kind, do func()) {
	r.actions.Add(widgets.NewButton(label, kind, do))
}

// importChats takes the chats in. The row tells how far it is; if the card is closed meanwhile, a notice tells the end.
func (r *dropRow) importChats(c transfer.Contents, copies bool) {
	env := r.card.env
	ctx, cancel := context.WithCancel(context.Background())
	var mu sync.Mutex
	var at transfer.Progress
	over := false
	r.actions.Objects = nil
	r.stay("Stop", widgets.KindPlain, cancel)
	r.say("Importing…", true)
	r.card.changed()
	var tick func()
	tick = func() {
		if over || r.card.closed {
			return
		}
		mu.Lock()
		n := at.Chats
		mu.Unlock()
		r.say("Importing "+count0(uint64(n))+" of "+count(c.New+c.There, "chat")+"…", true)
		r.card.changed()
		env.Host.After(longTick, tick)
	}
	env.Host.After(longAfter, tick)
	env.Host.Load("transfer", func(host context.Context) func() {
		defer context.AfterFunc(host, cancel)() // the window closes
		got, err := env.Transfer.Import(ctx, r.path, transfer.ImportOptions{Copies: copies, Progress: func(p transfer.Progress) {
			mu.Lock()
			defer mu.Unlock()
			at = p
		}})
		return func() {
			over = true
			cancel()
			r.imported(got, err)
		}
	})
}

// imported tells what came in, with the way back.
func (r *dropRow) imported(got transfer.Imported, err error) {
	text := "Imported " + count(len(got.Chats), "chat") + "."
	if err != nil && !errors.Is(err, context.Canceled) {
		if len(got.Chats) == 0 {
			if r.card.closed {
				r.card.env.Host.Fail(err, nil)
				return
			}
			r.refuse(err)
			return
		}
		why, _ := r.card.env.Host.Sentence(err)
		text += " Then it ended: " + why
	} else if err != nil {
		text = "Stopped. " + text
	}
	text = strings.Join(append([]string{text}, got.Sentences()...), "\n")
	good := err == nil && got.BadChats == 0 && got.BadMessages == 0
	if r.card.closed {
		tone := widgets.ToneSuccess
		if !good {
			tone = widgets.ToneWarn
		}
		r.card.env.Host.Notify(widgets.Notice{
			Key: transferNotice, Tone: tone, Text: text, Keep: true, Action: "Undo", Do: func() { r.takeChatsBack(got.Chats) },
		})
		return
	}
	r.say(text, good)
	r.actions.Objects = nil
	if len(got.Chats) == 1 {
		r.button("Open it", widgets.KindPrimary, func() { r.card.uses.OpenChat(got.Chats[0]) })
	}
	if len(got.Chats) > 0 {
		r.stay("Undo", widgets.KindPlain, func() { r.takeChatsBack(got.Chats) })
	}
	r.button("Close", widgets.KindQuiet, nil)
	show(r.actions, true)
	r.card.changed()
}

// takeChatsBack moves imported chats to the trash.
func (r *dropRow) takeChatsBack(ids []int64) {
	env := r.card.env
	env.Host.Load("chats", func(ctx context.Context) func() {
		if err := env.Chats.Trash(ctx, ids...); err != nil {
			return func() { env.Host.Fail(err, nil) }
		}
		return func() {
			text := "Taken back. " + count(len(ids), "chat") + " will stay in the trash for 30 days."
			if r.card.closed {
				env.Host.Notify(widgets.Notice{Key: transferNotice, Text: text})
				return
			}
			r.say(text, true)
			r.actions.Objects = nil
			r.button("Close", widgets.KindQuiet, nil)
			r.card.changed()
		}
	})
}
