//go:build window

package windowtest

import (
	"syscall"
	"testing"
	"time"

	"loam/backend"
)

// A question whose answer is long enough to be killed in the middle of.
const question = "Tell me a long story about a lighthouse keeper and the sea."

// ask types the question into the composer, which has the focus, and sends it.
func (l *Loam) ask(text string) {
	l.t.Helper()
	l.typeText(text)
	l.key("Return")
}

// growing waits until a reply has at least n bytes and is still running.
func (l *Loam) growing(h History, n int) backend.Message {
	l.t.Helper()
	var m backend.Message
	l.until("a growing answer", func() bool {
		l.alive()
		r, ok := h.reply()
		m = r
		if ok && r.State != backend.MessageRunning {
			l.t.Fatalf("the reply is %v before it had %d bytes: %q %s", r.State, n, r.Text, r.Error)
		}
		return ok && len(r.Text) >= n
	})
	return m
}

// ended waits until the message no longer runs.
func (l *Loam) endedReply(h History, id int64) backend.Message {
	l.t.Helper()
	var m backend.Message
	l.until("the end of the answer", func() bool {
		l.alive()
		m = h.text(id)
		return m.State != backend.MessageRunning
	})
	return m
}

func TestConversationSurvivesKillAndResumes(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	empty := s.shot(t, "1-empty")
	h := history(t, data)

	l.ask(question)
	m := l.growing(h, 40)
	first := s.shot(t, "2-streaming")
	if changed(empty, first) < 0.005 {
		t.Error("nothing is seen of the question and the answer")
	}
	m = l.growing(h, len(m.Text)+80)
	time.Sleep(200 * time.Millisecond)
	if changed(first, s.shot(t, "3-growing")) < 0.001 {
		t.Error("the answer does not grow on screen")
	}
	before := h.text(m.ID)
	l.kill()

	l = start(t, s, data)
	l.until("the interrupted reply", func() bool { return h.text(m.ID).State == backend.MessageInterrupted })
	partial := h.text(m.ID)
	prefix(t, before.Text, partial.Text)
	h.intact()
	waiting := s.shot(t, "4-interrupted")
	if changed(empty, waiting) < 0.005 {
		t.Error("after the restart the conversation is not shown")
	}

	l.key("Return") // Resume has the focus
	l.until("the reply to go on", func() bool { return len(h.text(m.ID).Text) > len(partial.Text) })
	s.shot(t, "5-resumed")
	l.key("Escape")
	done := l.endedReply(h, m.ID)
	prefix(t, partial.Text, done.Text)
	if n := len(h.messages()); n != 2 {
		t.Errorf("%d messages after question, answer and resume, want 2", n)
	}
	s.shot(t, "6-stopped")
	l.quit()
}

func TestWindowOutlivesItsEngine(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask(question)
	m := l.growing(h, 40)
	pid := l.worker()
	if pid == 0 {
		t.Fatal("no worker runs while a reply is written")
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	dead := l.endedReply(h, m.ID)
	if dead.State != backend.MessageInterrupted || dead.Error == "" {
		t.Errorf("after the engine's death the reply is %v, %q", dead.State, dead.Error)
	}
	prefix(t, m.Text, dead.Text)
	time.Sleep(500 * time.Millisecond)
	s.shot(t, "engine-died")

	l.key("ctrl+n") // a new chat has the composer in focus
	l.ask("Say hello.")
	l.until("an answer from a fresh engine", func() bool {
		l.alive()
		r, ok := h.reply()
		return ok && r.ID != m.ID && r.Text != ""
	})
	if next := l.worker(); next == 0 || next == pid {
		t.Errorf("worker %d after the death of %d", next, pid)
	}
	s.shot(t, "fresh-engine")
}

func TestDraftAndChatSurviveKill(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask("Say hello.")
	l.until("an answer", func() bool { r, ok := h.reply(); return ok && r.Text != "" })
	r, _ := h.reply()
	l.key("Escape") // it may be a long one
	l.endedReply(h, r.ID)
	l.typeText("words that were not sent")
	l.until("the draft on disk", func() bool {
		d, err := h.s.Draft(t.Context(), r.ChatID)
		return err == nil && d.Text == "words that were not sent"
	})
	with := s.shot(t, "draft-before")
	l.kill()
	start(t, s, data)
	if c := changed(with, s.shot(t, "draft-after")); c > 0.02 {
		t.Errorf("%.1f %% of the window differ after the restart: chat or draft are not back", 100*c)
	}
}
