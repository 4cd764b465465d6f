package library

import (
	"errors"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"loam/store/storetest"
)

// The other disk is full in the middle of a move, which nobody foresaw: everything is as it was, and with more room it moves.
func TestADiskThatIsFullInTheMiddleOfAMove(t *testing.T) {
	h := newHouse(t, storetest.New(t), t.TempDir(), 4<<20)
	disk := filepath.Dir(h.to)
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=10m"); err != nil {
		t.Skipf("SKIPPED, needs the right to mount a tmpfs (root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(disk, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	l := h.open(t, false) // the disks are really two
	var copied int64
	p, err := l.Move(t.Context(), h.to, func(done, _ int64) { copied = done })
	if room, full := errors.AsType[*NoRoom](err); !full || room.Needed != p.Bytes || p.SameDisk {
		t.Errorf("%+v: %v", p, err)
	}
	if n := h.check(t, l, "full"); n != 0 || l.Folder() != h.from || copied < 8<<20 {
		t.Errorf("%d models moved after %d bytes, the folder is %s", n, copied, l.Folder())
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	l = h.open(t, false)
	h.check(t, l, "opened again")
	if err := unix.Mount("", disk, "", unix.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Move(t.Context(), h.to, nil); err != nil {
		t.Fatal(err)
	}
	if n := h.check(t, l, "moved"); n != 3 {
		t.Errorf("%d models moved", n)
	}
}
