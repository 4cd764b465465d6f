//go:build !nonative

package llama

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/evallog"
)

// chat is a loaded model. mu is held by the one call that runs; Close waits for it.
type chat struct {
	info    engine.Info
	addBOS  bool
	bos     string
	jinja   bool   // it runs templates
	print   string // what a saved state must agree with
	trimKV  bool
	step    int // tokens per evaluation call, where the choice is free
	closing atomic.Bool

	mu     sync.Mutex
	h      handle              // guarded by mu, except for cancel
	log    evallog.Log         // what lies in the KV cache; guarded by mu
	exact  map[sizeInSpan]bool // calls of several tokens that were proven or refuted; guarded by mu
	closed bool                // guarded by mu
}

func newChat(name string, h handle, r engine.LoadRequest) (*chat, error) {
	i, err := h.info()
	if err != nil {
		return nil, err
	}
	c := &chat{h: h, addBOS: i.AddBOS, bos: i.BOS, jinja: i.Jinja, trimKV: i.TrimKV, step: i.Batch}
	if i.Device == "CPU" {
		c.step = callTokens(i.Params, i.Layers, i.Batch)
	}
	c.info = engine.Info{
		Engine: backend.EngineInfo{
			Engine: name, Build: h.build(), Device: i.Device, Variant: i.Variant,
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
	for _, a := range r.Adapters {
		if a.Weight != 0 {
			parts = append(parts, fmt.Sprintf("%s*%g", a.Path, a.Weight))
		}
	}
	c.print = strings.Join(parts, "|")
	return c, nil
}

func (c *chat) Info() engine.Info { return c.info }

// begin takes the engine for one call that ctx may end; end gives it back. A cancelled ctx is not refused here: callers
// differ in what it means to them.
func (c *chat) begin(ctx context.Context) (end func(), err error) {
	c.mu.Lock()
	if c.closed || c.closing.Load() {
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
