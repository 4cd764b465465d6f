package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
)

// A file that may not grow behaves as on a full disk: the write fails in words, nothing is lost, and writing goes on
// when there is room again.
func TestFileThatCannotGrowSaysSo(t *testing.T) {
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	writeUntilFull(t, s, func(limit bool) {
		pages := "1073741823"
		if limit {
			pages = "200"
		}
		if _, err := s.writer.ExecContext(t.Context(), "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	})
}

// writeUntilFull grows a reply until the disk is full, makes room and goes on. Nothing that was acknowledged may miss.
func writeUntilFull(t *testing.T, s *Store, limit func(bool)) {
	t.Helper()
	ctx := t.Context()
	chat, err := s.CreateChat(ctx, backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	_, reply, err := s.AddExchange(ctx, backend.Message{ChatID: chat.ID, Role: backend.RoleUser, Text: "Write a book."},
		backend.Message{Role: backend.RoleAssistant}, backend.Owner{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	limit(true)
	var want strings.Builder
	piece := strings.Repeat("word ", 4000)
	for {
		if _, err = s.AppendReply(ctx, reply.ID, []int32{1}, piece); err != nil {
			break
		}
		want.WriteString(piece)
		if want.Len() > 1<<30 {
			t.Fatal("the disk never became full")
		}
	}
	if !errors.Is(err, backend.ErrDiskFull) {
		t.Fatalf("got %v", err)
	}
	if m, err := s.Message(ctx, reply.ID); err != nil || m.Text != want.String() {
		t.Fatalf("on the full disk: %d bytes instead of %d, %v", len(m.Text), want.Len(), err)
	}
	limit(false)
	m, err := s.FinishReply(ctx, reply.ID, Finish{State: backend.MessageComplete, Text: "The end."})
	if err != nil {
		t.Fatal(err)
	}
	if m.Text != want.String()+"The end." {
		t.Error("words were lost")
	}
	if err := s.IntegrityCheck(ctx); err != nil {
		t.Error(err)
	}
}

func TestReadOnlyFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	for name, prepare := range map[string]func(path string){
		"empty":   func(string) {},
		"used":    func(path string) { fill(t, path) },
		"crashed": func(path string) { leaveLog(t, path) },
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(dir, name, "loam.db")
			if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			prepare(path)
			makeReadOnly(t, filepath.Dir(path))
			_, err := Open(t.Context(), Options{Path: path})
			if !errors.Is(err, backend.ErrReadOnly) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// leaveLog leaves a database with a log, as a kill does.
func leaveLog(t *testing.T, path string) {
	t.Helper()
	other := filepath.Join(t.TempDir(), "loam.db")
	s, err := Open(t.Context(), Options{Path: other})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, end := range []string{"", "-wal"} {
		content, err := os.ReadFile(other + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+end, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
