package runner

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"loam/backend/wire"
)

// job is one request of the parent. Its context ends when the parent cancels it.
type job struct {
	id     uint64
	op     wire.Op
	body   json.RawMessage
	ctx    context.Context
	cancel context.CancelFunc
	data   chan []byte // the frames that were wanted, one at a time; an empty one ends the stream
}

// inbox takes the parent's frames apart. It never waits for the engine: whoever reads from a pipe must be free to notice
// its end.
type inbox struct {
	jobs chan *job // one slot: a parent waits for the reply before it asks again

	mu      sync.Mutex
	current *job // asked for and not answered yet
}

func newInbox() *inbox { return &inbox{jobs: make(chan *job, 1)} }

var errParent = errors.New("unexpected frame from the parent")

// run reads until the stream ends or makes no sense. io.EOF is the good end.
func (b *inbox) run(r *wire.Reader) error {
	for {
		f, err := r.Next()
		if err != nil {
			return err
		}
		if err := b.take(f); err != nil {
			return err
		}
	}
}

func (b *inbox) take(f wire.Frame) error {
	switch f.Kind {
	case wire.KindRequest:
		return b.request(f)
	case wire.KindCancel:
		var c wire.Cancel
		if err := f.Decode(&c); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.current != nil && b.current.id == c.ID {
			b.current.cancel()
		}
		return nil
	case wire.KindData:
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.current == nil {
			return nil // it was on its way when the request failed
		}
		select {
		case b.current.data <- bytes.Clone(f.Payload):
			return nil
		default:
			return fmt.Errorf("%w: data that nobody wanted", errParent)
		}
	case wire.KindHello, wire.KindReply, wire.KindEvent, wire.KindWant:
	}
	return fmt.Errorf("%w: kind %d", errParent, uint8(f.Kind))
}

func (b *inbox) request(f wire.Frame) error {
	var r wire.Request
	if err := f.Decode(&r); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	j := &job{id: r.ID, op: r.Op, body: bytes.Clone(r.Body), ctx: ctx, cancel: cancel, data: make(chan []byte, 1)}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.current != nil {
		cancel()
		return fmt.Errorf("%w: a request before the last one was answered", errParent)
	}
	b.current = j
	b.jobs <- j // the slot is free: current was nil
	return nil
}

// finish forgets the job, before its reply is written: the next request may follow at once.
func (b *inbox) finish(j *job) {
	b.mu.Lock()
	b.current = nil
	b.mu.Unlock()
	j.cancel()
}

// stream reads the bytes that the parent sends for a job, frame by frame as they are wanted.
type stream struct {
	j    *job
	w    *wire.Writer
	rest []byte
	end  bool
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 && !s.end && len(p) > 0 {
		if err := s.w.Bytes(wire.KindWant, nil); err != nil {
			return 0, err
		}
		select {
		case s.rest = <-s.j.data:
			s.end = len(s.rest) == 0
		case <-s.j.ctx.Done():
			return 0, s.j.ctx.Err()
		}
	}
	if s.end {
		return 0, io.EOF
	}
	n := copy(p, s.rest)
	s.rest = s.rest[n:]
	return n, nil
}
