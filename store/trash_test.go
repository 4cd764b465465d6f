package store_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store"
	"loam/store/storetest"
)

// What is purged is gone from the bytes of the files, also what the reply was while it grew.
func TestPurgedWordsAreGoneFromTheDisk(t *testing.T) {
	ctx := t.Context()
	dir := t.TempDir()
	s, err := store.Open(ctx, store.Options{Path: filepath.Join(dir, "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	old, young := newChat(t, s), newChat(t, s)
	for i, chat := range []backend.Chat{old, young} {
		_, reply := exchange(t, s, chat.ID, 0, []string{"my secretquestion", "my openquestion"}[i])
		for range 50 {
			if _, err := s.AppendReply(ctx, reply.ID, []int32{1}, []string{"secretanswer ", "openanswer "}[i]); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := s.FinishReply(ctx, reply.ID, store.Finish{State: backend.MessageComplete}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SaveDraft(ctx, backend.Draft{ChatID: old.ID, Text: "secretdraft"}); err != nil {
		t.Fatal(err)
	}
	if err := s.TrashChat(ctx, old.ID); err != nil {
		t.Fatal(err)
	}
	if n, err := s.PurgeTrash(ctx, time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Fatalf("%d chats went before their time, %v", n, err)
	}
	if n, err := s.PurgeTrash(ctx, time.Now().Add(time.Hour)); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := s.Chat(ctx, old.ID); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("got %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	open := false
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("secret")) {
			t.Errorf("%s still has the secret", filepath.Base(file))
		}
		open = open || bytes.Contains(content, []byte("openanswer"))
	}
	if !open {
		t.Error("the other chat is gone too")
	}
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}

func TestSeveralChatsChangeTogetherOrNotAtAll(t *testing.T) {
	s := storetest.New(t)
	ctx := t.Context()
	a, b := newChat(t, s), newChat(t, s)
	const gone = 1 << 40
	shelf := backend.Shelf{Folder: "Travel", Tags: []string{"family"}}
	for what, do := range map[string]func(ids ...int64) error{
		"trash":   func(ids ...int64) error { return s.TrashChat(ctx, ids...) },
		"restore": func(ids ...int64) error { return s.RestoreChat(ctx, ids...) },
		"shelves": func(ids ...int64) error {
			m := map[int64]backend.Shelf{}
			for _, id := range ids {
				m[id] = shelf
			}
			return s.SetShelves(ctx, m)
		},
	} {
		if err := do(a.ID, b.ID, gone); !errors.Is(err, backend.ErrNotFound) {
			t.Errorf("%s: %v", what, err)
		}
		list, err := s.Chats(ctx, store.ChatQuery{})
		if err != nil || len(list) != 2 || list[0].Shelf.Folder+list[1].Shelf.Folder != "" {
			t.Errorf("%s left %+v, %v", what, list, err)
		}
	}
	if err := s.SetShelves(ctx, map[int64]backend.Shelf{a.ID: shelf, b.ID: shelf}); err != nil {
		t.Fatal(err)
	}
	if err := s.TrashChat(ctx, a.ID, b.ID); err != nil {
		t.Fatal(err)
	}
	if list, err := s.Chats(ctx, store.ChatQuery{}); err != nil || len(list) != 0 {
		t.Errorf("%d chats are left, %v", len(list), err)
	}
	if err := s.RestoreChat(ctx, a.ID, b.ID); err != nil {
		t.Fatal(err)
	}
	list, err := s.Chats(ctx, store.ChatQuery{})
	if err != nil || len(list) != 2 {
		t.Fatal(list, err)
	}
	for _, c := range list {
		if d := cmp.Diff(shelf, c.Shelf); d != "" {
			t.Error(d)
		}
	}
}
