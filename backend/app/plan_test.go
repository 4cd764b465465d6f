package app

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine/enginetest"
	"loam/backend/hardware"
)

func TestAPersonsChoiceForAModelIsObeyed(t *testing.T) {
	a := open(t, t.TempDir())
	ctx := t.Context()
	m := addFake(t, a, enginetest.Model{})
	load := func() (context int) {
		t.Helper()
		c, release, err := engines{a}.Acquire(ctx, chat.Need{Model: m})
		if err != nil {
			t.Fatal(err)
		}
		defer release()
		return c.Info().Context
	}
	usual := load()
	want := backend.LoadChoice{Context: 1024, KVType: "q8_0"}
	if err := a.SetModelChoice(ctx, m.ID, want); err != nil {
		t.Fatal(err)
	}
	if got, err := a.ModelChoice(ctx, m.ID); err != nil || !cmp.Equal(want, got) {
		t.Errorf("%+v, %v", got, err)
	}
	if got := load(); got != 1024 {
		t.Errorf("context %d, want the one that was chosen", got)
	}
	if p, err := a.PlanModel(ctx, m); err != nil || p.Context != 1024 || p.KVType != "q8_0" || p.Choice != want {
		t.Errorf("%+v, %v", p, err)
	}
	if err := a.SetModelChoice(ctx, m.ID, backend.LoadChoice{}); err != nil {
		t.Fatal(err)
	}
	if got := load(); got != usual && got != 1024 { // what is loaded serves every wish for any context
		t.Errorf("context %d", got)
	}
	minus := -2
	for _, bad := range []backend.LoadChoice{{Context: 5}, {Context: 1 << 30}, {KVType: "q2"}, {GPULayers: &minus}} {
		if err := a.SetModelChoice(ctx, m.ID, bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
}

func TestOneWordLetsALoadThatIsTightThrough(t *testing.T) {
	var free atomic.Int64
	free.Store(1 << 40)
	a := openWith(t, Deps{Folders: foldersIn(t, t.TempDir()), Engine: enginetest.Name, LibDir: t.TempDir(), Window: true, Probe: func(context.Context) hardware.Machine {
		return hardware.Machine{MemoryTotal: 1 << 40, MemoryFree: free.Load(), PhysicalCores: 1, LogicalCores: 1}
	}})
	ctx := t.Context()
	m := addFake(t, a, enginetest.Model{})
	free.Store(1 << 20)
	var big *backend.DoesNotFit
	if _, _, err := (engines{a}).Acquire(ctx, chat.Need{Model: m}); !errors.As(err, &big) || big.Fatal {
		t.Fatalf("%v", err)
	}
	if err := a.SetModelChoice(ctx, m.ID, backend.LoadChoice{Anyway: true}); err != nil {
		t.Fatal(err)
	}
	_, release, err := (engines{a}).Acquire(ctx, chat.Need{Model: m})
	if err != nil {
		t.Fatal(err)
	}
	release()
}
