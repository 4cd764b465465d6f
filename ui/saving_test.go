package ui

import (
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/storage"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"loam/backend/studio"
)

func TestAskingForAWriterEmptiesNothing(t *testing.T) {
	fakes(t).open(720, 480)
	path := filepath.Join(t.TempDir(), "old.md")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := storage.Writer(storage.NewFileURI(path))
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); string(b) != "old" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
	if w, err = storage.Writer(storage.NewFileURI(path)); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); string(b) != "new" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// A picture is saved over an older file by hand: the dialog asks, the copy fails, and the older file is as it was.
func TestASaveThatFailsLeavesTheOlderFile(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	dir := t.TempDir()
	t.Setenv("HOME", dir)
	jobs, err := f.studio.Enqueue(t.Context(), studio.Request{Prompt: "a fox", Width: 64, Height: 64, Steps: 4}, 1)
	if err != nil {
		t.Fatal(err)
	}
	f.studio.Begin(jobs[0].ID)
	pic := f.finish(jobs[0].ID)
	if err := os.Remove(f.studio.Path(pic)); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "fox.png")
	if err := os.WriteFile(path, []byte("dear old fox"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.pictures.SaveCopy()
	f.answerFiles("fox.png", "Save", "Yes")
	if b, err := os.ReadFile(path); string(b) != "dear old fox" || err != nil {
		t.Errorf("the older file holds %q, %v", b, err)
	}
	if len(f.words()) == 0 {
		t.Error("nothing is said")
	}
}

// answerFiles writes a name into the dialog for files and presses buttons, one after the other.
func (f *fixture) answerFiles(name string, buttons ...string) {
	f.t.Helper()
	written := false
	for _, label := range buttons {
		var found *widget.Button
		for _, o := range f.window.Canvas().Overlays().List() {
			each(o, func(o fyne.CanvasObject) {
				switch o := o.(type) {
				case *widget.Entry:
					if !written {
						o.SetText(name)
						written = true
					}
				case *widget.Button:
					if o.Text == label && o.Visible() {
						found = o
					}
				}
			})
		}
		if found == nil {
			f.t.Fatalf("the dialog has no button %q", label)
		}
		test.Tap(found)
	}
}

// each visits all visible objects under one.
func each(o fyne.CanvasObject, see func(fyne.CanvasObject)) {
	if o == nil || !o.Visible() {
		return
	}
	see(o)
	switch o := o.(type) {
	case *fyne.Container:
		for _, child := range o.Objects {
			each(child, see)
		}
	case fyne.Widget:
		for _, child := range test.WidgetRenderer(o).Objects() {
			each(child, see)
		}
	}
}
