//go:build !nonative

package llama

import (
	"errors"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/modelfile/modelfiletest"

	"github.com/google/go-cmp/cmp"
)

func greedy(tokens int) backend.Sampling { return backend.Sampling{MaxTokens: tokens} }

func TestStopStringEndsTheReplyBeforeIt(t *testing.T) {
	c := open(t, request(t))
	r := engine.GenerateRequest{Prompt: ask(t, c, "What is the capital of France?"), Sampling: greedy(30), Stops: []string{"al of Fr"}}
	a := generate(t, c, r)
	if a.result.Stop != backend.StopString || a.text != "The capit" {
		t.Errorf("text %q, ended by %q", a.text, a.result.Stop)
	}
	r.Cuts, r.Reply = a.cuts, a.tokens // a crash just before the reply was recorded as finished
	if again := generate(t, c, r); again.result.Stop != backend.StopString || len(again.tokens) != 0 || again.text != "" {
		t.Errorf("again: %+v", again)
	}
}

func TestStopThatIsAControlTokenEndsTheReply(t *testing.T) {
	c := open(t, request(t))
	end, err := c.Tokenize(t.Context(), "<|im_end|>", true)
	if err != nil || len(end) != 1 {
		t.Fatal(end, err)
	}
	got, err := c.controls([]string{"<|im_end|>", "x", "", "two words"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(end, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func TestReplyLimitCountsTheGivenReply(t *testing.T) {
	c := open(t, request(t))
	r := engine.GenerateRequest{Prompt: ask(t, c, "Tell a story."), Sampling: greedy(6)}
	a := generate(t, c, r)
	if a.result.Stop != backend.StopLength || len(a.tokens) != 6 {
		t.Fatalf("%d tokens, ended by %q", len(a.tokens), a.result.Stop)
	}
	r.Cuts, r.Reply = a.cuts, a.tokens[:4]
	if b := generate(t, c, r); b.result.Stop != backend.StopLength || len(b.tokens) != 2 || b.result.Usage.ReplyTokens != 6 {
		t.Errorf("%d more tokens, ended by %q, usage %+v", len(b.tokens), b.result.Stop, b.result.Usage)
	}
	r.Reply = a.tokens
	if b := generate(t, c, r); b.result.Stop != backend.StopLength || len(b.tokens) != 0 {
		t.Errorf("%d more tokens, ended by %q", len(b.tokens), b.result.Stop)
	}
}

func TestFullContextEndsTheReply(t *testing.T) {
	c := open(t, tiny(t, modelfiletest.Chat()))
	prompt := make([]int32, 250)
	for i := range prompt {
		prompt[i] = int32(3 + i%200)
	}
	hot := backend.Sampling{Temperature: 5, Seed: 1}
	a := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: hot})
	if a.result.Stop != backend.StopContext || len(a.tokens) != c.Info().Context-len(prompt)+1 {
		t.Errorf("%d tokens, ended by %q", len(a.tokens), a.result.Stop)
	}
	if b := generate(t, c, engine.GenerateRequest{Prompt: prompt, Cuts: a.cuts, Reply: a.tokens, Sampling: hot}); b.result.Stop != backend.StopContext || len(b.tokens) != 0 {
		t.Errorf("resumed at the end: %d tokens, ended by %q", len(b.tokens), b.result.Stop)
	}
	if b := generate(t, c, engine.GenerateRequest{Prompt: append(prompt, prompt[:6]...), Sampling: hot}); b.result.Stop != backend.StopContext || len(b.tokens) != 1 {
		t.Errorf("a prompt that fills the context: %d tokens, ended by %q", len(b.tokens), b.result.Stop)
	}
}

func TestRequestsThatCannotWorkAreRefused(t *testing.T) {
	c := open(t, tiny(t, modelfiletest.Chat()))
	many := make([]int32, c.Info().Context+1)
	for _, x := range []struct {
		name string
		r    engine.GenerateRequest
		want error // nil = any
	}{
		{"no prompt", engine.GenerateRequest{}, engine.ErrEmptyPrompt},
		{"too long", engine.GenerateRequest{Prompt: many}, engine.ErrPromptTooLong},
		{"not a token", engine.GenerateRequest{Prompt: []int32{1, 1 << 20}}, nil},
		{"a negative token", engine.GenerateRequest{Prompt: []int32{1}, Reply: []int32{-1}}, nil},
		{"cuts that do not add up", engine.GenerateRequest{Prompt: []int32{1, 2, 3}, Cuts: []int{2}}, nil},
		{"temperature", engine.GenerateRequest{Prompt: []int32{1}, Sampling: backend.Sampling{Temperature: float32(math.NaN())}}, nil},
		{"negative temperature", engine.GenerateRequest{Prompt: []int32{1}, Sampling: backend.Sampling{Temperature: -1}}, nil},
	} {
		t.Run(x.name, func(t *testing.T) {
			_, err := c.Generate(t.Context(), x.r, func(engine.Event) error { return nil })
			if err == nil || x.want != nil && !errors.Is(err, x.want) {
				t.Errorf("error %v, want %v", err, x.want)
			}
		})
	}
	if a := generate(t, c, engine.GenerateRequest{Prompt: []int32{1, 5}, Sampling: greedy(2)}); len(a.tokens) == 0 {
		t.Error("the engine does not work any more")
	}
}

func TestAlternativesAreLogProbabilitiesOfTheBareModel(t *testing.T) {
	c := open(t, request(t))
	a := generate(t, c, engine.GenerateRequest{Prompt: ask(t, c, "What is the capital of France?"), Sampling: warm(11, 6), Alts: 4})
	for i, list := range a.alts {
		if len(list) != 4 && len(list) != 5 {
			t.Fatalf("token %d has %d alternatives", i, len(list))
		}
		sum, found := 0.0, false
		for k, x := range list {
			sum += math.Exp(float64(x.LogProb))
			found = found || x.ID == a.tokens[i]
			if k > 0 && k < 4 && x.LogProb > list[k-1].LogProb {
				t.Errorf("token %d: not in order: %+v", i, list)
			}
		}
		if !found || sum > 1.0001 {
			t.Errorf("token %d (id %d): probabilities add up to %v: %+v", i, a.tokens[i], sum, list)
		}
	}
	plain := generate(t, c, engine.GenerateRequest{Prompt: ask(t, c, "What is the capital of France?"), Sampling: warm(11, 6)})
	if d := cmp.Diff(a.tokens, plain.tokens); d != "" {
		t.Errorf("asking for alternatives changes the reply\n%s", d)
	}
	if plain.alts[0] != nil {
		t.Error("alternatives that nobody asked for")
	}
}

func TestSamplersAct(t *testing.T) {
	c := open(t, request(t))
	prompt := ask(t, c, "Tell a story.")
	best := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: greedy(6)})
	for name, s := range map[string]backend.Sampling{
		"top-k 1":        {Temperature: 2, TopK: 1, Seed: 5, MaxTokens: 6},
		"tiny top-p":     {Temperature: 2, TopP: 1e-6, Seed: 5, MaxTokens: 6},
		"min-p 1":        {Temperature: 2, MinP: 1, Seed: 5, MaxTokens: 6},
		"a cold draw":    {Temperature: 1e-3, Seed: 5, MaxTokens: 6},
		"neutral values": {TopP: 1, RepeatPenalty: 1, MaxTokens: 6},
	} {
		if got := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: s}); cmp.Diff(best.tokens, got.tokens) != "" {
			t.Errorf("%s: %v, want the best tokens %v", name, got.tokens, best.tokens)
		}
	}
	if got := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Temperature: 5, Seed: 5, MaxTokens: 6}}); cmp.Diff(best.tokens, got.tokens) == "" {
		t.Error("a hot draw takes the best tokens only")
	}
	// A presence penalty of 100 forbids every token of the prompt and of the reply so far.
	strict := backend.Sampling{PresencePenalty: 100, PenaltyLastN: 400, MaxTokens: 12}
	got := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: strict})
	seen := map[int32]bool{}
	for _, id := range prompt {
		seen[id] = true
	}
	for _, id := range got.tokens {
		if seen[id] {
			t.Errorf("token %d comes again in %v", id, got.tokens)
		}
		seen[id] = true
	}
}

func TestPenaltiesLookBackOverTheGivenReply(t *testing.T) {
	c := open(t, request(t))
	s := backend.Sampling{Temperature: 0.9, RepeatPenalty: 1.6, FrequencyPenalty: 0.4, PenaltyLastN: 24, Seed: 12, MaxTokens: 16}
	r := engine.GenerateRequest{Prompt: ask(t, c, "Say yes, yes, yes."), Sampling: s}
	whole := generate(t, c, r)
	for _, n := range []int{1, len(whole.tokens) / 2} {
		r.Cuts, r.Reply = whole.cuts, whole.tokens[:n]
		if rest := generate(t, c, r); cmp.Diff(whole.tokens[n:], rest.tokens) != "" {
			t.Errorf("after %d: %v, want %v", n, rest.tokens, whole.tokens[n:])
		}
	}
}

func TestTextIsAlwaysWholeRunes(t *testing.T) {
	c := open(t, request(t))
	for _, q := range []string{"Write 'héllo wörld' in Japanese: こんにちは世界", "Answer only with emoji 🙂🙃😀"} {
		_, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: ask(t, c, q), Sampling: backend.Sampling{Temperature: 1.6, Seed: 3, MaxTokens: 40}}, func(e engine.Event) error {
			if x, ok := e.(engine.Token); ok && !utf8.ValidString(x.Text) {
				t.Errorf("released %q", x.Text)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRenderUsesTheRecognisedFormat(t *testing.T) {
	c := open(t, request(t))
	talk := []engine.Message{
		{Role: backend.RoleSystem, Content: "Be brief."},
		{Role: backend.RoleUser, Content: "Hi\x00!"},
		{Role: backend.RoleAssistant, Content: "Hello."},
		{Role: backend.RoleUser, Content: "Bye"},
	}
	got, err := c.Render(t.Context(), engine.RenderRequest{Messages: talk, AddGenerationPrompt: true})
	if err != nil {
		t.Fatal(err)
	}
	want := engine.Rendered{
		Prompt: "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi\uFFFD!<|im_end|>\n" +
			"<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nBye<|im_end|>\n<|im_start|>assistant\n",
		Format: "chatml",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
	vicuna, err := c.Render(t.Context(), engine.RenderRequest{Messages: talk[1:2], Format: "vicuna", AddGenerationPrompt: true})
	if err != nil || vicuna.Format != "vicuna" || !strings.Contains(vicuna.Prompt, "USER: ") || cmp.Diff([]string{"</s>"}, vicuna.Stops) != "" {
		t.Errorf("%+v, error %v", vicuna, err)
	}
	if _, err := c.Render(t.Context(), engine.RenderRequest{Messages: talk, Format: "loam9"}); err == nil || !strings.Contains(err.Error(), "loam9") {
		t.Errorf("error %v", err)
	}
}

func TestUnknownTemplateIsGuessedWithANotice(t *testing.T) {
	tmpl := func(v any) *modelfiletest.GGUF { return modelfiletest.Chat().Set("tokenizer.chat_template", v) }
	for _, x := range []struct {
		name  string
		model *modelfiletest.GGUF
		stops []string
		says  string
	}{
		{"none", tmpl(nil), nil, "brings no chat template"},
		{"unknown", tmpl("{{ messages | loam }}"), nil, "does not know this model's chat template"},
		{"none, and no token for the end of a turn", mamba(), []string{"<|im_end|>"}, "brings no chat template"},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := open(t, tiny(t, x.model))
			r, err := c.Render(t.Context(), engine.RenderRequest{Messages: []engine.Message{{Role: backend.RoleUser, Content: "Hi"}}, AddGenerationPrompt: true})
			if err != nil {
				t.Fatal(err)
			}
			want := engine.Rendered{
				Prompt: "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n", Stops: x.stops,
				Format: "chatml", Notice: r.Notice, AddBOS: true,
			}
			if d := cmp.Diff(want, r); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
			if !strings.Contains(r.Notice, x.says) || c.Info().NamedFormat != "" {
				t.Errorf("notice %q, named format %q", r.Notice, c.Info().NamedFormat)
			}
		})
	}
}
