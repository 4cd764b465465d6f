package chat

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
)

// again runs a reply again to its end.
func (h *house) again(id int64) Repetition {
	h.t.Helper()
	r, err := h.RunAgain(h.t.Context(), id, nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return r
}

// A finished reply comes out the same, whatever the engine did in between, and nothing of it is stored.
func TestAReplyRunAgainIsIdentical(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		first := h.say(c.ID, "Tell me a story")
		second := h.say(c.ID, "And another one") // the cuts of its prompt come from a cache
		before := h.transcript(c.ID)
		for _, m := range []backend.Message{first, second} {
			told := 0
			r, err := h.RunAgain(t.Context(), m.ID, func(r Repetition) {
				told++
				if !strings.HasPrefix(m.Text, r.Text) || r.Same != r.Tokens {
					t.Errorf("on the way it is %q, %d of %d the same", r.Text, r.Same, r.Tokens)
				}
			})
			if err != nil {
				t.Fatal(err)
			}
			if !r.Identical() || r.Text != m.Text || len(r.Changes) > 0 || r.Recorded != 40 || told < 2 || told > 40 {
				t.Errorf("%+v, told %d times", r, told)
			}
		}
		if d := cmp.Diff(before, h.transcript(c.ID)); d != "" {
			t.Error("running again changed the chat: ", d)
		}
	})
}

// A stopped reply is repeated as far as it went, a branched one from where it left the other.
func TestAReplyThatIsNotWholeIsRunAgainAsFarAsItWent(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		sent := h.send(c.ID, "Tell me a story")
		time.Sleep(205 * time.Millisecond)
		h.Stop(sent.Reply.ID)
		stopped := h.wait(sent.Reply.ID)
		r := h.again(stopped.ID)
		if !r.Identical() || r.Text != stopped.Text || r.Tokens < 10 || r.Tokens > 30 {
			t.Errorf("%q is run again as %+v", stopped.Text, r)
		}
		full := h.resume(stopped.ID)
		if r := h.again(full.ID); !r.Identical() || r.Text != full.Text {
			t.Errorf("after Resume: %+v", r)
		}

		m := h.told()
		branched, err := h.Branch(t.Context(), m.ID, 7, h.choices(m.ID)[7].Alts[2].ID)
		if err != nil {
			t.Fatal(err)
		}
		branched = h.wait(branched.ID)
		if r := h.again(branched.ID); !r.Identical() || r.Text != branched.Text || r.Tokens != 40 {
			t.Errorf("%q is run again as %+v", branched.Text, r)
		}
	})
}

// What is not as it was is named, and how far both agree is counted.
func TestARunThatCannotBeExactSaysWhy(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		m := h.say(c.ID, "Tell me a story")
		h.engine.set(func() {
			h.engine.info.Engine.Build, h.engine.info.Engine.Device, h.engine.info.Batch = "2", "GPU0", 8
		})
		r := h.again(m.ID)
		want := []Change{{ChangedBuild, "1", "2"}, {ChangedDevice, "CPU", "GPU0"}, {ChangedBatch, "16", "8"}}
		if d := cmp.Diff(want, r.Changes); d != "" {
			t.Error(d)
		}
		h.engine.set(func() { h.engine.length = 30 }) // an engine that writes something else
		if r = h.again(m.ID); r.Identical() || r.Tokens != 30 || r.Same >= 30 {
			t.Errorf("%+v", r)
		}
		kept, err := h.KeepRun(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		path := h.transcript(c.ID)
		if last := path[len(path)-1]; last.ID != kept.ID || last.Text != r.Text || last.Sibling != 2 || last.State != backend.MessageComplete {
			t.Errorf("kept: %+v", last)
		}
		if r := h.again(kept.ID); !r.Identical() || len(r.Changes) > 0 || r.Text != kept.Text { // it has a record of its own
			t.Errorf("the kept one again: %+v", r)
		}

		h.bench.models[0].SHA256 = strings.Repeat("b", 64)
		if r = h.again(m.ID); len(r.Changes) == 0 || r.Changes[0].What != ChangedFile || r.Text == "" {
			t.Errorf("another file: %+v", r)
		}
		h.bench.models[0].Deleted = time.Now()
		var gone *Unusable
		if _, err := h.RunAgain(t.Context(), m.ID, nil); !errors.As(err, &gone) {
			t.Errorf("a removed model: %v", err)
		}
		h.bench.models = nil
		if _, err := h.RunAgain(t.Context(), m.ID, nil); !errors.As(err, &gone) || gone.Model.Name == "" {
			t.Errorf("a model that is gone: %v", err)
		}
	})
}

func TestWhatHasNoRecordIsNotRunAgain(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		c := h.newChat()
		m := h.say(c.ID, "question")
		edited, err := h.Edit(t.Context(), m.ID, "other words")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := h.RunAgain(t.Context(), edited.Reply.ID, nil); !errors.Is(err, ErrNoRecord) {
			t.Errorf("an edited reply: %v", err)
		}
		sent := h.send(c.ID, "more")
		if _, err := h.RunAgain(t.Context(), sent.Reply.ID, nil); !errors.Is(err, backend.ErrBusy) {
			t.Errorf("a running reply: %v", err)
		}
		if _, err := h.KeepRun(t.Context(), Repetition{}); !errors.Is(err, ErrNoRecord) {
			t.Errorf("a run that is not over was kept: %v", err)
		}
		h.wait(sent.Reply.ID)
	})
}

// A run ends with its context, and with the service, which waits for it.
func TestARunEndsWithItsContextAndTheService(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		m := h.say(h.newChat().ID, "question")
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(55*time.Millisecond, cancel)
		if _, err := h.RunAgain(ctx, m.ID, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("a cancelled run: %v", err)
		}
		ended := make(chan error, 1)
		go func() {
			_, err := h.RunAgain(t.Context(), m.ID, nil)
			ended <- err
		}()
		synctest.Wait()
		if err := h.Service.Close(t.Context()); err != nil {
			t.Error(err)
		}
		select {
		case err := <-ended:
			if err == nil {
				t.Error("the run went on while the service closed")
			}
		default:
			t.Error("Close did not wait for the run")
		}
		if _, err := h.RunAgain(t.Context(), m.ID, nil); err == nil {
			t.Error("a run began in a closed service")
		}
	})
}

// The opening mark of reasoning that the template wrote belongs to the text of a run as to that of the reply.
func TestARunBeginsAsTheReplyDid(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.engine.set(func() { h.engine.opener = "<think>\n" })
		m := h.say(h.newChat().ID, "question")
		if !strings.HasPrefix(m.Text, "<think>") {
			t.Fatalf("the reply is %q", m.Text)
		}
		if r := h.again(m.ID); !r.Identical() || r.Text != m.Text {
			t.Errorf("%q is run again as %q", m.Text, r.Text)
		}
		var crash *engine.Crashed
		h.engine.set(func() { h.engine.dieAfter = 3 })
		if _, err := h.RunAgain(t.Context(), m.ID, nil); !errors.As(err, &crash) {
			t.Errorf("an engine that dies: %v", err)
		}
	})
}

// The template that wrote a prompt is noted with the reply, and a run by another one says so.
func TestARunKnowsTheTemplate(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		h.bench.models[0].TemplateHash = "t1"
		h.engine.set(func() { h.engine.format = formatTemplate })
		m := h.say(h.newChat().ID, "question")
		if m.Usage.Template != "t1" {
			t.Errorf("the reply notes the template %q", m.Usage.Template)
		}
		h.bench.models[0].TemplateHash = "t2"
		r := h.again(m.ID)
		if d := cmp.Diff([]Change{{What: ChangedWords}}, r.Changes); d != "" || !r.Identical() {
			t.Error(d, r)
		}
	})
}
