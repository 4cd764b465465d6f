package enginetest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/evallog"
)

// Driver is the fake engine's driver.
func Driver() engine.Driver { return driver{} }

type driver struct{}

func (driver) Name() string { return Name }

func (driver) Devices(context.Context, string) ([]backend.Device, backend.EngineInfo, error) {
	return []backend.Device{{Name: "CPU", Description: "a fake of " + runtime.GOARCH, Type: "cpu", FreeBytes: 1 << 30, TotalBytes: 2 << 30}}, info, nil
}

var info = backend.EngineInfo{Engine: Name, Build: "1", Device: "CPU", Variant: "none", FlashAttn: "off", KVType: "f16", Threads: 1}

func (driver) OpenChat(ctx context.Context, r engine.LoadRequest, progress engine.Progress) (engine.Chat, error) {
	m, print, err := readModel(r.Path)
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, &backend.BadFile{Path: r.Path, Reason: err.Error()}
	}
	c := &chat{model: m, path: r.Path, closed: make(chan struct{})}
	const steps = 10
	for i := range steps + 1 {
		if progress != nil {
			progress(float32(i) / steps)
		}
		if err := c.trap(AtLoad, i, ""); err != nil {
			return nil, err
		}
		if err := c.sleep(ctx, m.LoadMS*1000/steps); err != nil {
			return nil, err
		}
	}
	if m.MemoryMB > 0 {
		c.ballast = make([]byte, m.MemoryMB<<20)
		for i := 0; i < len(c.ballast); i += 4096 {
			c.ballast[i] = 1
		}
	}
	size := r.Context
	if size <= 0 {
		size = min(m.Context, 4096)
	}
	batch := r.Batch
	if batch <= 0 {
		batch = 512
	}
	batch = min(batch, size)
	c.salt = mix(print, uint64(batch))
	c.info = engine.Info{
		Engine:       info,
		Capabilities: backend.Capabilities{Templates: false, NamedFormat: true, State: true, TrimKV: !m.Recurrent},
		Context:      size, Batch: batch, ContextTrain: m.Context, Vocab: vocabSize,
		Template: "<|user|>{{ text }}<|end|>", NamedFormat: "fake", MemoryBytes: int64(len(c.ballast)), RecommendText: m.Recommend,
	}
	if m.Format != "" {
		c.info.NamedFormat = m.Format
	}
	if m.NoFormat {
		c.info.NamedFormat = ""
	}
	return c, nil
}

// chat is a loaded fake model.
type chat struct {
	model   Model
	path    string
	info    engine.Info
	salt    uint64
	ballast []byte

	closed    chan struct{}
	closeOnce sync.Once

	mu      sync.Mutex // one method at a time
	log     evallog.Log
	history []uint64 // state after each call of log
}

func (c *chat) Info() engine.Info { return c.info }

// enter begins a method; leave ends it.
func (c *chat) enter() error {
	c.mu.Lock()
	select {
	case <-c.closed:
		c.mu.Unlock()
		return engine.ErrClosed
	default:
		return nil
	}
}

func (c *chat) leave() { c.mu.Unlock() }

// Close ends a running method and waits for it.
func (c *chat) Close() error {
	c.closeOnce.Do(func() { close(c.closed) })
	c.mu.Lock()
	defer c.mu.Unlock()
	return nil
}

// sleep waits for so many microseconds, or until ctx or the engine ends.
func (c *chat) sleep(ctx context.Context, us int) error {
	if us > 0 {
		t := time.NewTimer(time.Duration(us) * time.Microsecond)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		case <-c.closed:
		}
	}
	select {
	case <-c.closed:
		return engine.ErrClosed
	default:
		return ctx.Err()
	}
}

var errFormat = errors.New("no such format")

func (c *chat) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	if err := c.enter(); err != nil {
		return engine.Rendered{}, err
	}
	defer c.leave()
	if err := ctx.Err(); err != nil {
		return engine.Rendered{}, err
	}
	if err := c.trap(AtRender, 0, ""); err != nil {
		return engine.Rendered{}, err
	}
	open, end, stops := "<|%s|>", "<|end|>", []string(nil)
	out := engine.Rendered{Format: r.Format, AddBOS: true}
	switch r.Format {
	case "chatml":
		open, end, stops = "<|im_start|>%s\n", "<|im_end|>\n", []string{"<|im_end|>"}
	case "":
		out.Format = c.info.NamedFormat
		if out.Format == "" {
			out.Format, out.Notice = "fake", "This model's own format is not known; a plain one is used."
		}
	case "fake":
	default:
		return engine.Rendered{}, fmt.Errorf("render %q: %w: %w", r.Format, backend.ErrUnsupported, errFormat)
	}
	var b strings.Builder
	for _, m := range r.Messages {
		fmt.Fprintf(&b, open, m.Role)
		b.WriteString(m.Content + end)
	}
	if r.AddGenerationPrompt {
		fmt.Fprintf(&b, open, backend.RoleAssistant)
	}
	out.Prompt, out.Stops, out.Parser = b.String(), stops, parser
	return out, nil
}

func (c *chat) Tokenize(ctx context.Context, text string, special bool) ([]int32, error) {
	if err := c.enter(); err != nil {
		return nil, err
	}
	defer c.leave()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := c.trap(AtTokenize, 0, text); err != nil {
		return nil, err
	}
	return tokenize(text, special), nil
}
