package chat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
)

func TestCloseLeavesRepliesInterruptedWithTheirWords(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, w := &ledger{Store: newStore(t)}, newWords()
		h := newHouseOn(t, l, w, thisOwner)
		c := h.newChat()
		sent := h.send(c.ID, "Hello")
		time.Sleep(105 * time.Millisecond)
		began := time.Now()
		if err := h.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > time.Second {
			t.Errorf("closing took %v", took)
		}
		m := h.stored(sent.Reply.ID)
		if m.State != backend.MessageInterrupted || len(strings.Fields(m.Text)) != 10 || m.Error != "" {
			t.Errorf("ends %v %q: %q", m.State, m.Error, m.Text)
		}
		if _, err := h.Send(t.Context(), c.ID, SendRequest{Text: "more"}); err == nil {
			t.Error("a closed service takes messages")
		}
		next := newHouseOn(t, l, w, backend.Owner{PID: 2})
		if whole := next.resume(m.ID); whole.State != backend.MessageComplete || !strings.HasPrefix(whole.Text, m.Text) {
			t.Errorf("resumed to %v %q", whole.State, whole.Text)
		}
	})
}

// What an engine that does not answer a stop has told before still counts.
func TestAStopThatTheEngineDoesNotHearKeepsItsCounts(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.deaf, h.engine.reused = true, 2
		sent := h.send(h.newChat().ID, "Hello")
		time.Sleep(105 * time.Millisecond)
		h.Stop(sent.Reply.ID)
		u := h.wait(sent.Reply.ID).Usage
		if u.ReplyTokens != 10 || u.ReusedTokens != 2 || u.PromptTokens < 3 {
			t.Errorf("%+v", u)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_ = h.Close(ctx) // the engine is deaf
	})
}

func TestCloseDoesNotWaitForADeafEngine(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.deaf = true
		sent := h.send(h.newChat().ID, "Hello")
		time.Sleep(105 * time.Millisecond)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := h.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("closing gives %v", err)
		}
		if m := h.stored(sent.Reply.ID); m.State != backend.MessageInterrupted || len(strings.Fields(m.Text)) != 10 {
			t.Errorf("ends %v: %q", m.State, m.Text)
		}
	})
}
