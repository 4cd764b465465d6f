// Package storetest opens stores for tests of other rooms. The stores are real files in the test's own folder and are
// closed when the test ends. An empty one is a copy of one that was made once: the migrations take longer than most tests.
package storetest

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"loam/store"
)

// New opens an empty store in a folder of the test.
func New(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, filepath.Join(t.TempDir(), "loam.db"))
}

// Open opens the store at path; an empty one where there is none.
func Open(t testing.TB, path string) *store.Store {
	t.Helper()
	Prepare(t, path)
	s, err := store.Open(t.Context(), options(path))
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

// Prepare puts the file of an empty store at path, with its folder, and leaves a file that is there as it is.
func Prepare(t testing.TB, path string) {
	t.Helper()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	file, err := empty()
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o700)
	}
	if err == nil {
		err = os.WriteFile(path, file, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func options(path string) store.Options {
	return store.Options{Path: path, Logger: slog.New(slog.DiscardHandler)}
}

// empty is the file of an empty store.
var empty = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "storetest-*")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	path := filepath.Join(dir, "loam.db")
	s, err := store.Open(context.Background(), options(path))
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
