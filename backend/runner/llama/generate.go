//go:build !nonative

package llama

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/release"
)

// reply is one run of Generate.
type reply struct {
	*chat
	r      engine.GenerateRequest
	emit   func(engine.Event) error
	start  time.Time
	tokens []int32 // of the reply so far, the given ones included
	text   *release.Text
	ends   []int32 // control tokens that are a stop string
	shown  []int32 // control tokens whose text belongs to the reply
	usage  backend.Usage
	piece  []byte // scratch
	proof  *proof // of a size of call, in progress
	proofs []engine.CallProof
}

// Generate implements engine.Chat. The penalties look back over prompt and reply alike, PenaltyLastN tokens, as
// llama.cpp's own programs do. When ctx ends the reply, what is held back is not released: the released text stays a
// function of the tokens, and a stopped reply can be resumed like a crashed one.
func (c *chat) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	end, err := c.begin(ctx)
	if err != nil {
		return engine.Result{}, err
	}
	defer end()
	if err := c.check(r); err != nil {
		return engine.Result{}, err
	}
	if r.Sampling, err = c.sampling(r.Sampling); err != nil {
		return engine.Result{}, err
	}
	c.exact.learn(r.Proofs, c.info.Context)
	g := &reply{
		chat: c, r: r, emit: emit, start: time.Now(), tokens: slices.Clone(r.Reply), text: release.New(r.Stops),
		usage: backend.Usage{PromptTokens: len(r.Prompt), ReplyTokens: len(r.Reply)},
	}
	if g.ends, err = c.controls(r.Stops); err != nil {
		return engine.Result{}, err
	}
	if g.shown, err = c.controls(r.Sampling.Preserved); err != nil {
		return engine.Result{}, err
	}
	result, err := g.run(ctx)
	if err == nil && result.Stop == backend.StopCancel && ctx.Err() == nil {
		err = engine.ErrClosed
	}
	return result, err
}

// controls finds the strings that are one control token: such tokens have no text unless it is asked for.
func (c *chat) controls(list []string) ([]int32, error) {
	var ids []int32
	for _, s := range list {
		if s == "" {
			continue
		}
		t, err := c.h.tokenize(s, false, true)
		if err != nil {
			return nil, fmt.Errorf("look for control tokens: %w", err)
		}
		if len(t) == 1 && c.h.isControl(t[0]) {
			ids = append(ids, t[0])
		}
	}
	return ids, nil
}

func (g *reply) run(ctx context.Context) (engine.Result, error) {
	if over := g.replay(); over != "" {
		return g.ended(over)
	}
	given := g.r.Reply
	if g.remembers() {
		if g.log.Len() > len(g.r.Prompt) {
			g.clear() // the logits of the given tokens are needed again
		}
		given = nil
	}
	plan, err := g.prepare(g.r, given)
	if err != nil {
		return engine.Result{}, err
	}
	g.usage.ReusedTokens = plan.Reused
	if err := g.emit(engine.Evaluating{Cuts: plan.Cuts, Reused: plan.Reused}); err != nil {
		return g.result(""), err
	}
	total := len(g.r.Prompt) + len(g.r.Reply)
	st, err := g.evaluate(plan, func(done int) error { return g.emit(engine.Prompt{Done: done, Total: total}) })
	g.usage.PromptTime = time.Since(g.start)
	if err != nil {
		return g.result(""), err
	}
	if stop := stopOf(st); stop != "" {
		return g.result(stop), nil
	}
	if stop, err := g.beginSampling(total); stop != "" || err != nil {
		return g.result(stop), err
	}
	began := time.Now()
	stop, err := g.write(ctx)
	g.usage.ReplyTime = time.Since(began)
	return g.result(stop), err
}

// remembers says whether given tokens have to be drawn again, because their samplers remember more than tokens.
func (g *reply) remembers() bool {
	s := g.r.Sampling
	return len(g.r.Reply) > 0 && s.Temperature > 0 && (s.Mirostat > 0 || s.AdaptiveTarget > 0)
}

// beginSampling builds the sampler chain at the end of the given tokens.
func (g *reply) beginSampling(total int) (backend.StopReason, error) {
	begin := func(given []int32) error {
		if err := g.h.beginSampling(g.r.Sampling, slices.Concat(g.r.Prompt, given), len(g.r.Prompt)); err != nil {
			return fmt.Errorf("sampling: %w", err)
		}
		return nil
	}
	if !g.remembers() {
		return "", begin(g.r.Reply)
	}
	if err := begin(nil); err != nil {
		return "", err
	}
	exact := true
	for i, token := range g.r.Reply {
		if exact {
			drawn, _, err := g.h.draw(-1, len(g.r.Prompt)+i, 0)
			if err != nil {
				return "", fmt.Errorf("draw: %w", err)
			}
			exact = drawn == token // else another engine drew it, and what the samplers remembered then is lost
		}
		st, err := g.call([]int32{token})
		if stop := stopOf(st); stop != "" || err != nil {
			return stop, err
		}
		if i%replayEvery == replayEvery-1 {
			if err := g.emit(engine.Prompt{Done: g.log.Len(), Total: total}); err != nil {
				return "", err
			}
		}
	}
	if exact {
		return "", nil
	}
	return "", begin(g.r.Reply)
}

// ended answers a request whose given reply was already at its end, without touching the cache.
func (g *reply) ended(stop backend.StopReason) (engine.Result, error) {
	plan, err := g.plan(g.r, nil)
	if err != nil {
		return engine.Result{}, err
	}
	if err := g.emit(engine.Evaluating{Cuts: plan.Cuts, Reused: plan.Reused}); err != nil {
		return g.result(""), err
	}
	return g.result(stop), nil
}

// replay passes the given tokens through the released text, which drops what was already released, and says why the
// reply is already at its end; "" = it goes on.
func (g *reply) replay() backend.StopReason {
	for _, t := range g.r.Reply {
		if g.h.isEnd(t) {
			return backend.StopEnd // a person chose that the reply ends here
		}
		if slices.Contains(g.ends, t) {
			return backend.StopString
		}
		g.piece = g.textOf(t)
		if _, stopped := g.text.Add(g.piece); stopped {
			return backend.StopString
		}
	}
	switch {
	case g.full(len(g.r.Reply)):
		return backend.StopLength
	case len(g.r.Prompt)+len(g.r.Reply) > g.info.Context:
		return backend.StopContext
	}
	return ""
}

// textOf is the bytes that a token adds to the reply, until the next call.
func (g *reply) textOf(token int32) []byte {
	return g.h.piece(g.piece[:0], token, len(g.shown) > 0 && slices.Contains(g.shown, token))
}

func (g *reply) full(n int) bool { return g.r.Sampling.MaxTokens > 0 && n >= g.r.Sampling.MaxTokens }

// write draws tokens until something ends the reply. With speculation, guess holds what is in the cache beyond the log, and
// index is the place in the last call that the next token is drawn from.
func (g *reply) write(ctx context.Context) (stop backend.StopReason, err error) {
	var s *speculator
	if g.r.Speculate && g.trimKV {
		s = newSpeculator(g.costs, slices.Concat(g.r.Prompt, g.tokens))
		defer func() {
			g.usage.Drafted, g.usage.Confirmed = s.drafted, s.confirmed
			if g.h.pos() != g.log.Len() && !g.h.keep(g.log.Len()) {
				g.clear()
			}
		}()
	}
	index, guess := -1, []int32(nil)
	began, held, size := g.clock(), 0, 0
	for {
		if ctx.Err() != nil || g.closing.Load() {
			return backend.StopCancel, nil
		}
		token, stop, err := g.next(index)
		if stop != "" || err != nil {
			return stop, err
		}
		if len(guess) > 0 && guess[0] == token {
			g.log.Append(guess[:1])
			s.add(token)
			guess, index, held = guess[1:], index+1, held+1
			continue
		}
		if s == nil {
			st, err := g.call([]int32{token})
			if stop := stopOf(st); stop != "" || err != nil {
				return stop, err
			}
			continue
		}
		if len(guess) > 0 && !g.h.keep(g.log.Len()) {
			g.clear()
			return "", errors.New("speculate: the model cannot drop a tail")
		}
		if now := g.clock(); size > 0 {
			s.learn(size, held, now-began)
		} else if g.proof == nil {
			s.costs.note(1, now-began)
		}
		began, held = g.clock(), 0
		s.add(token)
		st := statusOK
		if guess, index = g.guess(s), -1; len(guess) == 0 {
			if st, err = g.call([]int32{token}); st == statusOK && err == nil {
				err = g.prove(token)
			}
		} else if guess, st, err = g.guessed(s, token, guess); len(guess) > 0 {
			index = 0
		}
		size = len(guess)
		if stop := stopOf(st); stop != "" || err != nil {
			return stop, err
		}
	}
}

// guess is what to evaluate along with the next token; nil while a proof goes on.
func (g *reply) guess(s *speculator) []int32 {
	if g.proof != nil {
		return nil
	}
	room := min(g.info.Context-g.log.Len(), g.info.Batch) - 1
	if g.r.Sampling.MaxTokens > 0 {
		room = min(room, g.r.Sampling.MaxTokens-len(g.tokens))
	}
	return s.guess(room, g.use)
}

// next draws a token from a place in the last call and tells it; stop when the reply ends with it or before it.
func (g *reply) next(index int) (token int32, stop backend.StopReason, err error) {
	token, alts, err := g.h.draw(index, len(g.r.Prompt)+len(g.tokens), g.r.Alts)
	if err != nil {
		return 0, "", fmt.Errorf("draw: %w", err)
	}
	if g.usage.FirstToken == 0 {
		g.usage.FirstToken = time.Since(g.start)
	}
	if g.h.isEnd(token) {
		return token, backend.StopEnd, nil
	}
	if slices.Contains(g.ends, token) {
		return token, backend.StopString, nil
	}
	g.tokens = append(g.tokens, token)
	g.usage.ReplyTokens = len(g.tokens)
	g.piece = g.textOf(token)
	text, stopped := g.text.Add(g.piece)
	if err := g.emit(engine.Token{ID: token, Text: text, Alts: g.alts(alts)}); err != nil {
		return token, "", err
	}
	switch {
	case stopped:
		return token, backend.StopString, nil
	case g.full(len(g.tokens)):
		return token, backend.StopLength, nil
	case g.log.Len() >= g.info.Context:
		return token, backend.StopContext, nil
	}
	return token, "", nil
}

func stopOf(st status) backend.StopReason {
	switch st {
	case statusCancelled:
		return backend.StopCancel
	case statusFull:
		return backend.StopContext
	}
	return ""
}

func (g *reply) alts(list []alternative) []backend.TokenAlt {
	var out []backend.TokenAlt
	for _, a := range list {
		if piece := g.textOf(a.id); len(piece) > 0 {
			out = append(out, backend.NewTokenAlt(a.id, piece, a.logProb))
			continue
		}
		name := backend.NewTokenAlt(a.id, g.h.piece(nil, a.id, true), a.logProb)
		out = append(out, backend.TokenAlt{ID: a.id, Text: name.Text, LogProb: a.logProb, Control: true})
	}
	return out
}

func (g *reply) result(stop backend.StopReason) engine.Result {
	r := engine.Result{Stop: stop, Usage: g.usage, Proofs: g.proofs}
	if stop != "" && stop != backend.StopCancel {
		r.Text = g.text.Flush()
	}
	return r
}
