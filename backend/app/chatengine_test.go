package app

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
)

func TestWhatAnEngineCanDoIsKnownBeforeTheNextLoad(t *testing.T) {
	dir := t.TempDir()
	a := withModel(t, dir, enginetest.Model{Length: 5})
	model, err := a.Library.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if c, err := a.EngineOf(t.Context(), model); err != nil || c.Capabilities != nil {
		t.Errorf("before any load: %+v, %v", c.Capabilities, err)
	}
	ready := make(chan event.EngineChanged, 1)
	stop := a.Bus.Subscribe(0, func(events []event.Event) {
		for _, e := range events {
			if e, ok := e.(event.EngineChanged); ok && e.State == event.EngineReady {
				ready <- e
			}
		}
	})
	defer stop()
	c, err := a.Chats.Create(t.Context(), backend.Chat{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Chats.Plan(t.Context(), c.ID, "Hello"); err != nil { // loads the model
		t.Fatal(err)
	}
	e := <-ready
	if e.Capabilities == nil || !e.Capabilities.State {
		t.Fatalf("told by the load: %+v", e.Capabilities)
	}
	a.learnCapabilities(e) // as the app's own subscription does, now or in a moment
	if c, err := a.EngineOf(t.Context(), model); err != nil || cmp.Diff(e.Capabilities, c.Capabilities) != "" {
		t.Errorf("after a load: %+v, %v", c.Capabilities, err)
	}
}
