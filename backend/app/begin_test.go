package app

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/gofrs/flock"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
)

// heldBy locks a data folder like a window that was killed and is not gone yet: it answers nobody.
func heldBy(t *testing.T, dir string) *flock.Flock {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l := flock.New(filepath.Join(dir, "loam.lock"))
	if ok, err := l.TryLock(); !ok || err != nil {
		t.Fatal(ok, err)
	}
	t.Cleanup(func() { _ = l.Unlock() })
	return l
}

func TestWindowWaitsForOneThatIsGoingDown(t *testing.T) {
	dir := t.TempDir()
	d := Deps{Folders: foldersIn(t, dir), Engine: enginetest.Name, Window: true}
	l := heldBy(t, d.Folders.Data)
	time.AfterFunc(2*lockedAgain, func() { _ = l.Unlock() })
	a, handed, err := Begin(t.Context(), d, nil)
	if err != nil || handed {
		t.Fatal(handed, err)
	}
	if err := a.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWindowSaysThatTheFolderIsHeld(t *testing.T) {
	d := Deps{Folders: foldersIn(t, t.TempDir()), Engine: enginetest.Name, Window: true}
	heldBy(t, d.Folders.Data)
	if _, handed, err := Begin(t.Context(), d, nil); handed || !errors.Is(err, backend.ErrLocked) {
		t.Error(handed, err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(context.DeadlineExceeded)
	if _, handed, err := Begin(ctx, d, nil); handed || err == nil {
		t.Error("a start that was given up goes on", handed, err)
	}
}

func TestSecondWindowGivesItsFilesToTheFirst(t *testing.T) {
	d := Deps{Folders: foldersIn(t, t.TempDir()), Engine: enginetest.Name, Window: true}
	first, handed, err := Begin(t.Context(), d, nil)
	if err != nil || handed {
		t.Fatal(handed, err)
	}
	defer first.Close(context.WithoutCancel(t.Context()))
	got := make(chan []string, 1)
	defer first.Bus.Subscribe(0, func(batch []event.Event) {
		for _, e := range batch {
			if f, ok := e.(event.FilesHanded); ok {
				got <- f.Paths
			}
		}
	})()
	second, handed, err := Begin(t.Context(), d, []string{"/models/a.gguf"})
	if err != nil || !handed || second != nil {
		t.Fatal(handed, err)
	}
	if paths := <-got; !slices.Equal(paths, []string{"/models/a.gguf"}) {
		t.Error(paths)
	}
}
