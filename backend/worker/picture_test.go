package worker_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

func openPictures(t *testing.T, m enginetest.PictureModel) *worker.Pictures {
	t.Helper()
	p, err := worker.OpenPictures(t.Context(), enginetest.PicturesSpec(enginetest.WritePictureModel(t, t.TempDir(), m)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// local is the same engine without a child.
func local(t *testing.T, m enginetest.PictureModel) engine.Imager {
	t.Helper()
	path := enginetest.WritePictureModel(t, t.TempDir(), m)
	p, err := enginetest.Pictures().OpenImager(t.Context(), engine.PictureLoad{Files: engine.PictureFiles{Checkpoint: path}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPictureIsTheSameThroughAChild(t *testing.T) {
	pixels := func(channels int) *engine.Pixels {
		p := &engine.Pixels{Width: 1024, Height: 800, Channels: channels, Data: make([]byte, 1024*800*channels)} // several frames
		for i := range p.Data {
			p.Data[i] = byte(i * channels >> 3)
		}
		return p
	}
	r := engine.PictureRequest{Prompt: "灯台", Width: 1024, Height: 800, Steps: 3, Seed: 7, Preview: "proj", Init: pixels(3), Mask: pixels(1)}
	type seen struct {
		Progress []engine.PictureProgress
		Result   engine.PictureResult
	}
	run := func(m engine.Imager) (s seen) {
		t.Helper()
		res, err := m.Generate(t.Context(), r, func(p engine.PictureProgress) error {
			s.Progress = append(s.Progress, p)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		res.Sample = 0 // how long it took
		s.Result = res
		return s
	}
	if d := cmp.Diff(run(local(t, enginetest.PictureModel{})), run(openPictures(t, enginetest.PictureModel{})), cmp.Comparer(bytes.Equal)); d != "" {
		t.Error(d)
	}
}

func TestUpscaleThroughAChild(t *testing.T) {
	p := openPictures(t, enginetest.PictureModel{})
	out, err := p.Upscale(t.Context(), engine.Pixels{Width: 8, Height: 16, Channels: 3, Data: make([]byte, 384)}, nil)
	if err != nil || out.Width != 16 || out.Height != 32 || len(out.Data) != 16*32*3 {
		t.Errorf("%d x %d, %v", out.Width, out.Height, err)
	}
	if _, err := p.Upscale(t.Context(), engine.Pixels{Width: 8, Height: 16, Channels: 3}, nil); err == nil {
		t.Error("a picture without its pixels was taken")
	}
}

func TestStoppedPictureLeavesTheChildUsable(t *testing.T) {
	p := openPictures(t, enginetest.PictureModel{StepMS: 20})
	ctx, cancel := context.WithCancel(t.Context())
	r := engine.PictureRequest{Width: 64, Height: 64, Steps: 10000}
	_, err := p.Generate(ctx, r, func(p engine.PictureProgress) error {
		if p.Step == 2 {
			cancel()
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	r.Steps = 1
	if _, err := p.Generate(t.Context(), r, nil); err != nil {
		t.Error(err)
	}
	refusal := errors.New("enough")
	if _, err := p.Generate(t.Context(), r, func(engine.PictureProgress) error { return refusal }); !errors.Is(err, refusal) {
		t.Errorf("emit's error became %v", err)
	}
}

func TestStepThatCannotBeStoppedEndsTheChild(t *testing.T) {
	spec := enginetest.PicturesSpec(enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{HangAt: 2}))
	spec.CancelGrace = 50 * time.Millisecond
	p, err := worker.OpenPictures(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = p.Generate(ctx, engine.PictureRequest{Width: 64, Height: 64, Steps: 3}, func(engine.PictureProgress) error {
		cancel()
		return nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	<-p.Done()
	var crashed *engine.Crashed
	if !errors.As(p.Err(), &crashed) || crashed.Cause != engine.CauseHang {
		t.Errorf("the child ended with %v", p.Err())
	}
}

func TestPictureChildThatDies(t *testing.T) {
	p := openPictures(t, enginetest.PictureModel{DieAt: 2})
	_, err := p.Generate(t.Context(), engine.PictureRequest{Width: 64, Height: 64, Steps: 3}, nil)
	var crashed *engine.Crashed
	if !errors.As(err, &crashed) {
		t.Errorf("%v", err)
	}
}

func TestPictureChildReadsOnlyWhatItWasGiven(t *testing.T) {
	dir := t.TempDir()
	lora := filepath.Join(dir, "ink.safetensors")
	if err := os.WriteFile(lora, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := engine.PictureRequest{Width: 64, Height: 64, Steps: 1, LoRAs: []engine.AdapterWeight{{Path: lora, Weight: 1}}}
	spec := enginetest.PicturesSpec(enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{}))
	spec.ReadOnly = []string{dir}
	p, err := worker.OpenPictures(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if res, err := p.Generate(t.Context(), r, nil); err != nil || len(res.LoRAs) != 1 {
		t.Errorf("%+v, %v", res.LoRAs, err)
	}
	if _, err := worker.OpenPictures(t.Context(), enginetest.PicturesSpec(filepath.Join(dir, "nowhere"))); err == nil {
		t.Error("a model that is not there was opened")
	}
}
