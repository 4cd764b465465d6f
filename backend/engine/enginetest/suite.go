package enginetest

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"loam/backend"
	"loam/backend/engine"
)

// Harness tells the suite how to open an engine.
type Harness struct {
	// Open is Driver.OpenChat, or worker.Open in its clothes.
	Open func(ctx context.Context, r engine.LoadRequest, progress engine.Progress) (engine.Chat, error)
	// Load names the model and how it is loaded. Context and Batch are set by the tests that need a size of their own;
	// elsewhere they should be 512 to 1024 and 32 to 128, small enough for prompts to be cut.
	Load engine.LoadRequest
	// Formats are named formats that must be rendered.
	Formats []string
	// Bad are files that must be refused as *backend.BadFile, by what is wrong with them.
	Bad map[string]string
	// Reply is the length of the replies that resumes are compared with, in tokens; 0 = 48.
	Reply int
	// Points is how many random points of a reply are resumed at; 0 = 20.
	Points int
}

// Run is the conformance suite: what every engine promises, whatever it is and whichever process it runs in. Where it
// speaks of equality it means equal bits.
func Run(t *testing.T, h Harness) {
	if h.Load.Context == 0 {
		h.Load.Context = 768
	}
	if h.Load.Batch == 0 {
		h.Load.Batch = 64
	}
	if h.Reply == 0 {
		h.Reply = 48
	}
	if h.Points == 0 {
		h.Points = 20
	}
	for _, x := range []struct {
		name string
		test func(*testing.T, suite)
	}{
		{"InfoIsSane", suiteInfo},
		{"LoadTellsProgress", suiteProgress},
		{"LoadCanBeCancelled", suiteCancelLoad},
		{"BadFilesAreRefusedInOneLine", suiteBadFiles},
		{"RenderKeepsTheWords", suiteRender},
		{"TokensSpellTheText", suiteTokenize},
		{"EventsComeInOrder", suiteEvents},
		{"SameSeedSameText", suiteSeeds},
		{"GreedyIsStable", suiteGreedy},
		{"AlternativesAreSorted", suiteAlts},
		{"ReplyLimitCountsTheGivenTokens", suiteLimit},
		{"StopStringsNeverAppear", suiteStops},
		{"FollowUpReusesTheCache", suiteFollowUp},
		{"RegenerateReusesTheCache", suiteRegenerate},
		{"ResumeEqualsTheUninterruptedReply", suiteResume},
		{"ReplayGivesEqualLogits", suiteLogits},
		{"StateContinuesInAnotherProcess", suiteState},
		{"BrokenStateIsRefused", suiteBrokenState},
		{"CancelInThePrompt", suiteCancelPrompt},
		{"CancelInTheReply", suiteCancelReply},
		{"AnErrorOfTheReaderStops", suiteEmitError},
		{"ContextFullEndsTheReply", suiteContextFull},
		{"BadRequestsAreRefused", suiteBadRequests},
		{"CloseDuringAReply", suiteClose},
	} {
		t.Run(x.name, func(t *testing.T) { x.test(t, suite{h}) })
	}
}

type suite struct{ Harness }

// open loads the model; edit changes the request.
func (s suite) open(t *testing.T, edit ...func(*engine.LoadRequest)) engine.Chat {
	t.Helper()
	r := s.Load
	for _, f := range edit {
		f(&r)
	}
	c, err := s.Open(t.Context(), r, nil)
	if err != nil {
		t.Fatalf("load: %v", err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

// ask is the tokenized prompt of one question in the model's own format.
func (s suite) ask(t *testing.T, c engine.Chat, question string) []int32 {
	t.Helper()
	r, err := c.Render(t.Context(), engine.RenderRequest{
		Messages: []engine.Message{{Role: backend.RoleUser, Content: question}}, AddGenerationPrompt: true,
	})
	if err != nil {
		t.Fatalf("render: %v", err)
	}
	ids, err := c.Tokenize(t.Context(), r.Prompt, true)
	if err != nil {
		t.Fatalf("tokenize: %v", err)
	}
	return ids
}

const question = "Tell me a long story about a garden: the stones, the water, the morning light, and who walks there."

// said is what a run of Generate gave.
type said struct {
	Events []string // kinds, in order
	Eval   engine.Evaluating
	IDs    []int32
	Texts  []string // released with each token
	Alts   [][]backend.TokenAlt
	Result engine.Result
}

func (s said) text() string { return strings.Join(s.Texts, "") + s.Result.Text }

// after is the text released with the first n tokens.
func (s said) after(n int) string { return strings.Join(s.Texts[:n], "") }

func generate(ctx context.Context, t *testing.T, c engine.Chat, r engine.GenerateRequest, each func(said)) (said, error) {
	t.Helper()
	var s said
	var err error
	progress := -1
	s.Result, err = c.Generate(ctx, r, func(e engine.Event) error {
		switch e := e.(type) {
		case engine.Evaluating:
			s.Events = append(s.Events, "evaluating")
			s.Eval = e
		case engine.Prompt:
			s.Events = append(s.Events, "prompt")
			if e.Done < progress || e.Done > e.Total || e.Total > len(r.Prompt)+len(r.Reply) {
				t.Errorf("progress %+v after %d", e, progress)
			}
			progress = e.Done
		case engine.Token:
			s.Events = append(s.Events, "token")
			s.IDs = append(s.IDs, e.ID)
			s.Texts = append(s.Texts, e.Text)
			s.Alts = append(s.Alts, e.Alts)
			if !utf8.ValidString(e.Text) {
				t.Errorf("released %q, which is not UTF-8", e.Text)
			}
		}
		if each != nil {
			each(s)
		}
		return nil
	})
	return s, err
}

func must(t *testing.T, c engine.Chat, r engine.GenerateRequest) said {
	t.Helper()
	s, err := generate(t.Context(), t, c, r, nil)
	if err != nil {
		t.Fatalf("generate: %v", err)
	}
	return s
}

// lively draws freely enough that a wrong bit shows; it hardly ever ends early.
func lively(seed uint64, most int) backend.Sampling {
	return backend.Sampling{Temperature: 1, TopK: 60, TopP: 0.98, RepeatPenalty: 1.1, PenaltyLastN: 32, Seed: seed, MaxTokens: most}
}

// long is an uninterrupted reply of at least half the wanted length, and the request for it.
func (s suite) long(t *testing.T, c engine.Chat) (engine.GenerateRequest, said) {
	t.Helper()
	prompt := s.ask(t, c, question)
	for seed := range uint64(20) {
		r := engine.GenerateRequest{Prompt: prompt, Sampling: lively(seed+1, s.Reply)}
		if got := must(t, c, r); len(got.IDs) > s.Reply/2 {
			return r, got
		}
	}
	t.Fatalf("in 20 replies none had %d tokens", s.Reply/2)
	panic("unreachable")
}

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
		{Role: backend.RoleSystem, Content: "Be brief, Alder."}, {Role: backend.RoleUser, Content: "First Birch"},
		{Role: backend.RoleAssistant, Content: "Second Cedar"}, {Role: backend.RoleUser, Content: "Third Damson {{ x }} <b>&amp;"},
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

// randomPoints are places in a reply of n tokens, the ends among them.
func randomPoints(n, count int) []int {
	rng := rand.New(rand.NewPCG(20, 26))
	points := []int{0, n - 1, n}
	for len(points) < count {
		points = append(points, rng.IntN(n))
	}
	return points
}
