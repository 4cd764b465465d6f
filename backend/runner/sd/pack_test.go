//go:build !nonative

package sd

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
)

// opens the pack on the tiny model. One process opens one library, so every test uses the same folder.
func tiny(t testing.TB) (engine.Imager, tinypicture.Files) {
	t.Helper()
	f, err := tinypicture.Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return openTiny(t, engine.PictureFiles{Diffusion: f.Diffusion, T5XXL: f.T5, TAE: f.TAE}), f
}

func packDir(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(enginetest.LibDir(t), "picture")
	if _, err := os.Stat(filepath.Join(dir, libraryName())); err != nil {
		t.Fatalf("%v: run make setup once", err)
	}
	return dir
}

func openTiny(t testing.TB, files engine.PictureFiles) engine.Imager {
	t.Helper()
	m, err := Pack{}.OpenImager(t.Context(), engine.PictureLoad{Files: files, Threads: 1, PluginDir: packDir(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func apple() engine.PictureRequest {
	return engine.PictureRequest{Prompt: "a red apple on a wooden table", Width: 128, Height: 128, Steps: 4, CFG: 1, Seed: 42}
}

func draw(t testing.TB, m engine.Imager, change func(*engine.PictureRequest)) engine.PictureResult {
	t.Helper()
	r := apple()
	if change != nil {
		change(&r)
	}
	res, err := m.Generate(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Pixels.Data) != res.Pixels.Width*res.Pixels.Height*3 {
		t.Fatalf("%d bytes for %d x %d", len(res.Pixels.Data), res.Pixels.Width, res.Pixels.Height)
	}
	return res
}

// difference is the mean difference of two pictures' bytes.
func difference(a, b engine.PictureResult) float64 {
	sum := 0
	for i := range a.Pixels.Data {
		d := int(a.Pixels.Data[i]) - int(b.Pixels.Data[i])
		sum += max(d, -d)
	}
	return float64(sum) / float64(len(a.Pixels.Data))
}

func TestSameRequestSameBytes(t *testing.T) {
	m, f := tiny(t)
	a := draw(t, m, nil)
	if !bytes.Equal(a.Pixels.Data, draw(t, m, nil).Pixels.Data) {
		t.Error("the same request drew another picture")
	}
	other := openTiny(t, engine.PictureFiles{Diffusion: f.Diffusion, T5XXL: f.T5, TAE: f.TAE})
	if !bytes.Equal(a.Pixels.Data, draw(t, other, nil).Pixels.Data) {
		t.Error("the model opened again drew another picture")
	}
}

func TestEverySettingActs(t *testing.T) {
	m, _ := tiny(t)
	base := draw(t, m, nil)
	for name, change := range map[string]func(*engine.PictureRequest){
		"seed":      func(r *engine.PictureRequest) { r.Seed = 43 },
		"prompt":    func(r *engine.PictureRequest) { r.Prompt = "blue ocean waves" },
		"steps":     func(r *engine.PictureRequest) { r.Steps = 7 },
		"sampler":   func(r *engine.PictureRequest) { r.Sampler = "heun" },
		"scheduler": func(r *engine.PictureRequest) { r.Scheduler = "karras" },
		"cfg":       func(r *engine.PictureRequest) { r.CFG = 4 },
	} {
		if d := difference(base, draw(t, m, change)); d < 0.5 {
			t.Errorf("%s changes the picture by %.2f only", name, d)
		}
	}
	guided := func(negative string) engine.PictureResult {
		return draw(t, m, func(r *engine.PictureRequest) { r.CFG, r.Negative = 4, negative })
	}
	if difference(guided(""), guided("blurry")) == 0 {
		t.Error("the negative prompt does nothing at guidance 4")
	}
	ignored := draw(t, m, func(r *engine.PictureRequest) { r.Negative = "blurry" })
	if !bytes.Equal(ignored.Pixels.Data, base.Pixels.Data) || len(ignored.Warnings) == 0 {
		t.Error("a negative prompt at guidance 1 must change nothing and be warned of")
	}
}

func TestProgressTellsPhasesAndPreviews(t *testing.T) {
	m, _ := tiny(t)
	r := apple()
	r.Preview = "tae"
	var phases []string
	previews, steps := 0, []int{}
	_, err := m.Generate(t.Context(), r, func(p engine.PictureProgress) error {
		if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
			phases = append(phases, p.Phase)
		}
		if p.Preview != nil {
			previews++
		}
		if p.Phase == "sampling" && p.Steps > 0 {
			steps = append(steps, p.Step)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen := strings.Join(phases, " ")
	for _, p := range []string{"text", "loading", "sampling", "decode"} {
		if !strings.Contains(seen, p) {
			t.Errorf("phase %s is missing in %q", p, seen)
		}
	}
	if previews != r.Steps || steps[len(steps)-1] != r.Steps {
		t.Errorf("%d previews and steps %v for %d steps", previews, steps, r.Steps)
	}
}

func TestLoRAsAreCountedAndLeaveNoTrace(t *testing.T) {
	m, f := tiny(t)
	base := draw(t, m, nil)
	with := func(path string, weight float32) func(*engine.PictureRequest) {
		return func(r *engine.PictureRequest) { r.LoRAs = []engine.AdapterWeight{{Path: path, Weight: weight}} }
	}
	for path, total := range map[string]int{f.LoRAKohya: tinypicture.TensorsKohya, f.LoRADiffusers: tinypicture.TensorsDiffusers} {
		res := draw(t, m, with(path, 1))
		if len(res.LoRAs) != 1 || res.LoRAs[0].Applied != total || res.LoRAs[0].Total != total {
			t.Errorf("%s: %+v, want all %d tensors", filepath.Base(path), res.LoRAs, total)
		}
		if d := difference(base, res); d < 1 {
			t.Errorf("%s changes the picture by %.2f only", filepath.Base(path), d)
		}
		if !bytes.Equal(draw(t, m, nil).Pixels.Data, base.Pixels.Data) {
			t.Errorf("%s leaves a trace after its removal", filepath.Base(path))
		}
		if !bytes.Equal(draw(t, m, with(path, 0)).Pixels.Data, base.Pixels.Data) {
			t.Errorf("%s acts at weight 0", filepath.Base(path))
		}
	}
	r := apple()
	with(f.LoRAOther, 1)(&r)
	if _, err := m.Generate(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), "0 of 6") {
		t.Errorf("a LoRA of another family: %v", err)
	}
	garbage := filepath.Join(t.TempDir(), "garbage.safetensors")
	if err := os.WriteFile(garbage, bytes.Repeat([]byte{7, 200}, 3000), 0o600); err != nil {
		t.Fatal(err)
	}
	with(garbage, 1)(&r)
	if _, err := m.Generate(t.Context(), r, nil); err == nil {
		t.Error("an unreadable LoRA gave a picture")
	}
	if !bytes.Equal(draw(t, m, nil).Pixels.Data, base.Pixels.Data) {
		t.Error("a refused LoRA leaves a trace")
	}
}

func TestRefusals(t *testing.T) {
	m, f := tiny(t)
	for name, x := range map[string]struct {
		change func(*engine.PictureRequest)
		want   string
	}{
		"odd size":       {func(r *engine.PictureRequest) { r.Width = 130 }, "multiples of 8"},
		"no steps":       {func(r *engine.PictureRequest) { r.Steps = 5000 }, "out of range"},
		"sampler":        {func(r *engine.PictureRequest) { r.Sampler = "nope" }, "unknown sampler"},
		"one colour":     {func(r *engine.PictureRequest) { r.Scheduler = "ays" }, "one colour"},
		"pixels missing": {func(r *engine.PictureRequest) { r.Init = &engine.Pixels{Width: 128, Height: 128, Channels: 3} }, "bytes for"},
	} {
		r := apple()
		x.change(&r)
		if _, err := m.Generate(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("%s: %v, want %q", name, err, x.want)
		}
	}
	for name, files := range map[string]engine.PictureFiles{
		"no text encoder": {Diffusion: f.Diffusion, TAE: f.TAE},
		"cannot read":     {Diffusion: "/nowhere/model.safetensors", T5XXL: f.T5, TAE: f.TAE},
	} {
		_, err := Pack{}.OpenImager(t.Context(), engine.PictureLoad{Files: files, Threads: 1, PluginDir: packDir(t)})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCancelLeavesNoTrace(t *testing.T) {
	m, _ := tiny(t)
	base := draw(t, m, nil)
	resident := func() int { return residentMB(t) }
	var before int
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		r := apple()
		r.Steps = 60
		time.AfterFunc(time.Duration(rand.IntN(400))*time.Millisecond, cancel)
		if _, err := m.Generate(ctx, r, nil); !errors.Is(err, context.Canceled) {
			t.Fatalf("cancel %d: %v", i, err)
		}
		if i == 9 {
			before = resident()
		}
	}
	if grown := resident() - before; grown > 40 {
		t.Errorf("40 cancels grew the process by %d MB", grown)
	}
	if !bytes.Equal(draw(t, m, nil).Pixels.Data, base.Pixels.Data) {
		t.Error("after the cancels the same request draws another picture")
	}
}

func residentMB(t testing.TB) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	pages := 0
	for _, c := range bytes.Fields(b)[1] {
		pages = pages*10 + int(c-'0')
	}
	return pages * os.Getpagesize() >> 20
}

func TestUpscale(t *testing.T) {
	m, f := tiny(t)
	small := draw(t, m, nil).Pixels
	up := openTiny(t, engine.PictureFiles{Upscaler: f.Upscaler})
	big, err := up.Upscale(t.Context(), small, nil)
	if err != nil {
		t.Fatal(err)
	}
	if big.Width != 256 || big.Height != 256 || up.Info().UpscaleFactor != 2 {
		t.Errorf("%d x %d by factor %d", big.Width, big.Height, up.Info().UpscaleFactor)
	}
	if _, err := up.Generate(t.Context(), apple(), nil); err == nil {
		t.Error("an upscaler alone drew a picture")
	}
}
