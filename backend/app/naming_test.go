package app

import (
	"testing"
	"time"

	"loam/backend/engine/enginetest"
)

// The whole way: the model is asked while nobody uses the engine, and only the question is read.
func TestAChatGetsItsNameFromTheModel(t *testing.T) {
	a := withModel(t, t.TempDir(), enginetest.Model{Script: "Harbour lights"})
	c := newChat(t, a, seeded(4))
	wait(t, a, send(t, a, c.ID, "Tell me about the harbour at night").ID)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		got, err := a.Chats.Chat(t.Context(), c.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.Title == "Harbour lights" {
			break
		}
		select {
		case <-tick.C:
		case <-t.Context().Done():
			t.Fatalf("it is called %q", got.Title)
		}
	}
	m := wait(t, a, send(t, a, c.ID, "More").ID)
	if u := m.Usage; u.ReusedTokens < u.PromptTokens/2 {
		t.Errorf("the name cost the chat its context: %d of %d tokens were reused", u.ReusedTokens, u.PromptTokens)
	}
}
