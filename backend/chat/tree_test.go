package chat

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// texts are the texts of a path with the place of each message among its siblings.
func (h *house) shown(chatID int64) (texts []string, places [][2]int) {
	for _, m := range h.transcript(chatID) {
		texts, places = append(texts, m.Text), append(places, [2]int{m.Sibling, m.Siblings})
	}
	return texts, places
}

func TestRegenerateAndEditKeepEveryVersion(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		h.engine.length = 3
		c := h.newChat()
		a1 := h.say(c.ID, "first question")
		a2 := h.say(c.ID, "second question")

		// Another answer to the first question: the second one hangs below the old answer.
		b1, err := h.Regenerate(ctx, a1.ID)
		if err != nil {
			t.Fatal(err)
		}
		b1 = h.wait(b1.ID)
		if b1.State != backend.MessageComplete || b1.Parent != a1.Parent {
			t.Errorf("the new answer is %+v", b1)
		}
		texts, places := h.shown(c.ID)
		if d := cmp.Diff([]string{"first question", b1.Text}, texts); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([][2]int{{1, 1}, {2, 2}}, places); d != "" {
			t.Error(d)
		}

		// Back to the old answer: with what followed it.
		if err := h.ShowSibling(ctx, b1.ID, -1); err != nil {
			t.Fatal(err)
		}
		texts, _ = h.shown(c.ID)
		if d := cmp.Diff([]string{"first question", a1.Text, "second question", a2.Text}, texts); d != "" {
			t.Error(d)
		}

		// Other words for the first question.
		first := h.transcript(c.ID)[0]
		sent, err := h.Edit(ctx, first.ID, "a better question")
		if err != nil {
			t.Fatal(err)
		}
		e1 := h.wait(sent.Reply.ID)
		texts, places = h.shown(c.ID)
		if d := cmp.Diff([]string{"a better question", e1.Text}, texts); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([][2]int{{2, 2}, {1, 1}}, places); d != "" {
			t.Error(d)
		}
		if c, err := h.Chat(ctx, c.ID); err != nil || c.Title != "a better question" {
			t.Errorf("the chat is called %q, %v", c.Title, err)
		}

		// Beyond the ends nothing moves.
		for _, step := range []struct {
			id    int64
			delta int
			want  string
		}{{sent.User.ID, 5, "a better question"}, {sent.User.ID, -5, "first question"}, {first.ID, -1, "first question"}} {
			if err := h.ShowSibling(ctx, step.id, step.delta); err != nil {
				t.Fatal(err)
			}
			if texts, _ := h.shown(c.ID); texts[0] != step.want {
				t.Errorf("%+d from message %d shows %q", step.delta, step.id, texts[0])
			}
		}
	})
}

func TestANamedChatKeepsItsName(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		sent := h.send(c.ID, "first words")
		h.wait(sent.Reply.ID)
		if err := h.Rename(t.Context(), c.ID, "Mine"); err != nil {
			t.Fatal(err)
		}
		edited, err := h.Edit(t.Context(), sent.User.ID, "other words")
		if err != nil {
			t.Fatal(err)
		}
		h.wait(edited.Reply.ID)
		h.say(c.ID, "more words")
		if c, err := h.Chat(t.Context(), c.ID); err != nil || c.Title != "Mine" {
			t.Errorf("the chat is called %q, %v", c.Title, err)
		}
	})
}

func TestRegenerateAnswersAMessageWithoutReply(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		m, err := h.ledger.AddMessage(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "Hello"})
		if err != nil {
			t.Fatal(err)
		}
		reply, err := h.Regenerate(t.Context(), m.ID)
		if err != nil {
			t.Fatal(err)
		}
		if reply = h.wait(reply.ID); reply.State != backend.MessageComplete || reply.Parent != m.ID {
			t.Errorf("the reply is %+v", reply)
		}
	})
}

func TestRepliesSeeTheirOwnPathOnly(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.length = 3
		c := h.newChat()
		a := h.say(c.ID, "one")
		h.say(c.ID, "two")
		if _, err := h.Regenerate(t.Context(), a.ID); err != nil {
			t.Fatal(err)
		}
		h.wait(h.Running()[0])
		want := count(t, h.engine, "", []backend.Message{{Role: backend.RoleUser, Text: "one"}})
		if got := len(h.engine.request(1).Prompt); got != want {
			t.Errorf("the prompt has %d tokens, want %d", got, want)
		}
	})
}
