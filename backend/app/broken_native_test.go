//go:build !nonative

package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/library"
	"loam/backend/studio"
)

// clear checks a sentence that a person reads about a file.
func clear(t *testing.T, name, text string) {
	t.Helper()
	if len(text) < 10 || len(text) > 400 || strings.ContainsAny(text, "\n\r\x00\x1b") || strings.Contains(text, "GGML_ASSERT") {
		t.Errorf("%s: %q", name, text)
	}
	t.Logf("%s: %s", name, text)
}

// TestBrokenFilesEndInOneSentence takes every broken file through library, queue and the real engine. What the header gives
// away is refused before, the rest by the engine; nothing ends the program, and what is whole is drawn afterwards.
func TestBrokenFilesEndInOneSentence(t *testing.T) {
	a := openWith(t, Deps{Folders: foldersIn(t, t.TempDir()), LibDir: enginetest.LibDir(t), Window: true})
	if err := a.SetSetting(t.Context(), KeyThreads, 1); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	f, err := tinypicture.Write(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	add := func(path string) (backend.Model, error) {
		return a.Library.Add(t.Context(), path, library.AddOptions{})
	}
	for _, path := range []string{f.T5, f.TAE} {
		if _, err := add(path); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := add(f.Diffusion)
	if err != nil {
		t.Fatal(err)
	}
	draw := func(m backend.Model, loras ...studio.LoRA) backend.Job {
		t.Helper()
		jobs, err := a.Studio.Enqueue(t.Context(), studio.Request{
			ModelID: m.ID, Prompt: "a harbour", Width: 64, Height: 64, Steps: 2, CFG: 1, Seed: 4, LoRAs: loras,
		}, 1)
		if err != nil {
			return backend.Job{State: backend.JobFailed, Error: err.Error()}
		}
		return a.Studio.Wait(t.Context(), jobs[0].ID)
	}
	data, err := os.ReadFile(f.Diffusion)
	if err != nil {
		t.Fatal(err)
	}
	models, err := tinypicture.BrokenModels(data)
	if err != nil {
		t.Fatal(err)
	}
	take := func(b tinypicture.Broken) (backend.Model, bool) {
		path := filepath.Join(dir, b.Name)
		if err := os.WriteFile(path, b.Data, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := add(path)
		var bad *backend.BadFile
		switch {
		case err == nil:
			return m, true
		case !errors.As(err, &bad):
			t.Errorf("%s: %v", b.Name, err)
		default:
			clear(t, b.Name, bad.Reason)
		}
		return m, false
	}
	for _, b := range models {
		m, taken := take(b)
		if taken != (b.Says == "") {
			t.Errorf("%s: taken is %t", b.Name, taken)
		}
		if !taken {
			continue
		}
		if j := draw(m); j.State != backend.JobFailed {
			t.Errorf("%s was drawn with: %s %s", b.Name, j.State, j.Error)
		} else {
			clear(t, b.Name, j.Error)
		}
	}
	for _, b := range tinypicture.BrokenLoRAs() {
		m, taken := take(b)
		if !taken {
			continue
		}
		if j := draw(whole, studio.LoRA{ModelID: m.ID, Weight: 1}); j.State != backend.JobFailed || !strings.Contains(j.Error, b.Says) {
			t.Errorf("%s: %s %q, want %q", b.Name, j.State, j.Error, b.Says)
		} else {
			clear(t, b.Name, j.Error)
		}
	}
	if j := draw(whole); j.State != backend.JobDone {
		t.Errorf("the whole model is %s: %s", j.State, j.Error)
	}
}
