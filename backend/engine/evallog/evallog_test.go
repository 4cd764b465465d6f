package evallog_test

import (
	"slices"
	"testing"

	"loam/backend/engine/evallog"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func log(t testing.TB, tokens []int32, cuts ...int) *evallog.Log {
	t.Helper()
	l, err := evallog.New(tokens, cuts)
	if err != nil {
		t.Fatal(err)
	}
	return &l
}

func seq(from, to int32) (ts []int32) {
	for i := from; i < to; i++ {
		ts = append(ts, i)
	}
	return ts
}

func TestPlanKeepsWhatTheCacheHas(t *testing.T) {
	for _, c := range []struct {
		name   string
		log    *evallog.Log
		prompt []int32
		cuts   []int
		reply  []int32
		batch  int
		want   evallog.Plan
	}{
		{
			"an empty cache", log(t, nil), seq(0, 10), nil, nil, 4,
			evallog.Plan{Cuts: []int{4, 4, 2}, Calls: [][]int32{seq(0, 4), seq(4, 8), seq(8, 10)}},
		},
		{
			"a long last call leaves its last token alone", log(t, nil), seq(0, 100), nil, nil, 512,
			evallog.Plan{Cuts: []int{99, 1}, Calls: [][]int32{seq(0, 99), seq(99, 100)}},
		},
		{
			"a follow-up evaluates only what is new", log(t, seq(0, 6), 4, 1, 1), seq(0, 9), nil, nil, 4,
			evallog.Plan{Cuts: []int{4, 1, 1, 3}, KeepCalls: 3, KeepTokens: 6, Reused: 6, Calls: [][]int32{seq(6, 9)}},
		},
		{
			"half a call is not kept", log(t, seq(0, 8), 4, 4), append(seq(0, 6), 99), nil, nil, 4,
			evallog.Plan{Cuts: []int{4, 3}, KeepCalls: 1, KeepTokens: 4, Reused: 4, Calls: [][]int32{{4, 5, 99}}},
		},
		{
			"the same prompt again repeats its last call", log(t, seq(0, 6), 4, 1, 1), seq(0, 5), nil, nil, 4,
			evallog.Plan{Cuts: []int{4, 1}, KeepCalls: 1, KeepTokens: 4, Reused: 4, Calls: [][]int32{{4}}},
		},
		{
			"given cuts are kept only as given", log(t, seq(0, 6), 4, 1, 1), seq(0, 6),
			[]int{4, 2},
			[]int32{6},
			4,
			evallog.Plan{Cuts: []int{4, 2}, KeepCalls: 1, KeepTokens: 4, Reused: 4, Calls: [][]int32{{4, 5}, {6}}},
		},
		{
			"given cuts and reply found in the cache", log(t, seq(0, 6), 4, 1, 1), seq(0, 4),
			[]int{4},
			seq(4, 7), 4,
			evallog.Plan{Cuts: []int{4}, KeepCalls: 3, KeepTokens: 6, Reused: 4, Calls: [][]int32{{6}}},
		},
		{
			"all found: the last call is repeated", log(t, seq(0, 6), 4, 1, 1), seq(0, 4),
			[]int{4},
			seq(4, 6), 4,
			evallog.Plan{Cuts: []int{4}, KeepCalls: 2, KeepTokens: 5, Reused: 4, Calls: [][]int32{{5}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.log.Plan(c.prompt, c.cuts, c.reply, c.batch)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

func TestPlanRefusesCutsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name   string
		prompt []int32
		cuts   []int
		batch  int
	}{
		{"no prompt", nil, nil, 4},
		{"too few", seq(0, 5), []int{4}, 4},
		{"too many", seq(0, 5), []int{4, 4}, 4},
		{"an empty call", seq(0, 4), []int{0, 4}, 4},
		{"a negative call", seq(0, 4), []int{-1, 4, 1}, 4},
		{"longer than a batch", seq(0, 5), []int{5}, 4},
		{"overflow", seq(0, 5), []int{1 << 62, 1 << 62, 1 << 62}, 1 << 62},
		{"no batch", seq(0, 5), nil, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var l evallog.Log
			if p, err := l.Plan(c.prompt, c.cuts, nil, c.batch); err == nil {
				t.Errorf("accepted: %+v", p)
			}
		})
	}
}

func draw(t *rapid.T) (*evallog.Log, []int32) {
	tokens := rapid.SliceOfN(rapid.Int32Range(0, 2), 1, 40).Draw(t, "tokens")
	l := &evallog.Log{}
	for rest := tokens[:rapid.IntRange(0, len(tokens)).Draw(t, "cached")]; len(rest) > 0; {
		n := rapid.IntRange(1, min(5, len(rest))).Draw(t, "cut")
		l.Append(rest[:n])
		rest = rest[n:]
	}
	return l, tokens
}

// Whatever is in the cache, doing what a plan says leaves exactly the prompt and the reply in it, cut as the plan says,
// and a later plan with those cuts on an empty cache makes the very same calls.
func TestPlanLeadsToTheRequest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, tokens := draw(t)
		prompt := tokens[:rapid.IntRange(1, len(tokens)).Draw(t, "prompt")]
		if rapid.Bool().Draw(t, "other") {
			prompt = rapid.SliceOfN(rapid.Int32Range(0, 2), 1, 200).Draw(t, "otherPrompt")
		}
		reply := rapid.SliceOfN(rapid.Int32Range(0, 2), 0, 6).Draw(t, "reply")
		batch := rapid.IntRange(5, 80).Draw(t, "batch") // no smaller than the calls of the cache
		p, err := l.Plan(prompt, nil, reply, batch)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Calls) == 0 {
			t.Fatal("nothing to evaluate: no logits")
		}
		if n := l.Keep(p.KeepCalls); n != p.KeepTokens {
			t.Fatalf("kept %d tokens, planned %d", n, p.KeepTokens)
		}
		for _, c := range p.Calls {
			l.Append(c)
		}
		if d := cmp.Diff(slices.Concat(prompt, reply), l.Tokens()); d != "" {
			t.Fatalf("tokens (-want +got)\n%s", d)
		}
		ones := slices.Repeat([]int{1}, len(reply))
		if d := cmp.Diff(slices.Concat(p.Cuts, ones), l.Cuts()); d != "" {
			t.Fatalf("cuts (-want +got)\n%s", d)
		}
		var empty evallog.Log
		again, err := empty.Plan(prompt, p.Cuts, reply, batch)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range again.Calls {
			empty.Append(c)
		}
		if d := cmp.Diff(l.Cuts(), empty.Cuts()); d != "" {
			t.Fatalf("replay differs (-first +again)\n%s", d)
		}
	})
}

func TestKeepUpToDropsHalfCalls(t *testing.T) {
	for n, want := range map[int]int{0: 0, 3: 0, 4: 4, 5: 5, 6: 5, 7: 7, 100: 7} {
		if got := log(t, seq(0, 7), 4, 1, 2).KeepUpTo(n); got != want {
			t.Errorf("KeepUpTo(%d) = %d, want %d", n, got, want)
		}
	}
}

func TestEncodingIsAnIdentity(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, _ := draw(t)
		b, err := l.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		var back evallog.Log
		if err := back.UnmarshalBinary(b); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(l.Tokens(), back.Tokens()) || !slices.Equal(l.Cuts(), back.Cuts()) {
			t.Fatalf("want %v %v, got %v %v", l.Tokens(), l.Cuts(), back.Tokens(), back.Cuts())
		}
	})
}

func FuzzUnmarshal(f *testing.F) {
	b, _ := log(f, seq(0, 300), 200, 99, 1).MarshalBinary()
	f.Add(b)
	f.Add([]byte{0})
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		var l evallog.Log
		if l.UnmarshalBinary(b) != nil {
			if l.Len() != 0 || l.Calls() != 0 {
				t.Fatal("a refused log left something behind")
			}
			return
		}
		sum := 0
		for _, c := range l.Cuts() {
			sum += c
		}
		if sum != l.Len() {
			t.Fatalf("calls of %d tokens for %d", sum, l.Len())
		}
		again, _ := l.MarshalBinary()
		var back evallog.Log
		if err := back.UnmarshalBinary(again); err != nil || !slices.Equal(l.Tokens(), back.Tokens()) {
			t.Fatalf("does not survive: %v", err)
		}
	})
}
