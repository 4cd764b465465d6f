package residency

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/event"
	"loam/backend/worker"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

// bench opens fake engines in this process and lets them die.
type bench struct {
	*Manager

	mu       sync.Mutex
	opened   []string // paths, in order
	specs    []worker.Spec
	children []*child
	events   []event.EngineChanged
	failing  error // of the next opens
	refuse   func(engine.LoadRequest) error
	adapt    func([]engine.AdapterWeight) error // nil = no engine can
	variant  string                             // what a free choice brings
	memory   int64
	free     int64
	need     map[string]int64
	base     engine.LoadRequest // the settings
}

// child is a fake engine that can die like a process.
type child struct {
	engine.Chat
	info  engine.Info
	done  chan struct{}
	once  sync.Once
	mu    sync.Mutex
	err   error
	back  func() // its memory comes back
	adapt func([]engine.AdapterWeight) error
	mute  bool                 // it dies at its next request, before a token
	found []engine.CallProof   // that its replies tell
	told  [][]engine.CallProof // before its replies
}

func (c *child) Info() engine.Info     { return c.info }
func (c *child) Done() <-chan struct{} { return c.done }

func (c *child) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

func (c *child) die(cause engine.Cause) error {
	c.once.Do(func() {
		c.mu.Lock()
		c.err = &engine.Crashed{Cause: cause}
		c.mu.Unlock()
		close(c.done)
	})
	return c.Err()
}

func (c *child) Close() error {
	c.once.Do(func() {
		close(c.done)
		c.back()
	})
	return c.Chat.Close()
}

func (c *child) Adapt(_ context.Context, list []engine.AdapterWeight) error {
	if c.adapt == nil {
		return backend.ErrUnsupported
	}
	return c.adapt(list)
}

func (c *child) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	if c.mute {
		return engine.Result{}, c.die(engine.CauseAssertion)
	}
	c.told = append(c.told, r.Proofs)
	out, err := c.Chat.Generate(ctx, r, emit)
	out.Proofs = c.found
	return out, err
}

// newBench makes a manager over fake engines; files are models by name.
func newBench(t *testing.T, d Deps) *bench {
	t.Helper()
	b := &bench{variant: "zen4", memory: 100, free: 1000, need: map[string]int64{}, base: engine.LoadRequest{Threads: 2}}
	d.Spec = func(Need) (worker.Spec, error) { return worker.Spec{Engine: enginetest.Name, Load: b.base}, nil }
	d.Open = b.open
	d.Bus = b
	if d.Forecast == nil {
		d.Forecast = func(m backend.Model, _ int) backend.Forecast {
			b.mu.Lock()
			defer b.mu.Unlock()
			return backend.Forecast{Total: b.need[m.Name], Free: b.free}
		}
	}
	b.Manager = New(d)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

func (b *bench) open(ctx context.Context, s worker.Spec, progress engine.Progress) (Child, error) {
	b.mu.Lock()
	failing, refuse := b.failing, b.refuse
	b.opened = append(b.opened, s.Load.Path)
	b.specs = append(b.specs, s)
	b.mu.Unlock()
	if failing != nil {
		return nil, failing
	}
	if refuse != nil {
		if err := refuse(s.Load); err != nil {
			return nil, err
		}
	}
	c, err := enginetest.Driver().OpenChat(ctx, s.Load, progress)
	if err != nil {
		return nil, err
	}
	k := &child{Chat: c, info: c.Info(), done: make(chan struct{}), adapt: b.adapt}
	k.info.MemoryBytes, k.info.Engine.Variant = b.memory, b.variant
	if s.Load.Variant != "" {
		k.info.Engine.Variant = s.Load.Variant
	}
	k.back = func() {
		b.mu.Lock()
		b.free += b.memory
		b.mu.Unlock()
	}
	b.mu.Lock()
	b.free -= b.memory
	b.children = append(b.children, k)
	b.mu.Unlock()
	return k, nil
}

func (b *bench) Publish(e event.Event) { b.Deliver(e) }

func (b *bench) Deliver(e event.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.events = append(b.events, e.(event.EngineChanged))
}

// states are the states published since the last call, progress folded.
func (b *bench) states() []event.EngineState {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s []event.EngineState
	for _, e := range b.events {
		s = append(s, e.State)
	}
	b.events = nil
	return slices.Compact(s)
}

func (b *bench) last() *child {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.children[len(b.children)-1]
}

func (b *bench) loads() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.opened)
}

// model writes a fake model of this name.
func model(t *testing.T, name string, m enginetest.Model) backend.Model {
	t.Helper()
	return backend.Model{ID: int64(len(name)), Name: name, Path: enginetest.WriteModel(t, t.TempDir(), m)}
}

func acquire(t *testing.T, b *bench, n Need) (engine.Chat, func()) {
	t.Helper()
	c, release, err := b.Acquire(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return c, release
}

// say asks for one reply, which fails if want is not empty and not its cause.
func say(t *testing.T, c engine.Chat) error {
	t.Helper()
	_, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: []int32{256, 300}, Sampling: backend.Sampling{MaxTokens: 3}}, func(engine.Event) error { return nil })
	return err
}

func crashed(err error) engine.Crashed {
	var c *engine.Crashed
	if errors.As(err, &c) {
		return *c
	}
	return engine.Crashed{}
}
