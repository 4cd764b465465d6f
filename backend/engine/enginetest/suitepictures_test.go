package enginetest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

func pictureHarness(t *testing.T, m enginetest.PictureModel) enginetest.PictureHarness {
	t.Helper()
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	model := enginetest.WritePictureModel(t, dir, m)
	over := m
	over.Uniform = true
	return enginetest.PictureHarness{
		Open:        enginetest.Pictures().OpenImager,
		Load:        engine.PictureLoad{Files: engine.PictureFiles{Checkpoint: model}},
		Request:     engine.PictureRequest{Prompt: "a red apple", Width: 64, Height: 48, Steps: 3, CFG: 1, Seed: 7},
		LoRAs:       map[string]int{write("ink", "x"): 2, write("oil", "y"): 2},
		BadLoRAs:    map[string]string{filepath.Join(dir, "nowhere"): "cannot read"},
		Bad:         map[string]engine.PictureFiles{"not a model": {Checkpoint: write("other", `{"a":1}`)}},
		Overflowing: engine.PictureFiles{Checkpoint: enginetest.WritePictureModel(t, t.TempDir(), over)},
		Upscaler:    engine.PictureFiles{Upscaler: model},
		Cancels:     10, Longest: 20,
	}
}

func picturesThroughChild(dirs ...string) func(context.Context, engine.PictureLoad) (engine.Imager, error) {
	return func(ctx context.Context, r engine.PictureLoad) (engine.Imager, error) {
		c, err := worker.OpenPictures(ctx, worker.Spec{Engine: enginetest.PicturesName, Picture: r, ReadOnly: dirs})
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

func TestFakePicturesKeepTheContract(t *testing.T) {
	enginetest.RunPictures(t, pictureHarness(t, enginetest.PictureModel{StepMS: 1}))
}

func TestFakePicturesInAChildKeepTheContract(t *testing.T) {
	h := pictureHarness(t, enginetest.PictureModel{StepMS: 1})
	h.Open = picturesThroughChild(filepath.Dir(h.Load.Files.Checkpoint))
	enginetest.RunPictures(t, h)
}

// An engine without cancel and progress, as the built-in one is: the end of its child is how it stops.
func TestDeafPicturesInAChildKeepTheContract(t *testing.T) {
	h := pictureHarness(t, enginetest.PictureModel{StepMS: 20, Only: true, Deaf: true})
	h.Open = picturesThroughChild(filepath.Dir(h.Load.Files.Checkpoint))
	h.LoRAs, h.BadLoRAs, h.Upscaler = nil, nil, engine.PictureFiles{}
	h.Cancels, h.Longest = 2, 10_000
	enginetest.RunPictures(t, h)
}
