//go:build !nonative

package llama

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"loam/backend"
	"loam/backend/engine"
)

// embedder is a loaded embedding model. Of its chat only the handle, the lock and the way to end are used.
type embedder struct {
	c    *chat
	info engine.EmbedInfo
}

var _ engine.EmbedDriver = driver{}

// OpenEmbedder implements engine.EmbedDriver.
func (d driver) OpenEmbedder(ctx context.Context, r engine.LoadRequest, progress engine.Progress) (engine.Embedder, error) {
	start := time.Now()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := d.checkFile(r.Path, backend.KindEmbedding); err != nil {
		return nil, err
	}
	r.Adapters, r.KVType = nil, ""
	r, err := withDefaults(r)
	if err != nil {
		return nil, err
	}
	h, err := d.handle(r)
	if err != nil {
		return nil, err
	}
	e, err := newEmbedder(ctx, d, h, r, progress)
	if err != nil {
		h.delete()
		return nil, err
	}
	e.info.LoadSeconds = time.Since(start).Seconds()
	return e, nil
}

func newEmbedder(ctx context.Context, d driver, h handle, r engine.LoadRequest, progress engine.Progress) (*embedder, error) {
	if err := load(ctx, h, r, h.openEmbedding, progress); err != nil {
		return nil, err
	}
	i, err := h.info()
	if err != nil {
		return nil, fmt.Errorf("load model %s: %w", filepath.Base(r.Path), err)
	}
	if i.Dims < 1 || i.Dims > engine.MaxEmbedDims || i.TextTokens < 2 {
		return nil, &backend.BadFile{Path: r.Path, Reason: fmt.Sprintf("it claims vectors of %d numbers for texts of %d tokens: it is damaged", i.Dims, i.TextTokens)}
	}
	e := &embedder{c: &chat{driver: d, load: r, h: h}}
	e.info = engine.EmbedInfo{
		Engine: backend.EngineInfo{
			Engine: d.name, Build: h.build(), Device: i.Device, Variant: i.Variant, FlashAttn: r.FlashAttn, KVType: r.KVType, Threads: r.Threads,
		},
		Dims: i.Dims, Tokens: i.TextTokens, Pooling: i.Pooling, MemoryBytes: residentBytes(),
	}
	// A model that computes nonsense is noticed before anybody waits for it.
	if _, err := e.Embed(ctx, []string{"a"}); err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, &backend.BadFile{Path: r.Path, Reason: clauseOf(err.Error())}
	}
	return e, nil
}

// Embedding implements engine.Embedder.
func (e *embedder) Embedding() engine.EmbedInfo { return e.info }

// Embed implements engine.Embedder.
func (e *embedder) Embed(ctx context.Context, texts []string) (engine.Embedded, error) {
	if err := engine.CheckTexts(texts); err != nil {
		return engine.Embedded{}, err
	}
	end, err := e.c.begin(ctx)
	if err != nil {
		return engine.Embedded{}, err
	}
	defer end()
	out := engine.Embedded{Tokens: []int{}}
	for i, text := range texts {
		if err := ctx.Err(); err != nil {
			return engine.Embedded{}, err
		}
		tokens, total, err := e.tokens(text)
		if err != nil {
			return engine.Embedded{}, fmt.Errorf("tokenize: %w", err)
		}
		v, st, err := e.c.h.embed(tokens, e.info.Dims)
		switch {
		case err != nil:
			return engine.Embedded{}, fmt.Errorf("embed: %w", err)
		case st == statusCancelled && ctx.Err() != nil:
			return engine.Embedded{}, ctx.Err()
		case st != statusOK:
			return engine.Embedded{}, engine.ErrClosed
		}
		if err := engine.Normalize(v); err != nil {
			return engine.Embedded{}, err
		}
		out.Vectors, out.Tokens = append(out.Vectors, v), append(out.Tokens, total)
		if total > len(tokens) {
			out.Cut = append(out.Cut, i)
		}
	}
	return out, nil
}

// tokens are those of a text, with what the vocabulary puts around it and without what is too much: the sign of the end stays,
// since models take the meaning from it.
func (e *embedder) tokens(text string) (list []int32, total int, err error) {
	all, err := e.c.h.tokenize(text, true, false)
	if err != nil {
		return nil, 0, err
	}
	if len(all) == 0 { // of nothing, by a vocabulary that puts nothing around it
		if all, err = e.c.h.tokenize(".", true, false); err != nil {
			return nil, 0, err
		}
	}
	if len(all) == 0 {
		return nil, 0, errors.New("its vocabulary makes no tokens")
	}
	total = len(all)
	if most := e.info.Tokens; total > most {
		last := all[total-1]
		all = all[:most]
		if e.c.h.isControl(last) {
			all[most-1] = last
		}
	}
	return all, total, nil
}

// Close implements engine.Embedder.
func (e *embedder) Close() error { return e.c.Close() }
