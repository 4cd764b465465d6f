package store

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"loam/backend"
)

var owner3 = backend.Owner{PID: 1, Started: 1, Boot: "b"}

// answered is a store with a running reply.
func answered(t *testing.T) (*Store, backend.Message) {
	t.Helper()
	s, err := Open(t.Context(), Options{Path: filepath.Join(t.TempDir(), "loam.db")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	c, err := s.CreateChat(t.Context(), backend.Chat{Alternatives: 5})
	if err != nil || c.Alternatives != 5 {
		t.Fatal(c.Alternatives, err)
	}
	_, m, err := s.AddExchange(t.Context(), backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "hi"},
		backend.Message{Role: backend.RoleAssistant}, owner3)
	if err != nil {
		t.Fatal(err)
	}
	return s, m
}

func alts(words ...string) []backend.TokenAlt {
	var list []backend.TokenAlt
	for i, w := range words {
		list = append(list, backend.NewTokenAlt(int32(len(w)), []byte(w), -float32(i)))
	}
	return list
}

func TestAlternativesAreKeptBesideTheirTokens(t *testing.T) {
	s, m := answered(t)
	ctx := t.Context()
	if m.Choices {
		t.Error("a new reply has alternatives")
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.RecordPrompt(ctx, backend.Generation{MessageID: m.ID, Prompt: []int32{1}, Cuts: []int{1}}))
	for i, w := range []string{"a", "bb", "ccc"} { // the third has none
		_, err := s.AppendReply(ctx, m.ID, []int32{int32(len(w))}, w)
		must(err)
		if i < 2 {
			must(s.KeepAlternatives(ctx, m.ID, i, [][]backend.TokenAlt{alts(w, "\xe2\x82")}))
		}
	}
	must(s.KeepAlternatives(ctx, m.ID, 9, [][]backend.TokenAlt{alts("of a token that was not stored")}))
	want := []backend.TokenChoice{{Index: 0, ID: 1, Alts: alts("a", "\xe2\x82")}, {Index: 1, ID: 2, Alts: alts("bb", "\xe2\x82")}}
	got, err := s.Alternatives(ctx, m.ID)
	if d := cmp.Diff(want, got); d != "" || err != nil {
		t.Error(d, err)
	}
	if m, err = s.Message(ctx, m.ID); err != nil || !m.Choices {
		t.Errorf("the reply has alternatives: %v, %v", m.Choices, err)
	}

	// A branch takes along what belongs to its tokens, and stands beside the first reply.
	g, err := s.Generation(ctx, m.ID)
	must(err)
	g.Tokens = []int32{1, 3}
	b, err := s.BranchReply(ctx, backend.Message{ChatID: m.ChatID, Parent: m.Parent, Role: backend.RoleAssistant, Text: "accc"}, g, m.ID, owner3)
	must(err)
	if b.State != backend.MessageRunning || b.Text != "accc" || b.Sibling != 2 || !b.Choices {
		t.Errorf("the branch: %+v", b)
	}
	want[1].ID = 3
	if got, err = s.Alternatives(ctx, b.ID); err != nil || cmp.Diff(want, got) != "" {
		t.Error(cmp.Diff(want, got), err)
	}
	if g, err = s.Generation(ctx, b.ID); err != nil || !slices.Equal(g.Tokens, []int32{1, 3}) || !slices.Equal(g.Prompt, []int32{1}) {
		t.Errorf("the branch's record: %+v, %v", g, err)
	}

	// Other tokens in the place of a reply's own make what was known of them worthless.
	must(s.RecordPrompt(ctx, backend.Generation{MessageID: m.ID, Prompt: []int32{1}, Cuts: []int{1}, Tokens: []int32{4, 5}}))
	if got, err = s.Alternatives(ctx, m.ID); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAlternativesAreBounded(t *testing.T) {
	s, m := answered(t)
	ctx := t.Context()
	if err := s.KeepAlternatives(ctx, m.ID, maxChoices, [][]backend.TokenAlt{alts("late")}); err != nil {
		t.Fatal(err)
	}
	long := alts(strings.Repeat("x", maxChoiceBytes))
	if err := s.KeepAlternatives(ctx, m.ID, 0, [][]backend.TokenAlt{long, alts("b")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendReply(ctx, m.ID, []int32{1, 1}, "ab"); err != nil {
		t.Fatal(err)
	}
	got, err := s.Alternatives(ctx, m.ID)
	if err != nil || len(got) != 1 || got[0].Index != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	var rows int
	if err := s.reader.QueryRowContext(ctx, "SELECT count(*) FROM reply_alternatives").Scan(&rows); err != nil || rows != 1 {
		t.Errorf("%d rows, %v", rows, err)
	}
}

func TestPackedAlternativesComeBack(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		alt := rapid.Custom(func(t *rapid.T) backend.TokenAlt {
			a := backend.NewTokenAlt(rapid.Int32Range(0, math.MaxInt32).Draw(t, "id"), rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "piece"), rapid.Float32().Draw(t, "prob"))
			a.Control = rapid.Bool().Draw(t, "control")
			return a
		})
		list := rapid.SliceOf(rapid.SliceOfN(alt, 0, backend.MaxAlternatives+1)).Draw(rt, "list")
		got, err := unpackAlternatives(packAlternatives(list))
		equal := cmp.Comparer(func(a, b backend.TokenAlt) bool {
			return a.ID == b.ID && a.LogProb == b.LogProb && a.Control == b.Control && string(a.Piece()) == string(b.Piece())
		})
		if d := cmp.Diff(list, got, equal, cmpopts.EquateEmpty()); d != "" || err != nil {
			rt.Fatal(d, err)
		}
	})
}

func FuzzUnpackAlternatives(f *testing.F) {
	f.Add([]byte{})
	f.Add(packAlternatives([][]backend.TokenAlt{alts("a", "\xff"), nil, alts("b")}))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := unpackAlternatives(b)
		if err != nil {
			return
		}
		again, err := unpackAlternatives(packAlternatives(list))
		if err != nil || fmt.Sprint(again) != fmt.Sprint(list) {
			t.Errorf("%v, %v, before %v", again, err, list)
		}
	})
}
