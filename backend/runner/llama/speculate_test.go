//go:build !nonative

package llama

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

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

func TestSpeculatorGuessesWhatFollowedBefore(t *testing.T) {
	all := func(int) bool { return true }
	s := newSpeculator([]int32{1, 2, 3, 4, 5, 6, 7, 8, 1, 2})
	if g := s.guess(20, all); g != nil {
		t.Errorf("guesses %v after a pair", g)
	}
	s.add(3)
	if d := cmp.Diff([]int32{4, 5, 6}, s.guess(20, all)); d != "" {
		t.Error(d)
	}
	if g := s.guess(2, all); g != nil {
		t.Errorf("guesses %v without room", g)
	}
	if g := s.guess(20, func(int) bool { return false }); g != nil {
		t.Errorf("guesses %v, not allowed", g)
	}
	for range maxMisses {
		s.learn(3, 0, 1)
	}
	if g := s.guess(20, all); g != nil {
		t.Errorf("goes on guessing %v after %d failures", g, maxMisses)
	}
	for i := range int32(16) {
		s.add(100 + i)
	}
	for _, k := range []int32{1, 2, 3} {
		s.add(k)
	}
	if d := cmp.Diff([]int32{100, 101, 102}, s.guess(20, all)); d != "" { // the newest place counts
		t.Errorf("after the pause: %s", d)
	}
	s.learn(3, 3, 1)
	if s.level != 1 || fmt.Sprint(s.drafted, s.confirmed) != fmt.Sprint(3*maxMisses+3, 3) {
		t.Errorf("level %d, %d of %d", s.level, s.confirmed, s.drafted)
	}
}
