package worker

import (
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"loam/backend/engine"
	"loam/backend/wire"
)

// Embedder is an embedding model that is loaded in a child process. It implements engine.Embedder.
type Embedder struct {
	p    *process
	info engine.EmbedInfo
}

var _ engine.Embedder = (*Embedder)(nil)

// OpenEmbedder starts a child and loads s.Load.Path in it; progress may be nil. Errors are those of Open.
func OpenEmbedder(ctx context.Context, s Spec, progress engine.Progress) (*Embedder, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	s.Load.Adapters = nil
	if s, err = s.resolve(); err != nil {
		return nil, err
	}
	p, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	e := &Embedder{p: p}
	began := time.Now()
	on := handlers{event: func(e wire.Event) error { return loading(e, progress) }}
	if err := p.ask(ctx, wire.OpEmbedOpen, s.Load, on, &e.info); err != nil {
		_ = p.close() // err says why
		return nil, err
	}
	if d := e.info.Dims; d < 1 || d > engine.MaxEmbedDims {
		_ = p.close() // it is of no use
		return nil, fmt.Errorf("%w: vectors of %d numbers", errChild, d)
	}
	e.info.MemoryBytes = max(e.MemoryBytes(), e.info.MemoryBytes)
	if e.info.LoadSeconds == 0 {
		e.info.LoadSeconds = time.Since(began).Seconds()
	}
	return e, nil
}

// Embedding implements engine.Embedder.
func (e *Embedder) Embedding() engine.EmbedInfo { return e.info }

// Embed implements engine.Embedder. A child whose vectors are not what it promised is as good as dead.
func (e *Embedder) Embed(ctx context.Context, texts []string) (engine.Embedded, error) {
	if err := engine.CheckTexts(texts); err != nil {
		return engine.Embedded{}, err
	}
	size := 4 * e.info.Dims
	var b []byte
	on := handlers{data: func(p []byte) error {
		if len(b)+len(p) > size*len(texts) {
			return fmt.Errorf("%w: more vectors than texts", errChild)
		}
		b = append(b, p...)
		return nil
	}}
	var out engine.Embedded
	if err := e.p.ask(ctx, wire.OpEmbed, texts, on, &out); err != nil {
		return engine.Embedded{}, err
	}
	if len(b) != size*len(texts) || len(out.Tokens) != len(texts) {
		return engine.Embedded{}, e.p.lost(ctx, fmt.Errorf("%w: %d bytes of vectors for %d texts", errChild, len(b), len(texts)))
	}
	for i := range texts {
		v := make([]float32, e.info.Dims)
		for k := range v {
			v[k] = math.Float32frombits(binary.LittleEndian.Uint32(b[i*size+4*k:]))
		}
		if err := engine.Normalize(v); err != nil { // of length 1 already, if the child is what it should be
			return engine.Embedded{}, e.p.lost(ctx, fmt.Errorf("%w: %w", errChild, err))
		}
		out.Vectors = append(out.Vectors, v)
	}
	for _, i := range out.Cut {
		if i < 0 || i >= len(texts) {
			return engine.Embedded{}, e.p.lost(ctx, fmt.Errorf("%w: text %d was cut", errChild, i))
		}
	}
	return out, nil
}

// MemoryBytes is the resident size of the child now; 0 = not known.
func (e *Embedder) MemoryBytes() int64 { return residentBytes(e.PID()) }

// PID is the child's process ID.
func (e *Embedder) PID() int { return e.p.cmd.Process.Pid }

// Done is closed when the child has ended, however.
func (e *Embedder) Done() <-chan struct{} { return e.p.done }

// Err is nil while the child runs and after Close, else an *engine.Crashed.
func (e *Embedder) Err() error { return e.p.err() }

// Close ends the child; requests in progress end with engine.ErrClosed. A second call does nothing.
func (e *Embedder) Close() error { return e.p.close() }
