package chat

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// second installs another model beside the first.
func (h *house) second() backend.Model {
	h.t.Helper()
	m, err := h.ledger.AddModel(h.t.Context(), backend.Model{Name: "Other", Kind: backend.KindChat, State: backend.ModelReady, Path: "/models/other.gguf", ContextLength: 400})
	if err != nil {
		h.t.Fatal(err)
	}
	h.bench.mu.Lock()
	defer h.bench.mu.Unlock()
	h.bench.models = append(h.bench.models, m)
	return m
}

// Another model answers beside the reply that is shown; the chat, its model and settings stay as they are.
func TestAnAnswerAsideDoesNotChangeWhatIsShown(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		other := h.second()
		c := h.newChat()
		first := h.say(c.ID, "question")
		h.say(c.ID, "and more")
		before := h.transcript(c.ID)
		was, err := h.Chat(ctx, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		aside, err := h.Answer(ctx, first.ID, AnswerRequest{ModelID: other.ID, Sampling: &backend.Sampling{Temperature: 0.3, Seed: 11}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.Answer(ctx, first.ID, AnswerRequest{}); err == nil {
			t.Error("two answers are written in one chat at a time")
		}
		aside = h.wait(aside.ID)
		if aside.State != backend.MessageComplete || aside.ModelName != "Other" || aside.Parent != first.Parent || aside.Sibling != 2 {
			t.Errorf("the answer aside: %+v", aside)
		}
		g, err := h.Generation(ctx, aside.ID)
		if err != nil || g.Sampling.Temperature != 0.3 || g.Sampling.Seed != 11 || g.Model.Name != "Other" {
			t.Errorf("it was written by %+v, %v", g, err)
		}
		after := h.transcript(c.ID)
		after[1].Siblings = before[1].Siblings
		if d := cmp.Diff(before, after); d != "" {
			t.Error("what is shown has changed: ", d)
		}
		now, err := h.Chat(ctx, c.ID)
		now.Updated = was.Updated
		if d := cmp.Diff(was, now); d != "" || err != nil {
			t.Error("the chat has changed: ", d, err)
		}
		same, err := h.Answer(ctx, first.Parent, AnswerRequest{}) // by the chat's own model, asked through the question
		if err != nil {
			t.Fatal(err)
		}
		if m := h.wait(same.ID); m.ModelName != "Words" || m.Sibling != 3 {
			t.Errorf("the chat's model: %+v", m)
		}
	})
}

// The chosen reply is shown, and counts for its model; what cannot be compared counts for nobody.
func TestAChoiceIsShownAndCounted(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		other := h.second()
		c := h.newChat()
		a := h.say(c.ID, "question")
		answer := func(q AnswerRequest) backend.Message {
			m, err := h.Answer(ctx, a.ID, q)
			if err != nil {
				t.Fatal(err)
			}
			return h.wait(m.ID)
		}
		b := answer(AnswerRequest{ModelID: other.ID})
		same := answer(AnswerRequest{Sampling: &backend.Sampling{Temperature: 2}})
		h.engine.set(func() { h.engine.dieAfter = 0 })
		failed := answer(AnswerRequest{ModelID: other.ID})
		choose := func(chosen, over int64, want map[int64]backend.Tally) {
			t.Helper()
			if err := h.Choose(ctx, chosen, over); err != nil {
				t.Fatal(err)
			}
			if path := h.transcript(c.ID); path[1].ID != chosen {
				t.Errorf("message %d is shown, want %d", path[1].ID, chosen)
			}
			got, err := h.Tallies(ctx)
			if d := cmp.Diff(want, got); d != "" || err != nil {
				t.Error(d, err)
			}
		}
		choose(b.ID, a.ID, map[int64]backend.Tally{other.ID: {Chosen: 1, Compared: 1}, a.ModelID: {Compared: 1}})
		choose(a.ID, b.ID, map[int64]backend.Tally{other.ID: {Chosen: 1, Compared: 2}, a.ModelID: {Chosen: 1, Compared: 2}})
		choose(same.ID, a.ID, map[int64]backend.Tally{other.ID: {Chosen: 1, Compared: 2}, a.ModelID: {Chosen: 1, Compared: 2}}) // one model
		choose(a.ID, failed.ID, map[int64]backend.Tally{other.ID: {Chosen: 1, Compared: 2}, a.ModelID: {Chosen: 1, Compared: 2}})
		choose(b.ID, 0, map[int64]backend.Tally{other.ID: {Chosen: 1, Compared: 2}, a.ModelID: {Chosen: 1, Compared: 2}})
		for _, pair := range [][2]int64{{a.Parent, a.ID}, {a.ID, a.Parent}, {a.ID, a.ID}} {
			if err := h.Choose(ctx, pair[0], pair[1]); err == nil {
				t.Errorf("message %d was chosen over %d", pair[0], pair[1])
			}
		}
	})
}
