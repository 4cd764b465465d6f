// Package storetest opens stores for tests of other rooms. The stores are real files in the test's own folder and are
// closed when the test ends.
package storetest

import (
	"log/slog"
	"path/filepath"
	"testing"

	"loam/store"
)

// New opens an empty store in a folder of the test.
func New(t testing.TB) *store.Store {
	t.Helper()
	return Open(t, filepath.Join(t.TempDir(), "loam.db"))
}

// Open opens the store at path.
func Open(t testing.TB, path string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), store.Options{Path: path, Logger: slog.New(slog.DiscardHandler)})
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
