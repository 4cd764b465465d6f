//go:build !nonative

package season

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/worker"
)

func TestMain(m *testing.M) { enginetest.Main(m, Embedded{}) }

func TestEmbeddedIsRefusedWhereItCannotRun(t *testing.T) {
	all := func(...cpuid.FeatureID) bool { return true }
	none := func(...cpuid.FeatureID) bool { return false }
	for _, x := range []struct {
		os, arch string
		has      func(...cpuid.FeatureID) bool
		want     string
	}{
		{"linux", "amd64", all, ""},
		{"darwin", "arm64", none, ""},
		{"linux", "amd64", none, "AVX2"},
		{"linux", "arm64", all, "x86-64"},
		{"windows", "amd64", all, "windows"},
	} {
		err := runnable(x.os, x.arch, x.has)
		if (err == nil) != (x.want == "") || err != nil && (!strings.Contains(err.Error(), x.want) || !errors.Is(err, backend.ErrUnsupported)) {
			t.Errorf("%s/%s: %v, want %q", x.os, x.arch, err, x.want)
		}
	}
}

// TestEmbeddedEngineKeepsTheContract draws with weights in the full shape of SD 1.5, which lie in a sparse file. The
// library lives in a child, as in the program: its symbols are visible to the whole process.
func TestEmbeddedEngineKeepsTheContract(t *testing.T) {
	if err := runnable(runtime.GOOS, runtime.GOARCH, cpuid.CPU.Supports); err != nil {
		t.Skipf("SKIP: %v", err)
	}
	dir := t.TempDir()
	model, over := filepath.Join(dir, "sd15.safetensors"), filepath.Join(dir, "nan.safetensors")
	if err := tinypicture.WriteSD15(model, 1); err != nil {
		t.Fatal(err)
	}
	if err := tinypicture.Overflow(model, over, "first_stage_model.decoder.conv_out.weight"); err != nil {
		t.Fatal(err)
	}
	open := func(ctx context.Context, r engine.PictureLoad) (engine.Imager, error) {
		c, err := worker.OpenPictures(ctx, worker.Spec{Engine: Embedded{}.Name(), Picture: r})
		if err != nil {
			return nil, err
		}
		return c, nil
	}
	enginetest.RunPictures(t, enginetest.PictureHarness{
		Open: open,
		Load: engine.PictureLoad{
			Files: engine.PictureFiles{Checkpoint: model}, Threads: 1,
			PluginDir: filepath.Join(enginetest.LibDir(t), "picture-embedded"), Variant: "avx2",
		},
		Request: engine.PictureRequest{Prompt: "a red apple", Width: 64, Height: 64, Steps: 1, CFG: 1, Seed: 42},
		Bad: map[string]engine.PictureFiles{
			"whole SD 1, 2 and XL checkpoints only": {Diffusion: model, T5XXL: model},
			"not there":                             {Checkpoint: filepath.Join(dir, "nowhere.safetensors")},
		},
		Overflowing: engine.PictureFiles{Checkpoint: over},
		Cancels:     2, Longest: 150,
	})
}
