package enginetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/evallog"
	"loam/backend/engine/release"
)

// Generate implements engine.Chat.
func (c *chat) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	if err := c.enter(); err != nil {
		return engine.Result{}, err
	}
	defer c.leave()
	g := reply{c: c, r: r, emit: emit, began: time.Now(), tokens: slices.Clone(r.Reply), text: release.New(r.Stops)}
	res, err := g.run(ctx)
	if err != nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) && g.refused == nil {
		res, err = engine.Result{Stop: backend.StopCancel}, nil
	}
	if err != nil {
		return engine.Result{}, err
	}
	g.usage.PromptTokens, g.usage.ReplyTokens = len(r.Prompt), len(g.tokens)
	res.Usage = g.usage
	if c.has(AtIdle) {
		go func() { // ends the process: that is its purpose
			time.Sleep(50 * time.Millisecond)
			_ = c.trap(AtIdle, 0, "")
		}()
	}
	return res, nil
}

// reply is one run of Generate.
type reply struct {
	c       *chat
	r       engine.GenerateRequest
	emit    func(engine.Event) error
	refused error // by emit
	began   time.Time
	tokens  []int32 // of the reply, given ones first
	text    *release.Text
	usage   backend.Usage
}

func (g *reply) tell(e engine.Event) error {
	if g.emit == nil {
		return nil
	}
	g.refused = g.emit(e)
	return g.refused
}

func (g *reply) run(ctx context.Context) (engine.Result, error) {
	c, r := g.c, g.r
	plan, err := c.plan(r)
	if err != nil {
		return engine.Result{}, err
	}
	g.usage.ReusedTokens = plan.Reused
	if err := g.tell(engine.Evaluating{Cuts: plan.Cuts, Reused: plan.Reused}); err != nil {
		return engine.Result{}, err
	}
	for _, id := range r.Reply {
		g.text.Add(piece(id))
	}
	switch {
	case slices.Contains(r.Reply, tokenEnd):
		return engine.Result{Stop: backend.StopEnd, Text: g.text.Flush()}, nil
	case g.text.Stopped():
		return engine.Result{Stop: backend.StopString}, nil
	case r.Sampling.MaxTokens > 0 && len(g.tokens) >= r.Sampling.MaxTokens:
		return engine.Result{Stop: backend.StopLength, Text: g.text.Flush()}, nil
	case len(r.Prompt)+len(r.Reply) > c.info.Context:
		return engine.Result{Stop: backend.StopContext, Text: g.text.Flush()}, nil
	}
	if err := g.evaluate(ctx, plan); err != nil {
		return engine.Result{}, err
	}
	g.usage.PromptTime = time.Since(g.began)
	began := time.Now()
	defer func() { g.usage.ReplyTime = time.Since(began) }()
	for {
		stop, err := g.next(ctx)
		if err != nil {
			return engine.Result{}, err
		}
		if stop != "" {
			return engine.Result{Stop: stop, Text: g.text.Flush()}, nil
		}
	}
}

// evaluate does the calls of a plan.
func (g *reply) evaluate(ctx context.Context, plan evallog.Plan) error {
	c := g.c
	c.keep(plan.KeepCalls)
	asked, done, total := textOf(g.r.Prompt), plan.KeepTokens, len(g.r.Prompt)+len(g.r.Reply)
	for i, call := range plan.Calls {
		if err := c.trap(AtPrompt, i, asked); err != nil {
			return err
		}
		if err := c.sleep(ctx, c.model.PromptMS*1000); err != nil {
			return err
		}
		c.noise()
		c.eval(call)
		done += len(call)
		if err := g.tell(engine.Prompt{Done: done, Total: total}); err != nil {
			return err
		}
	}
	return nil
}

// next draws one token; stop is empty when the reply goes on.
func (g *reply) next(ctx context.Context) (stop backend.StopReason, err error) {
	c, s := g.c, g.r.Sampling
	if s.MaxTokens > 0 && len(g.tokens) >= s.MaxTokens {
		return backend.StopLength, nil
	}
	fresh := len(g.tokens) - len(g.r.Reply)
	if err := c.trap(AtToken, fresh, textOf(g.r.Prompt)); err != nil {
		return "", err
	}
	if err := c.sleep(ctx, c.model.TokenMS*1000); err != nil {
		return "", err
	}
	c.noise()
	l := c.values(len(g.tokens))
	id := draw(l, s, c.log.Tokens(), c.log.Len())
	if fresh == 0 {
		g.usage.FirstToken = time.Since(g.began)
	}
	if id == tokenEnd {
		return backend.StopEnd, nil
	}
	text, stopped := g.text.Add(piece(id))
	g.tokens = append(g.tokens, id)
	if err := g.tell(engine.Token{ID: id, Text: text, Alts: alternatives(l, id, g.r.Alts)}); err != nil {
		return "", err
	}
	switch {
	case stopped:
		return backend.StopString, nil
	case c.log.Len() >= c.info.Context:
		return backend.StopContext, nil
	}
	c.eval([]int32{id})
	return "", nil
}

// Logits implements engine.Chat.
func (c *chat) Logits(ctx context.Context, r engine.GenerateRequest) ([]float32, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.leave()
	plan, err := c.plan(r)
	if err != nil {
		return nil, err
	}
	if len(r.Prompt)+len(r.Reply) > c.info.Context {
		return nil, engine.ErrPromptTooLong
	}
	g := reply{c: c, r: r}
	if err := g.evaluate(ctx, plan); err != nil {
		return nil, err
	}
	return c.values(len(r.Reply)), nil
}

func (c *chat) plan(r engine.GenerateRequest) (evallog.Plan, error) {
	switch {
	case len(r.Prompt) == 0:
		return evallog.Plan{}, engine.ErrEmptyPrompt
	case len(r.Prompt) > c.info.Context:
		return evallog.Plan{}, fmt.Errorf("%w: %d tokens, %d fit", engine.ErrPromptTooLong, len(r.Prompt), c.info.Context)
	}
	for _, id := range slices.Concat(r.Prompt, r.Reply) {
		if id < 0 || int(id) >= vocabSize {
			return evallog.Plan{}, fmt.Errorf("token %d: the vocabulary ends at %d", id, vocabSize-1)
		}
	}
	log := &c.log
	plan, err := log.Plan(r.Prompt, r.Cuts, r.Reply, c.info.Batch)
	if err == nil && c.model.Recurrent && plan.KeepCalls < log.Calls() {
		log = &evallog.Log{} // the tail cannot be dropped: all of it goes
		plan, err = log.Plan(r.Prompt, r.Cuts, r.Reply, c.info.Batch)
	}
	if err != nil {
		return plan, fmt.Errorf("generate: %w", err)
	}
	return plan, nil
}

func (c *chat) keep(calls int) {
	c.log.Keep(calls)
	c.history = c.history[:calls]
}

// eval is one evaluation call.
func (c *chat) eval(call []int32) {
	h := c.salt
	if n := len(c.history); n > 0 {
		h = c.history[n-1]
	}
	for _, id := range call {
		h = mix(h, uint64(id))
	}
	c.log.Append(call)
	c.history = append(c.history, mix(h, uint64(len(call))<<32))
}

// values are the logits after what was evaluated, as the n-th token of a reply sees them.
func (c *chat) values(n int) []float32 {
	tokens := c.log.Tokens()
	l := logits(c.salt, c.history[len(c.history)-1], tokens[len(tokens)-1])
	if c.model.Endless {
		l[tokenEnd] = -60
	}
	if c.model.Script != "" {
		script := append(tokenize(c.model.Script, false), tokenEnd)
		l[script[min(n, len(script)-1)]] += 100
	}
	if c.model.Length > 0 {
		l[tokenEnd] = -60
		if n >= c.model.Length {
			l[tokenEnd] = 200
		}
	}
	return l
}
