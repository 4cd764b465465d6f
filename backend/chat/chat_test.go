package chat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
)

// inBubble runs a test with a clock that stands still while anything works.
func inBubble(t *testing.T, f func(t *testing.T, h *house)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newHouse(t)) })
}

func TestSendStoresBothBeforeTheEngineSeesThem(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.bench.turn <- struct{}{} // somebody else has the engine
		c := h.newChat()
		if err := h.SaveDraft(t.Context(), backend.Draft{ChatID: c.ID, Text: "Hello there"}); err != nil {
			t.Fatal(err)
		}
		sent := h.send(c.ID, "Hello there")
		synctest.Wait()
		path := h.transcript(c.ID)
		want := []backend.Message{
			{ID: sent.User.ID, ChatID: c.ID, Role: backend.RoleUser, Text: "Hello there", Siblings: 1, Sibling: 1},
			{
				ID: sent.Reply.ID, ChatID: c.ID, Parent: sent.User.ID, Role: backend.RoleAssistant, State: backend.MessageRunning,
				ModelID: h.bench.models[0].ID, ModelName: "Words", Siblings: 1, Sibling: 1,
			},
		}
		if d := cmp.Diff(want, path, cmpopts.IgnoreFields(backend.Message{}, "Created", "Revision")); d != "" {
			t.Error(d)
		}
		if p, ok := h.Progress(sent.Reply.ID); !ok || p.Phase != event.PhaseQueued {
			t.Errorf("progress is %+v", p)
		}
		if chat, err := h.Chat(t.Context(), c.ID); err != nil || chat.Title != "Hello there" || chat.Leaf != sent.Reply.ID {
			t.Errorf("chat is %+v, %v", chat, err)
		}
		if d, err := h.Draft(t.Context(), c.ID); err != nil || d.Text != "" {
			t.Errorf("draft is %q, %v", d.Text, err)
		}
		if len(h.engine.asked) != 0 {
			t.Error("the engine was asked")
		}
		<-h.bench.turn
		if m := h.wait(sent.Reply.ID); m.State != backend.MessageComplete {
			t.Errorf("ends %v: %s", m.State, m.Error)
		}
	})
}

func TestReplyStreamsWithinItsLimits(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.length, h.engine.tick = 300, 4*time.Millisecond
		c := h.newChat()
		m := h.say(c.ID, "Tell me a story")
		synctest.Wait()
		if m.State != backend.MessageComplete || m.Stop != backend.StopEnd || !strings.HasSuffix(m.Text, " fin. ") {
			t.Fatalf("ends %v %q: %q", m.State, m.Stop, m.Text)
		}
		if m.Usage.ReplyTokens != 300 || m.Usage.PromptTokens == 0 {
			t.Errorf("usage is %+v", m.Usage)
		}
		events, at := h.seen(m.ID)
		var text string
		var lastGrew time.Time
		var phases []event.Phase
		for i, e := range events {
			switch e := e.(type) {
			case event.MessageGrew:
				if e.Offset != len(text) {
					t.Fatalf("goes on at %d after %d bytes", e.Offset, len(text))
				}
				if gap := at[i].Sub(lastGrew); gap < progressGap && !strings.HasSuffix(e.Text, "fin. ") {
					t.Errorf("grew %v after the last time", gap)
				}
				text, lastGrew = text+e.Text, at[i]
			case event.MessageProgress:
				phases = append(phases, e.Phase)
			}
		}
		if d := cmp.Diff(m.Text, text); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(event.PhaseWriting, phases[len(phases)-1]); d != "" {
			t.Error(d)
		}
		end, ok := events[len(events)-1].(event.MessageChanged)
		if !ok || end.State != backend.MessageComplete || end.Revision != m.Revision {
			t.Errorf("the last event is %+v", events[len(events)-1])
		}
		for i := 1; i < len(h.ledger.appends); i++ {
			if gap := h.ledger.appends[i].Sub(h.ledger.appends[i-1]); gap < saveGap {
				t.Errorf("write %d came %v after the one before", i, gap)
			}
		}
		if n := len(h.ledger.appends); n < 4 || n > 6 {
			t.Errorf("1.2 s took %d writes", n)
		}
		g, err := h.ledger.Generation(t.Context(), m.ID)
		if err != nil || len(g.Tokens) != 300 || g.Sampling.Seed != 7 || g.Model.SHA256 == "" || len(g.Cuts) == 0 {
			t.Errorf("the record is %+v, %v", g, err)
		}
	})
}

func TestReadersSeeAllThatWasPublished(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		sent := h.send(c.ID, "Hello")
		for range 30 {
			time.Sleep(7 * time.Millisecond)
			path := h.transcript(c.ID)
			text := path[len(path)-1].Text
			events, _ := h.seen(sent.Reply.ID)
			for _, e := range events {
				if g, ok := e.(event.MessageGrew); ok && g.Offset+len(g.Text) > len(text) {
					t.Fatalf("%d bytes are published, %d to be read", g.Offset+len(g.Text), len(text))
				}
			}
		}
		h.wait(sent.Reply.ID)
	})
}

func TestStopKeepsPartialAnswer(t *testing.T) {
	for name, deaf := range map[string]bool{"obeying engine": false, "deaf engine": true} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				h.engine.deaf = deaf
				c := h.newChat()
				sent := h.send(c.ID, "Hello")
				time.Sleep(105 * time.Millisecond)
				asked := time.Now()
				h.Stop(sent.Reply.ID)
				m := h.wait(sent.Reply.ID)
				if took := time.Since(asked); took >= 100*time.Millisecond {
					t.Errorf("stopping took %v", took)
				}
				if m.State != backend.MessageStopped || m.Stop != backend.StopCancel || len(strings.Fields(m.Text)) != 10 || m.Error != "" {
					t.Errorf("ends %v %q %q: %q", m.State, m.Stop, m.Error, m.Text)
				}
				if d := cmp.Diff(h.stored(m.ID), m); d != "" {
					t.Error(d)
				}
				h.engine.set(func() { h.engine.deaf = false })
				whole := h.resume(m.ID)
				if !strings.HasPrefix(whole.Text, m.Text) || whole.State != backend.MessageComplete || len(strings.Fields(whole.Text)) != 40 {
					t.Errorf("resumed to %q", whole.Text)
				}
			})
		})
	}
}

func TestWhoHearsOfAReplyCanStopIt(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.bus.Subscribe(0, func(batch []event.Event) {
			for _, e := range batch {
				if c, ok := e.(event.MessageChanged); ok && c.State == backend.MessageRunning {
					h.Stop(c.MessageID)
				}
			}
		})
		if m := h.say(h.newChat().ID, "Hello"); m.State != backend.MessageStopped {
			t.Errorf("ends %v", m.State)
		}
	})
}

func TestStopBeforeTheFirstToken(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.bench.turn <- struct{}{}
		c := h.newChat()
		sent := h.send(c.ID, "Hello")
		h.StopChat(c.ID)
		if m := h.wait(sent.Reply.ID); m.State != backend.MessageStopped || m.Text != "" {
			t.Errorf("ends %v: %q", m.State, m.Text)
		}
		<-h.bench.turn
		if m := h.resume(sent.Reply.ID); m.State != backend.MessageComplete {
			t.Errorf("starts over to %v %s", m.State, m.Error)
		}
	})
}

func TestOneReplyPerChatOthersWaitTheirTurn(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		a, b := h.newChat(), h.newChat()
		first := h.send(a.ID, "one")
		if _, err := h.Send(t.Context(), a.ID, SendRequest{Text: "two"}); !errors.Is(err, backend.ErrBusy) {
			t.Errorf("a second message gives %v", err)
		}
		if _, err := h.Regenerate(t.Context(), first.Reply.ID); !errors.Is(err, backend.ErrBusy) {
			t.Errorf("regenerating gives %v", err)
		}
		second := h.send(b.ID, "two")
		time.Sleep(50 * time.Millisecond)
		if p, ok := h.Progress(second.Reply.ID); !ok || p.Phase != event.PhaseQueued {
			t.Errorf("the second reply is %q", p.Phase)
		}
		if got := len(h.Running()); got != 2 {
			t.Errorf("%d replies run", got)
		}
		h.wait(first.Reply.ID)
		if m := h.wait(second.Reply.ID); m.State != backend.MessageComplete {
			t.Errorf("the second ends %v", m.State)
		}
		if len(h.transcript(a.ID)) != 2 {
			t.Error("the refused message was stored")
		}
	})
}

func TestRefusalsStoreNothing(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		refused := func(text string, check func(error) bool) {
			t.Helper()
			if _, err := h.Send(t.Context(), c.ID, SendRequest{Text: text}); !check(err) {
				t.Errorf("%q gives %v", text, err)
			}
			if n := len(h.transcript(c.ID)); n != 0 {
				t.Errorf("%d messages are stored", n)
			}
			if len(h.Running()) != 0 {
				t.Error("a reply runs")
			}
		}
		refused(" \n", func(err error) bool { return errors.Is(err, ErrEmpty) })

		long := strings.Repeat("word ", 400)
		var tooLong *TooLong
		refused(long, func(err error) bool { return errors.As(err, &tooLong) && errors.Is(err, engine.ErrPromptTooLong) })
		if d, err := h.Draft(t.Context(), c.ID); err != nil || d.Text != long {
			t.Errorf("the draft has %d bytes, %v", len(d.Text), err)
		}

		h.ledger.fill(true)
		refused("hello", func(err error) bool { return errors.Is(err, backend.ErrDiskFull) })
		h.ledger.fill(false)

		var unusable *Unusable
		h.bench.models[0].State, h.bench.models[0].Reason = backend.ModelMissing, "the file is not where it was"
		refused("hello", func(err error) bool { return errors.As(err, &unusable) })
		h.bench.models[0].Kind = backend.KindLoRA
		refused("hello", func(err error) bool { return errors.As(err, &unusable) })
		h.bench.models = nil
		refused("hello", func(err error) bool { return errors.Is(err, backend.ErrNoModel) })
	})
}

func TestLongMessageThatFitsIsSent(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		if m := h.say(c.ID, strings.Repeat("word ", 300)); m.State != backend.MessageComplete {
			t.Errorf("ends %v: %s", m.State, m.Error)
		}
	})
}

func TestStopEndsTheCountingOfALongMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.bench.turn <- struct{}{} // the engine is busy, so that counting has to wait
		c := h.newChat()
		long := strings.Repeat("word ", 300)
		sent := make(chan error)
		go func() {
			_, err := h.Send(t.Context(), c.ID, SendRequest{Text: long})
			sent <- err
		}()
		synctest.Wait()
		h.StopChat(c.ID)
		if err := <-sent; !errors.Is(err, context.Canceled) {
			t.Errorf("sending gives %v", err)
		}
		if d, err := h.Draft(t.Context(), c.ID); err != nil || d.Text != long || len(h.transcript(c.ID)) != 0 {
			t.Errorf("the draft has %d bytes, %v", len(d.Text), err)
		}
		<-h.bench.turn
		if m := h.say(c.ID, "Hello"); m.State != backend.MessageComplete {
			t.Errorf("the next message ends %v", m.State)
		}
	})
}

func TestFailedLoadSaysWhy(t *testing.T) {
	for name, tc := range map[string]struct {
		err   error
		state backend.MessageState
		want  string
	}{
		"bad file":   {&backend.BadFile{Path: "/m/x.gguf", Reason: "it is cut off"}, backend.MessageFailed, "The model file cannot be used: it is cut off."},
		"no memory":  {&backend.DoesNotFit{Model: "Big", Forecast: backend.Forecast{Total: 8 << 30, Free: 4 << 30}}, backend.MessageFailed, "Big needs 8.6 GB of memory, and 4.3 GB are free. Close other programs or choose a smaller model."},
		"crash":      {&engine.Crashed{Cause: engine.CauseMemory, GaveUp: true}, backend.MessageInterrupted, "The engine ran out of memory. A smaller model or a shorter context needs less. It has stopped three times in a row now."},
		"own words":  {errors.New("load model x: no such device"), backend.MessageFailed, "Load model x: no such device."},
		"new binary": {engine.ErrOtherBuild, backend.MessageFailed, "Loam was updated while it was running. Start it again to go on."},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, h *house) {
				h.bench.fails = tc.err
				m := h.say(h.newChat().ID, "Hello")
				if m.State != tc.state || m.Error != tc.want {
					t.Errorf("ends %v: %q", m.State, m.Error)
				}
			})
		})
	}
}

func TestRandomSeedIsDrawnAndKept(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		if err := h.SetSampling(t.Context(), c.ID, nil); err != nil {
			t.Fatal(err)
		}
		seeds := map[uint64]bool{}
		m := h.say(c.ID, "Hello")
		for range 3 {
			g, err := h.ledger.Generation(t.Context(), m.ID)
			if err != nil {
				t.Fatal(err)
			}
			if g.Sampling.Seed != h.engine.request(1).Sampling.Seed || g.Sampling.RandomSeed {
				t.Errorf("the record has %+v", g.Sampling)
			}
			seeds[g.Sampling.Seed] = true
			if m, err = h.Regenerate(t.Context(), m.ID); err != nil {
				t.Fatal(err)
			}
			m = h.wait(m.ID)
		}
		if len(seeds) != 3 {
			t.Errorf("3 replies had %d seeds", len(seeds))
		}
	})
}

func TestLoadingAndReadingAreShownAsProgress(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.read = 10 * time.Second
		h.bench.turn <- struct{}{}
		sent := h.send(h.newChat().ID, "Hello")
		synctest.Wait() // until the reply waits for its turn
		h.bus.Publish(event.EngineChanged{ModelID: h.bench.models[0].ID, State: event.EngineLoading, Load: 0.25})
		time.Sleep(time.Second)
		want := event.MessageProgress{ChatID: sent.Reply.ChatID, MessageID: sent.Reply.ID, Phase: event.PhaseLoading, Done: 250, Total: 1000}
		got, _ := h.Progress(sent.Reply.ID)
		if d := cmp.Diff(want, got); d != "" {
			t.Error(d)
		}
		<-h.bench.turn
		time.Sleep(time.Second)
		want.Phase, want.Done, want.Total = event.PhaseReading, 0, len(h.engine.request(1).Prompt)
		got, _ = h.Progress(sent.Reply.ID)
		if d := cmp.Diff(want, got); d != "" || want.Total == 0 {
			t.Error(d)
		}
		h.wait(sent.Reply.ID)
		if _, ok := h.Progress(sent.Reply.ID); ok {
			t.Error("a finished reply has progress")
		}
	})
}

func TestChatsCanBeNamedTrashedAndRestored(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.newChat()
		h.say(c.ID, "# What is *love*\nbaby")
		title := func() string {
			c, err := h.Chat(ctx, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			return c.Title
		}
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		auto := title()
		if auto != "What is *love*" {
			t.Errorf("is called %q", auto)
		}
		must(h.Rename(ctx, c.ID, "  My \n chat "))
		if got := title(); got != "My chat" {
			t.Errorf("is called %q", got)
		}
		must(h.Rename(ctx, c.ID, ""))
		if got := title(); got != auto {
			t.Errorf("is called %q", got)
		}
		sent := h.send(c.ID, "more")
		must(h.Trash(ctx, c.ID))
		if m := h.wait(sent.Reply.ID); m.State != backend.MessageStopped {
			t.Errorf("the reply ends %v", m.State)
		}
		if list, err := h.Chats(ctx); err != nil || len(list) != 0 {
			t.Errorf("%d chats, %v", len(list), err)
		}
		if list, err := h.Trashed(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d in the trash, %v", len(list), err)
		}
		must(h.Restore(ctx, c.ID))
		if list, err := h.Chats(ctx); err != nil || len(list) != 1 {
			t.Errorf("%d chats, %v", len(list), err)
		}
	})
}
