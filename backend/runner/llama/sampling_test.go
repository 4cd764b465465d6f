//go:build !nonative

package llama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"

	"github.com/google/go-cmp/cmp"
)

// opener opens a model in one of the engines.
type opener struct {
	name string
	open func(context.Context, engine.LoadRequest, engine.Progress) (engine.Chat, error)
	load func(testing.TB) engine.LoadRequest
}

func bothEngines(t *testing.T) []opener {
	pack := packDir(t)
	return []opener{
		{Name, throughChild, func(t testing.TB) engine.LoadRequest { return request(t) }},
		{PackName, packChild, func(t testing.TB) engine.LoadRequest { r := request(t); r.PluginDir = pack; return r }},
	}
}

func (o opener) chat(t *testing.T, edit ...func(*engine.LoadRequest)) engine.Chat {
	t.Helper()
	r := o.load(t)
	for _, e := range edit {
		e(&r)
	}
	c, err := o.open(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

const yesOrNo = `root ::= ("yes" | "no") " " [a-z]+ "!"`

// samplerCases are settings that differ from the first in one sampler each.
func samplerCases(newline int32) []struct {
	name string
	edit func(*backend.Sampling)
} {
	type s = backend.Sampling
	return []struct {
		name string
		edit func(*backend.Sampling)
	}{
		{"none", func(*s) {}},
		{"top-k", func(s *s) { s.TopK = 2 }},
		{"top-p", func(s *s) { s.TopP = 0.3 }},
		{"min-p", func(s *s) { s.MinP = 0.3 }},
		{"penalties", func(s *s) { s.RepeatPenalty, s.PenaltyLastN = 1.8, 64 }},
		{"frequency", func(s *s) { s.FrequencyPenalty, s.PresencePenalty, s.PenaltyLastN = 1.5, 1.5, 64 }},
		{"typical", func(s *s) { s.TypicalP = 0.2 }},
		{"top-n-sigma", func(s *s) { s.TopNSigma = 1 }},
		{"XTC", func(s *s) { s.XTCProbability, s.XTCThreshold = 0.9, 0.02 }},
		{"dynamic temperature", func(s *s) { s.DynatempRange, s.DynatempExponent = 1, 2 }},
		{"DRY", func(s *s) { s.Temperature, s.TopK, s.DRYMultiplier, s.DRYAllowedLength = 0.3, 4, 8, 1 }},
		{"mirostat 1", func(s *s) { s.Mirostat, s.MirostatTau = 1, 2 }},
		{"mirostat 2", func(s *s) { s.Mirostat, s.MirostatTau = 2, 2 }},
		{"adaptive-p", func(s *s) { s.AdaptiveTarget, s.AdaptiveDecay, s.MinP = 0.3, 0.8, 0.02 }},
		{"bias", func(s *s) {
			s.LogitBias = []backend.TokenBias{{ID: newline, Bias: 12}, {ID: 28, Bias: backend.NeverBias}}
		}},
		{"grammar", func(s *s) { s.Grammar = &backend.Grammar{Text: yesOrNo} }},
	}
}

// Every sampler changes what is drawn, and a reply that is cut off at random tokens goes on to the same text, on an engine
// whose cache holds something else.
func TestEverySamplerActsAndResumes(t *testing.T) {
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			c := o.chat(t)
			prompt, err := c.Tokenize(t.Context(), "<|im_start|>user\nSay a poem about rain, rain, rain and rain.<|im_end|>\n<|im_start|>assistant\n", true)
			if err != nil {
				t.Fatal(err)
			}
			nl, err := c.Tokenize(t.Context(), "\n", false)
			if err != nil || len(nl) != 1 {
				t.Fatalf("newline is %v, %v", nl, err)
			}
			random := rand.New(rand.NewPCG(7, 1))
			var plain []int32
			for _, s := range samplerCases(nl[0]) {
				t.Run(s.name, func(t *testing.T) {
					r := engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Temperature: 1.2, Seed: 11, MaxTokens: 28}}
					s.edit(&r.Sampling)
					whole := generate(t, c, r)
					if s.name == "none" {
						plain = whole.tokens
					} else if slices.Equal(plain, whole.tokens) {
						t.Error("it changes nothing")
					}
					again := generate(t, c, r)
					if d := cmp.Diff(whole.tokens, again.tokens); d != "" {
						t.Fatalf("a second run differs:\n%s", d)
					}
					for range 3 {
						n := random.IntN(len(whole.tokens)) + 1
						generate(t, c, engine.GenerateRequest{Prompt: prompt[:3], Sampling: greedy(1)}) // something else in the cache
						if n == len(whole.tokens) {
							n--
						}
						q := r
						q.Cuts, q.Reply = whole.cuts, whole.tokens[:n]
						rest := generate(t, c, q)
						if d := cmp.Diff(whole.tokens, slices.Concat(whole.tokens[:n], rest.tokens)); d != "" {
							t.Errorf("resumed after %d tokens:\n%s", n, d)
						}
					}
				})
			}
		})
	}
}

func TestGrammarIsObeyed(t *testing.T) {
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			c := o.chat(t)
			prompt, err := c.Tokenize(t.Context(), "Is rain wet? ", true)
			if err != nil {
				t.Fatal(err)
			}
			for seed := range uint64(8) {
				a := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Temperature: 1.5, Seed: seed, MaxTokens: 40, Grammar: &backend.Grammar{Text: yesOrNo}}})
				if a.result.Stop != backend.StopLength && !regexp.MustCompile(`^(yes|no) [a-z]+!$`).MatchString(a.text) {
					t.Errorf("seed %d: %q, ended by %q", seed, a.text, a.result.Stop)
				}
			}
			_, err = collect(t.Context(), c, engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Grammar: &backend.Grammar{Text: "root ::= ("}}}, nil)
			if err == nil || !strings.Contains(err.Error(), "grammar") {
				t.Errorf("a broken grammar gives %v", err)
			}
			schema := `{"type":"object","properties":{"colour":{"enum":["red","blue"]},"size":{"type":"integer","minimum":1,"maximum":9}},"required":["colour","size"],"additionalProperties":false}`
			a, err := collect(t.Context(), c, engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Temperature: 1, Seed: 3, MaxTokens: 120, JSONSchema: schema}}, nil)
			if o.name == Name {
				if !errors.Is(err, backend.ErrUnsupported) {
					t.Errorf("the embedded engine takes a schema: %v", err)
				}
				return
			}
			var got struct {
				Colour string
				Size   int
			}
			if err != nil || json.Unmarshal([]byte(a.text), &got) != nil || got.Colour == "" || got.Size < 1 || got.Size > 9 {
				t.Errorf("by the schema: %q, %v", a.text, err)
			}
		})
	}
}

// A lazy grammar lets the model talk until its trigger, and does not look at thoughts.
func TestLazyGrammarWaitsForItsTrigger(t *testing.T) {
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			c := o.chat(t)
			prompt, err := c.Tokenize(t.Context(), "Count: one two CALL", true)
			if err != nil {
				t.Fatal(err)
			}
			given, err := c.Tokenize(t.Context(), " and CALL", false)
			if err != nil {
				t.Fatal(err)
			}
			r := engine.GenerateRequest{Prompt: prompt, Reply: given, Sampling: backend.Sampling{Temperature: 1, Seed: 1, MaxTokens: len(given) + 12, Grammar: &backend.Grammar{
				Text: `root ::= "CALL(" [0-9] ")"`, Lazy: true, Patterns: []string{`[\s\S]*?(CALL)[\s\S]*`}, ThoughtBegin: "<think>", ThoughtEnd: "</think>",
			}}}
			if a := generate(t, c, r); !regexp.MustCompile(`^\([0-9]\)$`).MatchString(a.text) {
				t.Errorf("after the trigger: %q", a.text)
			}
			r.Reply, err = c.Tokenize(t.Context(), "<think> and CALL", false)
			if err != nil {
				t.Fatal(err)
			}
			if a := generate(t, c, r); strings.HasPrefix(a.text, "(") {
				t.Errorf("within a thought: %q", a.text)
			}
		})
	}
}

func TestBadSamplingIsRefused(t *testing.T) {
	c := open(t, request(t))
	for _, s := range []backend.Sampling{
		{Mirostat: 3}, {LogitBias: []backend.TokenBias{{ID: 1 << 30}}}, {DRYMultiplier: -1}, {TopNSigma: -2}, {XTCProbability: -0.5},
	} {
		if _, err := collect(t.Context(), c, engine.GenerateRequest{Prompt: []int32{1}, Sampling: s}, nil); err == nil || !strings.HasPrefix(err.Error(), "sampling:") {
			t.Errorf("%+v gives %v", s, err)
		}
	}
}

func TestAlternativesAreProbabilities(t *testing.T) {
	for _, o := range bothEngines(t) {
		c := o.chat(t)
		prompt, err := c.Tokenize(t.Context(), "The capital of France is", true)
		if err != nil {
			t.Fatal(err)
		}
		var seen []backend.TokenAlt
		_, err = c.Generate(t.Context(), engine.GenerateRequest{Prompt: prompt, Alts: 5, Sampling: greedy(1)}, func(e engine.Event) error {
			if k, ok := e.(engine.Token); ok {
				seen = k.Alts
			}
			return nil
		})
		if err != nil || len(seen) != 5 || !slices.IsSortedFunc(seen, func(a, b backend.TokenAlt) int { return int(100 * (b.LogProb - a.LogProb)) }) || seen[0].LogProb > 0 {
			t.Errorf("%s: %v, %v", o.name, fmt.Sprint(seen), err)
		}
	}
}

func TestAChosenEndEndsTheReply(t *testing.T) {
	for _, o := range bothEngines(t) {
		c := o.chat(t)
		end, err := c.Tokenize(t.Context(), "<|im_end|>", true)
		if err != nil || len(end) == 0 {
			t.Fatal(end, err)
		}
		prompt, err := c.Tokenize(t.Context(), "Hello", true)
		if err != nil {
			t.Fatal(err)
		}
		r := engine.GenerateRequest{Prompt: prompt, Reply: end[len(end)-1:], Sampling: greedy(8)}
		got, err := c.Generate(t.Context(), r, func(e engine.Event) error {
			if k, ok := e.(engine.Token); ok {
				t.Errorf("%s goes on with %q", o.name, k.Text)
			}
			return nil
		})
		if err != nil || got.Stop != backend.StopEnd {
			t.Errorf("%s: %+v, %v", o.name, got, err)
		}
	}
}
