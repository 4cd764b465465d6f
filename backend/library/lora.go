package library

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/modelfile"
)

// LoRAFit says how a LoRA fits an installed picture model, judged by the names and shapes in the headers.
type LoRAFit struct {
	LoRA    backend.Model
	Model   backend.Model
	Matched int    // tensors of the LoRA that have their place in the model
	Total   int    // tensors of the LoRA
	Counted bool   // false: this family's names are not understood, so Matched says nothing
	Reason  string // why it cannot be used, as one clause; "" = it can
}

// Fits says whether the LoRA can be put to use with the model.
func (f LoRAFit) Fits() bool { return f.Reason == "" }

// CheckLoRA says why a LoRA must not be given to an engine together with a picture model: *backend.BadFile. What is wrong
// with the model is not said here; opening it does.
func (l *Library) CheckLoRA(ctx context.Context, loraID, modelID int64) error {
	lora, err := l.LoRA(ctx, loraID)
	if err != nil {
		return err
	}
	f, err := l.FitLoRA(ctx, loraID, modelID)
	var bad *backend.BadFile
	switch {
	case errors.As(err, &bad) && bad.Path == lora.Path:
		return err
	case err == nil && f.Reason != "":
		return &backend.BadFile{Path: lora.Path, Reason: f.Reason}
	}
	return ctx.Err()
}

// share orders fits: what is counted and complete first.
func (f LoRAFit) share() float64 {
	switch {
	case !f.Fits():
		return -1
	case !f.Counted || f.Total == 0:
		return 0.5
	}
	return float64(f.Matched) / float64(f.Total)
}

// fitKey is what a comparison of headers depends on.
type fitKey struct {
	lora, files string
	stamps      [2]stamp
}

// maxFits bounds the comparisons that are remembered.
const maxFits = 1024

// FitLoRA compares an installed LoRA with an installed picture model and the files of its set. A file that cannot be read
// is a *backend.BadFile.
func (l *Library) FitLoRA(ctx context.Context, loraID, modelID int64) (LoRAFit, error) {
	lora, err := l.LoRA(ctx, loraID)
	if err != nil {
		return LoRAFit{}, err
	}
	set, err := l.Set(ctx, modelID)
	if err != nil {
		return LoRAFit{}, err
	}
	return l.fit(lora, set)
}

// LoRAFits compares an installed LoRA with every picture model that can be used, the best fit first.
func (l *Library) LoRAFits(ctx context.Context, loraID int64) ([]LoRAFit, error) {
	lora, err := l.LoRA(ctx, loraID)
	if err != nil {
		return nil, err
	}
	drawing := func(m backend.Model) bool {
		return m.Kind == backend.KindDiffusion && (m.State == backend.ModelReady || m.State == backend.ModelUnverified)
	}
	return l.compareAll(ctx, drawing, func(m backend.Model, all []backend.Model) (LoRAFit, error) { return l.fit(lora, SetOf(m, all)) })
}

// compareAll compares with every installed model of a kind, the best fit first.
func (l *Library) compareAll(ctx context.Context, ofKind func(backend.Model) bool, compare func(m backend.Model, all []backend.Model) (LoRAFit, error)) ([]LoRAFit, error) {
	all, err := l.List(ctx)
	if err != nil {
		return nil, err
	}
	var fits []LoRAFit
	for _, m := range all {
		if !ofKind(m) {
			continue
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		f, err := compare(m, all)
		if err != nil {
			continue // the model's own fault: it is said where the model is used
		}
		fits = append(fits, f)
	}
	bestFirst(fits)
	return fits, nil
}

// baseFiles are the files whose tensors a LoRA may change: the denoiser and the text encoders, not the VAE.
func baseFiles(f engine.PictureFiles) []string {
	return slices.DeleteFunc([]string{f.Checkpoint, f.Diffusion, f.ClipL, f.ClipG, f.T5XXL, f.LLM}, func(p string) bool { return p == "" })
}

func (l *Library) fit(lora backend.Model, set Set) (LoRAFit, error) {
	files := baseFiles(set.Files)
	key := fitKey{lora.Path, strings.Join(files, "\x00"), [2]stamp{stampOf(lora), stampOf(set.Model)}}
	f, err := l.remembered(key, func() (LoRAFit, error) {
		m, err := modelfile.MatchLoRA(lora.Path, files...)
		if err != nil {
			return LoRAFit{}, fmt.Errorf("compare %s with %s: %w", lora.Name, set.Model.Name, err)
		}
		f := LoRAFit{Matched: m.Matched, Total: m.Total, Counted: m.Known, Reason: m.Reason()}
		if f.Reason == "" && !m.Known && lora.Family != "" && set.Model.Family != "" && lora.Family != set.Model.Family {
			f.Reason = "it was made for another kind of model"
		}
		return f, nil
	})
	if err != nil {
		return f, err
	}
	f.LoRA, f.Model = lora, set.Model
	return f, nil
}

// Adapter gives an installed LoRA for chat models.
func (l *Library) Adapter(ctx context.Context, id int64) (backend.Model, error) {
	m, err := l.Get(ctx, id)
	if err == nil && m.Kind != backend.KindAdapter {
		err = fmt.Errorf("%s is no LoRA for chat models: %w", m.Name, backend.ErrUnsupported)
	}
	return m, err
}

// AdapterFits compares an installed LoRA for chat models with every chat model that can be used, the best fit first.
func (l *Library) AdapterFits(ctx context.Context, id int64) ([]LoRAFit, error) {
	a, err := l.Adapter(ctx, id)
	if err != nil {
		return nil, err
	}
	speaking := func(m backend.Model) bool { return usable(m) && m.Format == "gguf" }
	return l.compareAll(ctx, speaking, func(m backend.Model, _ []backend.Model) (LoRAFit, error) {
		f, err := l.remembered(fitKey{a.Path, m.Path, [2]stamp{stampOf(a), stampOf(m)}}, func() (LoRAFit, error) {
			match, err := modelfile.MatchAdapter(a.Path, m.Path)
			return LoRAFit{Matched: match.Matched, Total: match.Total, Counted: match.Known, Reason: match.Reason()}, err
		})
		f.LoRA, f.Model = a, m
		return f, err
	})
}

// remembered gives a comparison that was made before, or makes it.
func (l *Library) remembered(key fitKey, compare func() (LoRAFit, error)) (LoRAFit, error) {
	l.fitMu.Lock()
	f, known := l.fits[key]
	l.fitMu.Unlock()
	if known {
		return f, nil
	}
	f, err := compare()
	if err != nil {
		return f, err
	}
	l.fitMu.Lock()
	defer l.fitMu.Unlock()
	if len(l.fits) >= maxFits {
		clear(l.fits)
	}
	l.fits[key] = f
	return f, nil
}

func bestFirst(fits []LoRAFit) {
	slices.SortStableFunc(fits, func(a, b LoRAFit) int { return cmp.Compare(b.share(), a.share()) })
}
