package chat

import (
	"context"
	"fmt"
	"sync"

	"loam/backend"
	"loam/backend/modelfile"
)

// advice remembers what model files recommend of sampling, so that a header is read once.
type advice struct {
	mu    sync.Mutex
	known map[string]backend.Sampling // by path and time
}

// recommended is what a reply of a model is drawn with when nobody chose anything: what its file recommends, else
// backend.DefaultSampling. A file that cannot be read recommends nothing.
func (s *Service) recommended(m backend.Model) backend.Sampling {
	key := fmt.Sprint(m.Path, m.ModTime.UnixMilli(), m.SizeBytes)
	s.advice.mu.Lock()
	defer s.advice.mu.Unlock()
	if known, ok := s.advice.known[key]; ok {
		return known
	}
	out := backend.DefaultSampling()
	if f, err := modelfile.Identify(m.Path); err == nil && f.Sampling != nil {
		out = *f.Sampling
	}
	if s.advice.known == nil {
		s.advice.known = map[string]backend.Sampling{}
	}
	s.advice.known[key] = out
	return out
}

// Recommended is what replies of a model are drawn with in chats without settings of their own.
func (s *Service) Recommended(ctx context.Context, modelID int64) (backend.Sampling, error) {
	m, err := s.models.Get(ctx, modelID)
	if err != nil {
		return backend.DefaultSampling(), err
	}
	return s.recommended(m), nil
}
