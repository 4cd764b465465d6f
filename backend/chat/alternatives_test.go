package chat

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

// choices are the alternatives of a reply.
func (h *house) choices(id int64) []backend.TokenChoice {
	h.t.Helper()
	list, err := h.Alternatives(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// told is a chat with one reply that knows its alternatives.
func (h *house) told() backend.Message {
	h.t.Helper()
	c := h.newChat()
	if err := h.SetAlternatives(h.t.Context(), c.ID, 3); err != nil {
		h.t.Fatal(err)
	}
	return h.say(c.ID, "Tell me a story")
}

// spelt is what the chosen tokens say.
func spelt(list []backend.TokenChoice) string {
	var b strings.Builder
	for _, c := range list {
		a, _ := c.Chosen()
		b.Write(a.Piece())
	}
	return b.String()
}

func TestAlternativesAreKeptOnRequest(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		plain := h.say(c.ID, "Tell me a story")
		if plain.Choices || len(h.choices(plain.ID)) != 0 || h.engine.request(1).Alts != 0 {
			t.Error("nobody asked for alternatives")
		}
		if err := h.SetAlternatives(t.Context(), c.ID, 99); err != nil {
			t.Fatal(err)
		}
		if c, _ := h.Chat(t.Context(), c.ID); c.Alternatives != backend.MaxAlternatives {
			t.Errorf("the chat keeps %d", c.Alternatives)
		}
		if err := h.SetAlternatives(t.Context(), c.ID, 3); err != nil {
			t.Fatal(err)
		}
		m, err := h.Regenerate(t.Context(), plain.ID)
		if err != nil {
			t.Fatal(err)
		}
		m = h.wait(m.ID)
		list := h.choices(m.ID)
		if !m.Choices || len(list) != 40 || spelt(list) != m.Text {
			t.Errorf("%d tokens spell %q, the reply is %q", len(list), spelt(list), m.Text)
		}
		for i, c := range list {
			if c.Index != i || len(c.Alts) != 3 {
				t.Errorf("token %d: %+v", i, c)
			}
		}
		once, err := h.Send(t.Context(), h.newChat().ID, SendRequest{Text: "Hi", Alternatives: 2})
		if err != nil {
			t.Fatal(err)
		}
		if m := h.wait(once.Reply.ID); !m.Choices || h.engine.request(1).Alts != 2 {
			t.Error("alternatives for one reply were not kept")
		}
	})
}

func TestAlternativesOfAnInterruptedReplyGoOnWithIt(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.dieAfter = 15
		m := h.told()
		if n := len(h.choices(m.ID)); n != 15 || !m.Choices {
			t.Errorf("%d tokens with alternatives, want 15", n)
		}
		h.engine.set(func() { h.engine.dieAfter = -1 })
		m = h.resume(m.ID)
		if list := h.choices(m.ID); len(list) != 40 || spelt(list) != m.Text {
			t.Errorf("%d tokens spell %q, the reply is %q", len(list), spelt(list), m.Text)
		}
	})
}

func TestBranchGoesOnFromAnotherToken(t *testing.T) {
	for _, opener := range []string{"", "<think>\n"} {
		inBubble(t, func(t *testing.T, h *house) {
			h.engine.opener = opener
			m := h.told()
			list := h.choices(m.ID)
			pick := list[10].Alts[2]
			b, err := h.Branch(t.Context(), m.ID, 10, pick.ID)
			if err != nil {
				t.Fatal(err)
			}
			begin := opener + spelt(list[:10]) + pick.Text
			if b.Text != begin || b.State != backend.MessageRunning {
				t.Errorf("it begins with %q (%v), want %q", b.Text, b.State, begin)
			}
			b = h.wait(b.ID)
			if !strings.HasPrefix(b.Text, begin) || !strings.HasSuffix(b.Text, " fin. ") || b.Text == m.Text || b.State != backend.MessageComplete {
				t.Errorf("it is %v: %q", b.State, b.Text)
			}
			if b.Parent != m.Parent || b.Siblings != 2 || b.Sibling != 2 || b.ModelName != m.ModelName {
				t.Errorf("it stands at %d of %d below %d by %q", b.Sibling, b.Siblings, b.Parent, b.ModelName)
			}
			if path := h.transcript(m.ChatID); path[len(path)-1].ID != b.ID {
				t.Error("it is not shown")
			}
			asked, g := h.engine.request(1), mustGeneration(t, h, m.ID)
			if want := append(slices.Clone(g.Tokens[:10]), pick.ID); !slices.Equal(asked.Reply, want) || !slices.Equal(asked.Cuts, g.Cuts) || asked.Sampling.Seed != g.Sampling.Seed {
				t.Errorf("the engine was asked to go on from %d tokens in %v", len(asked.Reply), asked.Cuts)
			}
			if again := h.stored(m.ID); again.Text != m.Text || len(g.Tokens) != 40 {
				t.Error("the first version was changed")
			}
			if all := h.choices(b.ID); len(all) != 40 || opener+spelt(all) != b.Text || cmp.Diff(list[:10], all[:10]) != "" {
				t.Errorf("%d tokens spell %q", len(all), spelt(all))
			}
		})
	}
}

func mustGeneration(t *testing.T, h *house, id int64) backend.Generation {
	t.Helper()
	g, err := h.Generation(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestBranchSurvivesADeadProgram(t *testing.T) {
	branch := func(t *testing.T, h *house) backend.Message {
		m := h.told()
		b, err := h.Branch(t.Context(), m.ID, 5, h.choices(m.ID)[5].Alts[1].ID)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var want string
	inBubble(t, func(t *testing.T, h *house) { want = h.wait(branch(t, h).ID).Text })
	for _, after := range []time.Duration{0, 5, 105, 255} {
		synctest.Test(t, func(t *testing.T) {
			db := newStore(t)
			disk := &ledger{Store: db}
			b := branch(t, newHouseOn(t, disk, newWords(), thisOwner))
			time.Sleep(after * time.Millisecond)
			synctest.Wait()
			disk.fill(true) // nothing more comes of this program
			next := newHouseOn(t, &ledger{Store: db}, newWords(), backend.Owner{PID: 2, Started: 2, Boot: "boot"})
			if list, err := next.Recover(t.Context()); err != nil || len(list) != 1 {
				t.Fatalf("%d replies are recovered, %v", len(list), err)
			}
			if d := cmp.Diff(want, next.resume(b.ID).Text); d != "" {
				t.Errorf("after %d ms: %s", after, d)
			}
		})
	}
}

func TestBranchRefusesWhatItCannotDo(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		m := h.told()
		list := h.choices(m.ID)
		for _, c := range []struct {
			id    int64
			index int
			token int32
		}{{m.ID, -1, 1}, {m.ID, 40, 1}, {m.ID, 0, 12345}, {m.Parent, 0, list[0].Alts[1].ID}} {
			if _, err := h.Branch(t.Context(), c.id, c.index, c.token); !errors.Is(err, ErrNoChoice) {
				t.Errorf("%+v: %v", c, err)
			}
		}
		c := h.newChat()
		plain := h.say(c.ID, "No alternatives here")
		if _, err := h.Branch(t.Context(), plain.ID, 0, 1); !errors.Is(err, ErrNoChoice) {
			t.Errorf("without alternatives: %v", err)
		}
		bound := &backend.Sampling{Grammar: &backend.Grammar{Text: "root ::= [a-z]+"}}
		sent, err := h.Send(t.Context(), c.ID, SendRequest{Text: "Letters only", Sampling: bound, Alternatives: 2})
		if err != nil {
			t.Fatal(err)
		}
		h.wait(sent.Reply.ID)
		if _, err := h.Branch(t.Context(), sent.Reply.ID, 0, 1); !errors.Is(err, ErrBound) {
			t.Errorf("a reply with a grammar: %v", err)
		}
		running := h.send(m.ChatID, "More")
		if _, err := h.Branch(t.Context(), m.ID, 0, list[0].Alts[1].ID); !errors.Is(err, backend.ErrBusy) {
			t.Errorf("while a reply is written: %v", err)
		}
		h.wait(running.Reply.ID)
	})
}

func TestAReplyNamesItsEngine(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		m := h.say(h.newChat().ID, "Hello")
		if e := m.Usage.Engine; e == nil || *e != h.engine.info.Engine {
			t.Errorf("written by %+v", e)
		}
	})
}
