package residency

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/event"

	"github.com/google/go-cmp/cmp"
)

func TestTheSameModelIsLoadedOnce(t *testing.T) {
	b := newBench(t, Deps{})
	n := Need{Model: model(t, "a", enginetest.Model{})}
	for range 3 {
		c, release := acquire(t, b, n)
		if err := say(t, c); err != nil {
			t.Error(err)
		}
		release()
		release()
		if err := say(t, c); !errors.Is(err, engine.ErrClosed) {
			t.Error("a model was used after it was given back: ", err)
		}
	}
	if b.loads() != 1 {
		t.Errorf("%d loads", b.loads())
	}
	if d := cmp.Diff([]event.EngineState{event.EngineLoading, event.EngineReady}, b.states()); d != "" {
		t.Error(d)
	}
	if s := b.State(); s.ModelID != 1 || s.Name != "a" || s.Memory != 100 || s.Info.Variant != "zen4" || s.Load != 1 {
		t.Errorf("%+v", s)
	}
}

func TestAnotherModelTakesThePlace(t *testing.T) {
	b := newBench(t, Deps{})
	_, release := acquire(t, b, Need{Model: model(t, "a", enginetest.Model{})})
	release()
	first := b.last()
	_, release = acquire(t, b, Need{Model: model(t, "bb", enginetest.Model{})})
	defer release()
	select {
	case <-first.done:
	default:
		t.Error("two models are in memory")
	}
	want := []event.EngineState{event.EngineLoading, event.EngineReady, event.EngineNone, event.EngineLoading, event.EngineReady}
	if d := cmp.Diff(want, b.states()); d != "" {
		t.Error(d)
	}
}

func TestWhatMakesADifferenceIsLoadedAgain(t *testing.T) {
	a := model(t, "a", enginetest.Model{})
	changed := a
	changed.SizeBytes++
	info := backend.EngineInfo{Engine: "fake", Build: "1", Device: "CPU", Variant: "zen4", FlashAttn: "off", KVType: "f16"}
	other := info
	other.Variant = "haswell"
	for _, x := range []struct {
		name          string
		first, second Need
		settings      engine.LoadRequest // of the second
		loads         int
	}{
		{"nothing", Need{Model: a}, Need{Model: a}, engine.LoadRequest{}, 1},
		{"any context after a certain one", Need{Model: a, Context: 512}, Need{Model: a}, engine.LoadRequest{}, 1},
		{"the context that was chosen", Need{Model: a}, Need{Model: a, Context: 4096}, engine.LoadRequest{}, 1},
		{"another context", Need{Model: a}, Need{Model: a, Context: 1024}, engine.LoadRequest{}, 2},
		{"a file that was replaced", Need{Model: a}, Need{Model: changed}, engine.LoadRequest{}, 2},
		{"layers on the GPU", Need{Model: a}, Need{Model: a, GPULayers: -1}, engine.LoadRequest{}, 2},
		{"a setting", Need{Model: a}, Need{Model: a}, engine.LoadRequest{KVType: "q8_0"}, 2},
		{"an adapter", Need{Model: a}, Need{Model: a, Adapters: []engine.AdapterWeight{{Path: "x", Weight: 1}}}, engine.LoadRequest{}, 2},
		{"a run like this one", Need{Model: a}, Need{Model: a, Like: &info}, engine.LoadRequest{}, 1},
		{"a run like another one", Need{Model: a}, Need{Model: a, Like: &other}, engine.LoadRequest{}, 2},
		{"the same wish again", Need{Model: a, Like: &other}, Need{Model: a, Like: &other}, engine.LoadRequest{}, 1},
		{"no wish after a wish", Need{Model: a, Like: &info}, Need{Model: a}, engine.LoadRequest{}, 1},
		{"no wish after a wish, but a setting", Need{Model: a, Like: &info}, Need{Model: a}, engine.LoadRequest{KVType: "q8_0"}, 2},
	} {
		t.Run(x.name, func(t *testing.T) {
			b := newBench(t, Deps{})
			_, release := acquire(t, b, x.first)
			release()
			x.settings.Threads = b.base.Threads
			b.base = x.settings
			c, release := acquire(t, b, x.second)
			defer release()
			if b.loads() != x.loads {
				t.Errorf("%d loads, want %d", b.loads(), x.loads)
			}
			if l := x.second.Like; l != nil && c.Info().Engine.Variant != l.Variant {
				t.Errorf("variant %s, asked for %s", c.Info().Engine.Variant, l.Variant)
			}
		})
	}
}

func TestOtherAdaptersKeepTheModel(t *testing.T) {
	m := model(t, "a", enginetest.Model{})
	b := newBench(t, Deps{})
	var said [][]engine.AdapterWeight
	var refuse error
	b.adapt = func(list []engine.AdapterWeight) error {
		said = append(said, list)
		return refuse
	}
	x := []engine.AdapterWeight{{Path: "x", Weight: 1}}
	half := []engine.AdapterWeight{{Path: "x", Weight: 0.5}}
	for i, list := range [][]engine.AdapterWeight{nil, x, x, half, nil} {
		_, release := acquire(t, b, Need{Model: m, Adapters: list})
		release()
		if b.loads() != 1 {
			t.Fatalf("step %d: %d loads", i, b.loads())
		}
	}
	if d := cmp.Diff([][]engine.AdapterWeight{x, half, nil}, said); d != "" {
		t.Error(d)
	}
	_, release := acquire(t, b, Need{Model: m, Adapters: x, Context: 1024})
	release()
	if b.loads() != 2 || len(said) != 3 {
		t.Errorf("another context: %d loads, asked %d times", b.loads(), len(said))
	}
	refuse = errors.New("it cannot be read")
	_, release = acquire(t, b, Need{Model: m, Adapters: half, Context: 1024})
	release()
	if b.loads() != 3 {
		t.Errorf("refused: %d loads", b.loads())
	}
	if got := b.specs[2].Load.Adapters; !cmp.Equal(half, got) {
		t.Errorf("loaded with %v", got)
	}
}

func TestAWishThatCannotBeMetGivesTheBestThereIs(t *testing.T) {
	b := newBench(t, Deps{})
	b.refuse = func(r engine.LoadRequest) error {
		if r.Variant == "sapphirerapids" {
			return errors.New("no such variant")
		}
		return nil
	}
	like := backend.EngineInfo{Engine: "fake", Variant: "sapphirerapids", Device: "CPU", FlashAttn: "off", KVType: "f16"}
	n := Need{Model: model(t, "a", enginetest.Model{}), Like: &like}
	for range 2 {
		c, release := acquire(t, b, n)
		if v := c.Info().Engine.Variant; v != "zen4" {
			t.Error(v)
		}
		release()
	}
	if b.loads() != 2 { // the wish, then the best; not again
		t.Errorf("%d loads", b.loads())
	}
}

func TestWhatCannotFitIsRefusedBeforeAnythingIsEnded(t *testing.T) {
	b := newBench(t, Deps{})
	_, release := acquire(t, b, Need{Model: model(t, "a", enginetest.Model{})})
	release()
	big := model(t, "big", enginetest.Model{})
	b.need["big"] = 5000
	_, _, err := b.Acquire(t.Context(), Need{Model: big})
	var fit *backend.DoesNotFit
	if !errors.As(err, &fit) || fit.Model != "big" || fit.Forecast.Total != 5000 {
		t.Errorf("%v", err)
	}
	if s := b.State(); s.State != event.EngineReady || s.Name != "a" {
		t.Errorf("the small model is gone: %+v", s)
	}
	b.need["big"] = 895 // too much for what is free now, not for what is free without the small one
	_, release = acquire(t, b, Need{Model: big})
	release()
	if f, err := b.Forecast(t.Context(), Need{Model: big}); err != nil || f.Total != 895 {
		t.Error(f, err)
	}
}

func TestCallersAreServedInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		n := Need{Model: model(t, "a", enginetest.Model{})}
		_, release := acquire(t, b, n)
		var mu sync.Mutex
		var order []int
		var wg sync.WaitGroup
		gone, cancel := context.WithCancel(t.Context())
		for i := range 5 {
			ctx := t.Context()
			if i == 2 {
				ctx = gone
			}
			wg.Go(func() {
				_, release, err := b.Acquire(ctx, n)
				if err != nil {
					if i != 2 || !errors.Is(err, context.Canceled) {
						t.Error(i, err)
					}
					return
				}
				mu.Lock()
				order = append(order, i)
				mu.Unlock()
				release()
			})
			synctest.Wait() // it stands in the queue
		}
		cancel()
		synctest.Wait()
		release()
		wg.Wait()
		if d := cmp.Diff([]int{0, 1, 3, 4}, order); d != "" {
			t.Error(d)
		}
	})
}

func TestAnIdleModelIsUnloaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{KeepAlive: 10 * time.Minute})
		n := Need{Model: model(t, "a", enginetest.Model{})}
		_, release := acquire(t, b, n)
		time.Sleep(time.Hour) // in use all the time
		if b.State().State != event.EngineReady {
			t.Fatal("unloaded while in use")
		}
		release()
		time.Sleep(9 * time.Minute)
		_, release = acquire(t, b, n) // which begins the time anew
		release()
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		if b.State().State != event.EngineReady || b.loads() != 1 {
			t.Fatalf("unloaded too early: %+v", b.State())
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if b.State().State != event.EngineNone {
			t.Errorf("still there: %+v", b.State())
		}
		b.SetKeepAlive(0)
		_, release = acquire(t, b, n)
		release()
		time.Sleep(1000 * time.Hour)
		if b.State().State != event.EngineReady || b.loads() != 2 {
			t.Errorf("%+v", b.State())
		}
		b.SetKeepAlive(time.Minute)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if b.State().State != event.EngineNone {
			t.Errorf("a new limit did not count: %+v", b.State())
		}
	})
}

func TestAModelThatIsNotToStayLeavesWhenItIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{KeepAlive: -time.Minute})
		n := Need{Model: model(t, "a", enginetest.Model{})}
		_, release := acquire(t, b, n)
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.State().State != event.EngineReady {
			t.Fatal("unloaded while in use")
		}
		next := make(chan func())
		go func() {
			_, release := acquire(t, b, n)
			next <- release
		}()
		synctest.Wait()
		release() // somebody waits for it: it stays
		release = <-next
		if b.State().State != event.EngineReady || b.loads() != 1 {
			t.Errorf("%+v after %d loads", b.State(), b.loads())
		}
		release()
		synctest.Wait()
		if b.State().State != event.EngineNone {
			t.Errorf("still there: %+v", b.State())
		}
		b.SetKeepAlive(0)
		_, release = acquire(t, b, n)
		release()
		synctest.Wait()
		if b.State().State != event.EngineReady {
			t.Errorf("%+v", b.State())
		}
		b.SetKeepAlive(-1)
		synctest.Wait()
		if b.State().State != event.EngineNone {
			t.Errorf("a new limit did not count: %+v", b.State())
		}
	})
}

func TestUnloadWaitsForItsTurn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		_, release := acquire(t, b, Need{Model: model(t, "a", enginetest.Model{})})
		done := make(chan struct{})
		go func() {
			b.Unload(t.Context())
			close(done)
		}()
		synctest.Wait()
		if b.State().State != event.EngineReady {
			t.Error("unloaded under somebody's hands")
		}
		release()
		<-done
		if b.State().State != event.EngineNone {
			t.Errorf("%+v", b.State())
		}
		b.Unload(t.Context()) // nothing is there: nothing happens
	})
}
