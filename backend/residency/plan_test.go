package residency

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
)

func TestALoadObeysThePlan(t *testing.T) {
	type asked struct {
		Context   int
		Returning int64
		Unloads   string
	}
	var plans []asked
	plan := backend.LoadPlan{Context: 2048, KVType: "q8_0", Device: "Vulkan0", GPULayers: 7, Fit: backend.LoadFits}
	b := newBench(t, Deps{Plan: func(_ Need, l engine.LoadRequest, returning int64, unloads string) backend.LoadPlan {
		plans = append(plans, asked{l.Context, returning, unloads})
		return plan
	}})
	first := Need{Model: model(t, "a", enginetest.Model{})}
	c, release := acquire(t, b, first)
	release()
	if got := b.specs[0].Load; got.Context != 2048 || got.KVType != "q8_0" || got.GPULayers != 7 || got.Device != "Vulkan0" || c.Info().Context != 2048 {
		t.Errorf("%+v", got)
	}
	plan.Context = 1024 // memory is short now; what is loaded still serves
	_, release = acquire(t, b, first)
	release()
	if b.loads() != 1 {
		t.Errorf("%d loads, though nothing else was asked for", b.loads())
	}
	second := Need{Model: model(t, "bb", enginetest.Model{}), Context: 512}
	if p, err := b.PlanLoad(second); err != nil || p.Context != 1024 {
		t.Errorf("%+v, %v", p, err)
	}
	_, release = acquire(t, b, second)
	release()
	want := []asked{{0, 0, ""}, {512, 100, "a"}, {512, 100, "a"}, {512, 0, ""}}
	if d := cmp.Diff(want, plans); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestAPersonsWordLetsATightLoadThrough(t *testing.T) {
	var plan backend.LoadPlan
	b := newBench(t, Deps{Plan: func(Need, engine.LoadRequest, int64, string) backend.LoadPlan { return plan }})
	n := Need{Model: model(t, "a", enginetest.Model{})}
	for _, tc := range []struct {
		fit            backend.LoadFit
		anyway         bool
		refused, fatal bool
	}{
		{backend.LoadTight, false, true, false},
		{backend.LoadFatal, true, true, true},
		{backend.LoadTight, true, false, false},
	} {
		plan = backend.LoadPlan{Fit: tc.fit, KVType: "f16", Choice: backend.LoadChoice{Anyway: tc.anyway}}
		_, release, err := b.Acquire(t.Context(), n)
		var big *backend.DoesNotFit
		if errors.As(err, &big) != tc.refused || tc.refused && big.Fatal != tc.fatal {
			t.Errorf("%s, anyway %v: %v", tc.fit, tc.anyway, err)
		}
		if err == nil {
			release()
		}
	}
}
