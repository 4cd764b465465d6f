package chat

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/engine"
)

func TestTitleFrom(t *testing.T) {
	for text, want := range map[string]string{
		"Three Days in Bergen":                                "Three Days in Bergen",
		"\n\n\"Three Days in Bergen.\"\n":                     "Three Days in Bergen",
		"**Title: Three Days in Bergen**":                     "Three Days in Bergen",
		"# Three Days in Bergen\n\nThis title says what...":   "Three Days in Bergen",
		"<think>\nThey want a trip.\n</think>\n\nBergen trip": "Bergen trip",
		"卑爾根三日遊":                                              "卑爾根三日遊",
		"“Reise nach Bergen”":                                 "Reise nach Bergen",
		"Instant noodles, ranked":                             "Instant noodles, ranked",
		"":                                                    "",
		"...":                                                 "",
		"<|im_start|>assistant":                               "",
		"Sure! Here is a title for this chat":                 "",
		"I would call it Bergen":                              "",
		"Here's a title":                                      "",
		"`code`":                                              "",
		"[Bergen](https://example.org)":                       "",
		"a | b | c":                                           "",
		"The conversation is about planning three whole days in Bergen with the children": "",
		strings.Repeat("long", 20): "",
	} {
		got, ok := titleFrom(text)
		if got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, want %q", text, got, ok, want)
		}
	}
}

func TestTitleFromIsALineOfPlainWords(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		title, ok := titleFrom(rapid.String().Draw(t, "text"))
		if ok == (title == "") || uniseg.StringWidth(title) > titleWidth || strings.ContainsAny(title, "\n\r<>*`") {
			t.Fatalf("%q, %v", title, ok)
		}
	})
}

// idleBench can also be asked for the engine while nobody uses it.
type idleBench struct {
	*bench
	mu    sync.Mutex
	spare context.CancelFunc // of who has it for idle work
	asked int
	holds int64 // whose context it is
}

func (b *idleBench) Acquire(ctx context.Context, n Need) (engine.Chat, func(), error) {
	b.mu.Lock()
	if b.spare != nil {
		b.spare()
	}
	b.mu.Unlock()
	_, release, err := b.bench.Acquire(ctx, n)
	return keepingWords{b.engine, b}, release, err
}

func (b *idleBench) AcquireIdle(ctx context.Context, _ Need) (engine.Chat, context.Context, func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked++
	select {
	case b.turn <- struct{}{}:
	default:
		return nil, nil, nil, errors.New("not free")
	}
	ctx, b.spare = context.WithCancel(ctx)
	end := b.spare
	return keepingWords{b.engine, b}, ctx, func() {
		b.mu.Lock()
		end()
		b.spare = nil
		b.mu.Unlock()
		<-b.turn
	}, nil
}

type keepingWords struct {
	*words
	b *idleBench
}

func (k keepingWords) Info() engine.Info {
	i := k.words.Info()
	i.Capabilities.TrimKV = true
	return i
}

func (k keepingWords) Recall(context.Context, int64) []byte { return nil }

func (k keepingWords) Keep(chat int64, _ int, _ []byte) {
	k.b.mu.Lock()
	defer k.b.mu.Unlock()
	k.b.holds = chat
}

func (k keepingWords) Holds(chat int64) bool {
	k.b.mu.Lock()
	defer k.b.mu.Unlock()
	return k.b.holds == chat
}

// inIdleBubble runs a test on a house whose engine does idle work.
func inIdleBubble(t *testing.T, f func(t *testing.T, h *house, b *idleBench)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		b := &idleBench{bench: h.bench}
		h.Service.engines = b
		h.engine.length = 3
		f(t, h, b)
	})
}

func (h *house) title(id int64) string {
	h.t.Helper()
	c, err := h.Chat(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return c.Title
}

func TestAModelNamesAChatAfterItsFirstExchange(t *testing.T) {
	inIdleBubble(t, func(t *testing.T, h *house, b *idleBench) {
		c := h.newChat()
		h.say(c.ID, "Hello there")
		if got := h.title(c.ID); got != "Hello there" {
			t.Errorf("at once it is called %q", got)
		}
		time.Sleep(time.Minute)
		named := h.title(c.ID)
		if !strings.HasPrefix(named, "w") || !strings.HasSuffix(named, " fin") {
			t.Errorf("it is called %q", named)
		}
		if text := h.engine.request(1); len(text.Prompt) < 10 || text.Sampling.MaxTokens != nameTokens || text.Sampling.Temperature != 0 {
			t.Errorf("asked %+v", text)
		}
		h.say(c.ID, "More")
		time.Sleep(time.Hour)
		if got := h.title(c.ID); got != named || b.asked != 1 {
			t.Errorf("later it is called %q, asked %d times", got, b.asked)
		}
		// Other first words make another chat of it.
		path := h.transcript(c.ID)
		if _, err := h.Edit(t.Context(), path[0].ID, "Something else"); err != nil {
			t.Fatal(err)
		}
		if got := h.title(c.ID); got != "Something else" {
			t.Errorf("edited it is called %q", got)
		}
		time.Sleep(time.Hour)
	})
}

func TestANameThatAPersonGaveStays(t *testing.T) {
	inIdleBubble(t, func(t *testing.T, h *house, b *idleBench) {
		before, while := h.newChat(), h.newChat()
		h.say(before.ID, "Hello")
		if err := h.Rename(t.Context(), before.ID, "Mine"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		h.say(while.ID, "Hello")
		time.Sleep(nameAfter[0] + 15*time.Millisecond) // it is being asked
		if err := h.Rename(t.Context(), while.ID, "Mine, too"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if a, b := h.title(before.ID), h.title(while.ID); a != "Mine" || b != "Mine, too" {
			t.Errorf("they are called %q and %q", a, b)
		}
		if b.asked != 1 {
			t.Errorf("asked %d times", b.asked)
		}
	})
}

func TestNamesAreNotMadeWhereNobodyWantsThem(t *testing.T) {
	inIdleBubble(t, func(t *testing.T, h *house, b *idleBench) {
		if err := h.ledger.SetSetting(t.Context(), KeyTitles, false); err != nil {
			t.Fatal(err)
		}
		off := h.newChat()
		h.say(off.ID, "Switched off")
		time.Sleep(time.Hour)
		if err := h.ledger.SetSetting(t.Context(), KeyTitles, nil); err != nil {
			t.Fatal(err)
		}
		removed, other := h.newChat(), h.newChat()
		h.say(removed.ID, "Removed")
		if err := h.Trash(t.Context(), removed.ID); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		h.say(other.ID, "Other context")
		b.mu.Lock()
		b.holds = off.ID
		b.mu.Unlock()
		time.Sleep(time.Hour)
		for id, want := range map[int64]string{off.ID: "Switched off", removed.ID: "Removed", other.ID: "Other context"} {
			if got := h.title(id); got != want {
				t.Errorf("%q became %q", want, got)
			}
		}
		h.engine.set(func() { h.engine.length = 40 })
		talker := h.newChat()
		h.say(talker.ID, "A model that talks")
		time.Sleep(time.Hour)
		if got := h.title(talker.ID); got != "A model that talks" {
			t.Errorf("nonsense became the title %q", got)
		}
	})
}

func TestAMessageDoesNotWaitForAName(t *testing.T) {
	inIdleBubble(t, func(t *testing.T, h *house, b *idleBench) {
		h.engine.tick = time.Second
		c := h.newChat()
		h.say(c.ID, "Hello")
		time.Sleep(nameAfter[0] + 500*time.Millisecond) // it is being named
		began := time.Now()
		m := h.say(c.ID, "Quickly")
		if took := time.Since(began); m.State != backend.MessageComplete || took > 3*time.Second+100*time.Millisecond {
			t.Errorf("ends %v after %v", m.State, took)
		}
		time.Sleep(time.Hour)
		if got := h.title(c.ID); !strings.HasSuffix(got, " fin") {
			t.Errorf("later it is called %q", got)
		}
		if b.asked != 2 {
			t.Errorf("asked %d times", b.asked)
		}
	})
}

func TestATemporaryChatIsNotNamedByAModel(t *testing.T) {
	inIdleBubble(t, func(t *testing.T, h *house, b *idleBench) {
		h.nameSoon(backend.FirstTemporaryID, []backend.Message{{Role: backend.RoleUser, Text: "Hello"}})
		time.Sleep(time.Hour)
		if b.asked != 0 {
			t.Error("it was asked for a name")
		}
	})
}
