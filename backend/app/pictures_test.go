package app

import (
	"os"
	"path/filepath"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/studio"
)

// TestAPictureFromEndToEnd draws through everything but a real engine: queue, residency, confined child, file, row.
func TestAPictureFromEndToEnd(t *testing.T) {
	dir := t.TempDir()
	folders, err := DefaultFolders(dir)
	if err != nil {
		t.Fatal(err)
	}
	a, err := New(t.Context(), Deps{Folders: folders, Engine: enginetest.Name, Pictures: enginetest.PicturesName, Version: "test"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close(t.Context())
	path := enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{Family: "sd1"})
	m, err := a.Store.AddModel(t.Context(), backend.Model{
		Name: "painter", Kind: backend.KindDiffusion, Family: "sd1", Path: path, State: backend.ModelUnverified,
		Shape: backend.ModelShape{HasEncoder: true, HasVAE: true},
	})
	if err != nil {
		t.Fatal(err)
	}
	jobs, err := a.Studio.Enqueue(t.Context(), studio.Request{ModelID: m.ID, Prompt: "a harbour", Width: 64, Height: 64, Steps: 2, CFG: 1, Seed: 4}, 2)
	if err != nil {
		t.Fatal(err)
	}
	for _, j := range jobs {
		if got := a.Studio.Wait(t.Context(), j.ID); got.State != backend.JobDone {
			t.Fatalf("job %d is %s: %s", j.ID, got.State, got.Error)
		}
	}
	ps, err := a.Studio.Pictures(t.Context(), 0, 0)
	if err != nil || len(ps) != 2 {
		t.Fatalf("%d pictures, %v", len(ps), err)
	}
	for _, p := range ps {
		if _, err := os.Stat(a.Studio.Path(p)); err != nil || filepath.Dir(a.Studio.Path(p)) != folders.Pictures {
			t.Errorf("%s: %v", a.Studio.Path(p), err)
		}
	}
	if m, err = a.Library.Get(t.Context(), m.ID); err != nil || m.State != backend.ModelReady {
		t.Errorf("after a picture the model is %s, %v", m.State, err)
	}
	if d, err := a.Library.Default(t.Context()); err == nil && d.ID == m.ID {
		t.Error("a picture model became the default chat model")
	}
}
