package chat

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
)

func TestAChatAnswersWithItsLoRAs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		lora := backend.Model{ID: 77, Name: "pirate", Kind: backend.KindAdapter, SHA256: "aa", Path: "/m/pirate.gguf", State: backend.ModelReady}
		h.bench.mu.Lock()
		h.bench.models = append(h.bench.models, lora)
		h.bench.mu.Unlock()
		c := h.newChat()
		uses := []backend.AdapterUse{{ModelID: 77, Weight: 0.5}, {ModelID: 77, Weight: 0}, {ModelID: 12345, Weight: 1, Off: true}}
		if err := h.SetAdapters(t.Context(), c.ID, uses); err != nil {
			t.Fatal(err)
		}
		m := h.say(c.ID, "Ahoy")
		if !strings.HasSuffix(m.ModelName, " + pirate 0.5") {
			t.Errorf("signed %q", m.ModelName)
		}
		want := []engine.AdapterWeight{{Path: "/m/pirate.gguf", Weight: 0.5}}
		for _, n := range h.bench.needed() { // the plan asks for the same set as the reply
			if d := cmp.Diff(want, n.Adapters); d != "" {
				t.Errorf("the engine is asked for other LoRAs: %s", d)
			}
		}
		g, err := h.ledger.Generation(t.Context(), m.ID)
		if err != nil || cmp.Diff([]backend.AdapterRef{{ModelRef: lora.Ref(), Weight: 0.5}}, g.Adapters) != "" {
			t.Errorf("the record: %+v, %v", g.Adapters, err)
		}
		if err := h.SetAdapters(t.Context(), c.ID, []backend.AdapterUse{{ModelID: 999, Weight: 1}}); err != nil {
			t.Fatal(err)
		}
		_, err = h.Send(t.Context(), c.ID, SendRequest{Text: "And now?"})
		var gone *Unusable
		if !errors.As(err, &gone) || gone.Model.Kind != backend.KindAdapter {
			t.Errorf("a LoRA that is gone: %v", err)
		}
	})
}
