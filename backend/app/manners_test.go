package app

import (
	"context"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/hardware"
	"loam/backend/library"
)

// guest is a machine whose plug can be pulled and that notes who keeps it awake.
type guest struct {
	battery atomic.Bool
	mu      sync.Mutex
	held    int
	times   int
}

func (g *guest) inhibit(string) (func(), error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.held++
	g.times++
	return func() { g.mu.Lock(); g.held--; g.mu.Unlock() }, nil
}

func (g *guest) now() (held, times int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.held, g.times
}

func (g *guest) probe(context.Context) hardware.Machine {
	return hardware.Machine{MemoryTotal: 16 << 30, MemoryFree: 8 << 30, PhysicalCores: 8, LogicalCores: 16, OnBattery: g.battery.Load()}
}

func openGuest(t *testing.T, m enginetest.Model) (*App, *guest) {
	t.Helper()
	dir, g := t.TempDir(), &guest{}
	a := openWith(t, Deps{
		Folders: foldersIn(t, dir), Engine: enginetest.Name, LibDir: filepath.Join(dir, "no libraries"), Window: true,
		Inhibit: g.inhibit, Probe: g.probe,
	})
	if _, err := a.Library.Add(t.Context(), fakeModel(t, t.TempDir(), m), library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	return a, g
}

// until waits for something that another goroutine does.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	const patience = 30 * time.Second // for what must happen; no measurement
	tick, end := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-end:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestTheMachineIsAwakeWhileAReplyIsWritten(t *testing.T) {
	a, g := openGuest(t, enginetest.Model{Endless: true, TokenMS: 5})
	c := newChat(t, a, seeded(0))
	m := send(t, a, c.ID, "stay awake")
	until(t, "somebody to keep it awake", func() bool { held, _ := g.now(); return held == 1 })
	a.Chats.Stop(m.ID)
	wait(t, a, m.ID)
	until(t, "the end of it", func() bool { held, _ := g.now(); return held == 0 })
	if err := a.SetSetting(t.Context(), KeyAwake, false); err != nil {
		t.Fatal(err)
	}
	_, before := g.now()
	m = send(t, a, c.ID, "sleep if you like")
	waitForText(t, a, m.ID, 20)
	a.Chats.Stop(m.ID)
	wait(t, a, m.ID)
	if _, times := g.now(); times != before {
		t.Error("it is kept awake although that is switched off")
	}
}

func TestTheMachineMaySleepAfterAnEngineDied(t *testing.T) {
	a, g := openGuest(t, enginetest.Model{Endless: true, TokenMS: 5})
	c := newChat(t, a, seeded(0))
	m := send(t, a, c.ID, "long")
	waitForText(t, a, m.ID, 20)
	until(t, "somebody to keep it awake", func() bool { held, _ := g.now(); return held == 1 })
	killWorkers(t)
	if got := wait(t, a, m.ID); got.State != backend.MessageInterrupted {
		t.Errorf("the reply is %v", got.State)
	}
	until(t, "the machine to be let go", func() bool { held, times := g.now(); return held == 0 && times > 0 })
}

func TestOnBatteryFewerThreadsComputeFromTheNextLoadOn(t *testing.T) {
	a, g := openGuest(t, enginetest.Model{})
	threads := func() int { return a.spec(a.EngineSettings(t.Context()), enginetest.Name).Load.Threads }
	if n, p := threads(), a.pictureSpec(a.EngineSettings(t.Context())).Picture.Threads; n != 7 || p != 7 {
		t.Errorf("plugged in: %d and %d threads, want 7", n, p)
	}
	c := newChat(t, a, seeded(5))
	if m := wait(t, a, send(t, a, c.ID, "one").ID); m.State != backend.MessageComplete {
		t.Fatalf("the reply is %v: %s", m.State, m.Error)
	}
	before := a.Engines.State()
	g.battery.Store(true)
	if n := threads(); n != 4 {
		t.Errorf("on battery: %d threads, want 4", n)
	}
	wait(t, a, send(t, a, c.ID, "two").ID)
	if d := cmp.Diff(before, a.Engines.State()); d != "" {
		t.Errorf("pulling the plug loaded the model again: %s", d)
	}
	if err := a.SetSetting(t.Context(), KeyBattery, false); err != nil || threads() != 7 {
		t.Errorf("switched off: %d threads, %v", threads(), err)
	}
	if err := a.SetSetting(t.Context(), KeyThreads, 3); err != nil || threads() != 3 {
		t.Errorf("chosen: %d threads, %v", threads(), err)
	}
}
