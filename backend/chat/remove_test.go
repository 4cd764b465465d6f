package chat

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func TestARemovedMessageTakesWhatFollowsAlongAndComesBack(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.engine.length = 3
		c := h.newChat()
		first := h.say(c.ID, "first question")
		h.say(c.ID, "second question")
		before, _ := h.shown(c.ID)

		cut, err := h.Remove(ctx, first.ID)
		if err != nil {
			t.Fatal(err)
		}
		if texts, _ := h.shown(c.ID); cut.Messages != 3 || !cmp.Equal([]string{"first question"}, texts) {
			t.Errorf("%d messages went, %q are left", cut.Messages, texts)
		}
		if err := h.Unremove(ctx, cut); err != nil {
			t.Fatal(err)
		}
		after, _ := h.shown(c.ID)
		if d := cmp.Diff(before, after); d != "" {
			t.Error(d)
		}

		// A version of a reply leaves the other one, and the chat goes on below it.
		again, err := h.Regenerate(ctx, first.ID)
		if err != nil {
			t.Fatal(err)
		}
		h.wait(again.ID)
		if _, err := h.Remove(ctx, again.ID); err != nil {
			t.Fatal(err)
		}
		if texts, places := h.shown(c.ID); !cmp.Equal(before, texts) || places[1] != [2]int{1, 1} {
			t.Errorf("%q, %v", texts, places)
		}
		if m := h.say(c.ID, "third question"); m.State != backend.MessageComplete {
			t.Errorf("after a removal it ends %v %q", m.State, m.Error)
		}
	})
}

func TestNothingIsRemovedWhileAReplyIsWritten(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		old := h.say(c.ID, "a question")
		sent := h.send(c.ID, "another")
		for _, id := range []int64{old.ID, sent.Reply.ID} {
			if _, err := h.Remove(t.Context(), id); !errors.Is(err, backend.ErrBusy) {
				t.Errorf("message %d: %v", id, err)
			}
		}
		h.wait(sent.Reply.ID)
	})
}
