package library_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

// files lists what lies in a folder and below.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			rel, _ := filepath.Rel(dir, path) // it lies below
			list = append(list, rel)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestKeptFileOutlivesTheOriginal(t *testing.T) {
	f := open(t)
	data := chat("Alpha")
	path := modelfiletest.Write(t, f.abroad, "Alpha-Q8_0.gguf", data)
	m, err := f.Add(t.Context(), path, library.AddOptions{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	want := filepath.Join(f.owned, "Alpha-Q8_0.gguf")
	if m.Path != want || !m.Owned {
		t.Fatalf("it lies at %s (owned %v), want %s", m.Path, m.Owned, want)
	}
	if again, err := f.Add(t.Context(), path, library.AddOptions{Keep: true}); err != nil || again.ID != m.ID {
		t.Errorf("added again as %d, %v; want %d", again.ID, err, m.ID)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(want)
	if err != nil || string(got) != string(data) || f.get(t, m.ID).State != backend.ModelUnverified {
		t.Errorf("without the original: %s, %v", f.get(t, m.ID).State, err)
	}
}

func TestKeptFilesNeverTakeTheNameOfAnother(t *testing.T) {
	f := open(t)
	first, err := f.Add(t.Context(), modelfiletest.Write(t, f.abroad, "model.gguf", chat("Alpha")), library.AddOptions{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(f.abroad, "sub")
	if err := os.Mkdir(sub, 0o700); err != nil {
		t.Fatal(err)
	}
	second, err := f.Add(t.Context(), modelfiletest.Write(t, sub, "model.gguf", chat("Beta")), library.AddOptions{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	if first.Path == second.Path || !second.Owned {
		t.Errorf("%s and %s (owned %v)", first.Path, second.Path, second.Owned)
	}
	if diff := cmp.Diff([]string{filepath.Join(filepath.Base(filepath.Dir(second.Path)), "model.gguf"), "model.gguf"}, files(t, f.owned)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestBlobWithoutANameGetsAReadableOne(t *testing.T) {
	f := open(t)
	blob := modelfiletest.Write(t, f.abroad, "sha256-00ff", chat("Alpha"))
	link := filepath.Join(f.abroad, "alpha.gguf")
	if err := os.Symlink(blob, link); err != nil {
		t.Fatal(err)
	}
	m, err := f.Add(t.Context(), link, library.AddOptions{Keep: true})
	if err != nil || filepath.Base(m.Path) != "alpha.gguf" {
		t.Errorf("kept as %s, %v; want the link's name", m.Path, err)
	}
	other := modelfiletest.Write(t, f.abroad, "sha256-11ff", chat("Beta"))
	m, err = f.Add(t.Context(), other, library.AddOptions{Keep: true, Name: "Beta/../7B"})
	if err != nil || filepath.Base(m.Path) != "Beta..7B.gguf" || filepath.Dir(m.Path) != f.owned {
		t.Errorf("kept as %s, %v; want a name made of the model's", m.Path, err)
	}
}

func TestCopyIsWholeHashedAndLeavesTheOriginal(t *testing.T) {
	f := open(t, func(d *library.Deps) { d.Small = 1 })
	data := chat("Alpha")
	m := f.add(t, f.abroad, "a.gguf", data)
	c, err := f.Copy(t.Context(), m.ID)
	if err != nil {
		t.Fatal(err)
	}
	if c.Path != filepath.Join(f.owned, "a.gguf") || !c.Owned || c.SHA256 != sum(data) || c.State != backend.ModelUnverified {
		t.Errorf("copied to %s: owned %v, hash %q, %s", c.Path, c.Owned, c.SHA256, c.State)
	}
	if _, err := os.Stat(m.Path); err != nil {
		t.Errorf("the original: %v", err)
	}
	if got, err := f.Find(t.Context(), m.Path); err != nil || got.ID != m.ID {
		t.Errorf("called by the original's path it is model %d, %v; want %d", got.ID, err, m.ID)
	}
	if got, err := f.Find(t.Context(), f.abroad); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("called by a folder's path it is model %d, %v", got.ID, err)
	}
	if !f.bus.has(event.ModelCopied{ModelID: m.ID, Over: true}) ||
		!f.bus.has(event.ModelCopied{ModelID: m.ID, Done: int64(len(data)), Total: int64(len(data))}) {
		t.Error("its progress was not told")
	}
	if err := f.Recheck(t.Context()); err != nil || f.get(t, m.ID).State != backend.ModelUnverified {
		t.Errorf("checked again: %s, %v", f.get(t, m.ID).State, err)
	}
}

func TestCopyThatIsCancelledOrHasNoRoomLeavesNothing(t *testing.T) {
	f := open(t, func(d *library.Deps) {
		d.Free = func(string) int64 { return 300 << 20 }
	})
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Copy(ctx, m.ID); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	huge := filepath.Join(f.abroad, "huge.gguf")
	modelfiletest.Write(t, f.abroad, "huge.gguf", modelfiletest.Chat().Set("general.name", "Huge").Bytes())
	if err := os.Truncate(huge, 400<<20); err != nil {
		t.Fatal(err)
	}
	h, err := f.Add(t.Context(), huge, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	var room *library.NoRoom
	if _, err := f.Copy(t.Context(), h.ID); !errors.As(err, &room) || room.Needed != h.SizeBytes {
		t.Errorf("no room: %v", err)
	}
	if left := files(t, f.owned); len(left) != 0 {
		t.Errorf("left behind: %q", left)
	}
	if got := f.get(t, m.ID); got.Path != m.Path || got.Owned {
		t.Errorf("the entry moved to %s", got.Path)
	}
}

func TestRestsOfACopyAreSweptAway(t *testing.T) {
	f := open(t)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	rest := modelfiletest.Write(t, f.owned, "a.gguf.loam-part", []byte("half"))
	fresh := modelfiletest.Write(t, f.owned, "b.gguf.loam-part", []byte("half"))
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(rest, old, old); err != nil {
		t.Fatal(err)
	}
	f.Library = library.New(f.deps)
	if diff := cmp.Diff([]string{filepath.Base(fresh)}, files(t, f.owned)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestFileThatWasOnlyTouchedComesBackByItself(t *testing.T) {
	f := open(t)
	m := f.add(t, f.abroad, "a.gguf", chat("Alpha"))
	wait(t, "the hash is known", func() bool { return f.get(t, m.ID).SHA256 != "" })
	if err := f.MarkVerified(t.Context(), m.ID); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(m.Path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	wait(t, "it is ready again", func() bool { return f.get(t, m.ID).State == backend.ModelReady })
	if err := f.Recheck(t.Context()); err != nil || f.get(t, m.ID).State != backend.ModelReady {
		t.Errorf("it does not stay: %s, %v", f.get(t, m.ID).State, err)
	}
}

func TestWriteThroughAHardLinkIsNoticed(t *testing.T) {
	f := open(t)
	path := modelfiletest.Write(t, f.abroad, "a.gguf", chat("Alpha"))
	m, err := f.Add(t.Context(), path, library.AddOptions{Keep: true})
	if err != nil {
		t.Fatal(err)
	}
	wait(t, "the hash is known", func() bool { return f.get(t, m.ID).SHA256 != "" })
	file, err := os.OpenFile(m.Path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.WriteAt([]byte{1, 2, 3}, m.SizeBytes-3); err != nil {
		t.Fatal(err)
	}
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Minute) // whatever the clock of the disk is worth
	if err := os.Chtimes(m.Path, later, later); err != nil {
		t.Fatal(err)
	}
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelChanged || !strings.Contains(got.Reason, "written to") {
		t.Errorf("%s, %q", got.State, got.Reason)
	}
}

func TestMissingPartsThatArriveCompleteTheModel(t *testing.T) {
	f := open(t)
	part := func(no uint32) []byte {
		g := modelfiletest.Chat().Set("split.no", no).Set("split.count", uint32(2))
		return g.Bytes()
	}
	m := f.add(t, f.abroad, "m-00001-of-00002.gguf", part(0))
	if m.State != backend.ModelIncomplete {
		t.Fatalf("with one part of two: %s", m.State)
	}
	modelfiletest.Write(t, f.abroad, "m-00002-of-00002.gguf", part(1))
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelUnverified || got.SizeBytes <= m.SizeBytes {
		t.Errorf("with both parts: %s, %q, %d bytes", got.State, got.Reason, got.SizeBytes)
	}
}
