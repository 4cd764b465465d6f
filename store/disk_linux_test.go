package store

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"loam/backend"
)

// mountTmpfs mounts a small file system on dir, or skips the test where that is not allowed.
func mountTmpfs(t *testing.T, dir, size string) {
	t.Helper()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("SKIPPED, needs the right to mount a tmpfs (root): %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
}

// makeReadOnly makes a folder read-only: for root, whom rights do not bind, by a read-only mount of it over itself.
func makeReadOnly(t *testing.T, dir string) {
	t.Helper()
	if os.Geteuid() != 0 {
		if err := os.Chmod(dir, 0o500); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o700) }) //nolint:errcheck // the folder is the test's own
		return
	}
	if err := unix.Mount(dir, dir, "", unix.MS_BIND, ""); err != nil {
		t.Skipf("SKIPPED, root without the right to mount: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := unix.Mount("", dir, "", unix.MS_BIND|unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}

func TestFullDiskSaysSo(t *testing.T) {
	dir := t.TempDir()
	mountTmpfs(t, dir, "4m")
	s, err := Open(t.Context(), Options{Path: filepath.Join(dir, "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	writeUntilFull(t, s, func(limit bool) {
		if limit {
			return
		}
		if err := unix.Mount("", dir, "", unix.MS_REMOUNT, "size=64m"); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFullDiskAtTheFirstStartSaysSo(t *testing.T) {
	for _, size := range []string{"4k", "16k", "64k", "128k"} {
		t.Run(size, func(t *testing.T) {
			dir := t.TempDir()
			mountTmpfs(t, dir, size)
			s, err := Open(t.Context(), Options{Path: filepath.Join(dir, "loam.db")})
			if err == nil {
				s.Close()
			}
			if !errors.Is(err, backend.ErrDiskFull) {
				t.Fatalf("got %v", err)
			}
			if err := unix.Mount("", dir, "", unix.MS_REMOUNT, "size=64m"); err != nil {
				t.Fatal(err)
			}
			fill(t, filepath.Join(dir, "loam.db"))
		})
	}
}

func TestFullDiskAtTheBackupStopsTheMigration(t *testing.T) {
	dir := t.TempDir()
	mountTmpfs(t, dir, "1m")
	path := filepath.Join(dir, "loam.db")
	fill(t, path)
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	for block := make([]byte, 4096); err == nil; {
		_, err = ballast.Write(block)
	}
	if err := ballast.Close(); err != nil {
		t.Fatal(err)
	}
	_, err = open(t.Context(), Options{Path: path}, laterMigrations(t, fakeMigration))
	if !errors.Is(err, backend.ErrDiskFull) {
		t.Fatalf("got %v", err)
	}
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	if got := titles(t, path); len(got) != 1 || got[0] != "Kept" {
		t.Errorf("got %q", got)
	}
}
