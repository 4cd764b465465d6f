//go:build window

package windowtest

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/store"
)

// History reads a data folder beside the running program.
type History struct {
	t testing.TB
	s *store.Store
}

// history opens the database of a data folder; it must exist.
func history(t testing.TB, data string) History {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: databasePath(t, data)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return History{t, s}
}

// databasePath waits for the database of a data folder.
func databasePath(t testing.TB, data string) (path string) {
	t.Helper()
	until(t, "the database", func() bool {
		found, _ := filepath.Glob(filepath.Join(data, "*", "loam.db"))
		more, _ := filepath.Glob(filepath.Join(data, "loam.db"))
		if found = append(found, more...); len(found) == 0 {
			return false
		}
		path = found[0]
		return true
	})
	return path
}

// makeNewer marks a closed database as written by a later version of the program.
func makeNewer(t testing.TB, path string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "PRAGMA user_version = 9999"); err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), "PRAGMA journal_mode=DELETE"); err != nil {
		t.Fatal(err)
	}
}

// messages are the messages of all chats, newest chat first, each chat along its shown path.
func (h History) messages() (ms []backend.Message) {
	h.t.Helper()
	chats, err := h.s.Chats(h.t.Context(), store.ChatQuery{Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	for _, c := range chats {
		p, err := h.s.Path(h.t.Context(), c.ID)
		if err != nil {
			h.t.Fatal(err)
		}
		ms = append(ms, p...)
	}
	return ms
}

// reply is the newest reply of the model.
func (h History) reply() (backend.Message, bool) {
	h.t.Helper()
	var last backend.Message
	for _, m := range h.messages() {
		if m.Role == backend.RoleAssistant && m.ID > last.ID {
			last = m
		}
	}
	return last, last.ID != 0
}

// text is the text of one message.
func (h History) text(id int64) backend.Message {
	h.t.Helper()
	m, err := h.s.Message(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

// intact fails unless SQLite finds the file whole.
func (h History) intact() {
	h.t.Helper()
	if err := h.s.IntegrityCheck(h.t.Context()); err != nil {
		h.t.Errorf("integrity check: %v", err)
	}
}

// prefix fails unless a text begins with what was there before.
func prefix(t testing.TB, before, now string) {
	t.Helper()
	if !strings.HasPrefix(now, before) {
		t.Errorf("text was lost:\nbefore %q\nnow    %q", before, now)
	}
}
