package app

import (
	"fmt"
	"testing"

	"loam/backend/engine"

	"github.com/google/go-cmp/cmp"
)

func TestProofsOfCallsAreKeptForTheLastModels(t *testing.T) {
	a := openWith(t, fakeDeps(t, t.TempDir()))
	p := &callProofs{a: a}
	load := func(identity string) []engine.CallProof {
		t.Helper()
		list, err := p.Load(t.Context(), identity)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	save := func(identity string, found ...engine.CallProof) {
		t.Helper()
		if err := p.Save(t.Context(), identity, found); err != nil {
			t.Fatal(err)
		}
	}
	if got := load("a"); got != nil {
		t.Errorf("before anything was found: %v", got)
	}
	save("a", engine.CallProof{Call: 4, Exact: true}, engine.CallProof{Call: 8})
	save("b", engine.CallProof{Call: 32, Span: 3, Exact: true})
	save("a", engine.CallProof{Call: 8, Exact: true}) // the newer one counts
	if d := cmp.Diff([]engine.CallProof{{Call: 4, Exact: true}, {Call: 8, Exact: true}}, load("a")); d != "" {
		t.Error(d)
	}
	for i := range proofModels - 1 {
		save(fmt.Sprint(i), engine.CallProof{Call: 4})
	}
	if got := load("a"); len(got) != 2 {
		t.Errorf("of one of the last models: %v", got)
	}
	if got := load("b"); got != nil {
		t.Errorf("of a model before that: %v", got)
	}
	var many []engine.CallProof
	for i := range proofCalls + 9 {
		many = append(many, engine.CallProof{Call: 4, Span: i})
	}
	save("a", many...)
	if got := load("a"); len(got) != proofCalls || got[proofCalls-1].Span != proofCalls+8 {
		t.Errorf("%d calls", len(got))
	}
}
