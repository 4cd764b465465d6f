package enginetest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"loam/backend"
	"loam/backend/engine"
)

func suiteCancelPrompt(t *testing.T, s suite) {
	c := s.open(t)
	prompt := s.ask(t, c, strings.Repeat(question+" ", 12))
	prompt = prompt[:min(len(prompt), c.Info().Context-20)]
	r := engine.GenerateRequest{Prompt: prompt, Sampling: lively(4, 6)}
	want := must(t, s.open(t), r)
	r.Cuts = want.Eval.Cuts
	for name, when := range map[string]string{"before the first call": "evaluating", "between two calls": "prompt"} {
		ctx, cancel := context.WithCancel(t.Context())
		got, err := generate(ctx, t, c, r, func(s said) {
			if s.Events[len(s.Events)-1] == when {
				cancel()
			}
		})
		cancel()
		if err == nil && slices.Equal(got.IDs, want.IDs) {
			continue // a quick engine had said it all before the cancel reached its process
		}
		if err != nil || got.Result.Stop != backend.StopCancel {
			t.Errorf("%s: %+v, %v", name, got.Result, err)
		}
	}
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := generate(done, t, c, r, nil); err != nil || got.Result.Stop != backend.StopCancel || len(got.IDs) > 0 {
		t.Errorf("cancelled before it began: %+v, %v", got, err)
	}
	if got := must(t, c, r); !slices.Equal(got.IDs, want.IDs) {
		t.Errorf("asked again it says %q, want %q", got.text(), want.text())
	}
}

func suiteCancelReply(t *testing.T, s suite) {
	c := s.open(t)
	r, whole := s.long(t, c)
	r.Cuts = whole.Eval.Cuts
	for _, at := range []int{1, len(whole.IDs) / 2} {
		ctx, cancel := context.WithCancel(t.Context())
		got, err := generate(ctx, t, c, r, func(s said) {
			if len(s.IDs) == at {
				cancel()
			}
		})
		cancel()
		if err != nil {
			t.Fatal(err)
		}
		if got.Result.Stop == whole.Result.Stop && len(got.IDs) == len(whole.IDs) {
			continue // a quick engine had said it all before the cancel reached its process
		}
		if got.Result.Stop != backend.StopCancel || len(got.IDs) < at || got.Result.Text != "" || got.Result.Usage.ReplyTokens != len(got.IDs) {
			t.Errorf("stopped at %d: %d tokens, %+v", at, len(got.IDs), got.Result)
		}
		r.Reply = got.IDs
		rest := must(t, c, r)
		r.Reply = nil
		if ids := slices.Concat(got.IDs, rest.IDs); !slices.Equal(ids, whole.IDs) || got.text()+rest.text() != whole.text() {
			t.Errorf("stopped at %d and resumed: %q + %q, want %q", at, got.text(), rest.text(), whole.text())
		}
	}
}

func suiteEmitError(t *testing.T, s suite) {
	c := s.open(t)
	enough := errors.New("enough")
	prompt := s.ask(t, c, question)
	for _, at := range []int{1, 2, 5} {
		n := 0
		_, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: prompt, Sampling: lively(1, 30)}, func(engine.Event) error {
			if n++; n == at {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) || n != at {
			t.Errorf("refused at %d: %v after %d events", at, err, n)
		}
	}
}

func suiteContextFull(t *testing.T, s suite) {
	c := s.open(t, func(r *engine.LoadRequest) { r.Context = 256 })
	size := c.Info().Context
	prompt := s.ask(t, c, strings.Repeat(question+" ", size/8))
	if len(prompt) < size {
		t.Fatalf("the question has only %d tokens", len(prompt))
	}
	prompt = prompt[:size-12]
	for seed := range uint64(20) {
		got := must(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{Temperature: 1.5, Seed: seed + 1}})
		if all := len(prompt) + len(got.IDs); all > size+1 || got.Result.Stop == backend.StopContext && all < size-1 {
			t.Fatalf("%d tokens in a context of %d, %s", all, size, got.Result.Stop)
		}
		if got.Result.Stop == backend.StopContext {
			must(t, c, engine.GenerateRequest{Prompt: prompt[:20], Sampling: lively(1, 2)}) // and it goes on
			return
		}
	}
	t.Error("in 20 replies the context was never full")
}

func suiteBadRequests(t *testing.T, s suite) {
	c := s.open(t)
	prompt := s.ask(t, c, question)
	n, vocab := len(prompt), int32(c.Info().Vocab)
	tooLong := slices.Repeat(prompt, c.Info().Context/n+1)
	ask := func(r engine.GenerateRequest) error {
		r.Sampling = lively(1, 2)
		_, err := generate(t.Context(), t, c, r, nil)
		if _, lerr := c.Logits(t.Context(), r); (lerr == nil) != (err == nil) {
			t.Errorf("Generate says %v, Logits says %v", err, lerr)
		}
		return err
	}
	if err := ask(engine.GenerateRequest{}); !errors.Is(err, engine.ErrEmptyPrompt) {
		t.Errorf("no prompt: %v", err)
	}
	if err := ask(engine.GenerateRequest{Prompt: tooLong}); !errors.Is(err, engine.ErrPromptTooLong) {
		t.Errorf("%d tokens: %v", len(tooLong), err)
	}
	for name, r := range map[string]engine.GenerateRequest{
		"cuts too short":             {Prompt: prompt, Cuts: []int{1}},
		"cuts too long":              {Prompt: prompt, Cuts: append(slices.Repeat([]int{1}, n), 1)},
		"an empty cut":               {Prompt: prompt, Cuts: append([]int{0}, slices.Repeat([]int{1}, n)...)},
		"a negative cut":             {Prompt: prompt, Cuts: append([]int{-1, 1}, slices.Repeat([]int{1}, n)...)},
		"a token past the end":       {Prompt: []int32{prompt[0], vocab}},
		"a negative token":           {Prompt: []int32{prompt[0], -1}},
		"a reply token past the end": {Prompt: prompt, Reply: []int32{vocab}},
	} {
		if err := ask(r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	must(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: lively(1, 2)}) // nothing of it harmed the engine
}

func suiteClose(t *testing.T, s suite) {
	c, err := s.Open(t.Context(), s.Load, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r := engine.GenerateRequest{Prompt: s.ask(t, c, question), Sampling: lively(1, s.Load.Context/2)}
	began, ended := make(chan struct{}), make(chan error, 1)
	go func() { // ends with the engine, for a quick one is done with one reply before it is closed
		first := sync.OnceFunc(func() { close(began) })
		for {
			res, err := c.Generate(context.WithoutCancel(t.Context()), r, func(e engine.Event) error {
				if _, ok := e.(engine.Token); ok {
					first()
				}
				return nil
			})
			switch {
			case errors.Is(err, engine.ErrClosed), err == nil && res.Stop == backend.StopCancel:
				ended <- nil
				return
			case err != nil:
				first()
				ended <- err
				return
			}
		}
	}()
	<-began
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if _, err := c.Tokenize(t.Context(), "x", false); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("tokenize after the end: %v", err)
	}
	if _, err := c.Generate(t.Context(), r, func(engine.Event) error { return nil }); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("generate after the end: %v", err)
	}
}
