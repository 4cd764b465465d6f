package worker

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/wire"
)

// Chat is a model that is loaded in a child process. It implements engine.Chat.
type Chat struct {
	p    *process
	info engine.Info
}

var (
	_ engine.Chat     = (*Chat)(nil)
	_ engine.Adapting = (*Chat)(nil)
)

// Info implements engine.Chat.
func (c *Chat) Info() engine.Info { return c.info }

// PID is the child's process ID.
func (c *Chat) PID() int { return c.p.cmd.Process.Pid }

// Done is closed when the child has ended, however.
func (c *Chat) Done() <-chan struct{} { return c.p.done }

// Err is nil while the child runs and after Close, else an *engine.Crashed.
func (c *Chat) Err() error { return c.p.err() }

// Confinement says what the system enforces on the child.
func (c *Chat) Confinement() wire.Confinement { return c.p.hello.Confinement }

// Close ends the child; requests in progress end with engine.ErrClosed. A second call does nothing.
func (c *Chat) Close() error { return c.p.close() }

// Render implements engine.Chat.
func (c *Chat) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	var out engine.Rendered
	err := c.p.ask(ctx, wire.OpRender, r, handlers{}, &out)
	return out, err
}

// Parse implements engine.Chat.
func (c *Chat) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	var out engine.Parsed
	err := c.p.ask(ctx, wire.OpParse, r, handlers{}, &out)
	return out, err
}

// Tokenize implements engine.Chat.
func (c *Chat) Tokenize(ctx context.Context, text string, special bool) ([]int32, error) {
	var out []int32
	err := c.p.ask(ctx, wire.OpTokenize, wire.Tokenize{Text: text, Special: special}, handlers{}, &out)
	return out, err
}

// Generate implements engine.Chat. emit is called on the caller's goroutine. When the child does not answer a cancel and
// has to be killed, the reply still ends as cancelled; the next request finds the child dead.
func (c *Chat) Generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	var out engine.Result
	var refused error // by emit
	seen := backend.Usage{PromptTokens: len(r.Prompt), ReplyTokens: len(r.Reply)}
	on := handlers{event: func(w wire.Event) error {
		e, err := eventOf(w)
		if err != nil {
			return err
		}
		switch e := e.(type) {
		case engine.Evaluating:
			seen.ReusedTokens = e.Reused
		case engine.Token:
			seen.ReplyTokens++
		}
		refused = emit(e)
		return refused
	}}
	err := c.p.ask(ctx, wire.OpGenerate, r, on, &out)
	if refused == nil && ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return engine.Result{Stop: backend.StopCancel, Usage: seen}, nil
	}
	return out, err
}

func eventOf(w wire.Event) (engine.Event, error) {
	var err error
	switch w.Type {
	case wire.EventEvaluating:
		var e engine.Evaluating
		err = json.Unmarshal(w.Body, &e)
		return e, err
	case wire.EventPrompt:
		var e engine.Prompt
		err = json.Unmarshal(w.Body, &e)
		return e, err
	case wire.EventToken:
		var e engine.Token
		err = json.Unmarshal(w.Body, &e)
		return e, err
	case wire.EventLoad, wire.EventProgress, wire.EventPixels:
	}
	return nil, fmt.Errorf("%w: event %q in a reply", errChild, w.Type)
}

// Adapt implements engine.Adapting. The child can read only the files that it was started with: others need another child.
func (c *Chat) Adapt(ctx context.Context, list []engine.AdapterWeight) error {
	list = slices.Clone(list)
	for i := range list {
		granted, err := grant(&list[i].Path)
		if err != nil {
			return err
		}
		for _, file := range granted {
			if !c.p.spec.NoSandbox && !slices.Contains(c.p.spec.ReadOnly, file) {
				return fmt.Errorf("read %s: %w", filepath.Base(file), engine.ErrClosed)
			}
		}
	}
	return c.p.ask(ctx, wire.OpAdapt, list, handlers{}, nil)
}

// Logits implements engine.Chat.
func (c *Chat) Logits(ctx context.Context, r engine.GenerateRequest) ([]float32, error) {
	var b []byte
	on := handlers{data: func(p []byte) error {
		if len(b)+len(p) > 4*c.info.Vocab {
			return fmt.Errorf("%w: more logits than tokens", errChild)
		}
		b = append(b, p...)
		return nil
	}}
	if err := c.p.ask(ctx, wire.OpLogits, r, on, nil); err != nil {
		return nil, err
	}
	values := make([]float32, len(b)/4)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return values, nil
}

// SaveState implements engine.Chat.
func (c *Chat) SaveState(ctx context.Context, w io.Writer) error {
	on := handlers{data: func(p []byte) error {
		_, err := w.Write(p)
		return err
	}}
	return c.p.ask(ctx, wire.OpSave, nil, on, nil)
}

// LoadState implements engine.Chat.
func (c *Chat) LoadState(ctx context.Context, r io.Reader) error {
	b := make([]byte, wire.MaxData)
	on := handlers{want: func() error {
		n, err := io.ReadFull(r, b)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return err
		}
		return c.p.w.Bytes(wire.KindData, b[:n]) // an empty frame says that this was all
	}}
	return c.p.ask(ctx, wire.OpLoad, nil, on, nil)
}
