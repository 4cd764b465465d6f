package kvstate

import (
	"errors"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// A full disk costs the new state and nothing else.
func TestFullDiskLeavesTheOlderState(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Skipf("SKIPPED, needs the right to mount a tmpfs (root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	f := folder(dir, 1<<30)
	save(t, f, 3, []byte("old"))
	if err := f.Save(t.Context(), headOf(3), writer(make([]byte, 2<<20))); !errors.Is(err, syscall.ENOSPC) {
		t.Error(err)
	}
	if got := load(t, f, 3); string(got) != "old" || len(files(t, dir)) != 1 {
		t.Errorf("%q, %v", got, files(t, dir))
	}
}
