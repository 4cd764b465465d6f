package residency

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
	"loam/backend/worker"
)

// studio is a manager over real children: the fake chat engine and the fake picture engine.
func studio(t *testing.T) (*Manager, Need, Need) {
	t.Helper()
	m := New(Deps{Spec: func(n Need) (worker.Spec, error) {
		if n.Kind == KindPictures {
			return worker.Spec{Engine: enginetest.PicturesName}, nil
		}
		return worker.Spec{Engine: enginetest.Name}, nil
	}})
	t.Cleanup(func() { _ = m.Close() })
	chat := Need{Model: backend.Model{ID: 1, Name: "talker", Path: enginetest.WriteModel(t, t.TempDir(), enginetest.Model{})}}
	path := enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{})
	pictures := Need{Model: backend.Model{ID: 2, Name: "painter", Path: path}, Files: engine.PictureFiles{Checkpoint: path}}
	return m, chat, pictures
}

func drawOne(t *testing.T, m *Manager, n Need) (engine.PictureResult, error) {
	t.Helper()
	im, release, err := m.AcquirePictures(t.Context(), n)
	if err != nil {
		return engine.PictureResult{}, err
	}
	defer release()
	return im.Generate(t.Context(), engine.PictureRequest{Prompt: "x", Width: 64, Height: 64, Steps: 2}, nil)
}

func TestChatAndPicturesShareOnePlace(t *testing.T) {
	m, chat, pictures := studio(t)
	_, release, err := m.Acquire(t.Context(), chat)
	if err != nil {
		t.Fatal(err)
	}
	release()
	talker := m.resident.process
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Fatal(err)
	}
	select {
	case <-talker.Done():
	default:
		t.Error("the language model is still in memory beside the picture model")
	}
	if s := m.State(); s.ModelID != 2 || s.State != event.EngineReady {
		t.Errorf("state %+v", s)
	}
	painter := m.resident.process
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Fatal(err)
	}
	if m.resident.process != painter {
		t.Error("the second picture started another process")
	}
	_, release, err = m.Acquire(t.Context(), chat)
	if err != nil {
		t.Fatal(err)
	}
	release()
	<-painter.Done()
}

func TestMoreToReadStartsAnotherPictureProcess(t *testing.T) {
	m, _, pictures := studio(t)
	dir := t.TempDir()
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Fatal(err)
	}
	first := m.resident.process
	pictures.Reads = []string{dir}
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Fatal(err)
	}
	if m.resident.process == first || !slices.Contains(m.resident.spec.ReadOnly, dir) {
		t.Error("the process was not started again with the new folder")
	}
	second := m.resident.process
	pictures.Reads = nil
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Fatal(err)
	}
	if m.resident.process != second {
		t.Error("a process that may read more than needed was ended")
	}
}

func TestPictureProcessThatDiesIsReplaced(t *testing.T) {
	m, _, pictures := studio(t)
	dir := t.TempDir()
	path := enginetest.WritePictureModel(t, dir, enginetest.PictureModel{DieAt: 1})
	pictures.Model.Path, pictures.Files.Checkpoint = path, path
	var crashed *engine.Crashed
	for i := range maxDeaths {
		_, err := drawOne(t, m, pictures)
		if !errors.As(err, &crashed) {
			t.Fatalf("death %d: %v", i+1, err)
		}
	}
	if _, err := drawOne(t, m, pictures); !errors.As(err, &crashed) || !crashed.GaveUp {
		t.Errorf("after %d deaths: %v", maxDeaths, err)
	}
	enginetest.WritePictureModel(t, filepath.Dir(path), enginetest.PictureModel{})
	m.Retry()
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Errorf("after Retry: %v", err)
	}
}

// TestStopIsNoDeath stops pictures in steps that hear nothing, more often than deaths are forgiven: each takes its process
// along, and the next picture is drawn by a fresh one.
func TestStopIsNoDeath(t *testing.T) {
	m, _, pictures := studio(t)
	m.deps.Spec = func(Need) (worker.Spec, error) {
		return worker.Spec{Engine: enginetest.PicturesName, CancelGrace: 20 * time.Millisecond}, nil
	}
	path := enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{Deaf: true, Only: true, StepMS: 10})
	pictures.Model.Path, pictures.Files.Checkpoint = path, path
	for i := range maxDeaths + 2 {
		im, release, err := m.AcquirePictures(t.Context(), pictures)
		if err != nil {
			t.Fatalf("after %d stops: %v", i, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		_, err = im.Generate(ctx, engine.PictureRequest{Width: 64, Height: 64, Steps: 10_000}, func(engine.PictureProgress) error {
			cancel()
			return nil
		})
		cancel()
		release()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("stop %d: %v", i, err)
		}
	}
	if _, err := drawOne(t, m, pictures); err != nil {
		t.Error(err)
	}
}
