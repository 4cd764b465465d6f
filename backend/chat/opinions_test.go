package chat

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func TestAThumbIsKeptWithTheReply(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		sent := h.send(c.ID, "question")
		if err := h.Rate(t.Context(), sent.Reply.ID, backend.ThumbsUp); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("a reply that is being written was rated: %v", err)
		}
		h.wait(sent.Reply.ID)
		for _, r := range []backend.Rating{backend.ThumbsUp, backend.ThumbsDown, backend.Unrated} {
			if err := h.Rate(t.Context(), sent.Reply.ID, r); err != nil {
				t.Fatal(err)
			}
			if got := h.transcript(c.ID)[1].Rating; got != r {
				t.Errorf("rated %d, want %d", got, r)
			}
		}
		if err := h.Rate(t.Context(), sent.User.ID, backend.ThumbsUp); err == nil {
			t.Error("a person's message was rated")
		}
	})
}

// A reply in a person's words stands beside the model's, and nothing is written anew.
func TestAnEditedReplyStandsBesideTheOld(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		c := h.newChat()
		a := h.say(c.ID, "question")
		h.say(c.ID, "and more")
		asked := len(h.bench.needed())
		got, err := h.Edit(ctx, a.ID, "my words\x00")
		if err != nil {
			t.Fatal(err)
		}
		texts, places := h.shown(c.ID)
		if d := cmp.Diff([]string{"question", "my words\uFFFD"}, texts); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([][2]int{{1, 1}, {2, 2}}, places); d != "" {
			t.Error(d)
		}
		if m := got.Reply; !m.Usage.Edited || m.ModelName != a.ModelName || m.State != backend.MessageComplete {
			t.Errorf("stored: %+v", m)
		}
		if n := len(h.bench.needed()); n != asked {
			t.Error("an engine was asked for it")
		}
		if _, err := h.Edit(ctx, a.ID, " \n"); !errors.Is(err, ErrEmpty) {
			t.Errorf("an empty reply: %v", err)
		}
		next := h.say(c.ID, "go on") // the conversation goes on below the new words
		if got := h.transcript(c.ID); got[3].ID != next.ID || got[1].Text != "my words\uFFFD" {
			t.Errorf("it goes on as %+v", got)
		}
		sent := h.send(c.ID, "busy")
		if _, err := h.Edit(ctx, a.ID, "x"); !errors.Is(err, backend.ErrBusy) {
			t.Errorf("an edit while a reply is written: %v", err)
		}
		if _, err := h.Edit(ctx, sent.Reply.ID, "x"); err == nil {
			t.Error("a running reply was edited")
		}
		h.wait(sent.Reply.ID)
	})
}
