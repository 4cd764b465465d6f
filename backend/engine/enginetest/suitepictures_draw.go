package enginetest

import (
	"errors"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
)

func suitePictureInfo(t *testing.T, s pictureSuite) {
	i := s.open(t).Info()
	if i.Engine.Engine == "" || i.Engine.Build == "" || i.Engine.Device == "" || i.Engine.Variant == "" {
		t.Errorf("%+v does not say what draws", i.Engine)
	}
	if s.Load.Variant != "" && i.Engine.Variant != s.Load.Variant {
		t.Errorf("asked for the CPU code %s, got %s", s.Load.Variant, i.Engine.Variant)
	}
	if i.Multiple < 1 || i.Multiple > 128 {
		t.Errorf("sizes in multiples of %d", i.Multiple)
	}
	if !slices.Contains(i.Samplers, i.Sampler) || !slices.Contains(i.Schedulers, i.Scheduler) {
		t.Errorf("%s and %s are not among %v and %v", i.Sampler, i.Scheduler, i.Samplers, i.Schedulers)
	}
}

func suiteSameBytes(t *testing.T, s pictureSuite) {
	m := s.open(t)
	first := s.draw(t, m)
	if !same(first, s.draw(t, m)) {
		t.Error("the same request drew another picture")
	}
	if !same(first, s.draw(t, s.open(t))) {
		t.Error("the model opened again drew another picture")
	}
	if !same(first, s.draw(t, s.open(t, func(r *engine.PictureLoad) { r.Threads++ }))) {
		t.Error("one more thread drew another picture")
	}
}

func suiteSettings(t *testing.T, s pictureSuite) {
	m := s.open(t)
	base := s.draw(t, m)
	for name, change := range map[string]func(*engine.PictureRequest){
		"seed":     func(r *engine.PictureRequest) { r.Seed++ },
		"prompt":   func(r *engine.PictureRequest) { r.Prompt = "blue ocean waves at night, a storm" },
		"steps":    func(r *engine.PictureRequest) { r.Steps++ },
		"guidance": func(r *engine.PictureRequest) { r.CFG = 2 * s.Guidance },
	} {
		if same(base, s.draw(t, m, change)) {
			t.Errorf("%s does not change the picture", name)
		}
	}
	guided := func(negative string) engine.PictureResult {
		return s.draw(t, m, func(r *engine.PictureRequest) { r.CFG, r.Negative = s.Guidance, negative })
	}
	if same(guided(""), guided("blurry, a storm")) {
		t.Errorf("the negative prompt does nothing at guidance %g", s.Guidance)
	}
	if !same(base, s.draw(t, m)) {
		t.Error("what was drawn between leaves a trace")
	}
}

func suiteSamplers(t *testing.T, s pictureSuite) {
	m := s.open(t)
	drew := 0
	for _, name := range m.Info().Samplers {
		switch _, err := m.Generate(t.Context(), s.with(func(r *engine.PictureRequest) { r.Sampler = name }), nil); {
		case err == nil:
			drew++
		case strings.Contains(err.Error(), "one colour"): // some need more steps than this
		default:
			oneLine(t, "sampler "+name, err)
			t.Logf("sampler %s: %v", name, err)
		}
	}
	if 2*drew < len(m.Info().Samplers) {
		t.Errorf("only %d of %d samplers draw", drew, len(m.Info().Samplers))
	}
	s.refused(t, m, "an unknown sampler", func(r *engine.PictureRequest) { r.Sampler = "no such" })
	s.draw(t, m, func(r *engine.PictureRequest) { r.Scheduler = m.Info().Scheduler })
	s.refused(t, m, "an unknown scheduler", func(r *engine.PictureRequest) { r.Scheduler = "no such" })
}

func suiteSteps(t *testing.T, s pictureSuite) {
	m := s.open(t)
	can := m.Info().Capabilities
	r := s.with(func(r *engine.PictureRequest) { r.Preview = "proj" })
	var steps []int
	previews := 0
	res, err := m.Generate(t.Context(), r, func(p engine.PictureProgress) error {
		switch {
		case p.Preview != nil:
			previews++
			if len(p.Preview.Data) != p.Preview.Width*p.Preview.Height*3 || len(p.Preview.Data) == 0 {
				t.Errorf("a preview of %d x %d has %d bytes", p.Preview.Width, p.Preview.Height, len(p.Preview.Data))
			}
		case p.Phase == "sampling" && p.Step > 0:
			steps = append(steps, p.Step)
		case p.Phase == "":
			t.Errorf("%+v has no phase", p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if can.Progress && (len(steps) == 0 || !slices.IsSorted(steps) || steps[len(steps)-1] != r.Steps) {
		t.Errorf("of %d steps it told %v", r.Steps, steps)
	}
	if can.Preview != (previews > 0) {
		t.Errorf("preview is %t, and %d came", can.Preview, previews)
	}
	if res.Sample <= 0 {
		t.Error("it does not say how long the steps took")
	}
	if !same(res, s.draw(t, m)) {
		t.Error("previews change the picture")
	}
}

func suiteSizes(t *testing.T, s pictureSuite) {
	m := s.open(t)
	n := m.Info().Multiple
	for _, size := range [][2]int{{n + n/2, n}, {n, n - 1}, {0, n}, {n, -n}, {n, 1 << 20}} {
		err := s.refused(t, m, "an illegal size", func(r *engine.PictureRequest) { r.Width, r.Height = size[0], size[1] })
		if err != nil && !strings.Contains(err.Error(), "width") && !strings.Contains(err.Error(), "height") {
			t.Errorf("%d x %d is refused with %q", size[0], size[1], err)
		}
	}
	s.refused(t, m, "a million steps", func(r *engine.PictureRequest) { r.Steps = 1_000_000 })
	s.draw(t, m)
}

func suiteBadPictureFiles(t *testing.T, s pictureSuite) {
	for says, files := range s.Bad {
		m, err := s.Open(t.Context(), engine.PictureLoad{
			Files: files, Threads: s.Load.Threads, PluginDir: s.Load.PluginDir, Variant: s.Load.Variant,
		})
		if err == nil {
			_ = m.Close()
			t.Errorf("%+v was opened, want %q", files, says)
			continue
		}
		oneLine(t, says, err)
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func suiteOverflow(t *testing.T, s pictureSuite) {
	m := s.open(t, func(r *engine.PictureLoad) { r.Files = s.Overflowing })
	if err := s.refused(t, m, "a picture of NaN"); err != nil && !strings.Contains(err.Error(), "one colour") {
		t.Errorf("%v, want what happened", err)
	}
}

func suiteLoRAs(t *testing.T, s pictureSuite) {
	m := s.open(t)
	base := s.draw(t, m)
	with := func(weight float32, paths ...string) func(*engine.PictureRequest) {
		return func(r *engine.PictureRequest) {
			for _, p := range paths {
				r.LoRAs = append(r.LoRAs, engine.AdapterWeight{Path: p, Weight: weight})
			}
		}
	}
	if !m.Info().Capabilities.LoRA {
		if err := s.refused(t, m, "a LoRA", with(1, "/nowhere/ink.safetensors")); !errors.Is(err, backend.ErrUnsupported) {
			t.Errorf("%v, want unsupported", err)
		}
		return
	}
	var all []string
	for path, total := range s.LoRAs {
		name := filepath.Base(path)
		all = append(all, path)
		res := s.draw(t, m, with(1, path))
		if len(res.LoRAs) != 1 || res.LoRAs[0] != (engine.LoRAEffect{Path: path, Applied: total, Total: total}) {
			t.Errorf("%s: %+v, want all %d tensors", name, res.LoRAs, total)
		}
		if same(base, res) {
			t.Errorf("%s does nothing", name)
		}
		if same(res, s.draw(t, m, with(0.5, path))) {
			t.Errorf("the weight of %s does nothing", name)
		}
		if !same(base, s.draw(t, m, with(0, path))) {
			t.Errorf("%s acts at weight 0", name)
		}
		if !same(base, s.draw(t, m)) {
			t.Errorf("%s leaves a trace after its removal", name)
		}
		s.refused(t, m, "a LoRA given twice", with(1, path, path))
	}
	if res := s.draw(t, m, with(1, all...)); len(res.LoRAs) != len(all) {
		t.Errorf("%d LoRAs together: %+v", len(all), res.LoRAs)
	}
	for path, says := range s.BadLoRAs {
		if err := s.refused(t, m, filepath.Base(path), with(1, path)); err != nil && !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", filepath.Base(path), err, says)
		}
	}
	if !same(base, s.draw(t, m)) {
		t.Error("a refused LoRA leaves a trace")
	}
}

func suiteStartPicture(t *testing.T, s pictureSuite) {
	m := s.open(t)
	can := m.Info().Capabilities
	w, h := s.Request.Width, s.Request.Height
	start, mask := paint(w, h, 3), &engine.Pixels{Width: w, Height: h, Channels: 1, Data: make([]byte, w*h)}
	for i := range mask.Data {
		if i%w < w/2 {
			mask.Data[i] = 255
		}
	}
	from := func(r *engine.PictureRequest) { r.Init, r.Strength = start, 0.6 }
	if !can.Init {
		if err := s.refused(t, m, "a start picture", from); !errors.Is(err, backend.ErrUnsupported) {
			t.Errorf("%v, want unsupported", err)
		}
		return
	}
	base, begun := s.draw(t, m), s.draw(t, m, from)
	if same(base, begun) {
		t.Error("the start picture does nothing")
	}
	if same(begun, s.draw(t, m, from, func(r *engine.PictureRequest) { r.Strength = 0.9 })) {
		t.Error("the strength does nothing")
	}
	if can.Mask && same(begun, s.draw(t, m, from, func(r *engine.PictureRequest) { r.Mask = mask })) {
		t.Error("the mask does nothing")
	}
	n := m.Info().Multiple
	s.refused(t, m, "a start picture of another size", func(r *engine.PictureRequest) { r.Init, r.Strength = paint(w+n, h, 3), 0.6 })
	s.refused(t, m, "a start picture without its pixels", func(r *engine.PictureRequest) {
		r.Init = &engine.Pixels{Width: w, Height: h, Channels: 3}
	})
	if !same(base, s.draw(t, m)) {
		t.Error("the start picture leaves a trace")
	}
}

func suiteUpscale(t *testing.T, s pictureSuite) {
	small := *paint(32, 16, 5)
	if s.Upscaler == (engine.PictureFiles{}) {
		m := s.open(t)
		if m.Info().Capabilities.Upscale {
			t.Skip("SKIP: no upscaler to try with")
		}
		if _, err := m.Upscale(t.Context(), small, nil); err == nil {
			t.Error("it cannot upscale, and did")
		}
		return
	}
	m := s.open(t, func(r *engine.PictureLoad) { r.Files = s.Upscaler })
	n := m.Info().UpscaleFactor
	big, err := m.Upscale(t.Context(), small, nil)
	if err != nil || n < 2 || big.Width != 32*n || big.Height != 16*n || len(big.Data) != 32*16*n*n*3 {
		t.Errorf("%d x %d (%d bytes) by factor %d, %v", big.Width, big.Height, len(big.Data), n, err)
	}
	if _, err := m.Upscale(t.Context(), engine.Pixels{Width: 32, Height: 16, Channels: 3}, nil); err == nil {
		t.Error("a picture without its pixels was enlarged")
	}
}
