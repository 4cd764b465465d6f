//go:build !nonative

package sd

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/cpuid/v2"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/worker"
)

func TestMain(m *testing.M) { enginetest.Main(m, Pack{}) }

func packDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(enginetest.LibDir(t), "picture")
	if _, err := os.Stat(filepath.Join(dir, libraryName())); err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
	return dir
}

// pinned is a CPU variant that runs here. Pictures are compared on one only.
func pinned() string {
	if cpuid.CPU.Supports(cpuid.AVX2, cpuid.FMA3, cpuid.F16C, cpuid.BMI2) {
		return "haswell"
	}
	return "x64"
}

// tiny writes the tiny model; files are its set.
func tiny(t testing.TB) (tinypicture.Files, engine.PictureFiles) {
	t.Helper()
	f, err := tinypicture.Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return f, engine.PictureFiles{Diffusion: f.Diffusion, T5XXL: f.T5, TAE: f.TAE}
}

// inChild opens models as the program does: in a confined child of its own, which may read these folders too.
func inChild(dirs ...string) func(context.Context, engine.PictureLoad) (engine.Imager, error) {
	return func(ctx context.Context, r engine.PictureLoad) (engine.Imager, error) {
		c, err := worker.OpenPictures(ctx, worker.Spec{Engine: Pack{}.Name(), Picture: r, ReadOnly: dirs})
		if err != nil {
			return nil, err
		}
		return c, nil
	}
}

func request(t testing.TB, files engine.PictureFiles) engine.PictureLoad {
	return engine.PictureLoad{Files: files, Threads: 1, PluginDir: packDir(t), Variant: pinned()}
}

func openTiny(t testing.TB, files engine.PictureFiles) engine.Imager {
	t.Helper()
	m, err := inChild()(t.Context(), request(t, files))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func apple() engine.PictureRequest {
	return engine.PictureRequest{Prompt: "a red apple on a wooden table", Width: 128, Height: 128, Steps: 4, CFG: 1, Seed: 42}
}

func TestASmallDecoderShowsEveryStepAsThePictureWillBe(t *testing.T) {
	_, files := tiny(t)
	m, r := openTiny(t, files), apple()
	r.Preview = "tae"
	var last engine.Pixels
	seen := 0
	res, err := m.Generate(t.Context(), r, func(p engine.PictureProgress) error {
		if p.Preview != nil {
			seen, last = seen+1, *p.Preview
			last.Data = bytes.Clone(last.Data)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if seen != r.Steps || last.Width != r.Width || last.Height != r.Height {
		t.Fatalf("%d previews in %d steps, the last %d x %d", seen, r.Steps, last.Width, last.Height)
	}
	if !bytes.Equal(last.Data, res.Pixels.Data) {
		t.Error("the last preview is not the picture")
	}
}

func TestPackKeepsTheContract(t *testing.T) {
	f, files := tiny(t)
	dir := filepath.Dir(f.Diffusion)
	garbage := filepath.Join(dir, "garbage.safetensors")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte{7, 200}, 3000), 0o600); err != nil {
		t.Fatal(err)
	}
	over := files
	over.Diffusion = filepath.Join(dir, "nan.safetensors")
	if err := tinypicture.Overflow(f.Diffusion, over.Diffusion, "img_in.weight"); err != nil {
		t.Fatal(err)
	}
	enginetest.RunPictures(t, enginetest.PictureHarness{
		Open:     inChild(dir),
		Load:     request(t, files),
		Request:  apple(),
		LoRAs:    map[string]int{f.LoRAKohya: tinypicture.TensorsKohya, f.LoRADiffusers: tinypicture.TensorsDiffusers},
		BadLoRAs: map[string]string{f.LoRAOther: "0 of 6", garbage: "LoRA", filepath.Join(dir, "nowhere"): "cannot read"},
		Bad: map[string]engine.PictureFiles{
			"no text encoder":          {Diffusion: f.Diffusion, TAE: f.TAE},
			"not there":                {Diffusion: filepath.Join(dir, "nowhere.safetensors"), T5XXL: f.T5, TAE: f.TAE},
			"no kind of picture model": {Diffusion: garbage, T5XXL: f.T5, TAE: f.TAE},
		},
		Overflowing: over,
		Upscaler:    engine.PictureFiles{Upscaler: f.Upscaler},
		Cancels:     50, Longest: 25,
	})
}

func TestProgressTellsPhases(t *testing.T) {
	_, files := tiny(t)
	m := openTiny(t, files)
	r := apple()
	r.Preview = "tae"
	var phases []string
	previews := 0
	res, err := m.Generate(t.Context(), r, func(p engine.PictureProgress) error {
		phases = append(phases, p.Phase)
		if p.Preview != nil {
			previews++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"text", "loading", "sampling", "decode"} {
		if !slices.Contains(phases, p) {
			t.Errorf("phase %s is missing in %v", p, slices.Compact(phases))
		}
	}
	if previews != r.Steps || res.Load <= 0 || res.Sample <= 0 || res.Decode <= 0 {
		t.Errorf("%d previews for %d steps; load %v, steps %v, decoding %v", previews, r.Steps, res.Load, res.Sample, res.Decode)
	}
}

func TestWhatHasNoEffectIsSaid(t *testing.T) {
	_, files := tiny(t)
	m := openTiny(t, files)
	draw := func(change func(*engine.PictureRequest)) (engine.PictureResult, error) {
		r := apple()
		change(&r)
		return m.Generate(t.Context(), r, nil)
	}
	base, err := draw(func(*engine.PictureRequest) {})
	if err != nil {
		t.Fatal(err)
	}
	ignored, err := draw(func(r *engine.PictureRequest) { r.Negative = "blurry" })
	if err != nil || !bytes.Equal(ignored.Pixels.Data, base.Pixels.Data) || len(ignored.Warnings) == 0 {
		t.Errorf("a negative prompt at guidance 1 must change nothing and be warned of: %v, %v", ignored.Warnings, err)
	}
	if _, err := draw(func(r *engine.PictureRequest) { r.Scheduler = "ays" }); err == nil || !strings.Contains(err.Error(), "one colour") {
		t.Errorf("a scheduler for other families: %v", err)
	}
}

func TestUnknownVariantIsRefused(t *testing.T) {
	_, files := tiny(t)
	for wish, says := range map[string]string{"pentium": "not installed", "../picture/libggml-cpu-x64": "not installed"} {
		r := request(t, files)
		r.Variant = wish
		if m, err := inChild()(t.Context(), r); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", wish, err, says)
			if err == nil {
				_ = m.Close()
			}
		}
	}
}

// The program was updated, the library beside it was not: any library without our version stands for one of before.
func TestLibraryOfAnotherVersionIsRefused(t *testing.T) {
	_, files := tiny(t)
	r := request(t, files)
	old := t.TempDir()
	base, err := filepath.Glob(filepath.Join(r.PluginDir, "*ggml-base*"))
	if err != nil || len(base) != 1 {
		t.Fatalf("%v, %v", base, err)
	}
	if err := os.CopyFS(old, os.DirFS(r.PluginDir)); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(filepath.Join(old, filepath.Base(base[0])), filepath.Join(old, libraryName())); err != nil {
		t.Fatal(err)
	}
	r.PluginDir = old
	if m, err := inChild(old)(t.Context(), r); err == nil || !strings.Contains(err.Error(), "install Loam again") {
		t.Errorf("%v", err)
		if err == nil {
			_ = m.Close()
		}
	}
}
