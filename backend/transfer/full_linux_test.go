package transfer_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"loam/backend"
	"loam/backend/transfer"
)

// A full disk ends an export with words that say so, and leaves what was there and nothing else.
func TestFullDiskLeavesTheOldExport(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED, needs the right to mount a tmpfs (root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	h := newHouse(t)
	for range 4 {
		add(t, h, "long", strings.Repeat("0123456789abcdef", 32<<10))
	}
	old := filepath.Join(dir, "chats.jsonl")
	if err := os.WriteFile(old, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, o := range []transfer.ExportOptions{
		{Format: transfer.JSONL, Path: old},
		{Format: transfer.HTML, Path: filepath.Join(dir, "pages")},
	} {
		if _, err := h.Export(t.Context(), o); !errors.Is(err, backend.ErrDiskFull) {
			t.Error(o.Path, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Error(entries, err)
	}
	if got, err := os.ReadFile(old); string(got) != "old" || err != nil {
		t.Error(string(got), err)
	}
}
