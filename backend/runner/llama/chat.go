//go:build !nonative

package llama

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/evallog"
)

// chat is a loaded model. mu is held by the one call that runs; Close waits for it.
type chat struct {
	driver  driver
	load    engine.LoadRequest // with the defaults; its adapters are guarded by mu
	info    engine.Info
	addBOS  bool
	bos     string
	jinja   bool   // it runs templates
	base    string // what a saved state must agree with, but for the adapters
	trimKV  bool
	step    int // tokens per evaluation call, where the choice is free
	closing atomic.Bool

	mu     sync.Mutex
	h      handle      // guarded by mu, except for cancel
	log    evallog.Log // what lies in the KV cache; guarded by mu
	exact  exactness   // of calls of several tokens; guarded by mu
	costs  costs       // of calls; guarded by mu
	closed bool        // guarded by mu
	broken bool        // guarded by mu
}

func newChat(d driver, h handle, r engine.LoadRequest) (*chat, error) {
	i, err := h.info()
	if err != nil {
		return nil, err
	}
	c := &chat{driver: d, load: r, h: h, costs: costs{}, addBOS: i.AddBOS, bos: i.BOS, jinja: i.Jinja, trimKV: i.TrimKV, step: i.Batch}
	if i.Device == "CPU" {
		c.step = callTokens(i.Params, i.Layers, i.Batch)
	}
	c.info = engine.Info{
		Engine: backend.EngineInfo{
			Engine: d.name, Build: h.build(), Device: i.Device, Variant: i.Variant,
			FlashAttn: r.FlashAttn, KVType: r.KVType, Threads: r.Threads,
		},
		Capabilities: backend.Capabilities{
			Templates: i.Jinja, Tools: i.Jinja, Reasoning: i.Jinja, Schema: i.Jinja,
			NamedFormat: true, Grammar: true, Adapters: true, State: true, TrimKV: i.TrimKV, Speculate: i.TrimKV, Samplers: samplers(),
		},
		Context: i.Context, Batch: i.Batch, ContextTrain: i.ContextTrain, Vocab: i.Vocab,
		Template: i.Template, NamedFormat: i.NamedFormat, RecommendText: i.Recommended,
		MemoryBytes: residentBytes(),
	}
	e := c.info.Engine
	parts := []string{e.Engine, e.Build, e.Device, e.Variant, e.FlashAttn, e.KVType, fmt.Sprint(i.Batch), i.Fingerprint}
	c.base = strings.Join(parts, "|")
	return c, nil
}

// print is what a saved state must agree with.
func (c *chat) print() string {
	print := c.base
	for _, a := range c.load.Adapters {
		if a.Weight != 0 {
			print += fmt.Sprintf("|%s*%g", a.Path, a.Weight)
		}
	}
	return print
}

// Adapt implements engine.Adapting: the model stays, its context is made anew. What the engines offer for a live context would
// not do: the cache was computed with other weights, and the embedded one computes with the old ones while it uses a compute
// graph again.
func (c *chat) Adapt(ctx context.Context, list []engine.AdapterWeight) error {
	end, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	if err := ctx.Err(); err != nil {
		return err
	}
	if slices.Equal(c.load.Adapters, list) {
		return nil
	}
	if err := c.driver.checkAdapters(list); err != nil {
		return err
	}
	r := c.load
	r.Adapters = slices.Clone(list)
	st, failed, err := c.h.adapt(apart(list))
	if err != nil {
		if st != statusBadAdapter {
			c.broken = true // it has no context any more
		}
		return loadError(r, st, failed, err)
	}
	c.load, c.log, c.exact, c.costs = r, evallog.Log{}, exactness{}, costs{}
	return nil
}

func (c *chat) Info() engine.Info { return c.info }

// begin takes the engine for one call that ctx may end; end gives it back. A cancelled ctx is not refused here: callers
// differ in what it means to them.
func (c *chat) begin(ctx context.Context) (end func(), err error) {
	c.mu.Lock()
	if c.closed || c.broken || c.closing.Load() {
		c.mu.Unlock()
		return nil, engine.ErrClosed
	}
	c.h.cancel(false)
	if c.closing.Load() { // Close came between: its cancel must not be lost
		c.h.cancel(true)
	}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		c.h.cancel(true)
		close(done)
	})
	return func() {
		if !stop() {
			<-done // a late cancel must not hit the next call
		}
		c.mu.Unlock()
	}, nil
}

// Tokenize implements engine.Chat.
func (c *chat) Tokenize(ctx context.Context, text string, special bool) ([]int32, error) {
	end, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer end()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tokens, err := c.h.tokenize(text, special, special)
	if err != nil {
		return nil, fmt.Errorf("tokenize: %w", err)
	}
	return tokens, nil
}

// Close ends a running call and frees the model.
func (c *chat) Close() error {
	if c.closing.Swap(true) {
		return nil
	}
	c.h.cancel(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.h.delete()
	return nil
}
