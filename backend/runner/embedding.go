package runner

import (
	"errors"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/wire"
)

var errNoEmbedding = errors.New("no embedding model is open")

// embedding runs the method of engine.Embedder for a job.
func (s *server) embedding(j *job) (any, error) {
	if j.op == wire.OpEmbedOpen {
		return s.openEmbedding(j)
	}
	if s.embed == nil {
		return nil, fmt.Errorf("%s: %w", j.op, errNoEmbedding)
	}
	texts, err := read[[]string](j)
	if err != nil {
		return nil, err
	}
	out, err := s.embed.Embed(j.ctx, texts)
	if err != nil {
		return nil, err
	}
	for _, v := range out.Vectors {
		if err := s.floats(v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s *server) openEmbedding(j *job) (any, error) {
	d, ok := s.driver.(engine.EmbedDriver)
	if !ok {
		return nil, fmt.Errorf("%s: %w", j.op, backend.ErrUnsupported)
	}
	r, err := read[engine.LoadRequest](j)
	if err != nil {
		return nil, err
	}
	if s.embed != nil {
		return nil, errors.New("an embedding model is open already")
	}
	if s.embed, err = d.OpenEmbedder(j.ctx, r, s.loading()); err != nil {
		s.embed = nil // an interface around a nil pointer is not nil
		return nil, err
	}
	return s.embed.Embedding(), nil
}
