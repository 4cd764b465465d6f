package residency

import (
	"context"
	"slices"
	"sync"

	"loam/backend/engine"
)

// turn is a lock with a queue: first come, first served, and whoever waits may go away.
type turn struct {
	mu      sync.Mutex
	taken   bool
	closed  bool
	spare   func()          // ends what is only done while nobody else wants the turn; nil = it was taken for good
	waiting []chan struct{} // closed when it is that one's turn
	done    chan struct{}
}

func newTurn() *turn { return &turn{done: make(chan struct{})} }

func (t *turn) take(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if t.try() {
		return nil
	}
	t.mu.Lock()
	if t.closed {
		t.mu.Unlock()
		return engine.ErrClosed
	}
	if !t.taken { // given back since we tried
		t.taken, t.spare = true, nil
		t.mu.Unlock()
		return nil
	}
	if t.spare != nil {
		t.spare()
	}
	mine := make(chan struct{})
	t.waiting = append(t.waiting, mine)
	t.mu.Unlock()
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		t.leave(mine)
		return ctx.Err()
	case <-t.done:
		return engine.ErrClosed
	}
}

// leave takes a waiting one out of the queue; when its turn had just come, the next one gets it.
func (t *turn) leave(mine chan struct{}) {
	t.mu.Lock()
	i := slices.Index(t.waiting, mine)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i < 0 {
		t.give()
	}
}

// try takes the turn if nobody has it.
func (t *turn) try() bool { return t.trySpare(nil) }

// trySpare is try for work that yield ends as soon as somebody else wants the turn.
func (t *turn) trySpare(yield func()) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.taken || t.closed {
		return false
	}
	t.taken, t.spare = true, yield
	return true
}

// give passes the turn on; false when nobody waits for it.
func (t *turn) give() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.spare = nil
	if len(t.waiting) == 0 {
		t.taken = false
		return false
	}
	close(t.waiting[0])
	t.waiting = t.waiting[1:]
	return true
}

func (t *turn) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		close(t.done)
		if t.spare != nil {
			t.spare()
		}
	}
}
