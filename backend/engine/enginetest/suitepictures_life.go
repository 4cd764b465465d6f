package enginetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"loam/backend/engine"
)

// flatMB is how much a process may grow while pictures are stopped in it.
const flatMB = 40

// suiteCancelPictures stops pictures at random moments of a long one: before it has begun, while weights are read, in a
// step, in the decoder. An engine that cannot be cancelled is stopped by the end of its process, and opened again.
func suiteCancelPictures(t *testing.T, s pictureSuite) {
	m := s.open(t)
	base := s.draw(t, m)
	can := m.Info().Capabilities.Cancel
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := m.Generate(done, s.Request, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before it began: %v", err)
	}
	long := s.with(func(r *engine.PictureRequest) { r.Steps = s.Longest })
	whole := func() time.Duration {
		if !can {
			return time.Second // it is never drawn to its end
		}
		began, least := time.Now(), time.Hour
		for range 2 { // the machine may be busy with something else for a moment
			if _, err := m.Generate(t.Context(), long, nil); err != nil {
				t.Fatal(err)
			}
			least, began = min(least, time.Since(began)), time.Now()
		}
		return least
	}()
	rng := rand.New(rand.NewPCG(20, 26))
	memory := func() int64 {
		if x, ok := m.(interface{ MemoryBytes() int64 }); ok {
			return x.MemoryBytes() >> 20
		}
		return 0
	}
	stopped, before := 0, int64(0)
	for i := range s.Cancels {
		if i == s.Cancels/5 {
			before = memory()
		}
		ctx, cancel := context.WithCancel(t.Context())
		timer := time.AfterFunc(time.Duration(rng.Int64N(int64(whole))), cancel)
		_, err := m.Generate(ctx, long, nil)
		timer.Stop()
		cancel()
		switch {
		case errors.Is(err, context.Canceled):
			stopped++
		case err != nil:
			t.Fatalf("cancel %d: %v", i, err)
		}
		if !can {
			m = s.open(t)
		}
	}
	if stopped == 0 {
		t.Errorf("none of %d pictures was stopped", s.Cancels)
	}
	if grown := memory() - before; can && grown > flatMB {
		t.Errorf("%d stopped pictures grew the process by %d MB", s.Cancels, grown)
	}
	if !same(base, s.draw(t, m)) {
		t.Error("after them the same request draws another picture")
	}
}

func suitePictureEmitError(t *testing.T, s pictureSuite) {
	m := s.open(t)
	enough := errors.New("enough")
	n := 0
	_, err := m.Generate(t.Context(), s.Request, func(engine.PictureProgress) error {
		n++
		return enough
	})
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("%v after %d reports, want the reader's error after the first", err, n)
	}
	if m.Info().Capabilities.Cancel {
		s.draw(t, m)
	}
}

func suiteClosePictures(t *testing.T, s pictureSuite) {
	m, err := s.Open(t.Context(), s.Load)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() { // ends with the engine
		first := sync.OnceFunc(func() { close(began) })
		for {
			_, err := m.Generate(ctx, s.with(func(r *engine.PictureRequest) { r.Steps = s.Longest }), func(engine.PictureProgress) error {
				first()
				return nil
			})
			if err != nil {
				first()
				ended <- err
				return
			}
		}
	}()
	<-began
	if _, child := m.(interface{ Done() <-chan struct{} }); !child {
		cancel() // in the process, Close waits for the running picture
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; !errors.Is(err, engine.ErrClosed) && !errors.Is(err, context.Canceled) {
		t.Errorf("the picture ended with %v", err)
	}
	if err := m.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := m.Generate(t.Context(), s.Request, nil); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("drawn after the end: %v", err)
	}
}
