package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"loam/backend"
)

// manyMessages is a chat that goes in several batches.
func manyMessages(n int) Tree {
	t := Tree{Chat: backend.Chat{Title: "Long", Leaf: int64(n)}, Draft: backend.Draft{Text: "a draft", ScrollMessage: 3}}
	for i := range n {
		role := backend.RoleUser
		if i%2 == 1 {
			role = backend.RoleAssistant
		}
		t.Messages = append(t.Messages, TreeMessage{Message: backend.Message{Parent: int64(i), Role: role, Text: fmt.Sprintf("walrus %d", i)}})
	}
	return t
}

// seesNothing reports what can be seen of a chat that is not complete.
func seesNothing(t *testing.T, s *Store, when string) {
	t.Helper()
	for _, q := range []ChatQuery{{}, {Trash: true}} {
		if list, err := s.Chats(t.Context(), q); err != nil || len(list) != 0 {
			t.Errorf("%s: %v, %v", when, list, err)
		}
	}
	for _, word := range []string{"walrus", "alr"} {
		if hits, err := s.SearchMessages(t.Context(), word, 10); err != nil || len(hits) != 0 {
			t.Errorf("%s: %q is found in %d messages, %v", when, word, len(hits), err)
		}
	}
}

func rowsOf(t *testing.T, s *Store, table string) (n int) {
	t.Helper()
	if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func openAt(t *testing.T, now func() time.Time) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db"), Now: now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestOthersWriteWhileALongChatComesIn(t *testing.T) {
	s := openAt(t, nil)
	tree := manyMessages(6 * treeBatch)
	ctx, stop := context.WithCancel(t.Context())
	wrote := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			if err := s.SetSetting(t.Context(), "other", n); err != nil {
				t.Error(err)
			}
			n++
		}
		wrote <- n
	}()
	c, err := s.AddTree(t.Context(), tree)
	stop()
	if n := <-wrote; n < 3 {
		t.Errorf("somebody else wrote %d times", n)
	}
	if err != nil || c.Title != "Long" || !c.Deleted.IsZero() {
		t.Fatal(c, err)
	}
	path, err := s.Path(t.Context(), c.ID)
	if err != nil || len(path) != len(tree.Messages) || path[len(path)-1].Text != "walrus 2999" {
		t.Fatal(len(path), err)
	}
	if d, err := s.Draft(t.Context(), c.ID); err != nil || d.Text != "a draft" || d.ScrollMessage != path[2].ID {
		t.Error(d, err)
	}
	if hits, err := s.SearchMessages(t.Context(), "walrus", 10); err != nil || len(hits) != 10 {
		t.Error(len(hits), err)
	}
	// What came meanwhile and afterwards has numbers of its own.
	other, err := s.AddTree(t.Context(), manyMessages(2))
	if err != nil {
		t.Fatal(err)
	}
	if list, err := s.Path(t.Context(), other.ID); err != nil || list[0].ID != path[len(path)-1].ID+1 {
		t.Error(list, err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestALongChatThatIsCutOffLeavesNothing(t *testing.T) {
	s := openAt(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	began := make(chan struct{})
	go func() { // as soon as the first messages are there
		defer close(began)
		for rows := 0; rows == 0 && t.Context().Err() == nil; {
			if err := s.reader.QueryRowContext(t.Context(), "SELECT count(*) FROM messages").Scan(&rows); err != nil {
				t.Error(err)
				break
			}
		}
		seesNothing(t, s, "half way")
		cancel()
	}()
	_, err := s.AddTree(ctx, manyMessages(60*treeBatch))
	<-began
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	seesNothing(t, s, "afterwards")
	if m, c := rowsOf(t, s, "messages"), rowsOf(t, s, "chats"); m != 0 || c != 0 {
		t.Errorf("%d messages of %d chats are left", m, c)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhatADeadProcessLeftOfALongChatIsRemoved(t *testing.T) {
	now := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	s := openAt(t, func() time.Time { return now })
	w := treeWriter{s: s, tree: manyMessages(3 * treeBatch), hidden: true}
	err := s.write(t.Context(), "half a chat", func(tx *sql.Tx) error {
		w.tx = tx
		return errors.Join(w.begin(t.Context()), w.part(t.Context(), 0, 2*treeBatch))
	})
	if err != nil {
		t.Fatal(err)
	}
	seesNothing(t, s, "half way")
	purge := func(want int) {
		t.Helper()
		if n, err := s.PurgeTrash(t.Context(), now); n != 0 || err != nil {
			t.Error(n, err)
		}
		if got := rowsOf(t, s, "messages"); got != want {
			t.Errorf("%d messages are left, want %d", got, want)
		}
	}
	now = now.Add(treeAbandoned - time.Second)
	purge(2 * treeBatch) // it may still be coming in
	now = now.Add(2 * time.Second)
	purge(0)
	if got := rowsOf(t, s, "chats"); got != 0 {
		t.Errorf("%d chats are left", got)
	}
}

// A conversation of a thousand messages is one chain of parents.
func TestALongChatIsDeletedForGoodWithoutKeepingOthersWaiting(t *testing.T) {
	s := openAt(t, nil)
	c, err := s.AddTree(t.Context(), manyMessages(4*treeBatch))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.TrashChat(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	wrote := make(chan int)
	go func() {
		n := 0
		for ctx.Err() == nil {
			if err := s.SetSetting(t.Context(), "other", n); err != nil {
				t.Error(err)
			}
			n++
		}
		wrote <- n
	}()
	n, err := s.PurgeTrash(t.Context(), time.Now().Add(time.Hour))
	stop()
	if w := <-wrote; w < 3 {
		t.Errorf("somebody else wrote %d times", w)
	}
	if n != 1 || err != nil {
		t.Error(n, err)
	}
	seesNothing(t, s, "afterwards")
	if m, c := rowsOf(t, s, "messages"), rowsOf(t, s, "chats"); m != 0 || c != 0 {
		t.Errorf("%d messages of %d chats are left", m, c)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}
