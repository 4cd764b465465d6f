//go:build window

package windowtest

import (
	"math/rand/v2"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"loam/backend"
)

// storm is how often a kill test kills: few by default, many when asked for the full length.
func storm(short, full int) int {
	if os.Getenv("LOAM_STORM") == "full" {
		return full
	}
	return short
}

// TestProgramKilledWhileStreaming ends the command line's program with SIGKILL at random moments of an answer. The store
// must open every time, be whole, and never hold less of a reply than it held before.
func TestProgramKilledWhileStreaming(t *testing.T) {
	data := t.TempDir()
	if _, stderr, code := command(t, data, "models", "list"); code != 0 {
		t.Fatal(stderr)
	}
	longest, last := map[int64]string{}, int64(0)
	for i := range storm(10, 100) {
		cmd := exec.Command(program(t), "chat", "--keep", "--seed", "7", question)
		cmd.Env = append(os.Environ(), "LOAM_DATA="+data, "LANG=C.UTF-8")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		h := history(t, data)
		if i%4 == 0 { // anywhere, most often while the model loads
			time.Sleep(time.Duration(rand.IntN(1500)) * time.Millisecond)
		} else { // within the answer
			begun := time.Now()
			until(t, "an answer to kill", func() bool {
				m, ok := h.reply()
				return ok && m.ID > last && m.Text != "" || time.Since(begun) > patience/2
			})
			time.Sleep(time.Duration(rand.IntN(1200)) * time.Millisecond)
		}
		for _, m := range h.messages() {
			longest[m.ID] = m.Text
		}
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		h.intact()
		after := map[int64]backend.Message{}
		for _, m := range h.messages() {
			after[m.ID] = m
			last = max(last, m.ID)
		}
		for id, text := range longest {
			m, ok := after[id]
			if !ok {
				t.Fatalf("kill %d: message %d is gone", i, id)
			}
			prefix(t, text, m.Text)
		}
	}
	grown := 0
	for _, text := range longest {
		if text != "" && text != question {
			grown++
		}
	}
	if grown == 0 {
		t.Error("no kill fell into an answer: the test proves nothing")
	}
	t.Logf("%d replies held text when they were killed", grown)
}

// TestWorkerKilledWhileStreaming ends the engine's child at random moments of an answer, again and again under one
// window. Every reply keeps its words and the next request starts a fresh child.
func TestWorkerKilledWhileStreaming(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask(question)
	m := l.growing(h, 1)
	kills, interrupted := storm(15, 500), 0
	for i := range kills {
		if i%8 == 7 { // a long reply takes long to replay
			m = l.anotherReply(h, m)
		}
		time.Sleep(time.Duration(rand.IntN(400)) * time.Millisecond)
		before := h.text(m.ID)
		if before.State != backend.MessageRunning { // it came to its end by itself
			m = l.anotherReply(h, m)
			before = h.text(m.ID)
		}
		pid := l.worker()
		if pid == 0 {
			continue
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
		dead := l.endedReply(h, m.ID)
		prefix(t, before.Text, dead.Text)
		if dead.State == backend.MessageComplete {
			continue
		}
		if dead.State != backend.MessageInterrupted {
			t.Fatalf("kill %d: the reply is %v: %s", i, dead.State, dead.Error)
		}
		interrupted++
		time.Sleep(400 * time.Millisecond)
		l.clickPrimary("Resume")
		l.until("the reply to go on", func() bool {
			l.alive()
			now := h.text(m.ID)
			return now.State != backend.MessageInterrupted && (len(now.Text) > len(dead.Text) || now.State == backend.MessageComplete)
		})
	}
	h.intact()
	s.shot(t, "after-the-storm")
	if interrupted < kills/2 {
		t.Errorf("only %d of %d kills fell into an answer", interrupted, kills)
	}
	t.Logf("%d of %d kills fell into an answer", interrupted, kills)
}

// anotherReply stops what runs and asks again in a new chat.
func (l *Loam) anotherReply(h History, m backend.Message) backend.Message {
	l.t.Helper()
	if h.text(m.ID).State == backend.MessageRunning {
		l.key("Escape")
		l.endedReply(h, m.ID)
	}
	l.key("ctrl+n")
	l.ask(question)
	l.until("another reply", func() bool {
		l.alive()
		r, ok := h.reply()
		next := ok && r.ID > m.ID && r.Text != ""
		if next {
			m = r
		}
		return next
	})
	return m
}
