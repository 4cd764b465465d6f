//go:build linux || darwin

package library_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

// exchange renames a file of the same size and time over another.
func exchange(t *testing.T, path string, edit func(b []byte)) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edit(b)
	other := filepath.Join(filepath.Dir(path), "other")
	if err := os.WriteFile(other, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(other, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(other, path); err != nil {
		t.Fatal(err)
	}
}

func TestFileExchangedForOneOfTheSameSizeAndTimeIsNoticed(t *testing.T) {
	f := open(t)
	path := modelfiletest.Write(t, f.abroad, "a.gguf", chat("Alpha"))
	m, err := f.Add(t.Context(), path, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	recheck := func() backend.Model {
		t.Helper()
		if err := f.Recheck(t.Context()); err != nil {
			t.Fatal(err)
		}
		return f.get(t, m.ID)
	}
	before := recheck()
	if before.State == backend.ModelChanged {
		t.Fatalf("an untouched file: %s, %q", before.State, before.Reason)
	}
	wait(t, "the hash is known", func() bool { return f.get(t, m.ID).SHA256 != "" })
	if got := recheck(); got.State != before.State {
		t.Fatalf("an untouched file is %s after it was hashed: %q", got.State, got.Reason)
	}
	exchange(t, m.Path, func(b []byte) { b[len(b)-1] ^= 1 })
	if got := recheck(); got.State != backend.ModelChanged || !strings.Contains(got.Reason, "exchanged") {
		t.Errorf("another file: %s, %q", got.State, got.Reason)
	}
	if got := recheck(); got.State != backend.ModelChanged {
		t.Errorf("another file, looked at again: %s", got.State)
	}
}

// A copy that was put back is what it was: the hash says so.
func TestFileExchangedForItsCopyIsTakenBack(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	before := f.get(t, m.ID)
	wait(t, "the hash is known", func() bool { return f.get(t, m.ID).SHA256 != "" })
	exchange(t, m.Path, func([]byte) {})
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, "it is taken back", func() bool { return f.get(t, m.ID).State == before.State })
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != before.State {
		t.Errorf("it does not stay: %s, %q", got.State, got.Reason)
	}
}
