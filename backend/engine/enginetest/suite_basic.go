package enginetest

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/release"
)

func suiteInfo(t *testing.T, s suite) {
	i := s.open(t).Info()
	if i.Context < s.Load.Context || i.Batch < 1 || i.Batch > s.Load.Batch || i.Vocab < 2 || i.ContextTrain < 1 {
		t.Errorf("sizes: %+v", i)
	}
	e := i.Engine
	if e.Engine == "" || e.Build == "" || e.Device == "" || e.Variant == "" || e.FlashAttn == "" || e.KVType == "" {
		t.Errorf("an exact repetition needs all of these: %+v", e)
	}
}

func suiteProgress(t *testing.T, s suite) {
	var seen []float32
	c, err := s.Open(t.Context(), s.Load, func(done float32) { seen = append(seen, done) })
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if len(seen) == 0 || !slices.IsSorted(seen) || seen[0] < 0 || seen[len(seen)-1] != 1 {
		t.Errorf("progress: %v", seen)
	}
}

func suiteCancelLoad(t *testing.T, s suite) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c, err := s.Open(ctx, s.Load, func(float32) { cancel() })
	if err == nil {
		c.Close()
		t.Skip("the model was loaded before the first sign of progress") // tiny models of real engines
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	s.open(t) // the next one is not disturbed
}

func suiteBadFiles(t *testing.T, s suite) {
	dir := t.TempDir()
	bad := map[string]string{"missing": filepath.Join(dir, "missing"), "a folder": dir, "empty": filepath.Join(dir, "empty"), "text": filepath.Join(dir, "text")}
	for name, content := range map[string]string{"empty": "", "text": strings.Repeat("Once upon a time.\n", 100)} {
		if err := os.WriteFile(bad[name], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, path := range s.Bad {
		bad[name] = path
	}
	for name, path := range bad {
		t.Run(name, func(t *testing.T) {
			r := s.Load
			r.Path = path
			c, err := s.Open(t.Context(), r, nil)
			if err == nil {
				c.Close()
				t.Fatal("it was loaded")
			}
			var file *backend.BadFile
			if !errors.As(err, &file) || file.Reason == "" || strings.Contains(err.Error(), "\n") {
				t.Errorf("%T: %v", err, err)
			}
		})
	}
}

func suiteRender(t *testing.T, s suite) {
	c := s.open(t)
	r := engine.RenderRequest{Messages: []engine.Message{
		{Role: backend.RoleSystem, Content: "Be brief, Alder."},
		{Role: backend.RoleUser, Content: "First Birch"},
		{Role: backend.RoleAssistant, Content: "Second Cedar"},
		{Role: backend.RoleUser, Content: "Third Damson {{ x }} <b>&amp;"},
	}}
	for _, format := range append([]string{""}, s.Formats...) {
		r.Format, r.AddGenerationPrompt = format, false
		plain, err := c.Render(t.Context(), r)
		if err != nil {
			t.Fatalf("format %q: %v", format, err)
		}
		at := 0
		for _, m := range r.Messages {
			i := strings.Index(plain.Prompt[at:], m.Content)
			if i < 0 {
				t.Fatalf("format %q: %q is not in its place in %q", format, m.Content, plain.Prompt)
			}
			at += i + len(m.Content)
		}
		if plain.Format == "" {
			t.Errorf("format %q: which one was used is not told", format)
		}
		r.AddGenerationPrompt = true
		if open, err := c.Render(t.Context(), r); err != nil || len(open.Prompt) < len(plain.Prompt) {
			t.Errorf("format %q: %v, %q after %q", format, err, open.Prompt, plain.Prompt)
		}
	}
	r.Format = "no such format"
	if got, err := c.Render(t.Context(), r); err == nil {
		t.Errorf("an unknown format gave %q", got.Prompt)
	}
}

func suiteTokenize(t *testing.T, s suite) {
	c := s.open(t)
	r := engine.GenerateRequest{Prompt: s.ask(t, c, "Hi"), Alts: c.Info().Vocab, Sampling: backend.Sampling{MaxTokens: 1, Temperature: 2}}
	var got said
	for r.Sampling.Seed = 1; len(got.IDs) == 0 && r.Sampling.Seed < 20; r.Sampling.Seed++ {
		got = must(t, c, r)
	}
	if len(got.IDs) == 0 {
		t.Fatal("no token in 20 tries")
	}
	spelled := map[int32]string{}
	for _, a := range got.Alts[0] {
		spelled[a.ID] = a.Text
	}
	for _, text := range []string{"The quick brown fox", "x = [1, 2, 3];\n\treturn x", "a  b   c", "1234567890", "?!..."} {
		ids, err := c.Tokenize(t.Context(), text, false)
		if err != nil {
			t.Fatal(err)
		}
		var b strings.Builder
		for _, id := range ids {
			b.WriteString(spelled[id])
		}
		if b.String() != text && strings.TrimPrefix(b.String(), " ") != text { // some vocabularies put a space in front
			t.Errorf("%q became %q", text, b.String())
		}
	}
	for _, text := range []string{"é 語 🙃", "\x00", strings.Repeat("x", 5000)} {
		if ids, err := c.Tokenize(t.Context(), text, false); err != nil || len(ids) == 0 {
			t.Errorf("%.20q: %v, %v", text, ids, err)
		}
	}
	if ids, err := c.Tokenize(t.Context(), "", false); err != nil || len(ids) != 0 {
		t.Errorf("nothing became %v, %v", ids, err)
	}
}

func suiteEvents(t *testing.T, s suite) {
	c := s.open(t)
	prompt := s.ask(t, c, strings.Repeat(question+" ", 5))
	got := must(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: lively(3, 12)})
	order := slices.Compact(slices.Clone(got.Events))
	want := []string{"evaluating", "prompt", "token"}
	if !slices.Equal(order, want) || got.Events[1] == "evaluating" {
		t.Errorf("events came as %v, want %v", order, want)
	}
	sum := 0
	for _, n := range got.Eval.Cuts {
		if n < 1 || n > c.Info().Batch {
			t.Errorf("a cut of %d with calls of at most %d", n, c.Info().Batch)
		}
		sum += n
	}
	if sum != len(prompt) || got.Eval.Reused != 0 {
		t.Errorf("cuts of a fresh prompt of %d tokens: %+v", len(prompt), got.Eval)
	}
	u := got.Result.Usage
	if u.PromptTokens != len(prompt) || u.ReplyTokens != len(got.IDs) || u.ReusedTokens != 0 || u.PromptTime <= 0 || u.FirstToken <= 0 || u.ReplyTime <= 0 {
		t.Errorf("usage %+v", u)
	}
}

func suiteSeeds(t *testing.T, s suite) {
	c := s.open(t)
	prompt := s.ask(t, c, question)
	r := engine.GenerateRequest{Prompt: prompt, Sampling: lively(42, 32)}
	want := must(t, c, r)
	if again := must(t, c, r); !slices.Equal(want.IDs, again.IDs) || want.text() != again.text() {
		t.Errorf("asked again: %q, before %q", again.text(), want.text())
	}
	if fresh := must(t, s.open(t), r); !slices.Equal(want.IDs, fresh.IDs) || want.text() != fresh.text() {
		t.Errorf("asked after a new start: %q, before %q", fresh.text(), want.text())
	}
	others := 0
	for seed := range uint64(4) {
		r.Sampling.Seed = 1000 + seed
		if !slices.Equal(want.IDs, must(t, c, r).IDs) {
			others++
		}
	}
	if others < 3 {
		t.Errorf("of four other seeds only %d gave another text", others)
	}
}

func suiteGreedy(t *testing.T, s suite) {
	c := s.open(t)
	r := engine.GenerateRequest{Prompt: s.ask(t, c, question), Sampling: backend.Sampling{MaxTokens: 16, Seed: 1}}
	want := must(t, c, r)
	r.Sampling.Seed = 99
	if got := must(t, c, r); !slices.Equal(want.IDs, got.IDs) {
		t.Errorf("the seed changed a greedy reply: %q, before %q", got.text(), want.text())
	}
	r.Sampling.Temperature, r.Sampling.TopK = 0.7, 1
	if got := must(t, c, r); !slices.Equal(want.IDs, got.IDs) {
		t.Errorf("top-k 1 is not greedy: %q, before %q", got.text(), want.text())
	}
}

func suiteAlts(t *testing.T, s suite) {
	c := s.open(t)
	r := engine.GenerateRequest{Prompt: s.ask(t, c, question), Sampling: backend.Sampling{MaxTokens: 6}, Alts: 5}
	got := must(t, c, r)
	for i, alts := range got.Alts {
		if len(alts) != 5 || alts[0].ID != got.IDs[i] {
			t.Fatalf("token %d (%d): %+v", i, got.IDs[i], alts)
		}
		for j, a := range alts {
			if a.LogProb > 0 || j > 0 && a.LogProb > alts[j-1].LogProb {
				t.Errorf("token %d: %+v", i, alts)
			}
		}
	}
	// The drawn token is among them wherever it stands, and the drawn ones spell the reply.
	r.Sampling = lively(7, 24)
	got = must(t, c, r)
	text := release.New(r.Stops)
	var spelt string
	for i, alts := range got.Alts {
		a, ok := backend.TokenChoice{ID: got.IDs[i], Alts: alts}.Chosen()
		if !ok {
			t.Fatalf("token %d (%d) is not among %+v", i, got.IDs[i], alts)
		}
		released, _ := text.Add(a.Piece())
		spelt += released
	}
	if !strings.HasPrefix(got.text(), spelt) || len(spelt) == 0 || len(got.text()) > len(spelt+text.Flush()) {
		t.Errorf("the tokens spell %q, the reply is %q", spelt, got.text())
	}
	r.Alts = 0
	for i, alts := range must(t, c, r).Alts {
		if len(alts) != 0 {
			t.Errorf("token %d has alternatives nobody asked for", i)
		}
	}
}

func suiteLimit(t *testing.T, s suite) {
	c := s.open(t)
	r, whole := s.long(t, c)
	r.Sampling.MaxTokens = 10
	r.Cuts = whole.Eval.Cuts
	if got := must(t, c, r); len(got.IDs) != 10 || got.Result.Stop != backend.StopLength {
		t.Errorf("%d tokens, %s", len(got.IDs), got.Result.Stop)
	}
	r.Reply = whole.IDs[:7]
	if got := must(t, c, r); !slices.Equal(got.IDs, whole.IDs[7:10]) || got.Result.Usage.ReplyTokens != 10 {
		t.Errorf("%v after seven given ones, %+v; want %v", got.IDs, got.Result, whole.IDs[7:10])
	}
	r.Reply = whole.IDs[:10]
	if got := must(t, c, r); len(got.IDs) != 0 || got.Result.Stop != backend.StopLength {
		t.Errorf("a full reply went on: %+v", got)
	}
}
