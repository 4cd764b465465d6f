package residency

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/event"

	"github.com/google/go-cmp/cmp"
)

func TestADeathIsToldAndTheNextRequestStartsAfresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		n := Need{Model: model(t, "a", enginetest.Model{})}
		_, release := acquire(t, b, n)
		release()
		b.states()
		_ = b.last().die(engine.CauseKilled) // while nobody uses it
		synctest.Wait()
		if s := b.State(); s.State != event.EngineDied || s.Error == "" || s.Name != "a" {
			t.Errorf("%+v", s)
		}
		c, release := acquire(t, b, n)
		defer release()
		if err := say(t, c); err != nil {
			t.Error(err)
		}
		if d := cmp.Diff([]event.EngineState{event.EngineDied, event.EngineLoading, event.EngineReady}, b.states()); d != "" {
			t.Error(d)
		}
	})
}

func TestThreeDeathsWithoutATokenAreEnough(t *testing.T) {
	b := newBench(t, Deps{})
	n := Need{Model: model(t, "a", enginetest.Model{})}
	for i := range 3 {
		c, release := acquire(t, b, n)
		b.last().mute = true
		got := crashed(say(t, c))
		if got.Cause != engine.CauseAssertion || got.GaveUp != (i == 2) {
			t.Errorf("death %d: %+v", i+1, got)
		}
		release()
	}
	_, _, err := b.Acquire(t.Context(), n)
	if got := crashed(err); !got.GaveUp || got.Cause != engine.CauseAssertion || b.loads() != 3 {
		t.Errorf("%v after %d loads", err, b.loads())
	}
	b.Retry()
	if s := b.State().State; s != event.EngineNone {
		t.Error(s)
	}
	c, release := acquire(t, b, n)
	if err := say(t, c); err != nil {
		t.Error(err)
	}
	release()
}

func TestATokenEndsTheRowOfDeaths(t *testing.T) {
	b := newBench(t, Deps{})
	n := Need{Model: model(t, "a", enginetest.Model{})}
	for i := range 10 {
		c, release := acquire(t, b, n)
		if i%2 == 1 {
			if err := say(t, c); err != nil {
				t.Error(err)
			}
		}
		b.last().mute = true
		if got := crashed(say(t, c)); got.GaveUp || got.Cause == "" {
			t.Errorf("death %d: %+v", i+1, got)
		}
		release()
	}
}

func TestAnotherModelEndsTheRowOfDeaths(t *testing.T) {
	b := newBench(t, Deps{})
	bad, good := Need{Model: model(t, "bad", enginetest.Model{})}, Need{Model: model(t, "good", enginetest.Model{})}
	b.failing = &engine.Crashed{Cause: engine.CauseBadFile}
	for i := range 4 {
		_, _, err := b.Acquire(t.Context(), bad)
		if got := crashed(err); got.GaveUp != (i >= 2) || got.Cause != engine.CauseBadFile {
			t.Errorf("load %d: %v", i+1, err)
		}
	}
	if b.loads() != 3 || b.State().State != event.EngineFailed {
		t.Errorf("%d loads, %+v", b.loads(), b.State())
	}
	b.failing = nil
	for _, n := range []Need{good, bad} {
		_, release := acquire(t, b, n)
		release()
	}
}

func TestAFailedLoadIsTold(t *testing.T) {
	b := newBench(t, Deps{})
	b.failing = &backend.BadFile{Path: "x", Reason: "it is cut short"}
	n := Need{Model: model(t, "a", enginetest.Model{})}
	for range 5 { // a clean error is no death
		_, _, err := b.Acquire(t.Context(), n)
		var bad *backend.BadFile
		if !errors.As(err, &bad) {
			t.Error(err)
		}
	}
	if s := b.State(); s.State != event.EngineFailed || s.Error == "" || s.ModelID != 1 {
		t.Errorf("%+v", s)
	}
}

func TestALoadCanBeCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		slow := Need{Model: model(t, "slow", enginetest.Model{LoadMS: 60_000})}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		if _, _, err := b.Acquire(ctx, slow); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		if b.State().State != event.EngineNone || !slices.Contains(b.states(), event.EngineLoading) {
			t.Errorf("%+v", b.State())
		}
		_, release := acquire(t, b, slow)
		release()
	})
}

func TestCloseTurnsEverybodyAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		slow := Need{Model: model(t, "slow", enginetest.Model{LoadMS: 60_000})}
		results := make(chan error, 2)
		for range 2 { // one loads, one waits
			go func() {
				_, _, err := b.Acquire(t.Context(), slow)
				results <- err
			}()
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		for range 2 {
			if err := <-results; !errors.Is(err, engine.ErrClosed) {
				t.Error(err)
			}
		}
		if _, _, err := b.Acquire(t.Context(), slow); !errors.Is(err, engine.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestCloseEndsTheReplyInProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		c, release := acquire(t, b, Need{Model: model(t, "a", enginetest.Model{Endless: true, TokenMS: 1000})})
		defer release()
		ended := make(chan error, 1)
		go func() {
			_, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: []int32{256}}, func(engine.Event) error { return nil })
			ended <- err
		}()
		time.Sleep(5 * time.Second)
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if err := <-ended; !errors.Is(err, engine.ErrClosed) {
			t.Error(err)
		}
	})
}

func TestBusyEndsWhateverComesOfIt(t *testing.T) {
	busy := 0
	b := newBench(t, Deps{Busy: func() func() { busy++; return func() { busy-- } }})
	n := Need{Model: model(t, "a", enginetest.Model{})}
	_, release := acquire(t, b, n)
	if busy != 1 {
		t.Errorf("busy %d times while one uses it", busy)
	}
	release()
	release()
	b.mu.Lock()
	b.failing = &engine.Crashed{Cause: engine.CauseMemory}
	b.mu.Unlock()
	b.Unload(t.Context())
	if _, _, err := b.Acquire(t.Context(), n); err == nil {
		t.Fatal("a load that fails did not")
	}
	if busy != 0 {
		t.Errorf("busy %d times when all is over", busy)
	}
}
