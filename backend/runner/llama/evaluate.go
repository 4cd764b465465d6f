//go:build !nonative

package llama

import (
	"context"
	"fmt"

	"loam/backend/engine"
	"loam/backend/engine/evallog"
)

// prepare checks a request, trims the cache to what the request can use, and says what is left to do. After it the log
// and the cache agree with the plan's kept calls.
func (c *chat) prepare(r engine.GenerateRequest, reply []int32) (evallog.Plan, error) {
	p, err := c.plan(r, reply)
	if err != nil {
		return evallog.Plan{}, err
	}
	if p.KeepCalls == c.log.Calls() {
		return p, nil // nothing to drop: also a recurrent model goes on from here
	}
	if p.KeepCalls > 0 && c.h.keep(p.KeepTokens) {
		c.log.Keep(p.KeepCalls)
		return p, nil
	}
	c.clear() // a recurrent model cannot drop a tail
	return c.plan(r, reply)
}

func (c *chat) plan(r engine.GenerateRequest, reply []int32) (evallog.Plan, error) {
	size := c.step
	if r.Cuts != nil {
		size = c.info.Batch
	}
	return c.log.Plan(r.Prompt, r.Cuts, reply, size)
}

func (c *chat) clear() {
	c.h.keep(0)
	c.log = evallog.Log{}
}

// check refuses requests that no evaluation can satisfy.
func (c *chat) check(r engine.GenerateRequest) error {
	switch {
	case len(r.Prompt) == 0:
		return engine.ErrEmptyPrompt
	case len(r.Prompt) > c.info.Context:
		return fmt.Errorf("%w: %d tokens, %d fit", engine.ErrPromptTooLong, len(r.Prompt), c.info.Context)
	}
	for _, list := range [][]int32{r.Prompt, r.Reply} {
		for _, t := range list {
			if t < 0 || int(t) >= c.info.Vocab {
				return fmt.Errorf("token %d is not in the vocabulary", t)
			}
		}
	}
	return nil
}

// call evaluates one call and logs it. After anything but success it brings the log and the cache into agreement.
func (c *chat) call(tokens []int32) (status, error) {
	st, err := c.h.eval(tokens, false)
	if st == statusOK {
		c.log.Append(tokens)
		return st, nil
	}
	c.resync()
	if err != nil {
		return st, fmt.Errorf("evaluate: %w", err)
	}
	return st, nil
}

// resync asks the engine how much of the cache is good after a call that did not finish.
func (c *chat) resync() {
	if !c.trimKV { // a recurrent state may be half updated
		c.clear()
		return
	}
	pos := c.h.pos()
	if n := c.log.KeepUpTo(pos); n != pos && !c.h.keep(n) {
		c.clear()
	}
}

// replayEvery is how many calls of one token pass between two reports of progress.
const replayEvery = 16

// evaluate does what a plan says. report gets the number of tokens in the cache after a call.
func (c *chat) evaluate(p evallog.Plan, report func(done int) error) (status, error) {
	if err := report(c.log.Len()); err != nil {
		return statusOK, err
	}
	quiet := 0
	for i, tokens := range p.Calls {
		if st, err := c.call(tokens); st != statusOK || err != nil {
			return st, err
		}
		if quiet++; len(tokens) == 1 && quiet < replayEvery && i < len(p.Calls)-1 {
			continue
		}
		quiet = 0
		if err := report(c.log.Len()); err != nil {
			return statusOK, err
		}
	}
	return statusOK, nil
}

// Logits implements engine.Chat.
func (c *chat) Logits(ctx context.Context, r engine.GenerateRequest) ([]float32, error) {
	end, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := c.check(r); err != nil {
		return nil, err
	}
	p, err := c.prepare(r, r.Reply)
	if err != nil {
		return nil, err
	}
	st, err := c.evaluate(p, func(int) error { return nil })
	switch {
	case err != nil:
		return nil, err
	case st == statusCancelled && ctx.Err() != nil:
		return nil, ctx.Err()
	case st == statusCancelled:
		return nil, engine.ErrClosed
	case st == statusFull:
		return nil, engine.ErrPromptTooLong
	}
	return c.h.logits(-1, c.info.Vocab)
}
