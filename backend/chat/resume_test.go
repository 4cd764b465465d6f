package chat

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/store"
)

// uninterrupted is what the fake engine answers to the n-th question of a chat when nothing comes between.
func uninterrupted(t *testing.T) string {
	t.Helper()
	var text string
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t)
		text = h.say(h.newChat().ID, "Tell me a story").Text
	})
	return text
}

func TestResumedTextEqualsTheUninterruptedOne(t *testing.T) {
	want := uninterrupted(t)
	for range 20 {
		deaths := make([]int, 1+rand.IntN(3)) // tokens before each death
		for i := range deaths {
			deaths[i] = rand.IntN(20)
		}
		var problem string
		synctest.Test(t, func(t *testing.T) {
			h := newHouse(t)
			c := h.newChat()
			h.engine.set(func() { h.engine.dieAfter = deaths[0] })
			sent := h.send(c.ID, "Tell me a story")
			m := h.wait(sent.Reply.ID)
			tokens := 0
			for i := range deaths {
				tokens += deaths[i]
				if tokens >= 40 {
					break
				}
				if m.State != backend.MessageInterrupted || m.Error == "" || len(strings.Fields(m.Text)) != tokens {
					problem = fmt.Sprintf("death %d leaves %v %q: %q", i, m.State, m.Error, m.Text)
					return
				}
				h.engine.set(func() {
					if h.engine.dieAfter = -1; i+1 < len(deaths) {
						h.engine.dieAfter = deaths[i+1]
					}
				})
				m = h.resume(m.ID)
			}
			if m.State != backend.MessageComplete || m.Note != "" {
				problem = fmt.Sprintf("ends %v %q %q", m.State, m.Error, m.Note)
			} else if d := cmp.Diff(want, m.Text); d != "" {
				problem = d
			}
		})
		if problem != "" {
			t.Fatalf("deaths %v: %s", deaths, problem)
		}
	}
}

func TestDeadProgramLosesAtMostAQuarterSecond(t *testing.T) {
	want := uninterrupted(t)
	for _, after := range []time.Duration{0, 5, 105, 255, 305, 395} {
		t.Run(fmt.Sprint(after*time.Millisecond), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				db := newStore(t)
				disk := &ledger{Store: db}
				first := newHouseOn(t, disk, newWords(), thisOwner)
				sent := first.send(first.newChat().ID, "Tell me a story")
				time.Sleep(after * time.Millisecond)
				synctest.Wait()
				shown, err := first.Message(t.Context(), sent.Reply.ID)
				if err != nil {
					t.Fatal(err)
				}

				// The next program finds what is stored at this moment; nothing more comes of the first one.
				disk.fill(true)
				next := newHouseOn(t, &ledger{Store: db}, newWords(), backend.Owner{PID: 2, Started: 2, Boot: "boot"})
				list, err := next.Recover(t.Context())
				if err != nil || len(list) != 1 {
					t.Fatalf("%d replies are recovered, %v", len(list), err)
				}
				m := list[0]
				if m.State != backend.MessageInterrupted || !strings.HasPrefix(shown.Text, m.Text) {
					t.Fatalf("is %v with %q of %q", m.State, m.Text, shown.Text)
				}
				if lost := len(strings.Fields(shown.Text)) - len(strings.Fields(m.Text)); lost > 25 {
					t.Errorf("%d tokens of 10 ms are lost", lost)
				}
				if again, err := next.Recover(t.Context()); err != nil || len(again) != 0 {
					t.Errorf("%d replies are recovered again, %v", len(again), err)
				}
				if d := cmp.Diff(want, next.resume(m.ID).Text); d != "" {
					t.Error(d)
				}
				synctest.Wait()
				if events, _ := next.seen(m.ID); len(events) == 0 || events[0].(event.MessageChanged).State != backend.MessageInterrupted {
					t.Errorf("the first event is %v", events[0])
				}
			})
		})
	}
}

func TestResumeBeforeTheFirstEvaluationStartsOver(t *testing.T) {
	want := uninterrupted(t)
	inBubble(t, func(t *testing.T, h *house) {
		h.bench.fails = &engine.Crashed{Cause: engine.CauseUnknown}
		m := h.say(h.newChat().ID, "Tell me a story")
		if m.State != backend.MessageInterrupted {
			t.Fatalf("ends %v", m.State)
		}
		h.bench.fails = nil
		whole := h.resume(m.ID)
		if d := cmp.Diff(want, whole.Text); d != "" {
			t.Error(d)
		}
		if whole.ID != m.ID || len(h.transcript(m.ChatID)) != 2 {
			t.Error("it is another message")
		}
	})
}

func TestResumeOnAnotherEngineIsCloseAndSaysSo(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.dieAfter = 10
		m := h.say(h.newChat().ID, "Tell me a story")
		h.engine.set(func() { h.engine.dieAfter = -1 })
		h.engine.info.Engine.Variant = "haswell"
		h.engine.info.Batch = 4
		whole := h.resume(m.ID)
		if whole.State != backend.MessageComplete || !strings.HasPrefix(whole.Text, m.Text) {
			t.Errorf("ends %v: %q", whole.State, whole.Text)
		}
		if d := cmp.Diff(noteOtherEngine, whole.Note); d != "" {
			t.Error(d)
		}
		q := h.engine.request(1)
		if len(q.Reply) != 10 {
			t.Errorf("%d tokens were given", len(q.Reply))
		}
		g, err := h.ledger.Generation(t.Context(), m.ID)
		if err != nil || g.Engine.Variant != "haswell" || len(g.Tokens) != 40 {
			t.Errorf("the record has %d tokens on %+v, %v", len(g.Tokens), g.Engine, err)
		}
	})
}

func TestResumeOnAnotherModelGoesOnFromTheText(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.dieAfter = 10
		m := h.say(h.newChat().ID, "Tell me a story")
		h.engine.set(func() { h.engine.dieAfter = -1 })
		h.bench.models[0].SHA256 = strings.Repeat("b", 64)
		whole := h.resume(m.ID)
		if whole.State != backend.MessageComplete || !strings.HasPrefix(whole.Text, m.Text) || whole.Note != noteOtherModel {
			t.Errorf("ends %v %q: %q", whole.State, whole.Note, whole.Text)
		}
		g, err := h.ledger.Generation(t.Context(), m.ID)
		if err != nil || len(g.Tokens) != 40 || g.Model.SHA256 != h.bench.models[0].SHA256 {
			t.Errorf("the record has %d tokens of %+v, %v", len(g.Tokens), g.Model, err)
		}
	})
}

func TestUsageOfAResumedReplyIsOfAllOfIt(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.dieAfter = 10
		m := h.say(h.newChat().ID, "Tell me a story")
		if m.Usage.ReplyTokens != 10 || m.Usage.ReplyTime != 90*time.Millisecond || m.Usage.FirstToken != 10*time.Millisecond || m.Usage.PromptTokens == 0 {
			t.Errorf("after the death it is %+v", m.Usage)
		}
		prompt := m.Usage.PromptTokens
		m = h.resume(m.ID)
		if m.Usage.ReplyTokens != 20 || m.Usage.ReplyTime != 180*time.Millisecond || m.Usage.FirstToken != 10*time.Millisecond || m.Usage.PromptTokens != prompt {
			t.Errorf("after the second it is %+v", m.Usage)
		}
	})
}

func TestOnlyUnfinishedRepliesResume(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		sent := h.send(h.newChat().ID, "Hello")
		whole := h.wait(sent.Reply.ID)
		for _, id := range []int64{whole.ID, sent.User.ID, 999} {
			if err := h.Resume(t.Context(), id); err == nil {
				t.Errorf("message %d resumes", id)
			}
		}
		if d := cmp.Diff(whole, h.stored(whole.ID)); d != "" {
			t.Error(d)
		}
		if len(h.Running()) != 0 {
			t.Error("something runs")
		}
	})
}

func TestFullDiskStopsTheReplyAndKeepsItsWords(t *testing.T) {
	want := uninterrupted(t)
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		sent := h.send(c.ID, "Tell me a story")
		time.Sleep(105 * time.Millisecond)
		h.ledger.fill(true)
		m := h.wait(sent.Reply.ID)
		if m.State != backend.MessageInterrupted || !strings.Contains(m.Error, "disk is full") {
			t.Errorf("ends %v: %q", m.State, m.Error)
		}
		if len(strings.Fields(m.Text)) < 10 || len(m.Text) <= len(h.stored(m.ID).Text) {
			t.Errorf("shows %q", m.Text)
		}
		if path := h.transcript(c.ID); path[1].Text != m.Text {
			t.Errorf("the transcript shows %q", path[1].Text)
		}
		if err := h.Resume(t.Context(), m.ID); err == nil {
			t.Error("it resumes with a full disk")
		}
		h.ledger.fill(false)
		time.Sleep(2 * beatGap)
		stored := h.stored(m.ID)
		if stored.State != backend.MessageInterrupted || stored.Text != m.Text {
			t.Errorf("is stored as %v: %q", stored.State, stored.Text)
		}
		if d := cmp.Diff(want, h.resume(m.ID).Text); d != "" {
			t.Error(d)
		}
	})
}

func TestFullDiskBeforeTheFirstToken(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.bench.turn <- struct{}{}
		sent := h.send(h.newChat().ID, "Tell me a story")
		h.ledger.fill(true)
		<-h.bench.turn
		m := h.wait(sent.Reply.ID)
		if m.State != backend.MessageInterrupted || !strings.Contains(m.Error, "disk is full") || m.Text != "" {
			t.Errorf("ends %v %q: %q", m.State, m.Error, m.Text)
		}
		h.ledger.fill(false)
		if whole := h.resume(m.ID); whole.State != backend.MessageComplete {
			t.Errorf("ends %v %q", whole.State, whole.Error)
		}
	})
}

func TestReplyOfAProcessTakenForDeadKeepsItsWords(t *testing.T) {
	want := uninterrupted(t)
	inBubble(t, func(t *testing.T, h *house) {
		sent := h.send(h.newChat().ID, "Tell me a story")
		time.Sleep(105 * time.Millisecond)
		if _, err := h.ledger.MarkInterrupted(t.Context(), func(backend.Owner) bool { return false }); err != nil {
			t.Fatal(err)
		}
		m := h.wait(sent.Reply.ID)
		if m.State != backend.MessageInterrupted || m.Error == "" || len(strings.Fields(m.Text)) < 10 {
			t.Errorf("ends %v %q: %q", m.State, m.Error, m.Text)
		}
		time.Sleep(2 * beatGap)
		if got := h.stored(m.ID); got.Text != m.Text || got.State != backend.MessageInterrupted {
			t.Errorf("is stored as %v: %q, want %q", got.State, got.Text, m.Text)
		}
		if d := cmp.Diff(want, h.resume(m.ID).Text); d != "" {
			t.Error(d)
		}
	})
}

func TestHeartbeatIsStoredWhileAReplyRuns(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.tick = time.Second
		h.send(h.newChat().ID, "Hello")
		time.Sleep(30 * time.Second)
		var beat time.Time
		_, err := h.ledger.MarkInterrupted(t.Context(), func(o backend.Owner) bool { beat = o.Heartbeat; return true })
		if err != nil || time.Since(beat) > 2*beatGap {
			t.Errorf("the last heartbeat is %v old, %v", time.Since(beat), err)
		}
	})
}

func TestChatsThatAnotherProcessMakesAreTold(t *testing.T) {
	path := filepath.Join(t.TempDir(), "loam.db")
	synctest.Test(t, func(t *testing.T) {
		open := func() *store.Store {
			s, err := store.Open(t.Context(), store.Options{Path: path})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { s.Close() })
			return s
		}
		h := newHouseOn(t, &ledger{Store: open()}, newWords(), thisOwner)
		line := open() // the command line, say
		synctest.Wait()
		c, err := line.CreateChat(t.Context(), backend.Chat{Title: "from elsewhere"})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(beatGap + time.Second)
		synctest.Wait()
		h.mu.Lock()
		defer h.mu.Unlock()
		if !slices.Contains(h.events, event.Event(event.ChatChanged{ChatID: c.ID})) {
			t.Errorf("%v does not tell about chat %d", h.events, c.ID)
		}
	})
}
