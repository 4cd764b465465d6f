package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store/storetest"
)

func TestAChatAndAReplyKeepTheirAdapters(t *testing.T) {
	s := storetest.New(t)
	want := []backend.AdapterUse{{ModelID: 7, Weight: 0.8}, {ModelID: 9, Weight: -0.5, Off: true}}
	c, err := s.CreateChat(t.Context(), backend.Chat{Adapters: want})
	if err != nil || cmp.Diff(want, c.Adapters) != "" {
		t.Fatalf("%+v, %v", c.Adapters, err)
	}
	c.Adapters = want[:1]
	if err := s.UpdateChat(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	if c, err = s.Chat(t.Context(), c.ID); err != nil || cmp.Diff(want[:1], c.Adapters) != "" {
		t.Errorf("%+v, %v", c.Adapters, err)
	}
	_, reply, err := s.AddExchange(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "hi"},
		backend.Message{ChatID: c.ID, Role: backend.RoleAssistant, State: backend.MessageRunning}, backend.Owner{PID: 1, Started: 1, Boot: "b"})
	if err != nil {
		t.Fatal(err)
	}
	refs := []backend.AdapterRef{{ModelRef: backend.ModelRef{ID: 7, Name: "pirate", SHA256: "aa"}, Weight: 0.8}}
	if err := s.RecordPrompt(t.Context(), backend.Generation{MessageID: reply.ID, Prompt: []int32{1}, Cuts: []int{1}, Adapters: refs}); err != nil {
		t.Fatal(err)
	}
	if g, err := s.Generation(t.Context(), reply.ID); err != nil || cmp.Diff(refs, g.Adapters) != "" {
		t.Errorf("%+v, %v", g.Adapters, err)
	}
}
