package library

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/modelfile"
)

// part makes an installed file; later ones were added later.
func part(kind backend.ModelKind, family, path string, shape backend.ModelShape) backend.Model {
	return backend.Model{Name: filepath.Base(path), Kind: kind, Family: family, Path: path, Shape: shape, State: backend.ModelReady, Format: "safetensors"}
}

func TestSetsCompleteThemselves(t *testing.T) {
	t5 := part(backend.KindTextEncoder, "t5", "/a/t5", backend.ModelShape{TextWidth: 4096})
	tiny := part(backend.KindTextEncoder, "t5", "/a/tiny", backend.ModelShape{TextWidth: 64})
	clip := part(backend.KindTextEncoder, "clip-l", "/a/clip", backend.ModelShape{TextWidth: 768})
	vae16 := part(backend.KindVAE, "flux", "/a/ae", backend.ModelShape{Latent: 16})
	vae4 := part(backend.KindVAE, "sd", "/a/vae", backend.ModelShape{Latent: 4})
	tae16 := part(backend.KindVAE, "tae", "/a/tae", backend.ModelShape{Latent: 16})
	qwen := part(backend.KindChat, "qwen3", "/a/qwen", backend.ModelShape{Embedding: 2560})
	qwen.Format = "gguf"
	flux := part(backend.KindDiffusion, "flux", "/m/flux", backend.ModelShape{TextWidth: 4096})
	own := func(m backend.Model) backend.Model {
		m.Starter, m.Path = true, "/s/"+m.Name
		return m
	}
	for name, x := range map[string]struct {
		model   backend.Model
		parts   []backend.Model
		want    engine.PictureFiles
		missing []string
	}{
		"the starter, beside a person's own VAE": {
			own(part(backend.KindDiffusion, "flux", "/s/starter", backend.ModelShape{TextWidth: 64})),
			[]backend.Model{own(tiny), own(tae16), tiny, vae16},
			engine.PictureFiles{Diffusion: "/s/starter", T5XXL: "/s/tiny", TAE: "/s/tae"},
			nil,
		},
		"Flux without a VAE, beside the starter's": {
			flux,
			[]backend.Model{t5, own(tiny), own(tae16)},
			engine.PictureFiles{Diffusion: "/m/flux", T5XXL: "/a/t5"},
			[]string{"VAE"},
		},
		"Flux, everything there": {
			flux,
			[]backend.Model{tiny, t5, clip, vae4, vae16, tae16},
			engine.PictureFiles{Diffusion: "/m/flux", T5XXL: "/a/t5", ClipL: "/a/clip", VAE: "/a/ae"},
			nil,
		},
		"Flux, encoder of another width": {
			flux,
			[]backend.Model{tiny, vae16},
			engine.PictureFiles{Diffusion: "/m/flux", VAE: "/a/ae"},
			[]string{"text encoder (T5)"},
		},
		"Flux, tiny decoder only": {
			flux,
			[]backend.Model{t5, tae16},
			engine.PictureFiles{Diffusion: "/m/flux", T5XXL: "/a/t5", TAE: "/a/tae"},
			nil,
		},
		"Flux, nothing there": {flux, nil, engine.PictureFiles{Diffusion: "/m/flux"}, []string{"text encoder (T5)", "VAE"}},
		"SD 1 checkpoint": {
			part(backend.KindDiffusion, "sd1", "/m/sd", backend.ModelShape{HasEncoder: true, HasVAE: true}),
			[]backend.Model{vae4},
			engine.PictureFiles{Checkpoint: "/m/sd"},
			nil,
		},
		"SD 1 checkpoint without its VAE": {
			part(backend.KindDiffusion, "sd1", "/m/sd", backend.ModelShape{HasEncoder: true}),
			[]backend.Model{vae16, vae4},
			engine.PictureFiles{Checkpoint: "/m/sd", VAE: "/a/vae"},
			nil,
		},
		"Z-Image listens to a chat model": {
			part(backend.KindDiffusion, "z-image", "/m/z", backend.ModelShape{TextWidth: 2560}),
			[]backend.Model{qwen, vae16},
			engine.PictureFiles{Diffusion: "/m/z", LLM: "/a/qwen", VAE: "/a/ae"},
			nil,
		},
		"unknown family": {
			part(backend.KindDiffusion, "", "/m/x", backend.ModelShape{}),
			[]backend.Model{t5},
			engine.PictureFiles{Diffusion: "/m/x"},
			[]string{"text encoder", "VAE"},
		},
		"upscaler": {part(backend.KindUpscaler, "esrgan", "/m/up", backend.ModelShape{}), nil, engine.PictureFiles{Upscaler: "/m/up"}, nil},
	} {
		s := SetOf(x.model, x.parts)
		if d := cmp.Diff(x.want, s.Files); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(x.missing, s.Missing); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestCompanionsBesideTheModelComeFirst(t *testing.T) {
	m := part(backend.KindDiffusion, "chroma", "/m/chroma", backend.ModelShape{TextWidth: 4096})
	beside := part(backend.KindTextEncoder, "t5", "/m/t5", backend.ModelShape{TextWidth: 4096})
	later := part(backend.KindTextEncoder, "t5", "/a/t5", backend.ModelShape{TextWidth: 4096})
	later.Added = beside.Added.Add(time.Hour)
	gone := part(backend.KindTextEncoder, "t5", "/m/gone", backend.ModelShape{TextWidth: 4096})
	gone.State = backend.ModelMissing
	for _, list := range [][]backend.Model{{gone, beside, later}, {later, gone, beside}} {
		if got := SetOf(m, list).Files.T5XXL; got != "/m/t5" {
			t.Errorf("encoder %s", got)
		}
	}
}

func TestTinyModelIsRecognisedAndFitsTogether(t *testing.T) {
	f, err := tinypicture.Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	identify := func(path string) backend.Model {
		t.Helper()
		x, err := modelfile.Identify(path)
		if err != nil {
			t.Fatal(err)
		}
		return part(x.Kind, x.Family, path, x.Shape)
	}
	s := SetOf(identify(f.Diffusion), []backend.Model{identify(f.T5), identify(f.TAE), identify(f.LoRAKohya), identify(f.Upscaler)})
	want := engine.PictureFiles{Diffusion: f.Diffusion, T5XXL: f.T5, TAE: f.TAE}
	if d := cmp.Diff(want, s.Files); d != "" || !s.Complete() {
		t.Errorf("%s missing %v", d, s.Missing)
	}
	for path, family := range map[string]string{f.LoRAKohya: "flux", f.LoRADiffusers: "flux", f.LoRAOther: ""} {
		if m := identify(path); m.Kind != backend.KindLoRA || m.Family != family {
			t.Errorf("%s is a %s of %q", filepath.Base(path), m.Kind, m.Family)
		}
	}
	sd := filepath.Join(t.TempDir(), "sd15.safetensors")
	if err := tinypicture.OutlineSD15(sd); err != nil {
		t.Fatal(err)
	}
	if m := identify(sd); m.Family != "sd1" || SetOf(m, nil).Files.Checkpoint != sd || !SetOf(m, nil).Complete() {
		t.Errorf("SD 1.5 is %s %q with %+v", m.Kind, m.Family, m.Shape)
	}
}

func TestMissingPartsAreNamed(t *testing.T) {
	e := &MissingParts{Model: "Flux schnell", Missing: []string{"text encoder (T5)", "VAE"}}
	if !strings.Contains(e.Error(), "Flux schnell cannot draw yet: its text encoder (T5) and its VAE is not installed") {
		t.Error(e)
	}
}
