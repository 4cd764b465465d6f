package chat

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// onward continues a reply and waits for the whole.
func (h *house) onward(id int64) backend.Message {
	h.t.Helper()
	m, err := h.Continue(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return h.wait(m.ID)
}

func TestAReplyAtItsLimitContinuesAsIfThereWereNone(t *testing.T) {
	want := uninterrupted(t)
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.newChat()
		if err := h.SetSampling(ctx, c.ID, &backend.Sampling{Seed: 7, MaxTokens: 15}); err != nil {
			t.Fatal(err)
		}
		m := h.say(c.ID, "Tell me a story")
		if m.Stop != backend.StopLength || !strings.HasPrefix(want, m.Text) {
			t.Fatalf("ends %v with %q", m.Stop, m.Text)
		}
		for range 2 { // to 30 tokens, then to the end
			next := h.onward(m.ID)
			if next.ID == m.ID || next.Parent != m.Parent || !strings.HasPrefix(next.Text, m.Text) || len(next.Text) <= len(m.Text) {
				t.Fatalf("%q is continued by %q", m.Text, next.Text)
			}
			if d := cmp.Diff(&backend.ReplyStart{Tokens: len(strings.Fields(m.Text)), Bytes: len(m.Text)}, next.Usage.Begun); d != "" {
				t.Error(d)
			}
			m = next
		}
		if d := cmp.Diff(want, m.Text); d != "" {
			t.Error(d)
		}
		if _, places := h.shown(c.ID); places[1] != [2]int{3, 3} {
			t.Errorf("the versions are %v", places)
		}
	})
}

func TestAReplyThatEndedGoesOnWithAnotherSeed(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		m := h.say(c.ID, "Tell me a story")
		h.engine.set(func() { h.engine.length = 60 })
		next := h.onward(m.ID)
		q := h.engine.request(1)
		if q.Sampling.Seed == 7 || len(q.Reply) != 40 {
			t.Errorf("seed %d, %d tokens given", q.Sampling.Seed, len(q.Reply))
		}
		if next.State != backend.MessageComplete || !strings.HasPrefix(next.Text, m.Text) || next.Note != "" {
			t.Errorf("%v %q: %q", next.State, next.Note, next.Text)
		}
	})
}

// What a person made of a reply is continued from those words, by the chat's model, and survives a death on the way.
func TestAnEditedReplyContinuesFromItsWords(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.newChat()
		m := h.say(c.ID, "Tell me a story")
		sent, err := h.Edit(ctx, m.ID, "My own words")
		if err != nil {
			t.Fatal(err)
		}
		h.engine.set(func() { h.engine.dieAfter = 5 })
		next := h.onward(sent.Reply.ID)
		if next.State != backend.MessageInterrupted {
			t.Fatalf("ends %v", next.State)
		}
		h.engine.set(func() { h.engine.dieAfter = -1 })
		next = h.resume(next.ID)
		if next.State != backend.MessageComplete || !strings.HasPrefix(next.Text, "My own words") || next.Note != "" || next.Usage.Edited {
			t.Errorf("%v %q: %q", next.State, next.Note, next.Text)
		}
		if d := cmp.Diff(&backend.ReplyStart{Tokens: 3, Bytes: len("My own words")}, next.Usage.Begun); d != "" {
			t.Error(d)
		}
		if got := h.stored(sent.Reply.ID).Text; got != "My own words" {
			t.Errorf("the edited reply is %q now", got)
		}
	})
}

func TestOnlyWholeRepliesContinue(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.dieAfter = 3
		c := h.newChat()
		sent := h.send(c.ID, "Hello")
		h.wait(sent.Reply.ID)
		for _, id := range []int64{sent.User.ID, sent.Reply.ID} {
			if _, err := h.Continue(t.Context(), id); !errors.Is(err, ErrWhole) {
				t.Errorf("message %d: %v", id, err)
			}
		}
	})
}

func TestAChatGoesOnFromAnyReplyAndBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.engine.length = 3
		c := h.newChat()
		first := h.say(c.ID, "first question")
		last := h.say(c.ID, "second question")
		whole, _ := h.shown(c.ID)
		if err := h.GoBack(ctx, first.ID); err != nil {
			t.Fatal(err)
		}
		if texts, _ := h.shown(c.ID); !cmp.Equal(whole[:2], texts) {
			t.Errorf("shows %q", texts)
		}
		if n, err := h.Follows(ctx, first.ID); n != 1 || err != nil {
			t.Errorf("%d versions follow, %v", n, err)
		}
		if n, err := h.Follows(ctx, last.ID); n != 0 || err != nil {
			t.Errorf("%d versions follow the last, %v", n, err)
		}
		if err := h.GoOn(ctx, first.ID); err != nil {
			t.Fatal(err)
		}
		if texts, _ := h.shown(c.ID); !cmp.Equal(whole, texts) {
			t.Errorf("shows %q", texts)
		}
		if err := h.GoBack(ctx, first.ID); err != nil {
			t.Fatal(err)
		}
		h.say(c.ID, "another question")
		if texts, places := h.shown(c.ID); texts[2] != "another question" || places[2] != [2]int{2, 2} {
			t.Errorf("shows %q, %v", texts, places)
		}
	})
}
