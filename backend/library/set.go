package library

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/engine"
)

// Set is a picture model with the files it draws with.
type Set struct {
	Model   backend.Model
	Files   engine.PictureFiles
	Parts   []backend.Model // the companions that were found, in the order of their roles
	Missing []string        // what it cannot draw without, in words: "text encoder (T5)"
}

// Complete says whether everything is there.
func (s Set) Complete() bool { return len(s.Missing) == 0 }

// role is one companion that a family needs.
type role struct {
	words    string
	fits     func(m, part backend.Model) bool
	place    func(*engine.PictureFiles) *string
	optional bool // it draws without, though not as well
}

func encoder(family string) func(m, part backend.Model) bool {
	return func(m, part backend.Model) bool {
		if part.Kind != backend.KindTextEncoder || part.Family != family {
			return false
		}
		// CLIP encoders give a summary beside the text that the denoiser's width counts; only T5's width has to agree.
		return family != "t5" || m.Shape.TextWidth == 0 || part.Shape.TextWidth == 0 || m.Shape.TextWidth == part.Shape.TextWidth
	}
}

// languageModel takes a language model as text encoder: a chat model in GGUF, or the same weights as they were trained.
func languageModel(families ...string) func(m, part backend.Model) bool {
	return func(m, part backend.Model) bool {
		if !slices.Contains(families, part.Family) {
			return false
		}
		width := part.Shape.Embedding
		switch {
		case part.Kind == backend.KindTextEncoder:
			width = part.Shape.TextWidth
		case part.Kind != backend.KindChat || part.Format != "gguf":
			return false
		}
		return m.Shape.TextWidth == 0 || m.Shape.TextWidth == width
	}
}

// vae takes a VAE of so many latent channels. Those of video models, which some picture models share, have layers of
// another kind, though the channels may agree.
func vae(latent int, video bool) func(m, part backend.Model) bool {
	return func(_, part backend.Model) bool {
		return part.Kind == backend.KindVAE && part.Family != "tae" && (part.Family == "wan") == video &&
			(part.Shape.Latent == 0 || part.Shape.Latent == latent)
	}
}

func tae(latent int) func(m, part backend.Model) bool {
	return func(_, part backend.Model) bool {
		return part.Kind == backend.KindVAE && part.Family == "tae" && part.Shape.Latent == latent
	}
}

func clipL(f *engine.PictureFiles) *string { return &f.ClipL }
func clipG(f *engine.PictureFiles) *string { return &f.ClipG }
func t5(f *engine.PictureFiles) *string    { return &f.T5XXL }
func llm(f *engine.PictureFiles) *string   { return &f.LLM }

// encoders are the text encoders of each family, and latents the channels of its VAE.
var encoders = map[string][]role{
	"sd1":        {{"text encoder (CLIP L)", encoder("clip-l"), clipL, false}},
	"sd2":        {{"text encoder (CLIP)", encoder("clip"), clipL, false}},
	"sdxl":       {{"text encoder (CLIP L)", encoder("clip-l"), clipL, false}, {"text encoder (CLIP G)", encoder("clip-g"), clipG, false}},
	"sd3":        {{"text encoder (CLIP L)", encoder("clip-l"), clipL, false}, {"text encoder (CLIP G)", encoder("clip-g"), clipG, false}, {"text encoder (T5)", encoder("t5"), t5, true}},
	"flux":       {{"text encoder (T5)", encoder("t5"), t5, false}, {"text encoder (CLIP L)", encoder("clip-l"), clipL, true}},
	"chroma":     {{"text encoder (T5)", encoder("t5"), t5, false}},
	"qwen-image": {{"text encoder (Qwen2.5-VL)", languageModel("qwen2vl", "qwen25vl"), llm, false}},
	"z-image":    {{"text encoder (Qwen3)", languageModel("qwen3"), llm, false}},
	"lumina2":    {{"text encoder (Gemma 2)", languageModel("gemma2"), llm, false}},
}

var latents = map[string]int{
	"sd1": 4, "sd2": 4, "sdxl": 4, "sd3": 16, "flux": 16, "chroma": 16, "qwen-image": 16, "z-image": 16, "lumina2": 16,
}

// videoVAE are the families that decode with the VAE of a video model.
var videoVAE = map[string]bool{"qwen-image": true, "wan": true}

// SetOf completes a picture model out of the installed models. Companions beside the model are preferred, then those
// that were taken in last. The parts of the starter are of a shape that others have too, and fit it alone.
func SetOf(m backend.Model, installed []backend.Model) Set {
	s := Set{Model: m}
	if m.Kind == backend.KindUpscaler {
		s.Files.Upscaler = m.Path
		return s
	}
	roles := encoders[m.Family]
	if m.Shape.HasEncoder {
		roles = nil
		s.Files.Checkpoint = m.Path
	} else {
		s.Files.Diffusion = m.Path
		if roles == nil {
			s.Missing = append(s.Missing, "text encoder")
		}
	}
	for _, r := range roles {
		s.fill(r, installed)
	}
	if m.Shape.HasVAE {
		return s
	}
	n := latents[m.Family]
	if !s.fill(role{"VAE", vae(n, videoVAE[m.Family]), func(f *engine.PictureFiles) *string { return &f.VAE }, true}, installed) {
		s.fill(role{"VAE", tae(n), func(f *engine.PictureFiles) *string { return &f.TAE }, false}, installed)
	}
	return s
}

// fill puts the best companion into its place; false when there is none.
func (s *Set) fill(r role, installed []backend.Model) bool {
	best := -1
	for i, part := range installed {
		usable := part.State == backend.ModelReady || part.State == backend.ModelUnverified
		if !usable || part.Starter != s.Model.Starter || !r.fits(s.Model, part) {
			continue
		}
		if best < 0 || s.nearer(part, installed[best]) {
			best = i
		}
	}
	if best >= 0 {
		*r.place(&s.Files) = installed[best].Path
		s.Parts = append(s.Parts, installed[best])
	} else if !r.optional {
		s.Missing = append(s.Missing, r.words)
	}
	return best >= 0
}

func (s *Set) nearer(a, b backend.Model) bool {
	dir := filepath.Dir(s.Model.Path)
	if inA, inB := filepath.Dir(a.Path) == dir, filepath.Dir(b.Path) == dir; inA != inB {
		return inA
	}
	return a.Added.After(b.Added)
}

// Set completes an installed picture model.
func (l *Library) Set(ctx context.Context, id int64) (Set, error) {
	m, err := l.Get(ctx, id)
	if err != nil {
		return Set{}, err
	}
	if m.Kind != backend.KindDiffusion && m.Kind != backend.KindUpscaler {
		return Set{}, fmt.Errorf("%s is no picture model: %w", m.Name, backend.ErrUnsupported)
	}
	all, err := l.List(ctx)
	if err != nil {
		return Set{}, err
	}
	return SetOf(m, all), nil
}

// MissingParts is a picture model that cannot draw before other files are there.
type MissingParts struct {
	Model   string
	Missing []string
}

func (e *MissingParts) Error() string {
	return fmt.Sprintf("%s cannot draw yet: its %s is not installed", e.Model, strings.Join(e.Missing, " and its "))
}

// PictureFiles gives a picture model and the files of its set; *MissingParts when the set is not complete.
func (l *Library) PictureFiles(ctx context.Context, id int64) (backend.Model, engine.PictureFiles, error) {
	s, err := l.Set(ctx, id)
	if err != nil {
		return backend.Model{}, engine.PictureFiles{}, err
	}
	if !s.Complete() {
		return s.Model, s.Files, &MissingParts{Model: s.Model.Name, Missing: s.Missing}
	}
	return s.Model, s.Files, nil
}

// LoRA gives an installed LoRA for picture models.
func (l *Library) LoRA(ctx context.Context, id int64) (backend.Model, error) {
	m, err := l.Get(ctx, id)
	if err == nil && m.Kind != backend.KindLoRA {
		err = fmt.Errorf("%s is no LoRA for pictures: %w", m.Name, backend.ErrUnsupported)
	}
	return m, err
}
