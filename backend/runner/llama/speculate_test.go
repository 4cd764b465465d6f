//go:build !nonative

package llama

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/engine"
)

const rewrite = "<|im_start|>user\nRepeat this text word by word:\n\nThe lighthouse keeper climbed the narrow stairs every evening at six. He carried a lamp, a loaf of bread and a small radio. " +
	"From the gallery he could see the harbour, the fishing boats and the long grey line of the horizon. When the fog came, he rang the bell three times and waited for an answer.<|im_end|>\n" +
	"<|im_start|>assistant\nThe lighthouse keeper climbed the narrow stairs every"

// Guessing changes the speed and nothing else: neither the tokens, nor the released text, nor where a reply can be resumed.
func TestSpeculationKeepsTheText(t *testing.T) {
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			c := o.chat(t)
			prompt, err := c.Tokenize(t.Context(), rewrite, true)
			if err != nil {
				t.Fatal(err)
			}
			confirmed := 0
			for _, temperature := range []float32{0, 0.6} {
				r := engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Temperature: temperature, TopK: 20, Seed: 5, MaxTokens: 90}}
				want := generate(t, c, r)
				r.Speculate = true
				for i := range 3 { // the first runs prove the sizes of calls
					got := generate(t, c, r)
					if d := cmp.Diff(want.tokens, got.tokens); d != "" || got.text != want.text || got.result.Stop != want.result.Stop {
						t.Fatalf("temperature %v, run %d:\n%s", temperature, i, d)
					}
					u := got.result.Usage
					confirmed += u.Confirmed
					t.Logf("temperature %v: %d tokens, %d of %d guesses held", temperature, u.ReplyTokens, u.Confirmed, u.Drafted)
				}
				random := rand.New(rand.NewPCG(4, 4))
				for range 2 {
					q := r
					n := random.IntN(len(want.tokens) - 1)
					q.Cuts, q.Reply = want.cuts, want.tokens[:n]
					if rest := generate(t, c, q); !slices.Equal(want.tokens, slices.Concat(want.tokens[:n], rest.tokens)) {
						t.Errorf("temperature %v: resumed after %d tokens to %v, want %v", temperature, n, rest.tokens, want.tokens[n:])
					}
				}
			}
			if confirmed == 0 {
				t.Log("this engine gives other bits for calls of several tokens here, so nothing was guessed")
			}
		})
	}
}

// measured is a machine on which a call of several tokens costs so much of what each of them costs alone.
func measured(share float64) costs {
	c := costs{}
	for _, n := range append([]int{1}, callSizes[:]...) {
		for range 10 {
			c.note(n, time.Duration(1e6*(1+share*float64(n-1))))
		}
	}
	return c
}

func freely(int) use { return useFreely }

func TestSpeculatorGuessesWhatFollowedBefore(t *testing.T) {
	s := newSpeculator(measured(0.1), []int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2})
	if g := s.guess(20, freely); g != nil {
		t.Errorf("guesses %v after a pair", g)
	}
	s.add(3)
	if d := cmp.Diff([]int32{4, 5, 6}, s.guess(20, freely)); d != "" {
		t.Error(d)
	}
	if g := s.guess(2, freely); g != nil {
		t.Errorf("guesses %v without room", g)
	}
	if g := s.guess(20, func(int) use { return useNever }); g != nil {
		t.Errorf("guesses %v, not allowed", g)
	}
	for i := range int32(37) { // what holds is guessed at greater length, round and round
		s.add((3+i)%10 + 1)
	}
	if d := cmp.Diff([]int32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1, 2, 3, 4, 5}, s.guess(20, freely)); d != "" {
		t.Error(d)
	}
}

func TestSpeculatorFollowsTheLongestMatch(t *testing.T) {
	s := newSpeculator(measured(0.1), []int32{9, 1, 2, 3, 50, 51, 52, 53, 7, 8, 1, 2, 3, 60, 61, 62, 63, 20, 21, 9, 1, 2, 3})
	if g := s.guess(3, freely); !slices.Equal(g, []int32{50, 51, 52}) {
		t.Errorf("guesses %v, not what followed four tokens", g)
	}
}

// A text with a word changed is followed on its other side at once, whether the word is replaced, left out or added.
func TestSpeculatorGoesOnAfterADifference(t *testing.T) {
	var text []int32
	for i := range int32(60) {
		text = append(text, 100+i)
	}
	for name, said := range map[string][]int32{
		"replaced": {100, 101, 102, 103, 104, 1, 106},
		"left out": {100, 101, 102, 103, 104, 106},
		"added":    {100, 101, 102, 103, 104, 1, 2, 105, 106},
	} {
		s := newSpeculator(measured(0.1), slices.Concat(text, []int32{5}))
		for _, k := range said {
			s.add(k)
		}
		if s.at == 0 || s.tokens[s.at] != 107 {
			t.Errorf("%s: expects nothing or another token than 107: at %d", name, s.at)
		}
	}
}

func TestSpeculatorGuessesOnlyWhatPays(t *testing.T) {
	loop := slices.Repeat([]int32{1, 2, 3, 4, 5, 6, 7}, 12)
	for _, c := range []struct {
		share float64
		most  int // of tokens guessed
	}{{0.02, 31}, {0.5, 31}, {0.97, 0}, {1.2, 0}} {
		s := newSpeculator(measured(c.share), loop)
		most := 0
		for range 200 {
			g := s.guess(100, freely)
			most = max(most, len(g))
			s.learn(len(g), len(g), time.Duration(1e6*(1+c.share*float64(len(g)))))
			s.add(s.tokens[len(s.tokens)-7])
		}
		if most != c.most {
			t.Errorf("a token more costs %v of one: guesses %d tokens at most, want %d", c.share, most, c.most)
		}
	}
}

// A proof takes as many tokens as its call has, which are then not guessed: it begins small.
func TestSpeculatorProvesSizesInTurn(t *testing.T) {
	known := map[int]use{4: useProof, 8: useProof, 16: useProof, 32: useProof}
	s := newSpeculator(measured(0.02), slices.Repeat([]int32{1, 2, 3, 4, 5, 6, 7}, 12))
	for range 200 {
		s.add(s.tokens[len(s.tokens)-7])
	}
	for _, want := range []int{8, 16, 32} {
		if g := s.guess(40, func(call int) use { return known[call] }); len(g)+1 != want {
			t.Errorf("a call of %d, want %d", len(g)+1, want)
		}
		known[want] = useFreely
	}
	for _, n := range []int{8, 16, 32} {
		known[n] = useNever
	}
	if g := s.guess(40, func(call int) use { return known[call] }); len(g)+1 != 4 {
		t.Errorf("a call of %d where large ones are not exact", len(g)+1)
	}
}

// The first call of a size builds what later ones use again. Its cost says nothing about theirs.
func TestSpeculatorForgivesTheFirstCallOfASize(t *testing.T) {
	c := costs{}
	for range 9 {
		c.note(1, time.Millisecond)
	}
	s := newSpeculator(c, slices.Repeat([]int32{1, 2, 3, 4, 5, 6, 7}, 12))
	first := s.guess(7, freely)
	s.learn(len(first), len(first), 50*time.Millisecond)
	if len(first) != 7 || !slices.Equal(first, s.guess(7, freely)) {
		t.Errorf("guesses %v, and then %v", first, s.guess(7, freely))
	}
	for range 3 {
		s.learn(len(first), len(first), 50*time.Millisecond)
	}
	if g := s.guess(7, freely); g != nil {
		t.Errorf("guesses %v in calls that are dear again and again", g)
	}
}

// Whatever a text does, guessing costs no more than a few tokens' time and a small share of the rest.
func TestSpeculatorsLossIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		share := rapid.Float64Range(0.05, 1.2).Draw(t, "share")
		words := rapid.Int32Range(2, 12).Draw(t, "words")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		text := make([]int32, 600) // few words: what followed before seldom follows again
		for i := range text {
			text[i] = random.Int32N(words)
		}
		s := newSpeculator(measured(share), text[:100])
		spent, at := 0.0, 100
		for at < len(text)-40 {
			g := s.guess(40, freely)
			held := 0
			for held < len(g) && g[held] == text[at+1+held] {
				held++
			}
			price := 1 + share*float64(len(g))
			spent += price
			s.add(text[at])
			if len(g) > 0 {
				s.learn(len(g), held, time.Duration(price*1e6))
			}
			for _, k := range text[at+1 : at+1+held] {
				s.add(k)
			}
			at += 1 + held
		}
		done := float64(at - 100)
		if loss := spent - done; loss > startFunds+refund*done+share*31 {
			t.Fatalf("%d tokens cost the time of %.1f", at-100, spent)
		}
	})
}

func TestProofsOfEarlierRepliesAreLearned(t *testing.T) {
	var e exactness
	e.note(sizeInSpan{4, 0}, false)
	e.learn([]engine.CallProof{
		{Call: 4, Exact: true},                               // it is known better
		{Call: 8, Span: 1, Exact: true}, {Call: 16, Span: 2}, // news
		{Call: 5, Exact: true}, {Call: 8, Span: -1, Exact: true}, // what no engine of ours has found out
		{Call: 8, Span: 1 << 40, Exact: true},
	}, 2048)
	want := map[sizeInSpan]bool{{4, 0}: false, {8, 1}: true, {16, 2}: false}
	if d := cmp.Diff(want, e.known, cmp.AllowUnexported(sizeInSpan{})); d != "" {
		t.Error(d)
	}
	if e.proven != 1 || e.lost != 2 || !e.hopeless() {
		t.Errorf("%d proven, %d lost, hopeless %v", e.proven, e.lost, e.hopeless())
	}
}

// A process that is told what another one found out does not find it out again, and writes the same text.
func TestProofsAreFoundOutOnce(t *testing.T) {
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			c := o.chat(t)
			prompt, err := c.Tokenize(t.Context(), rewrite, true)
			if err != nil {
				t.Fatal(err)
			}
			r := engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{MaxTokens: 90}}
			want := generate(t, c, r)
			r.Speculate = true
			var proofs []engine.CallProof
			for range 3 {
				proofs = append(proofs, generate(t, c, r).result.Proofs...)
			}
			r.Proofs = proofs
			got := generate(t, o.chat(t), r)
			if d := cmp.Diff(want.tokens, got.tokens); d != "" {
				t.Error(d)
			}
			for _, p := range got.result.Proofs {
				if slices.ContainsFunc(proofs, func(q engine.CallProof) bool { return p.Call == q.Call && p.Span == q.Span }) {
					t.Errorf("%+v is found out again", p)
				}
			}
			t.Logf("%d proofs were taken, %d are new, %d guesses held", len(proofs), len(got.result.Proofs), got.result.Usage.Confirmed)
		})
	}
}
