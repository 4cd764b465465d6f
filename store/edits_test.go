package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store/storetest"
)

// An edit that is under way is a draft: it is read back, goes along with its chat, and ends when it is sent.
func TestTheDraftOfAnEditIsKeptUntilItIsSent(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	chat := newChat(t, s)
	first := say(t, s, chat.ID, 0, "first")
	want := backend.Draft{ChatID: chat.ID, Text: "something else", Editing: first.ID, Edited: "first, but better"}
	if err := s.SaveDraft(ctx, want); err != nil {
		t.Fatal(err)
	}
	got, err := s.Draft(ctx, chat.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	tree, err := s.TreeOf(ctx, chat.ID)
	if err != nil {
		t.Fatal(err)
	}
	copied, err := s.AddTree(ctx, tree)
	if err != nil {
		t.Fatal(err)
	}
	got, err = s.Draft(ctx, copied.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(backend.Draft{ChatID: copied.ID, Text: want.Text, Editing: copied.Leaf, Edited: want.Edited}, got); d != "" {
		t.Error(d)
	}
	exchange(t, s, chat.ID, 0, want.Edited+"\n")
	got, err = s.Draft(ctx, chat.ID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(backend.Draft{ChatID: chat.ID, Text: want.Text}, got); d != "" {
		t.Error(d)
	}
}
