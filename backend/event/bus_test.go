package event

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
)

func grew(id int64, offset int, text string) MessageGrew {
	return MessageGrew{MessageID: id, Offset: offset, Text: text}
}

func finished(id int64) MessageChanged {
	return MessageChanged{MessageID: id, State: backend.MessageComplete}
}

// recorder keeps the batches of a subscription with the time since the start at which they came.
type recorder struct {
	mu      sync.Mutex
	start   time.Time
	at      []time.Duration
	batches [][]Event
}

func newRecorder() *recorder { return &recorder{start: time.Now()} }

func (r *recorder) take(batch []Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.at = append(r.at, time.Since(r.start))
	r.batches = append(r.batches, append([]Event(nil), batch...))
}

func TestPublishedEventsComeMergedAndAtMostEveryGap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := NewBus(), newRecorder()
		b.Subscribe(33*time.Millisecond, r.take)
		for i := range 100 {
			b.Publish(grew(1, i, "x"))
			time.Sleep(time.Millisecond)
		}
		b.Close()
		var text string
		for i, batch := range r.batches {
			if len(batch) != 1 {
				t.Fatalf("batch %d holds %d events of one key", i, len(batch))
			}
			g := batch[0].(MessageGrew)
			if g.Offset != len(text) {
				t.Errorf("batch %d begins at %d after %d bytes", i, g.Offset, len(text))
			}
			text += g.Text
			if i > 0 && i < len(r.batches)-1 && r.at[i]-r.at[i-1] < 33*time.Millisecond {
				t.Errorf("batch %d came %v after the one before", i, r.at[i]-r.at[i-1])
			}
		}
		if want := strings.Repeat("x", 100); text != want {
			t.Error(cmp.Diff(want, text))
		}
		if len(r.batches) > 6 {
			t.Errorf("100 ms took %d batches", len(r.batches))
		}
	})
}

func TestDeliveredEventComesAtOnceWithWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := NewBus(), newRecorder()
		b.Subscribe(time.Second, r.take)
		b.Publish(grew(1, 0, "a"))
		synctest.Wait()
		b.Publish(grew(1, 1, "b"))
		synctest.Wait()
		b.Deliver(finished(1))
		synctest.Wait()
		want := [][]Event{{grew(1, 0, "a")}, {grew(1, 1, "b"), finished(1)}}
		if d := cmp.Diff(want, r.batches); d != "" {
			t.Error(d)
		}
		if got := time.Since(r.start); got != 0 {
			t.Errorf("delivering waited %v", got)
		}
		b.Close()
	})
}

func TestMergingNeverPassesADeliveredEventOfTheSameID(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := NewBus(), newRecorder()
		busy := make(chan struct{})
		b.Subscribe(0, func(batch []Event) { r.take(batch); <-busy })
		b.Publish(ChatChanged{ChatID: 9})
		synctest.Wait()
		b.Publish(grew(1, 0, "a"))
		b.Publish(grew(2, 0, "x"))
		b.Deliver(finished(1))
		b.Publish(grew(1, 1, "b"))
		b.Publish(grew(2, 1, "y"))
		b.Deliver(finished(1))
		close(busy)
		b.Close()
		want := [][]Event{
			{ChatChanged{ChatID: 9}},
			{grew(1, 0, "a"), grew(2, 0, "xy"), finished(1), grew(1, 1, "b"), finished(1)},
		}
		if d := cmp.Diff(want, r.batches); d != "" {
			t.Error(d)
		}
	})
}

func TestSlowSubscriberOnlyCostsItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, quick, slow := NewBus(), newRecorder(), newRecorder()
		b.Subscribe(0, func(batch []Event) { slow.take(batch); time.Sleep(time.Hour) })
		b.Subscribe(0, quick.take)
		for i := range 1000 {
			b.Publish(grew(1, i, "x"))
			b.Deliver(ChatChanged{ChatID: int64(i)})
			synctest.Wait()
		}
		if got := time.Since(quick.start); got != 0 {
			t.Errorf("the publisher waited %v", got)
		}
		if len(quick.batches) < 1000 {
			t.Errorf("the quick subscriber got %d batches", len(quick.batches))
		}
		b.Close()
		var delivered int
		for _, batch := range slow.batches {
			for _, e := range batch {
				if c, ok := e.(ChatChanged); ok {
					if c.ChatID != int64(delivered) {
						t.Fatalf("chat %d came as number %d", c.ChatID, delivered)
					}
					delivered++
				}
			}
		}
		if delivered != 1000 {
			t.Errorf("the slow subscriber got %d of 1000 delivered events", delivered)
		}
	})
}

func TestPublishedEventsTakeBoundedRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBus()
		busy := make(chan struct{})
		b.Subscribe(0, func([]Event) { <-busy })
		b.Publish(ChatChanged{})
		synctest.Wait()
		for i := range 10_000 {
			b.Publish(MessageProgress{MessageID: int64(i % 3), Done: i})
		}
		if got := len(b.subs[0].queue); got != 3 {
			t.Errorf("%d events wait for 3 keys", got)
		}
		close(busy)
		b.Close()
	})
}

func TestCancelEndsASubscription(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, r := NewBus(), newRecorder()
		var cancel func()
		cancel = b.Subscribe(0, func(batch []Event) { r.take(batch); cancel() }) // from within, too
		b.Deliver(ChatChanged{ChatID: 1})
		synctest.Wait()
		b.Deliver(ChatChanged{ChatID: 2})
		synctest.Wait()
		cancel()
		if d := cmp.Diff([][]Event{{ChatChanged{ChatID: 1}}}, r.batches); d != "" {
			t.Error(d)
		}
		b.Close()
	})
}

func TestClosedBusTakesNothing(t *testing.T) {
	b, r := NewBus(), newRecorder()
	b.Close()
	b.Close()
	b.Subscribe(0, r.take)()
	b.Deliver(ChatChanged{})
	if len(r.batches) != 0 {
		t.Errorf("got %v", r.batches)
	}
}

// step is one thing that happens to a bus in the property below.
type step struct {
	Kind string // "grow", "progress", "finish", "pause", "join"
	ID   int64
	Text string
}

// watcher checks what one subscriber sees against what was sent since it joined.
type watcher struct {
	gap, slow time.Duration
	from      map[int64]int // bytes of each message when it joined
	mu        sync.Mutex
	text      map[int64]string
	finishes  map[int64][]int // bytes of the message at each finish, as seen
	problem   string
}

func (w *watcher) take(batch []Event) {
	w.mu.Lock()
	for _, e := range batch {
		switch e := e.(type) {
		case MessageGrew:
			if at := w.from[e.MessageID] + len(w.text[e.MessageID]); e.Offset != at {
				w.problem = fmt.Sprintf("message %d goes on at %d after %d bytes", e.MessageID, e.Offset, at)
			}
			w.text[e.MessageID] += e.Text
		case MessageChanged:
			w.finishes[e.MessageID] = append(w.finishes[e.MessageID], w.from[e.MessageID]+len(w.text[e.MessageID]))
		}
	}
	w.mu.Unlock()
	time.Sleep(w.slow)
}

func TestEverySubscriberSeesEveryTextInOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				Kind: rapid.SampledFrom([]string{"grow", "grow", "grow", "progress", "finish", "pause", "join"}).Draw(rt, "kind"),
				ID:   rapid.Int64Range(1, 3).Draw(rt, "id"),
				Text: rapid.StringN(1, 4, -1).Draw(rt, "text"),
			}
		}), 1, 60).Draw(rt, "steps")
		gaps := rapid.SliceOfN(rapid.IntRange(0, 50), len(steps)+1, len(steps)+1).Draw(rt, "gaps")

		var problem string
		synctest.Test(t, func(*testing.T) { problem = play(steps, gaps) })
		if problem != "" {
			rt.Fatal(problem)
		}
	})
}

// play runs the steps on a fresh bus and returns what went wrong, or nothing.
func play(steps []step, gaps []int) string {
	b := NewBus()
	sent := map[int64]string{}
	finishes := map[int64][]int{}
	joinedAt := map[*watcher]map[int64]int{} // how many finishes each watcher missed
	var all []*watcher
	join := func(gap int) {
		w := &watcher{
			gap: time.Duration(gap) * time.Millisecond, slow: time.Duration(gap%7) * 10 * time.Millisecond,
			from: map[int64]int{}, text: map[int64]string{}, finishes: map[int64][]int{},
		}
		joinedAt[w] = map[int64]int{}
		for id, text := range sent {
			w.from[id] = len(text)
		}
		for id, f := range finishes {
			joinedAt[w][id] = len(f)
		}
		all = append(all, w)
		b.Subscribe(w.gap, w.take)
	}
	join(gaps[len(steps)])
	for i, s := range steps {
		switch s.Kind {
		case "grow":
			b.Publish(grew(s.ID, len(sent[s.ID]), s.Text))
			sent[s.ID] += s.Text
		case "progress":
			b.Publish(MessageProgress{MessageID: s.ID, Done: i})
		case "finish":
			b.Deliver(finished(s.ID))
			finishes[s.ID] = append(finishes[s.ID], len(sent[s.ID]))
		case "pause":
			time.Sleep(time.Duration(gaps[i]) * time.Millisecond)
		case "join":
			join(gaps[i])
		}
	}
	b.Close()
	for i, w := range all {
		if w.problem != "" {
			return fmt.Sprintf("subscriber %d: %s", i, w.problem)
		}
		for id, text := range sent {
			if got, want := w.text[id], text[w.from[id]:]; got != want {
				return fmt.Sprintf("subscriber %d: message %d is %q, want %q", i, id, got, want)
			}
			if d := cmp.Diff(finishes[id][joinedAt[w][id]:], w.finishes[id], cmpEmpty); d != "" {
				return fmt.Sprintf("subscriber %d: finishes of message %d: %s", i, id, d)
			}
		}
	}
	return ""
}

// cmpEmpty lets an empty slice equal none.
var cmpEmpty = cmp.Comparer(func(a, b []int) bool { return fmt.Sprint(a) == fmt.Sprint(b) })
