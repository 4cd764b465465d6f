//go:build !nonative

package app

import (
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/event"
	"loam/backend/library"
	"loam/backend/studio"
)

// TestStopWhileOneNodeTakesSeconds stops real pictures whose attention is one graph node of several seconds: weights in the
// full shape of SD 1.5, 768 x 768, no flash attention. Whatever the moment, the job ends as stopped, and the next picture
// is drawn, by another process where the first one did not hear.
func TestStopWhileOneNodeTakesSeconds(t *testing.T) {
	a := openWith(t, Deps{Folders: foldersIn(t, t.TempDir()), LibDir: enginetest.LibDir(t), Window: true})
	if a.PictureEngine() != enginePack {
		t.Fatal("the picture pack is not installed: run make setup once")
	}
	for key, v := range map[string]any{KeyThreads: 1, KeyFlash: "off"} {
		if err := a.SetSetting(t.Context(), key, v); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "sd15.safetensors")
	if err := tinypicture.WriteSD15(path, 1); err != nil {
		t.Fatal(err)
	}
	m, err := a.Library.Add(t.Context(), path, library.AddOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sampling := make(chan int64, 64)
	var ended atomic.Int32
	defer a.Bus.Subscribe(0, func(batch []event.Event) {
		for _, e := range batch {
			switch e := e.(type) {
			case event.JobProgress:
				if e.Phase == "sampling" {
					select {
					case sampling <- e.JobID:
					default:
					}
				}
			case event.EngineChanged:
				if e.State == event.EngineNone {
					ended.Add(1)
				}
			}
		}
	})()
	draw := func(side, steps int) backend.Job {
		t.Helper()
		jobs, err := a.Studio.Enqueue(t.Context(), studio.Request{ModelID: m.ID, Prompt: "a harbour", Width: side, Height: side, Steps: steps, CFG: 1, Seed: 4}, 1)
		if err != nil {
			t.Fatal(err)
		}
		return jobs[0]
	}
	for i := range 4 {
		j := draw(768, 5)
		for id := range sampling {
			if id == j.ID {
				break
			}
		}
		time.Sleep(time.Duration(1+i) * 1300 * time.Millisecond) // somewhere in the step: no event tells of nodes
		began := time.Now()
		if err := a.Studio.Stop(t.Context(), j.ID); err != nil {
			t.Fatal(err)
		}
		if got := a.Studio.Wait(t.Context(), j.ID); got.State != backend.JobStopped {
			t.Fatalf("picture %d ends %s: %s", i, got.State, got.Error)
		}
		t.Logf("stopped after %v", time.Since(began).Round(time.Millisecond))
	}
	last := draw(64, 1)
	if got := a.Studio.Wait(t.Context(), last.ID); got.State != backend.JobDone {
		t.Errorf("the next picture is %s: %s", got.State, got.Error)
	}
	if ended.Load() == 0 {
		t.Error("no node was long enough to need another process: this test proves nothing")
	}
}
