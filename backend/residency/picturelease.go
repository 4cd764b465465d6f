package residency

import (
	"context"
	"sync/atomic"

	"loam/backend/engine"
)

// pictureLease is an opened picture model in the hands of one caller. It notices steps, which end a row of deaths, and
// deaths.
type pictureLease struct {
	m    *Manager
	r    *resident
	over atomic.Bool
}

var _ engine.Imager = (*pictureLease)(nil)

func (l *pictureLease) Info() engine.PictureInfo { return l.r.pictures.Info() }

// MemoryBytes is the resident size of the engine's process now; 0 = not known.
func (l *pictureLease) MemoryBytes() int64 { return l.r.pictures.MemoryBytes() }

// watch calls f and looks at what came of it.
func (l *pictureLease) watch(ctx context.Context, emit func(engine.PictureProgress) error, f func(func(engine.PictureProgress) error) error) error {
	if l.over.Load() {
		return engine.ErrClosed
	}
	noted := make(chan struct{})
	release := context.AfterFunc(ctx, func() {
		l.m.stopping(l.r, true)
		close(noted)
	})
	defer func() {
		if release() {
			return
		}
		<-noted
		select {
		case <-l.r.process.Done():
		default: // it heard
			l.m.stopping(l.r, false)
		}
	}()
	alive := false
	err := f(func(p engine.PictureProgress) error {
		if !alive && (p.Preview != nil || p.Step > 0) {
			alive = true
			l.m.works()
		}
		if emit == nil {
			return nil
		}
		return emit(p)
	})
	if err == nil {
		l.m.works()
		return nil
	}
	if _, died := isCrash(err); died {
		return l.m.bury(l.r, err)
	}
	return err
}

func (l *pictureLease) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (out engine.PictureResult, err error) {
	err = l.watch(ctx, emit, func(emit func(engine.PictureProgress) error) error {
		out, err = l.r.pictures.Generate(ctx, r, emit)
		return err
	})
	return out, err
}

func (l *pictureLease) Upscale(ctx context.Context, p engine.Pixels, emit func(engine.PictureProgress) error) (out engine.Pixels, err error) {
	err = l.watch(ctx, emit, func(emit func(engine.PictureProgress) error) error {
		out, err = l.r.pictures.Upscale(ctx, p, emit)
		return err
	})
	return out, err
}

// Close does nothing: the model stays for the next one. Give it back with release.
func (l *pictureLease) Close() error { return nil }

// stopping notes that a person stopped what a process does.
func (m *Manager) stopping(r *resident, yes bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r.stopping = yes
}
