package residency

import (
	"context"
	"errors"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"
)

// embedChild is a fake embedding model that can die like a process.
type embedChild struct {
	engine.Embedder
	child *child
}

func (e *embedChild) Done() <-chan struct{} { return e.child.done }
func (e *embedChild) Close() error {
	e.child.once.Do(func() { close(e.child.done) })
	return e.Embedder.Close()
}

func (e *embedChild) Err() error { return e.child.Err() }

func (e *embedChild) Embed(ctx context.Context, texts []string) (engine.Embedded, error) {
	if e.child.mute {
		return engine.Embedded{}, e.child.die(engine.CauseAssertion)
	}
	return e.Embedder.Embed(ctx, texts)
}

// embedBench is a manager of embedding models and the children it started.
func embedBench(t *testing.T) (*bench, *[]*embedChild) {
	t.Helper()
	var started []*embedChild
	b := newBench(t, Deps{OpenEmbedder: func(ctx context.Context, s worker.Spec, progress engine.Progress) (EmbedChild, error) {
		e, err := enginetest.Driver().(engine.EmbedDriver).OpenEmbedder(ctx, s.Load, progress)
		if err != nil {
			return nil, err
		}
		c := &embedChild{Embedder: e, child: &child{done: make(chan struct{})}}
		started = append(started, c)
		return c, nil
	}})
	return b, &started
}

func TestEmbeddingModelStaysForTheNextCaller(t *testing.T) {
	b, started := embedBench(t)
	n := Need{Model: model(t, "near", enginetest.Model{})}
	for range 3 {
		e, release, err := b.AcquireEmbedder(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Embed(t.Context(), []string{"a", "b"})
		if err != nil || len(out.Vectors) != 2 {
			t.Fatalf("%v, %v", out, err)
		}
		release()
		if _, err := e.Embed(t.Context(), nil); !errors.Is(err, engine.ErrClosed) {
			t.Errorf("a lease that was given back embeds: %v", err)
		}
	}
	if len(*started) != 1 {
		t.Errorf("%d processes were started", len(*started))
	}
	b.Unload(t.Context())
	if b.Memory() != 0 {
		t.Error("an unloaded model takes memory")
	}
}

func TestEmbeddingModelThatDoesNotFitIsRefused(t *testing.T) {
	b, started := embedBench(t)
	n := Need{Model: model(t, "large", enginetest.Model{})}
	b.need["large"] = 2000
	if _, _, err := b.AcquireEmbedder(t.Context(), n); !errors.As(err, new(*backend.DoesNotFit)) || len(*started) > 0 {
		t.Errorf("%d started, error %v", len(*started), err)
	}
}

func TestDeathsOfAnEmbeddingModelAreCounted(t *testing.T) {
	b, started := embedBench(t)
	n := Need{Model: model(t, "near", enginetest.Model{})}
	for i := range maxDeaths {
		e, release, err := b.AcquireEmbedder(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		(*started)[i].child.mute = true
		if _, err := e.Embed(t.Context(), []string{"a"}); crashed(err).GaveUp != (i == maxDeaths-1) {
			t.Errorf("death %d: %v", i, err)
		}
		release()
	}
	if _, _, err := b.AcquireEmbedder(t.Context(), n); !crashed(err).GaveUp {
		t.Errorf("it is started again and again: %v", err)
	}
}
