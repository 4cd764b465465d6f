package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"loam/backend/engine"
	"loam/backend/wire"
)

// Pictures is a picture model that is opened in a child process. It implements engine.Imager.
type Pictures struct {
	p    *process
	info engine.PictureInfo
}

var _ engine.Imager = (*Pictures)(nil)

// OpenPictures starts a child and opens s.Picture in it.
func OpenPictures(ctx context.Context, s Spec) (*Pictures, error) {
	s, err := s.withDefaults()
	if err != nil {
		return nil, err
	}
	s.Load = engine.LoadRequest{PluginDir: s.Picture.PluginDir} // the folder is resolved in one place
	if s, err = s.resolve(); err != nil {
		return nil, err
	}
	s.Picture.PluginDir = s.Load.PluginDir
	p, err := start(ctx, s)
	if err != nil {
		return nil, err
	}
	c := &Pictures{p: p}
	if err := p.ask(ctx, wire.OpPictureOpen, s.Picture, handlers{}, &c.info); err != nil {
		_ = p.close() // err says why
		return nil, err
	}
	if !c.info.Capabilities.Cancel { // it will not answer
		p.spec.CancelGrace = min(p.spec.CancelGrace, deafGrace)
	}
	return c, nil
}

// deafGrace is how long a child whose engine hears no cancel may still go on: enough for an answer that is on its way.
const deafGrace = 50 * time.Millisecond

// Info implements engine.Imager.
func (c *Pictures) Info() engine.PictureInfo { return c.info }

// PID is the child's process ID.
func (c *Pictures) PID() int { return c.p.cmd.Process.Pid }

// Done is closed when the child has ended, however.
func (c *Pictures) Done() <-chan struct{} { return c.p.done }

// Err is nil while the child runs and after Close, else an *engine.Crashed.
func (c *Pictures) Err() error { return c.p.err() }

// Close ends the child; requests in progress end with engine.ErrClosed. A second call does nothing.
func (c *Pictures) Close() error { return c.p.close() }

// MemoryBytes is the resident size of the child now; 0 = not known.
func (c *Pictures) MemoryBytes() int64 { return residentBytes(c.p.cmd.Process.Pid) }

// canvas collects the pixels that come between a request and its reply.
type canvas struct {
	emit    func(engine.PictureProgress) error
	head    *wire.Pixels // announced, and not complete yet
	data    []byte
	picture *engine.Pixels
	refused error // by emit
}

func (k *canvas) tell(p engine.PictureProgress) error {
	if k.emit == nil {
		return nil
	}
	k.refused = k.emit(p)
	return k.refused
}

func (k *canvas) event(e wire.Event) error {
	if k.head != nil {
		return fmt.Errorf("%w: event %q within a picture", errChild, e.Type)
	}
	switch e.Type {
	case wire.EventProgress:
		var p engine.PictureProgress
		if err := json.Unmarshal(e.Body, &p); err != nil {
			return fmt.Errorf("%w: %w", errChild, err)
		}
		return k.tell(p)
	case wire.EventPixels:
		var p wire.Pixels
		if err := json.Unmarshal(e.Body, &p); err != nil {
			return fmt.Errorf("%w: %w", errChild, err)
		}
		n, ok := p.Bytes()
		if !ok || !p.Preview && k.picture != nil {
			return fmt.Errorf("%w: a picture of %d x %d x %d", errChild, p.Width, p.Height, p.Channels)
		}
		k.head, k.data = &p, make([]byte, 0, min(n, wire.MaxData))
		return nil
	case wire.EventLoad, wire.EventEvaluating, wire.EventPrompt, wire.EventToken:
	}
	return fmt.Errorf("%w: event %q for a picture", errChild, e.Type)
}

func (k *canvas) bytes(b []byte) error {
	if k.head == nil {
		return fmt.Errorf("%w: pixels of no picture", errChild)
	}
	n, _ := k.head.Bytes()
	if len(k.data)+len(b) > n {
		return fmt.Errorf("%w: more pixels than announced", errChild)
	}
	if k.data = append(k.data, b...); len(k.data) < n {
		return nil
	}
	head := k.head
	px := &engine.Pixels{Width: head.Width, Height: head.Height, Channels: head.Channels, Data: k.data}
	k.head, k.data = nil, nil
	if head.Preview {
		return k.tell(engine.PictureProgress{Phase: "preview", Step: head.Step, Preview: px})
	}
	k.picture = px
	return nil
}

// sender gives the child the pictures of a request as it wants them: each in frames, and an empty frame at its end.
type sender struct {
	p    *process
	list []*bytes.Reader
}

func (s *sender) announce(px *engine.Pixels) (*wire.Pixels, error) {
	if px == nil {
		return nil, nil
	}
	head := &wire.Pixels{Width: px.Width, Height: px.Height, Channels: px.Channels}
	if n, ok := head.Bytes(); !ok || n != len(px.Data) {
		return nil, fmt.Errorf("a picture of %d x %d x %d has %d bytes", px.Width, px.Height, px.Channels, len(px.Data))
	}
	s.list = append(s.list, bytes.NewReader(px.Data))
	return head, nil
}

func (s *sender) want() error {
	if len(s.list) == 0 {
		return fmt.Errorf("%w: it wants a picture that it was not promised", errChild)
	}
	frame := make([]byte, min(wire.MaxData, s.list[0].Len()))
	_, _ = s.list[0].Read(frame) // of memory: it does not fail
	if len(frame) == 0 {
		s.list = s.list[1:]
	}
	return s.p.w.Bytes(wire.KindData, frame)
}

// Generate implements engine.Imager. emit is called on the caller's goroutine. A child that does not answer a cancel in
// time is killed; the error is then still that of ctx.
func (c *Pictures) Generate(ctx context.Context, r engine.PictureRequest, emit func(engine.PictureProgress) error) (engine.PictureResult, error) {
	in := &sender{p: c.p}
	d := wire.Draw[engine.PictureRequest]{Request: r}
	var err error
	if d.Init, err = in.announce(r.Init); err != nil {
		return engine.PictureResult{}, fmt.Errorf("draw: %w", err)
	}
	if d.Mask, err = in.announce(r.Mask); err != nil {
		return engine.PictureResult{}, fmt.Errorf("draw: %w", err)
	}
	k := &canvas{emit: emit}
	var out engine.PictureResult
	if err := c.p.ask(ctx, wire.OpDraw, d, handlers{event: k.event, data: k.bytes, want: in.want}, &out); err != nil {
		return engine.PictureResult{}, ended(ctx, k, err)
	}
	if k.picture == nil {
		return engine.PictureResult{}, fmt.Errorf("draw: %w: no picture came", errChild)
	}
	out.Pixels = *k.picture
	return out, nil
}

// Upscale implements engine.Imager.
func (c *Pictures) Upscale(ctx context.Context, p engine.Pixels, emit func(engine.PictureProgress) error) (engine.Pixels, error) {
	in := &sender{p: c.p}
	head, err := in.announce(&p)
	if err != nil {
		return engine.Pixels{}, fmt.Errorf("upscale: %w", err)
	}
	k := &canvas{emit: emit}
	on := handlers{event: k.event, data: k.bytes, want: in.want}
	if err := c.p.ask(ctx, wire.OpUpscale, wire.Draw[struct{}]{Init: head}, on, nil); err != nil {
		return engine.Pixels{}, ended(ctx, k, err)
	}
	if k.picture == nil {
		return engine.Pixels{}, fmt.Errorf("upscale: %w: no picture came", errChild)
	}
	return *k.picture, nil
}

// ended chooses the error that tells most: what emit refused, that the caller has had enough, or the child's.
func ended(ctx context.Context, k *canvas, err error) error {
	switch {
	case k.refused != nil:
		return k.refused
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return err
}

// pictureFiles lists the paths of a picture model, for those who check and resolve them.
func pictureFiles(f *engine.PictureFiles) []*string {
	return []*string{
		&f.Checkpoint, &f.Diffusion, &f.ClipL, &f.ClipG, &f.T5XXL, &f.LLM, &f.VAE, &f.TAE, &f.ControlNet, &f.Upscaler,
	}
}
