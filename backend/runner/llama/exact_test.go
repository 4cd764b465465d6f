//go:build !nonative

package llama

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/release"
	"loam/backend/modelfile/modelfiletest"

	"github.com/google/go-cmp/cmp"
)

// sameBits fails unless both hold the same bits.
func sameBits(t testing.TB, what string, want, got []float32) {
	t.Helper()
	if len(want) != len(got) {
		t.Fatalf("%s: %d logits, want %d", what, len(got), len(want))
	}
	for i := range want {
		if math.Float32bits(want[i]) != math.Float32bits(got[i]) {
			t.Fatalf("%s: logit %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

func logits(t testing.TB, c *chat, r engine.GenerateRequest) []float32 {
	t.Helper()
	l, err := c.Logits(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// longText is a prompt of more than n tokens.
func longText(t testing.TB, c *chat, n int) []int32 {
	t.Helper()
	var b strings.Builder
	for i := 0; ; i++ {
		fmt.Fprintf(&b, "Line %d: the %s fox no. %d jumps over %d dogs.\n", i, []string{"quick", "brown", "tired"}[i%3], i*7, i%5)
		if i%8 != 0 {
			continue
		}
		tokens, err := c.Tokenize(t.Context(), b.String(), true)
		if err != nil {
			t.Fatal(err)
		}
		if len(tokens) > n {
			return tokens[:n]
		}
	}
}

func warm(seed uint64, tokens int) backend.Sampling {
	return backend.Sampling{Temperature: 0.8, TopK: 40, TopP: 0.95, MinP: 0.05, RepeatPenalty: 1.1, PenaltyLastN: 64, Seed: seed, MaxTokens: tokens}
}

func TestReplayOfTheLogGivesBitEqualLogits(t *testing.T) {
	first, second := open(t, request(t)), open(t, request(t))
	prompt := longText(t, first, 150)
	a := generate(t, first, engine.GenerateRequest{Prompt: prompt, Sampling: warm(1, 12)})
	if d := cmp.Diff([]int{80, 69, 1}, a.cuts); d != "" {
		t.Fatalf("cuts (-want +got)\n%s", d)
	}
	r := engine.GenerateRequest{Prompt: prompt, Cuts: a.cuts, Reply: a.tokens}
	want := logits(t, first, r) // the cache has all but the last token
	sameBits(t, "another context", want, logits(t, second, r))
	sameBits(t, "the same context again", want, logits(t, second, r))
	second.clear()
	sameBits(t, "an emptied context", want, logits(t, second, r))
}

// The second turn reuses the first one's cache; its log holds the cuts of both. Interruptions at random tokens, continued
// on an engine whose cache holds something else, give the same tokens and the same text. (The conformance suite resumes
// a first turn at twenty points.)
// The kernels for several tokens (packaging/native/chatpack/patches) share work between tokens and round nothing otherwise.
func TestStartersCallsGiveTheBitsOfSingleTokens(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("SKIP: guesses find out for themselves what this processor's kernels do")
	}
	for _, o := range bothEngines(t) {
		t.Run(o.name, func(t *testing.T) {
			c := o.chat(t)
			text, err := c.Tokenize(t.Context(), rewrite, true)
			if err != nil {
				t.Fatal(err)
			}
			ask := func(prompt []int32, cuts ...int) []float32 {
				l, err := c.Logits(t.Context(), engine.GenerateRequest{Prompt: prompt, Cuts: cuts})
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			const start = 20
			singly := []int{start}
			for n := 1; n <= 19; n++ {
				singly = append(singly, 1)
				want := ask(text[:start+n], singly...)
				sameBits(t, fmt.Sprintf("a call of %d", n), want, ask(text[:start+n], start, n))
				ask(text[:start+n], singly...) // the cache goes on token by token
			}
		})
	}
}

func TestResumeContinuesToTheIdenticalText(t *testing.T) {
	c := open(t, request(t))
	user := func(s string) engine.Message { return engine.Message{Role: backend.RoleUser, Content: s} }
	question := user("Name three colours.")
	one := generate(t, c, engine.GenerateRequest{Prompt: turns(t, c, question), Sampling: warm(5, 16)})
	prompt := turns(t, c, question, engine.Message{Role: backend.RoleAssistant, Content: one.text}, user("Tell a story about the first one — with a café."))
	r := engine.GenerateRequest{Prompt: prompt, Sampling: warm(77, 30), Stops: []string{"\n\n\n"}}
	whole := generate(t, c, r)
	if len(whole.tokens) < 20 || whole.reused == 0 {
		t.Fatalf("the story has %d tokens and reused %d: too little to test with", len(whole.tokens), whole.reused)
	}
	other := open(t, request(t))
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 6 {
		n := random.IntN(len(whole.tokens))
		t.Run(fmt.Sprintf("%d after %d tokens", i, n), func(t *testing.T) {
			engineNow := []*chat{c, other}[i%2]
			generate(t, engineNow, engine.GenerateRequest{Prompt: prompt[:random.IntN(8)+1], Sampling: warm(uint64(i), 1)})
			again := r
			again.Cuts, again.Reply = whole.cuts, whole.tokens[:n]
			rest := generate(t, engineNow, again)
			if d := cmp.Diff(whole.tokens, slices.Concat(whole.tokens[:n], rest.tokens)); d != "" {
				t.Fatalf("tokens (-whole +resumed)\n%s", d)
			}
			before := released(engineNow, whole.tokens[:n], r.Stops)
			if d := cmp.Diff(whole.text, before+rest.text); d != "" {
				t.Fatalf("text (-whole +resumed)\n%s", d)
			}
			if rest.result.Stop != whole.result.Stop || rest.result.Usage.ReplyTokens != len(whole.tokens) {
				t.Errorf("result %+v, want %+v", rest.result, whole.result)
			}
		})
	}
}

// released is the text that the tokens of an interrupted reply have released.
func released(c *chat, tokens []int32, stops []string) string {
	var b strings.Builder
	g := release.New(stops)
	for _, id := range tokens {
		s, _ := g.Add(c.h.piece(nil, id, false))
		b.WriteString(s)
	}
	return b.String()
}

func TestAllBitsOfTheSeedCount(t *testing.T) {
	c := open(t, tiny(t, modelfiletest.Chat()))
	r := engine.GenerateRequest{Prompt: []int32{1, 50, 60}, Sampling: backend.Sampling{Temperature: 3, MaxTokens: 16}}
	seen := map[string]uint64{}
	for bit := range 64 {
		r.Sampling.Seed = 1 << bit
		text := fmt.Sprint(generate(t, c, r).tokens)
		if other, ok := seen[text]; ok {
			t.Errorf("seeds %#x and %#x give the same tokens", other, r.Sampling.Seed)
		}
		seen[text] = r.Sampling.Seed
	}
}

func TestFollowUpEvaluatesOnlyWhatIsNew(t *testing.T) {
	c := open(t, request(t))
	prompt := longText(t, c, 150)
	one := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: warm(1, 8)})
	next := slices.Concat(prompt, one.tokens, longText(t, c, 20))
	two := generate(t, c, engine.GenerateRequest{Prompt: next, Sampling: warm(1, 2)})
	if want := len(prompt) + len(one.tokens) - 1; two.reused != want { // the last token was never evaluated
		t.Errorf("reused %d tokens, want %d", two.reused, want)
	}
	if two.result.Usage.ReusedTokens != two.reused || two.done[0] != two.reused || two.done[len(two.done)-1] != len(next) {
		t.Errorf("usage %+v, progress %v", two.result.Usage, two.done)
	}
	again := generate(t, c, engine.GenerateRequest{Prompt: next, Sampling: warm(2, 2)})
	if want := len(next) - 21; again.reused < want {
		t.Errorf("regenerating reused %d tokens, want at least %d", again.reused, want)
	}
	same := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: warm(1, 8)})
	if same.reused != len(prompt)-1 {
		t.Errorf("the first prompt again reused %d tokens, want all but one of %d", same.reused, len(prompt))
	}
	if d := cmp.Diff(one.tokens, same.tokens); d != "" {
		t.Errorf("the first reply again (-want +got)\n%s", d)
	}
}

func TestCancelInALongPromptLeavesTheCacheGood(t *testing.T) {
	c := open(t, request(t))
	prompt := longText(t, c, 200)
	want := logits(t, c, engine.GenerateRequest{Prompt: prompt})
	c.clear()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	last := -1
	result, err := c.Generate(ctx, engine.GenerateRequest{Prompt: prompt}, func(e engine.Event) error {
		if p, ok := e.(engine.Prompt); ok {
			last = p.Done
			cancel()
		}
		return nil
	})
	if err != nil || result.Stop != backend.StopCancel {
		t.Fatalf("result %+v, error %v", result, err)
	}
	if last >= 80 {
		t.Errorf("went on to %d tokens", last)
	}
	if c.log.Len() != c.h.pos() {
		t.Errorf("the log says %d tokens, the engine %d", c.log.Len(), c.h.pos())
	}
	sameBits(t, "after the cancel", want, logits(t, c, engine.GenerateRequest{Prompt: prompt}))
}

func TestStoppedReplyIsThePrefixOfTheWhole(t *testing.T) {
	c := open(t, request(t))
	r := engine.GenerateRequest{Prompt: ask(t, c, "Tell a story."), Sampling: warm(4, 16)}
	whole := generate(t, c, r)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	part, err := collect(ctx, c, r, func(n int) error {
		if n == 7 {
			cancel()
		}
		return nil
	})
	if err != nil || part.result.Stop != backend.StopCancel || part.result.Text != "" {
		t.Fatalf("result %+v, error %v", part.result, err)
	}
	if d := cmp.Diff(whole.tokens[:7], part.tokens); d != "" {
		t.Errorf("tokens (-whole +stopped)\n%s", d)
	}
	r.Cuts, r.Reply = part.cuts, part.tokens
	if rest := generate(t, c, r); part.text+rest.text != whole.text {
		t.Errorf("resumed to %q, want %q", part.text+rest.text, whole.text)
	}
}

func TestSavedStateGoesOnBitEqual(t *testing.T) {
	a, b := open(t, request(t)), open(t, request(t))
	prompt := longText(t, a, 100)
	one := generate(t, a, engine.GenerateRequest{Prompt: prompt, Sampling: warm(6, 10)})
	r := engine.GenerateRequest{Prompt: prompt, Cuts: one.cuts, Reply: one.tokens}
	var file bytes.Buffer
	if err := a.SaveState(t.Context(), &file); err != nil {
		t.Fatal(err)
	}
	want := logits(t, a, r)
	if err := b.LoadState(t.Context(), bytes.NewReader(file.Bytes())); err != nil {
		t.Fatal(err)
	}
	if b.log.Len() != len(prompt)+len(one.tokens)-1 || b.h.pos() != b.log.Len() {
		t.Fatalf("the loaded cache has %d tokens by its log, %d by the engine", b.log.Len(), b.h.pos())
	}
	sameBits(t, "after loading", want, logits(t, b, r))
	if got := generate(t, b, engine.GenerateRequest{Prompt: prompt, Cuts: one.cuts, Reply: one.tokens, Sampling: warm(6, 14)}); got.reused != len(prompt) {
		t.Errorf("reused %d of the prompt's %d tokens after loading", got.reused, len(prompt))
	}

	t.Run("an empty cache", func(t *testing.T) {
		var empty bytes.Buffer
		b.clear()
		if err := b.SaveState(t.Context(), &empty); err != nil {
			t.Fatal(err)
		}
		if err := b.LoadState(t.Context(), &empty); err != nil || b.log.Len() != 0 {
			t.Errorf("error %v, %d tokens", err, b.log.Len())
		}
	})
	t.Run("damaged", func(t *testing.T) {
		good := file.Bytes()
		for _, at := range []int{0, 8, 20, 200, len(good) / 2, len(good) - 5, len(good) - 1} {
			bad := bytes.Clone(good)
			bad[at] ^= 0x10
			if err := b.LoadState(t.Context(), bytes.NewReader(bad)); err == nil {
				t.Errorf("accepted with byte %d changed", at)
			}
			if err := b.LoadState(t.Context(), bytes.NewReader(good[:at])); err == nil {
				t.Errorf("accepted cut at %d", at)
			}
		}
		sameBits(t, "after refusing", want, logits(t, b, r))
	})
	t.Run("other settings", func(t *testing.T) {
		o := request(t)
		o.FlashAttn = "off"
		if err := open(t, o).LoadState(t.Context(), bytes.NewReader(file.Bytes())); err == nil || !strings.Contains(err.Error(), "other settings") {
			t.Errorf("error %v", err)
		}
	})
	t.Run("a context too small", func(t *testing.T) {
		o := request(t)
		o.Context = 256
		long := longText(t, a, 270)
		logits(t, a, engine.GenerateRequest{Prompt: long})
		var file bytes.Buffer
		if err := a.SaveState(t.Context(), &file); err != nil {
			t.Fatal(err)
		}
		if err := open(t, o).LoadState(t.Context(), &file); err == nil || !strings.Contains(err.Error(), "256") {
			t.Errorf("error %v", err)
		}
	})
}
