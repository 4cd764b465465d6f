package ui

import (
	"sync"

	"fyne.io/fyne/v2"

	"loam/backend/event"
)

// dispatcher is the one bridge to the goroutine of the window. Whatever other goroutines have to say, events of the bus
// and results of tasks, waits here in order; at most one call of do is pending, however fast a model writes. While it
// is pending, what grows is merged with what grew before.
type dispatcher struct {
	do      func(func())      // fyne.Do in the program, a direct call in tests
	handle  func(event.Event) // on the window's goroutine
	mu      sync.Mutex
	queue   []dispatched
	pending bool
	closed  bool
}

// dispatched is one thing that waits: an event or a function.
type dispatched struct {
	event event.Event
	run   func()
}

func newDispatcher(do func(func()), handle func(event.Event)) *dispatcher {
	return &dispatcher{do: do, handle: handle}
}

// doOnWindow is how the program reaches the window's goroutine.
func doOnWindow(f func()) { fyne.Do(f) }

// events takes a batch from the bus; it is the function that subscribes.
func (d *dispatcher) events(batch []event.Event) {
	d.mu.Lock()
	for _, e := range batch {
		d.add(e)
	}
	d.wake()
}

// post runs f on the window's goroutine after everything that waits already.
func (d *dispatcher) post(f func()) {
	d.mu.Lock()
	d.queue = append(d.queue, dispatched{run: f})
	d.wake()
}

// close drops what waits: the window is gone.
func (d *dispatcher) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.closed, d.queue = true, nil
}

// add queues an event, or merges it into the last one where both say how far the same thing has come.
func (d *dispatcher) add(e event.Event) {
	if n := len(d.queue); n > 0 && d.queue[n-1].event != nil && merges(e) && d.queue[n-1].event.Key() == e.Key() {
		d.queue[n-1].event = e.Merge(d.queue[n-1].event)
		return
	}
	d.queue = append(d.queue, dispatched{event: e})
}

// merges says whether an event only tells how far something has come. All others arrive one by one.
func merges(e event.Event) bool {
	switch e := e.(type) {
	case event.FileMeaning:
		return e.State == event.MeaningReading
	case event.MessageGrew, event.MessageProgress, event.JobProgress, event.JobPreview, event.DownloadProgress:
		return true
	}
	return false
}

// wake asks for one call of drain and unlocks; the lock is not held while do runs, because tests run it directly.
func (d *dispatcher) wake() {
	ask := !d.pending && !d.closed && len(d.queue) > 0
	d.pending = d.pending || ask
	d.mu.Unlock()
	if ask {
		d.do(d.drain)
	}
}

// drain hands over what waits, on the window's goroutine. It clears pending first: what arrives from now on asks again.
func (d *dispatcher) drain() {
	d.mu.Lock()
	queue := d.queue
	d.queue, d.pending = nil, false
	closed := d.closed
	d.mu.Unlock()
	if closed {
		return
	}
	for _, q := range queue {
		if q.run != nil {
			q.run()
			continue
		}
		d.handle(q.event)
	}
}
