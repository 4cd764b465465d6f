package residency

import (
	"context"
	"io"
	"sync/atomic"

	"loam/backend"
	"loam/backend/engine"
)

// lease is a loaded model in the hands of one caller. It notices tokens, which end a row of deaths, and deaths.
type lease struct {
	m    *Manager
	r    *resident
	over atomic.Bool
	chat int64 // of Recall: whose conversation the context is about to hold
}

var _ engine.Chat = (*lease)(nil)

// check turns away who has given the model back.
func (l *lease) check() error {
	if l.over.Load() {
		return engine.ErrClosed
	}
	return nil
}

// died replaces the news of a death by what is known about deaths in a row.
func (l *lease) died(err error) error {
	if _, ok := isCrash(err); !ok {
		return err
	}
	return l.m.bury(l.r, err)
}

func (l *lease) Info() engine.Info { return l.r.info }

func (l *lease) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	if err := l.check(); err != nil {
		return engine.Rendered{}, err
	}
	out, err := l.r.child.Render(ctx, r)
	return out, l.died(err)
}

func (l *lease) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	if err := l.check(); err != nil {
		return engine.Parsed{}, err
	}
	out, err := l.r.child.Parse(ctx, r)
	return out, l.died(err)
}

func (l *lease) Tokenize(ctx context.Context, text string, special bool) ([]int32, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	out, err := l.r.child.Tokenize(ctx, text, special)
	return out, l.died(err)
}

func (l *lease) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	if err := l.check(); err != nil {
		return engine.Result{}, err
	}
	l.use(ctx)
	if r.Speculate {
		r.Proofs = l.m.proofs(ctx, l.r)
	}
	alive := false
	out, err := l.generate(ctx, r, func(e engine.Event) error {
		if _, ok := e.(engine.Token); ok && !alive {
			alive = true
			l.m.works()
		}
		return emit(e)
	})
	if err == nil && out.Stop != backend.StopCancel && !alive {
		l.m.works() // it had nothing to say, and said so
	}
	l.m.keepProofs(ctx, l.r, out.Proofs)
	return out, l.died(err)
}

func (l *lease) Logits(ctx context.Context, r engine.GenerateRequest) ([]float32, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	l.use(ctx)
	out, err := l.r.child.Logits(ctx, r)
	return out, l.died(err)
}

func (l *lease) SaveState(ctx context.Context, w io.Writer) error {
	if err := l.check(); err != nil {
		return err
	}
	return l.died(l.r.child.SaveState(ctx, w))
}

func (l *lease) LoadState(ctx context.Context, r io.Reader) error {
	if err := l.check(); err != nil {
		return err
	}
	l.use(ctx)
	return l.died(l.r.child.LoadState(ctx, r))
}

// Close does nothing: the model stays for the next one. Give it back with release.
func (l *lease) Close() error { return nil }
