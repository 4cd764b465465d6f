package residency

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/kvstate"

	"github.com/google/go-cmp/cmp"
)

// shelf keeps states in memory.
type shelf struct {
	mu     sync.Mutex
	states map[int64]kvstate.Head
	bytes  map[int64][]byte
	saved  []int64 // chats, in order
	slow   time.Duration
}

func newShelf() *shelf { return &shelf{states: map[int64]kvstate.Head{}, bytes: map[int64][]byte{}} }

func (s *shelf) Save(ctx context.Context, h kvstate.Head, write func(io.Writer) error) error {
	select {
	case <-time.After(s.slow):
	case <-ctx.Done():
		return ctx.Err()
	}
	var b collector
	if err := write(&b); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.states[h.Chat], s.bytes[h.Chat] = h, b
	s.saved = append(s.saved, h.Chat)
	return nil
}

func (s *shelf) Load(_ context.Context, chat int64, model, identity string, read func(kvstate.Head, io.Reader) error) (bool, error) {
	s.mu.Lock()
	h, found := s.states[chat]
	b := s.bytes[chat]
	s.mu.Unlock()
	if !found || h.Model != model || h.Identity != identity {
		return false, nil
	}
	r, w := io.Pipe()
	go func() {
		_, err := w.Write(b)
		w.CloseWithError(err)
	}()
	err := read(h, r)
	return err == nil, err
}

func (s *shelf) chats() []int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := s.saved
	s.saved = nil
	return list
}

type collector []byte

func (c *collector) Write(p []byte) (int, error) {
	*c = append(*c, p...)
	return len(p), nil
}

// turnOf has a chat say something of 100 tokens that begins with its number, and returns how many were reused.
func turnOf(t *testing.T, b *bench, m backend.Model, chat int64) (reused int, note string) {
	t.Helper()
	c, release := acquire(t, b, Need{Model: m})
	defer release()
	k := c.(engine.Keeping)
	note = string(k.Recall(t.Context(), chat))
	prompt := []int32{256, int32(300 + chat)}
	for len(prompt) < 100 {
		prompt = append(prompt, 301)
	}
	result, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{MaxTokens: 3}}, func(engine.Event) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	k.Keep(chat, len(prompt)+3, []byte("chat "+strconv.FormatInt(chat, 10)))
	return result.Usage.ReusedTokens, note
}

func hashed(t *testing.T) backend.Model {
	m := model(t, "a", enginetest.Model{})
	m.SHA256 = "abc"
	return m
}

func TestAContextIsSavedWhenNobodyWaitsAndLoadedByAnotherProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		m := hashed(t)
		b := newBench(t, Deps{States: s})
		if reused, note := turnOf(t, b, m, 1); reused != 0 || note != "" {
			t.Error(reused, note)
		}
		if got := s.chats(); len(got) != 0 {
			t.Error("it was saved while somebody waited", got)
		}
		time.Sleep(idleSave + time.Second)
		synctest.Wait()
		if d := cmp.Diff([]int64{1}, s.chats()); d != "" {
			t.Error(d)
		}
		time.Sleep(10 * idleSave)
		synctest.Wait()
		if got := s.chats(); len(got) != 0 {
			t.Error("it was saved again though nothing changed", got)
		}
		again := newBench(t, Deps{States: s})
		if reused, note := turnOf(t, again, m, 1); reused < 90 || note != "chat 1" {
			t.Errorf("%d tokens were reused, note %q", reused, note)
		}
		if reused, note := turnOf(t, again, m, 1); reused < 90 || note != "chat 1" {
			t.Errorf("in the same process: %d tokens were reused, note %q", reused, note)
		}
	})
}

func TestAContextIsSavedBeforeItIsGivenUp(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, b *bench, m backend.Model){
		"another chat":  func(t *testing.T, b *bench, m backend.Model) { turnOf(t, b, m, 2) },
		"another model": func(t *testing.T, b *bench, _ backend.Model) { turnOf(t, b, model(t, "bb", enginetest.Model{}), 3) },
		"unload":        func(t *testing.T, b *bench, _ backend.Model) { b.Unload(t.Context()) },
		"end of the program": func(t *testing.T, b *bench, _ backend.Model) {
			if err := b.Close(); err != nil {
				t.Error(err)
			}
		},
		"somebody who keeps nothing": func(t *testing.T, b *bench, m backend.Model) {
			c, release := acquire(t, b, Need{Model: m})
			defer release()
			if err := say(t, c); err != nil {
				t.Error(err)
			}
		},
		"a temporary chat": func(t *testing.T, b *bench, m backend.Model) { turnOf(t, b, m, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newShelf()
			m := hashed(t)
			b := newBench(t, Deps{States: s})
			turnOf(t, b, m, 1)
			end(t, b, m)
			if got := s.chats(); len(got) == 0 || got[0] != 1 {
				t.Error("saved:", got)
			}
			if _, kept := s.states[0]; kept {
				t.Error("what is nobody's was kept")
			}
			again := newBench(t, Deps{States: s})
			if reused, _ := turnOf(t, again, m, 1); reused < 90 {
				t.Errorf("%d tokens were reused", reused)
			}
		})
	}
}

func TestAHashThatBecomesKnownLaterIsGoodEnough(t *testing.T) {
	s := newShelf()
	m := model(t, "a", enginetest.Model{})
	sum := ""
	b := newBench(t, Deps{States: s, Hash: func(backend.Model) string { return sum }})
	turnOf(t, b, m, 1)
	sum = "abc"
	turnOf(t, b, m, 2)
	if d := cmp.Diff([]int64{1}, s.chats()); d != "" {
		t.Error(d)
	}
}

func TestSavingGivesWayAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.slow = 20 * time.Second
		m := hashed(t)
		b := newBench(t, Deps{States: s})
		turnOf(t, b, m, 1)
		time.Sleep(idleSave + time.Second) // it is being saved now
		began := time.Now()
		turnOf(t, b, m, 1)
		if waited := time.Since(began); waited != 0 {
			t.Error("waited", waited)
		}
		time.Sleep(idleSave + s.slow + time.Second)
		synctest.Wait()
		if d := cmp.Diff([]int64{1}, s.chats()); d != "" {
			t.Error(d)
		}
	})
}

func TestGivingUpASlowContextTakesBoundedTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		s.slow = time.Hour
		b := newBench(t, Deps{States: s})
		turnOf(t, b, hashed(t), 1)
		began := time.Now()
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took > closeSave {
			t.Error("took", took)
		}
	})
}

func TestWhatDoesNotPayIsNotSaved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newShelf()
		unknown := model(t, "unknown", enginetest.Model{}) // its hash is not computed yet
		huge := hashed(t)
		b := newBench(t, Deps{States: s, Forecast: func(m backend.Model, context int) backend.Forecast {
			if m.Name == "a" {
				return backend.Forecast{KV: int64(context) << 30}
			}
			return backend.Forecast{}
		}})
		turnOf(t, b, unknown, 1)
		time.Sleep(10 * idleSave)
		turnOf(t, b, huge, 2)
		time.Sleep(10 * idleSave)
		synctest.Wait()
		if got := s.chats(); len(got) != 0 {
			t.Error(got)
		}
	})
}

func TestIdleWorkGetsOnlyWhatIsThereAndEndsWhenSomebodyComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{})
		m := hashed(t)
		free := func() error {
			_, _, release, err := b.AcquireIdle(t.Context(), Need{Model: m})
			if err == nil {
				release()
			}
			return err
		}
		if err := free(); !errors.Is(err, ErrNotFree) || b.loads() != 0 {
			t.Error("nothing is loaded:", err, b.loads())
		}
		_, release := acquire(t, b, Need{Model: m})
		if err := free(); !errors.Is(err, ErrNotFree) {
			t.Error("it is used:", err)
		}
		release()
		if err := free(); err != nil {
			t.Error(err)
		}
		_, ctx, giveBack, err := b.AcquireIdle(t.Context(), Need{Model: m})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-ctx.Done()
			giveBack()
			giveBack()
		}()
		_, release = acquire(t, b, Need{Model: m})
		if ctx.Err() == nil {
			t.Error("two have it")
		}
		release()
		if err := free(); err != nil {
			t.Error("afterwards:", err)
		}
	})
}

func TestAnIdleModelIsStillUnloadedAfterIdleWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, Deps{States: newShelf(), KeepAlive: time.Minute})
		m := hashed(t)
		turnOf(t, b, m, 1)
		_, _, release, err := b.AcquireIdle(t.Context(), Need{Model: m})
		if err != nil {
			t.Fatal(err)
		}
		release()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		select {
		case <-b.last().done:
		default:
			t.Error("it is still there")
		}
	})
}
