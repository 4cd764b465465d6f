package ui

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/event"
)

func TestDispatcherHasAtMostOneCallPending(t *testing.T) {
	var pending, most atomic.Int32
	var calls []func()
	var mu sync.Mutex
	d := newDispatcher(func(f func()) {
		n := pending.Add(1)
		most.Store(max(most.Load(), n))
		mu.Lock()
		calls = append(calls, func() { pending.Add(-1); f() })
		mu.Unlock()
	}, func(event.Event) {})
	for i := range 1000 {
		d.events([]event.Event{event.MessageGrew{MessageID: int64(i % 3), Text: "x"}})
		d.post(func() {})
		if i%100 == 99 {
			mu.Lock()
			run := calls
			calls = nil
			mu.Unlock()
			for _, f := range run {
				f()
			}
		}
	}
	if most.Load() != 1 {
		t.Errorf("%d calls were pending at once, want 1", most.Load())
	}
}

func TestDispatcherMergesGrowthAndKeepsTheRestInOrder(t *testing.T) {
	var got []event.Event
	var pending func()
	d := newDispatcher(func(f func()) { pending = f }, func(e event.Event) { got = append(got, e) })
	d.events([]event.Event{
		event.MessageGrew{MessageID: 1, Offset: 0, Text: "a"},
		event.MessageGrew{MessageID: 1, Offset: 1, Text: "b"},
		event.MessageChanged{MessageID: 1, State: backend.MessageComplete},
	})
	d.events([]event.Event{event.MessageChanged{MessageID: 1, State: backend.MessageComplete}})
	pending()
	want := []event.Event{
		event.MessageGrew{MessageID: 1, Offset: 0, Text: "ab"},
		event.MessageChanged{MessageID: 1, State: backend.MessageComplete},
		event.MessageChanged{MessageID: 1, State: backend.MessageComplete},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// Whatever comes from wherever and however drains fall, each sender's text arrives whole and in order.
func TestDispatcherLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		texts := map[int64]string{}
		var pending []func()
		d := newDispatcher(func(f func()) { pending = append(pending, f) }, func(e event.Event) {
			g := e.(event.MessageGrew)
			if len(texts[g.MessageID]) != g.Offset {
				t.Fatalf("message %d has %d bytes, the next text begins at %d", g.MessageID, len(texts[g.MessageID]), g.Offset)
			}
			texts[g.MessageID] += g.Text
		})
		sent := map[int64]string{}
		for i, id := range rapid.SliceOf(rapid.Int64Range(1, 3)).Draw(t, "ids") {
			text := fmt.Sprint(i, ";")
			d.events([]event.Event{event.MessageGrew{MessageID: id, Offset: len(sent[id]), Text: text}})
			sent[id] += text
			if rapid.Bool().Draw(t, "drain") {
				for _, f := range pending {
					f()
				}
				pending = nil
			}
		}
		for _, f := range pending {
			f()
		}
		if d := cmp.Diff(sent, texts); d != "" {
			t.Fatal(d)
		}
	})
}

func TestDispatcherDropsEverythingAfterClose(t *testing.T) {
	var pending []func()
	d := newDispatcher(func(f func()) { pending = append(pending, f) }, func(event.Event) { t.Error("an event after close") })
	d.events([]event.Event{event.ChatChanged{ChatID: 1}})
	d.close()
	d.post(func() { t.Error("a function after close") })
	for _, f := range pending {
		f()
	}
}

func TestTasksOfALaneRunInOrderAndLanesBesideEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var got []string
		note := func(s string) { mu.Lock(); got = append(got, s); mu.Unlock() }
		tasks := newTasks(func(f func()) { f() })
		for i := range 3 {
			tasks.run("slow", func(context.Context) func() {
				time.Sleep(time.Minute)
				return func() { note(fmt.Sprint("slow ", i)) }
			})
		}
		tasks.run("quick", func(context.Context) func() { return func() { note("quick") } })
		time.Sleep(time.Hour)
		if d := cmp.Diff([]string{"quick", "slow 0", "slow 1", "slow 2"}, got); d != "" {
			t.Error(d)
		}
		tasks.close(time.Second)
	})
}

func TestTasksCloseLetsQueuedWorkFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := 0
		tasks := newTasks(func(f func()) { f() })
		for range 5 {
			tasks.run("drafts", func(context.Context) func() { done++; return nil })
		}
		tasks.close(time.Second)
		if done != 5 {
			t.Errorf("%d of 5 writes were done at close", done)
		}
	})
}

func TestTasksCloseCancelsWhatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tasks := newTasks(func(f func()) { f() })
		tasks.run("doctor", func(ctx context.Context) func() { <-ctx.Done(); return nil })
		start := time.Now()
		tasks.close(time.Second)
		if took := time.Since(start); took != time.Second {
			t.Errorf("close took %v, want the grace of 1s", took)
		}
	})
}

func TestTimersRunOnceUnlessCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ran := 0
		tasks := newTasks(func(f func()) { f() })
		tasks.after(time.Second, func() { ran++ })
		cancel := tasks.after(time.Second, func() { ran += 100 })
		cancel()
		time.Sleep(time.Minute)
		if ran != 1 {
			t.Errorf("ran %d, want 1", ran)
		}
		tasks.after(time.Second, func() { ran += 1000 })
		tasks.close(0)
		time.Sleep(time.Minute)
		if ran != 1 {
			t.Errorf("a timer ran after close: %d", ran)
		}
	})
}
