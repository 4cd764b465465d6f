package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"loam/backend/engine"
	"loam/backend/wire"
)

// errChild is a child that breaks the rules of the wire. It is as good as dead.
var errChild = errors.New("the engine process sent what it must not")

// handlers take what comes before a reply; nil = such a frame breaks the rules. An error cancels the request, and ask
// returns it.
type handlers struct {
	event func(wire.Event) error
	data  func([]byte) error
	want  func() error
}

// ask sends a request and waits for its end; the reply's body is decoded into out unless that is nil.
func (p *process) ask(ctx context.Context, op wire.Op, body any, on handlers, out any) error {
	b, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("%s: %w", op, err)
	}
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-ctx.Done():
		return ctx.Err()
	case <-p.done:
		return p.ended()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-p.done:
		return p.ended()
	default:
	}
	p.lastID++
	p.words.mark()
	p.setOp(op)
	w := &watch{p: p, id: p.lastID}
	defer w.finish()
	release := context.AfterFunc(ctx, w.cancel)
	defer release()
	w.listen()

	if err := p.w.JSON(wire.KindRequest, wire.Request{ID: w.id, Op: op, Body: b}); err != nil {
		if errors.Is(err, wire.ErrTooLong) {
			return fmt.Errorf("%s: %w", op, err)
		}
		return p.lost(ctx, err)
	}
	reply, err := p.read(ctx, w, on)
	if err != nil {
		return err
	}
	p.setOp("")
	if len(reply.Fault) > 0 {
		var f engine.Fault
		if err := json.Unmarshal(reply.Fault, &f); err != nil {
			return p.lost(ctx, fmt.Errorf("%w: %w", errChild, err))
		}
		return p.fault(ctx, f.Err())
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(reply.Body, out); err != nil {
		return p.lost(ctx, fmt.Errorf("%w: %w", errChild, err))
	}
	return nil
}

// read takes frames until the reply to w. Should a handler panic, the child is out of step with us: it is killed.
func (p *process) read(ctx context.Context, w *watch, on handlers) (wire.Reply, error) {
	whole := false
	defer func() {
		if !whole {
			p.kill(engine.CauseUnknown, "its parent failed")
		}
	}()
	reply, err := p.readReply(ctx, w, on)
	whole = true
	return reply, err
}

func (p *process) readReply(ctx context.Context, w *watch, on handlers) (wire.Reply, error) {
	var failed error
	for {
		f, err := p.r.Next()
		if err != nil {
			return wire.Reply{}, p.lost(ctx, err)
		}
		if f.Kind == wire.KindReply {
			var r wire.Reply
			if err := f.Decode(&r); err != nil || r.ID != w.id {
				return r, p.lost(ctx, fmt.Errorf("%w: reply %d to request %d", errChild, r.ID, w.id))
			}
			return r, failed
		}
		if failed != nil {
			continue // cancelled: what still comes is of no interest
		}
		w.busy(true)
		err = on.take(f)
		w.busy(false)
		if errors.Is(err, errChild) {
			return wire.Reply{}, p.lost(ctx, err)
		}
		if failed = err; failed != nil {
			w.cancel()
		}
	}
}

func (on handlers) take(f wire.Frame) error {
	switch {
	case f.Kind == wire.KindEvent && on.event != nil:
		var e wire.Event
		if err := f.Decode(&e); err != nil {
			return fmt.Errorf("%w: %w", errChild, err)
		}
		return on.event(e)
	case f.Kind == wire.KindData && on.data != nil:
		return on.data(f.Payload)
	case f.Kind == wire.KindWant && on.want != nil:
		return on.want()
	}
	return fmt.Errorf("%w: frame of kind %d", errChild, uint8(f.Kind))
}

// watch passes the cancelling of one request on, and kills a child that does not answer it in time or that is stuck.
type watch struct {
	p  *process
	id uint64

	mu        sync.Mutex
	over      bool // answered, or nobody waits any more
	ours      bool // a handler of ours is running: the child may be waiting for us
	heard     bool // a frame has come since ear last looked
	cancelled bool
	timer     *time.Timer // runs after a cancel
	ear       *time.Timer // looks at a silent child
}

func (w *watch) cancel() {
	w.mu.Lock()
	if w.over || w.cancelled {
		w.mu.Unlock()
		return
	}
	w.cancelled = true
	w.timer = time.AfterFunc(w.p.spec.CancelGrace, w.expire)
	w.mu.Unlock()
	_ = w.p.w.JSON(wire.KindCancel, wire.Cancel{ID: w.id}) // a dead child is noticed by the reader
}

func (w *watch) expire() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.over:
	case w.ours:
		w.timer.Reset(w.p.spec.CancelGrace)
	default:
		w.p.kill(engine.CauseHang, "it did not answer a cancel")
	}
}

func (w *watch) busy(ours bool) {
	w.mu.Lock()
	w.ours, w.heard = ours, true
	w.mu.Unlock()
}

func (w *watch) finish() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.over = true
	for _, t := range []*time.Timer{w.timer, w.ear} {
		if t != nil {
			t.Stop()
		}
	}
}
