package residency

import (
	"context"
	"sync/atomic"

	"loam/backend/engine"
	"loam/backend/worker"
)

// EmbedChild is an embedding model in a process of its own. *worker.Embedder is one.
type EmbedChild interface {
	engine.Embedder
	Done() <-chan struct{}
	Err() error
}

func openEmbedder(ctx context.Context, s worker.Spec, progress engine.Progress) (EmbedChild, error) {
	c, err := worker.OpenEmbedder(ctx, s, progress)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// AcquireEmbedder is Acquire for an embedding model. Such a model is small and is needed together with one that chats: it is given
// a Manager of its own, so that neither ends the other.
func (m *Manager) AcquireEmbedder(ctx context.Context, n Need) (engine.Embedder, func(), error) {
	n.Kind = KindEmbedding
	r, err := m.take(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	l := &embedLease{m: m, r: r}
	return l, m.release(&l.over), nil
}

// Memory is about how many bytes the process takes that this Manager has; 0 = it has none.
func (m *Manager) Memory() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.resident == nil {
		return 0
	}
	return m.resident.info.MemoryBytes
}

// embedLease is a loaded embedding model in the hands of one caller. It notices vectors, which end a row of deaths, and deaths.
type embedLease struct {
	m    *Manager
	r    *resident
	over atomic.Bool
}

func (l *embedLease) Embedding() engine.EmbedInfo { return l.r.embedder.Embedding() }

func (l *embedLease) Embed(ctx context.Context, texts []string) (engine.Embedded, error) {
	if l.over.Load() {
		return engine.Embedded{}, engine.ErrClosed
	}
	out, err := l.r.embedder.Embed(ctx, texts)
	if err == nil {
		l.m.works()
		return out, nil
	}
	if _, died := isCrash(err); died {
		err = l.m.bury(l.r, err)
	}
	return engine.Embedded{}, err
}

// Close does nothing: the model stays for the next one. Give it back with release.
func (l *embedLease) Close() error { return nil }
