package store_test

import (
	"path/filepath"
	"slices"
	"testing"

	"loam/backend"
	"loam/store"
)

func TestWhatAnotherProcessChangesIsTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	open := func() *store.Store {
		s, err := store.Open(t.Context(), store.Options{Path: path})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	window, line := open(), open()
	old := newChat(t, window)

	var look store.Look
	told := func(want ...int64) {
		t.Helper()
		next, ids, err := window.ChangedElsewhere(t.Context(), look)
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range want { // what was made or changed here in the meantime may be among them
			if !slices.Contains(ids, id) {
				t.Errorf("chat %d is not among %v", id, ids)
			}
		}
		if len(want) == 0 && len(ids) > 0 {
			t.Errorf("told %v, though nobody else wrote", ids)
		}
		look = next
	}
	told() // the first look only remembers
	told()
	newChat(t, window)
	told() // what this process does itself is no news

	made := newChat(t, line)
	told(made.ID)
	told()
	if _, err := line.AddTree(t.Context(), store.Tree{Chat: backend.Chat{Title: "of 2001", Created: old.Created.AddDate(-20, 0, 0), Updated: old.Created.AddDate(-20, 0, 0)}}); err != nil {
		t.Fatal(err)
	}
	told(made.ID + 1) // old as it is, it is new here
	if err := line.TrashChat(t.Context(), old.ID); err != nil {
		t.Fatal(err)
	}
	told(old.ID)
	told()
}
