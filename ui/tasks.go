package ui

import (
	"context"
	"sync"
	"time"
)

// tasks runs what may be slow off the window's goroutine and brings the result back onto it: build off-thread, assign
// on-thread. Tasks of one lane run one after another in the order they were asked for, so that a later write never
// overtakes an earlier one; lanes run beside each other. It owns its goroutines: a lane's ends when it has nothing left,
// all end with close.
type tasks struct {
	ctx    context.Context
	cancel context.CancelFunc
	post   func(func())
	wg     sync.WaitGroup

	mu     sync.Mutex
	lanes  map[string][]task
	timers map[*time.Timer]struct{}
	closed bool
}

// task does its work and returns what is to be done with the result on the window's goroutine; nil = nothing.
type task func(ctx context.Context) func()

func newTasks(post func(func())) *tasks {
	ctx, cancel := context.WithCancel(context.Background())
	return &tasks{
		ctx: ctx, cancel: cancel, post: post, lanes: map[string][]task{}, timers: map[*time.Timer]struct{}{},
	}
}

// run queues work in a lane.
func (t *tasks) run(lane string, work task) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	queue, busy := t.lanes[lane]
	t.lanes[lane] = append(queue, work)
	if !busy {
		t.wg.Go(func() { t.empty(lane) })
	}
}

// empty runs a lane until nothing is left in it.
func (t *tasks) empty(lane string) {
	for {
		t.mu.Lock()
		queue := t.lanes[lane]
		if len(queue) == 0 {
			delete(t.lanes, lane)
			t.mu.Unlock()
			return
		}
		work := queue[0]
		t.lanes[lane] = queue[1:]
		t.mu.Unlock()
		if assign := work(t.ctx); assign != nil {
			t.post(assign)
		}
	}
}

// after runs f on the window's goroutine when d has passed, unless cancel is called before.
func (t *tasks) after(d time.Duration, f func()) (cancel func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return func() {}
	}
	var timer *time.Timer
	forget := func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.timers, timer)
	}
	timer = time.AfterFunc(d, func() {
		forget()
		t.post(f)
	})
	t.timers[timer] = struct{}{}
	return func() {
		timer.Stop()
		forget()
	}
}

// close lets queued work finish (drafts must reach the disk) for at most grace, then cancels it, and waits for the end.
func (t *tasks) close(grace time.Duration) {
	t.mu.Lock()
	t.closed = true
	for timer := range t.timers {
		timer.Stop()
	}
	t.mu.Unlock()
	stop := time.AfterFunc(grace, t.cancel)
	t.wg.Wait()
	stop.Stop()
	t.cancel()
}
