package library_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

// split cuts a chat model into three parts the way converters do.
func split(t *testing.T, dir string, parts ...int) []string {
	t.Helper()
	paths := make([]string, 3)
	for i := range 3 {
		g := modelfiletest.NewGGUF().Tensor(fmt.Sprintf("blk.%d.ffn_up.weight", i), modelfiletest.F32, nil, 32, 32)
		if i == 0 {
			g = modelfiletest.Chat()
		}
		g.Set("split.no", uint32(i)).Set("split.count", uint32(3))
		paths[i] = filepath.Join(dir, fmt.Sprintf("Big-%05d-of-00003.gguf", i+1))
		for _, p := range parts {
			if p == i+1 {
				modelfiletest.Write(t, dir, filepath.Base(paths[i]), g.Bytes())
			}
		}
	}
	return paths
}

func TestSplitModelIsOneModel(t *testing.T) {
	f := open(t)
	paths := split(t, f.abroad, 1, 2, 3)
	m, err := f.Add(t.Context(), paths[1], library.AddOptions{}) // any part leads to it
	if err != nil {
		t.Fatal(err)
	}
	var all []byte
	for _, p := range paths {
		b, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	if m.Path != paths[0] || m.SizeBytes != int64(len(all)) || m.SHA256 != sum(all) || m.State != backend.ModelUnverified {
		t.Errorf("%s of %d bytes, %s, hash %.8s; want %s, %d, unverified, %.8s", m.Path, m.SizeBytes, m.State, m.SHA256, paths[0], len(all), sum(all))
	}
	got, err := f.AddFolder(t.Context(), f.abroad, library.AddOptions{})
	if err != nil || len(got.Models) != 1 || got.Models[0].ID != m.ID {
		t.Errorf("the folder holds %+v, %v; want that one model", got, err)
	}
	if err := os.Remove(paths[2]); err != nil {
		t.Fatal(err)
	}
	if err := f.Recheck(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelIncomplete || got.Reason != "part 3 of 3 is not beside it" {
		t.Errorf("after a part went: %s, %q", got.State, got.Reason)
	}
}

func TestSplitModelWithMissingParts(t *testing.T) {
	f := open(t)
	paths := split(t, f.abroad, 1)
	m, err := f.Add(t.Context(), paths[0], library.AddOptions{})
	if err != nil || m.State != backend.ModelIncomplete || m.Reason != "parts 2 and 3 of 3 are not beside it" {
		t.Fatalf("%s, %q, %v; want incomplete", m.State, m.Reason, err)
	}
	split(t, f.abroad, 2, 3)
	again, err := f.Add(t.Context(), paths[2], library.AddOptions{})
	if err != nil || again.ID != m.ID || again.State != backend.ModelUnverified {
		t.Errorf("completed: model %d, %s, %v; want %d, unverified", again.ID, again.State, err, m.ID)
	}
	alone := filepath.Join(f.owned, "Big-00002-of-00003.gguf")
	if err := os.Rename(paths[1], alone); err != nil {
		t.Fatal(err)
	}
	var bad *backend.BadFile
	if _, err := f.Add(t.Context(), alone, library.AddOptions{}); !errors.As(err, &bad) || !strings.Contains(bad.Reason, "part 2 of 3") {
		t.Errorf("a later part alone gave %v", err)
	}
}

// long is a chat model with a tail of zeros, which takes no room on disk, and its hash.
func long(t *testing.T, dir string) (path, hash string) {
	t.Helper()
	data := modelfiletest.Chat().Bytes()
	path = modelfiletest.Write(t, dir, "long.gguf", data)
	if err := os.Truncate(path, longBytes); err != nil {
		t.Fatal(err)
	}
	return path, sum(append(data, make([]byte, longBytes-len(data))...))
}

const longBytes = 40 << 20

func TestLargeFilesAreHashedInTheBackground(t *testing.T) {
	f := open(t, func(d *library.Deps) { d.Small = 1 })
	path, hash := long(t, f.abroad)
	m, err := f.Add(t.Context(), path, library.AddOptions{})
	if err != nil || m.SHA256 != "" {
		t.Fatalf("hash %q, %v; want none yet", m.SHA256, err)
	}
	wait(t, "the hash is known", func() bool { return f.get(t, m.ID).SHA256 != "" })
	if got := f.get(t, m.ID).SHA256; got != hash {
		t.Errorf("hash %s, want %s", got, hash)
	}
	if !f.bus.has(event.ModelProgress{ModelID: m.ID, Done: longBytes, Total: longBytes}) {
		t.Error("nobody was told how far it was")
	}
	wait(t, "hashing ended", func() bool { _, busy := f.Hashing(m.ID); return !busy })
}

// stopper cancels when hashing came to a place, and notes where it went on.
type stopper struct {
	recorder
	at     int64
	cancel context.CancelFunc
	first  int64
}

func (s *stopper) Publish(e event.Event) {
	p, ok := e.(event.ModelProgress)
	if !ok {
		return
	}
	if s.first == 0 {
		s.first = p.Done
	}
	if p.Done >= s.at {
		s.cancel()
	}
}

func TestStoppedHashingGoesOnWhereItEnded(t *testing.T) {
	bus := &stopper{}
	f := open(t, func(d *library.Deps) { d.Passive, d.Small, d.Bus = true, 1, bus })
	path, hash := long(t, f.abroad)
	m, err := f.Add(t.Context(), path, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ from, stopAt int64 }{{0, 20 << 20}, {20 << 20, 39 << 20}} {
		ctx, cancel := context.WithCancel(t.Context())
		bus.at, bus.cancel, bus.first = step.stopAt, cancel, 0
		if _, err := f.SHA256(ctx, m.ID); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped at %d: %v", step.stopAt, err)
		}
		if want := step.from + 1<<20; bus.first != want {
			t.Errorf("began with byte %d, want %d", bus.first, want)
		}
	}
	bus.at = 1 << 60
	if got, err := f.SHA256(t.Context(), m.ID); err != nil || got != hash {
		t.Errorf("hash %s, %v; want %s", got, err, hash)
	}
	if got := f.get(t, m.ID).SHA256; got != hash {
		t.Errorf("stored %s, want %s", got, hash)
	}
}

func TestClosingStopsHashing(t *testing.T) {
	f := open(t, func(d *library.Deps) { d.Passive, d.Small = true, 1 })
	path, hash := long(t, f.abroad)
	m, err := f.Add(t.Context(), path, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f.deps.Passive = false
	for range 5 {
		if err := library.New(f.deps).Close(); err != nil {
			t.Fatal(err)
		}
	}
	l := library.New(f.deps)
	wait(t, "the hash is known", func() bool { return f.get(t, m.ID).SHA256 != "" })
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if got := f.get(t, m.ID).SHA256; got != hash {
		t.Errorf("hash %s, want %s", got, hash)
	}
}

func TestFileThatChangesIsNotHashed(t *testing.T) {
	f := open(t, func(d *library.Deps) { d.Passive, d.Small = true, 1 })
	path, _ := long(t, f.abroad)
	m, err := f.Add(t.Context(), path, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, longBytes+1); err != nil {
		t.Fatal(err)
	}
	if got, err := f.SHA256(t.Context(), m.ID); err == nil {
		t.Errorf("a changed file has the hash %s", got)
	}
	if got := f.get(t, m.ID); got.State != backend.ModelChanged || got.SHA256 != "" {
		t.Errorf("%s, hash %q; want changed and none", got.State, got.SHA256)
	}
}
