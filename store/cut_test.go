package store_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

// shown are the texts of what is shown of a chat.
func shown(t *testing.T, s *store.Store, chat int64) (texts []string) {
	t.Helper()
	path, err := s.Path(t.Context(), chat)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range path {
		texts = append(texts, m.Text)
	}
	return texts
}

func TestACutBranchLeavesTheOthersAndComesBack(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	chat := newChat(t, s)
	a := say(t, s, chat.ID, 0, "a")
	b := say(t, s, chat.ID, a.ID, "b")
	say(t, s, chat.ID, b.ID, "b1")
	c := say(t, s, chat.ID, a.ID, "c")
	c1 := say(t, s, chat.ID, c.ID, "c1")
	for _, x := range []struct {
		cut      backend.Message
		messages int
		left     []string
	}{
		{c1, 1, []string{"a", "c"}},
		{c, 2, []string{"a", "b", "b1"}}, // what stands beside it
		{a, 5, nil},
	} {
		cut, err := s.CutBranch(ctx, x.cut.ID, "cut")
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(backend.Cut{ChatID: chat.ID, Message: x.cut.ID, Parent: x.cut.Parent, Leaf: c1.ID, Trash: cut.Trash, Messages: x.messages}, cut); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(x.left, shown(t, s, chat.ID)); d != "" {
			t.Errorf("without %s: %s", x.cut.Text, d)
		}
		trash, err := s.Chats(ctx, store.ChatQuery{Trash: true})
		if err != nil || len(trash) != 1 || trash[0].Title != "cut" || trash[0].Leaf != c1.ID {
			t.Errorf("the trash holds %+v, %v", trash, err)
		}
		if hits, err := s.SearchMessages(ctx, "c1", 10); err != nil || len(hits) != 0 {
			t.Errorf("a search finds %d removed messages, %v", len(hits), err)
		}
		if err := s.MendBranch(ctx, cut); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff([]string{"a", "c", "c1"}, shown(t, s, chat.ID)); d != "" {
			t.Error(d)
		}
		if trash, err := s.Chats(ctx, store.ChatQuery{Trash: true}); err != nil || len(trash) != 0 {
			t.Errorf("the trash holds %d chats, %v", len(trash), err)
		}
		if hits, err := s.SearchMessages(ctx, "c1", 10); err != nil || len(hits) != 1 {
			t.Errorf("a search finds %d messages, %v", len(hits), err)
		}
		if err := s.MendBranch(ctx, cut); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("it came back twice: %v", err)
		}
	}
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}

func TestARunningBranchIsNotCut(t *testing.T) {
	s := storetest.New(t)
	chat := newChat(t, s)
	user, reply := exchange(t, s, chat.ID, 0, "a question")
	for _, id := range []int64{user.ID, reply.ID} {
		if _, err := s.CutBranch(t.Context(), id, "cut"); !errors.Is(err, backend.ErrBusy) {
			t.Errorf("message %d: %v", id, err)
		}
	}
	if n := len(shown(t, s, chat.ID)); n != 2 {
		t.Errorf("%d messages are left", n)
	}
}

// A branch whose place is gone, or which was restored as a chat, does not come back into its chat.
func TestACutBranchThatIsGoneStaysGone(t *testing.T) {
	s, ctx := storetest.New(t), t.Context()
	for name, gone := range map[string]func(cut backend.Cut, above backend.Message) error{
		"purged": func(backend.Cut, backend.Message) error {
			_, err := s.PurgeTrash(ctx, time.Now().Add(time.Hour))
			return err
		},
		"restored": func(cut backend.Cut, _ backend.Message) error { return s.RestoreChat(ctx, cut.Trash) },
		"place removed": func(_ backend.Cut, above backend.Message) error {
			_, err := s.CutBranch(ctx, above.ID, "above")
			return err
		},
	} {
		chat := newChat(t, s)
		a := say(t, s, chat.ID, 0, "a")
		b := say(t, s, chat.ID, a.ID, "b")
		cut, err := s.CutBranch(ctx, b.ID, "cut")
		if err != nil {
			t.Fatal(err)
		}
		if err := gone(cut, a); err != nil {
			t.Fatal(err)
		}
		if err := s.MendBranch(ctx, cut); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		if err := s.IntegrityCheck(ctx); err != nil {
			t.Error(err)
		}
	}
}
