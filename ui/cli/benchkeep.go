package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/engine"
	"loam/backend/residency"
)

// The measure of a chat that is opened again after the engine has ended.
const (
	benchChat     = 4000 // tokens
	benchQuestion = 20
	benchChatID   = 1<<40 - 1 // no chat has it
)

// reopening measures the first token of a long chat: read from its start, and with its context from disk.
func (c *benchCommand) reopening(s *session, a *app.App, m backend.Model, words []int32) (_ []backend.Figure, err error) {
	if m.ContextLength > 0 && m.ContextLength < benchChat+2*benchQuestion {
		return nil, nil // it cannot hold such a chat
	}
	need := residency.Need{Model: m, Context: benchChat + 4*benchQuestion}
	var prompt []int32
	for len(prompt) < benchChat {
		prompt = append(prompt, words...)
	}
	prompt = prompt[:benchChat]
	defer func() { err = errors.Join(err, a.ForgetState(benchChatID)) }()
	read, err := keptFirst(s.ctx, a, need, prompt)
	if err != nil {
		return nil, err
	}
	saved := time.Now()
	a.Engines.Unload(s.ctx)
	saving := time.Since(saved)
	bytes, _, err := a.States()
	if err != nil {
		return nil, err
	}
	brought, err := keptFirst(s.ctx, a, need, slices.Concat(prompt, words[:benchQuestion]))
	if err != nil {
		return nil, err
	}
	name := func(what string) string { return fmt.Sprintf("chat of %d, %s", benchChat, what) }
	return []backend.Figure{
		{Name: name("read anew: first token"), Value: read.Seconds() * 1000, Unit: "ms", Better: backend.BetterLower},
		{Name: name("reopened: first token"), Value: brought.Seconds() * 1000, Unit: "ms", Better: backend.BetterLower},
		{Name: name("saved and unloaded"), Value: saving.Seconds() * 1000, Unit: "ms", Better: backend.BetterLower},
		{Name: name("contexts on disk"), Value: float64(bytes) / 1e6, Unit: "MB", Better: backend.BetterLower},
	}, nil
}

// keptFirst is the time from the request to the first token of a chat whose context is kept, the model being loaded.
func keptFirst(ctx context.Context, a *app.App, n residency.Need, prompt []int32) (time.Duration, error) {
	e, release, err := a.Engines.Acquire(ctx, n)
	if err != nil {
		return 0, err
	}
	defer release()
	k, ok := e.(engine.Keeping)
	if !ok {
		return 0, fmt.Errorf("measure a kept chat: %w", backend.ErrUnsupported)
	}
	begin := time.Now()
	k.Recall(ctx, benchChatID)
	var first time.Duration
	sampling := backend.DefaultSampling()
	sampling.RandomSeed, sampling.Seed, sampling.MaxTokens = false, 1, 1
	_, err = e.Generate(ctx, engine.GenerateRequest{Prompt: prompt, Sampling: sampling}, func(ev engine.Event) error {
		if _, ok := ev.(engine.Token); ok && first == 0 {
			first = time.Since(begin)
		}
		return nil
	})
	k.Keep(benchChatID, len(prompt), nil)
	return first, err
}
