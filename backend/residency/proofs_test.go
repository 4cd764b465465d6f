package residency

import (
	"context"
	"errors"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"

	"github.com/google/go-cmp/cmp"
)

// notes keeps proofs in memory.
type notes struct {
	of  map[string][]engine.CallProof
	err error
}

func (n notes) Load(_ context.Context, identity string) ([]engine.CallProof, error) {
	return n.of[identity], n.err
}

func (n notes) Save(_ context.Context, identity string, found []engine.CallProof) error {
	n.of[identity] = append(n.of[identity], found...)
	return n.err
}

func guess(t *testing.T, c engine.Chat) {
	t.Helper()
	r := engine.GenerateRequest{Prompt: []int32{256, 300}, Sampling: backend.Sampling{MaxTokens: 3}, Speculate: true}
	if _, err := c.Generate(t.Context(), r, func(engine.Event) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

// What one process found out about calls is told to the next one, once, and only where it holds there.
func TestProofsOutliveTheProcess(t *testing.T) {
	kept := notes{of: map[string][]engine.CallProof{}}
	b := newBench(t, Deps{Proofs: kept})
	m := model(t, "proven", enginetest.Model{})
	m.SHA256 = "the hash"
	found := []engine.CallProof{{Call: 8, Span: 1, Exact: true}, {Call: 16, Span: 1}}

	c, release := acquire(t, b, Need{Model: m})
	b.last().found = found
	guess(t, c)
	if got := b.last().told; len(got) != 1 || got[0] != nil {
		t.Errorf("a new model's engine is told %v", got)
	}
	release()
	b.Unload(t.Context())

	c, release = acquire(t, b, Need{Model: m})
	guess(t, c)
	guess(t, c)
	if d := cmp.Diff([][]engine.CallProof{found, nil}, b.last().told); d != "" {
		t.Error(d)
	}
	if err := say(t, c); err != nil || b.last().told[2] != nil {
		t.Errorf("%v; who does not guess is told %v", err, b.last().told[2])
	}
	release()
	b.Unload(t.Context())

	other := m
	other.SHA256 = "another hash"
	c, release = acquire(t, b, Need{Model: other})
	guess(t, c)
	if got := b.last().told[0]; got != nil {
		t.Errorf("another file's engine is told %v", got)
	}
	release()
}

func TestProofsThatCannotBeKeptDisturbNobody(t *testing.T) {
	b := newBench(t, Deps{Proofs: notes{of: map[string][]engine.CallProof{}, err: errors.New("no disk")}})
	m := model(t, "proven", enginetest.Model{})
	m.SHA256 = "the hash"
	c, release := acquire(t, b, Need{Model: m})
	defer release()
	b.last().found = []engine.CallProof{{Call: 8, Exact: true}}
	guess(t, c)
	unknown := m
	unknown.SHA256 = ""
	if _, ok := b.proofIdentity(&resident{need: Need{Model: unknown}}); ok {
		t.Error("a file without a hash has an identity")
	}
}
