package event

import (
	"sync"
	"time"
)

// Bus carries events from the services to their subscribers. All methods may be called from any goroutine and none of
// them waits for a subscriber, except Close. What a slow subscriber has not taken yet is queued for it alone: delivered
// events one by one, published ones merged, so that its queue grows with what must arrive and not with how fast a model
// writes.
type Bus struct {
	mu     sync.Mutex
	subs   []*subscription // in the order of subscribing
	closed bool
	owned  sync.WaitGroup // one per subscription's goroutine
}

// NewBus returns an open bus without subscribers.
func NewBus() *Bus { return &Bus{} }

// Publish sends an event that may be merged with others of its key and arrives at most once per gap of the subscriber.
func (b *Bus) Publish(e Event) { b.send(e, false) }

// Deliver sends an event that arrives as it is and at once, after everything that was sent before it about the same ID.
func (b *Bus) Deliver(e Event) { b.send(e, true) }

func (b *Bus) send(e Event, must bool) {
	// Held over the whole loop: two senders reach every subscriber in the same order.
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return
	}
	for _, s := range b.subs {
		s.add(e, must)
	}
}

// Subscribe calls f with batches of events, in order, on one goroutine that the subscription owns. Published events wait
// until minGap has passed since the call before; a delivered event comes at once and brings along what waits. f must not
// keep the slice. cancel drops what is queued; a call of f that is under way goes on, so cancel may be called from f.
func (b *Bus) Subscribe(minGap time.Duration, f func([]Event)) (cancel func()) {
	s := &subscription{minGap: minGap, f: f, merge: map[Key]int{}, wake: make(chan struct{}, 1), end: make(chan struct{})}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return func() {}
	}
	b.subs = append(b.subs, s)
	b.owned.Go(s.run)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, other := range b.subs {
			if other == s {
				b.subs = append(b.subs[:i:i], b.subs[i+1:]...)
				s.close(true)
				return
			}
		}
	}
}

// Close refuses further events, hands every subscriber what is still queued for it, and waits until they have taken it.
// It must not be called from a subscriber's function.
func (b *Bus) Close() {
	b.mu.Lock()
	b.closed = true
	subs := b.subs
	b.subs = nil
	b.mu.Unlock()
	for _, s := range subs {
		s.close(false)
	}
	b.owned.Wait()
}

// subscription is one subscriber with its queue and the goroutine that empties it.
type subscription struct {
	minGap time.Duration
	f      func([]Event)
	wake   chan struct{} // room for one: something was queued
	end    chan struct{} // closed once: no more events will come

	mu     sync.Mutex
	queue  []Event
	merge  map[Key]int // where in queue the published event of that key lies that the next one may be merged into
	urgent bool        // the queue holds a delivered event
	closed bool
}

func (s *subscription) add(e Event, must bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	key := e.Key()
	switch at, found := s.merge[key]; {
	case must:
		// What is published about this ID from here on must not move in front of this event.
		for k := range s.merge {
			if k.ID == key.ID {
				delete(s.merge, k)
			}
		}
		s.queue = append(s.queue, e)
		s.urgent = true
	case found:
		s.queue[at] = e.Merge(s.queue[at])
		return // it waits already, and the goroutine knows
	default:
		s.merge[key] = len(s.queue)
		s.queue = append(s.queue, e)
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// close ends the goroutine after it has handed over the queue, or without that when drop is set.
func (s *subscription) close(drop bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if drop {
		s.queue = nil
	}
	close(s.end)
}

// take empties the queue. With all unset it leaves published events where they are until their time has come.
func (s *subscription) take(all bool) []Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !all && !s.urgent {
		return nil
	}
	batch := s.queue
	s.queue, s.urgent = nil, false
	clear(s.merge)
	return batch
}

func (s *subscription) run() {
	var last time.Time // when f was called last
	due := time.NewTimer(0)
	due.Stop()
	defer due.Stop()
	call := func(batch []Event) {
		if len(batch) > 0 {
			last = time.Now()
			s.f(batch)
		}
	}
	for {
		select {
		case <-s.wake:
			wait := s.minGap - time.Since(last)
			if batch := s.take(wait <= 0); len(batch) > 0 {
				due.Stop() // what it was set for is in this batch
				call(batch)
			} else {
				due.Reset(wait)
			}
		case <-due.C:
			call(s.take(true))
		case <-s.end:
			call(s.take(true))
			return
		}
	}
}
