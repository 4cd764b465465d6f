package enginetest

import (
	"context"
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

// randomPoints are places in a reply of n tokens, the ends among them.
