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
	longest := map[int64]string{}
	for i := range storm(10, 100) {
		cmd := exec.Command(program(t), "chat", "--keep", "--seed", "7", question)
		cmd.Env = append(os.Environ(), "LOAM_DATA="+data, "LANG=C.UTF-8")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(300+rand.IntN(3000)) * time.Millisecond)
		h := history(t, data)
		for _, m := range h.messages() {
			longest[m.ID] = m.Text
		}
		_ = cmd.Process.Signal(syscall.SIGKILL)
		_ = cmd.Wait()
		h.intact()
		after := map[int64]backend.Message{}
		for _, m := range h.messages() {
			after[m.ID] = m
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
	for i := range storm(15, 500) {
		time.Sleep(time.Duration(rand.IntN(700)) * time.Millisecond)
		before := h.text(m.ID)
		if before.State != backend.MessageRunning { // it came to its end by itself
			l.key("ctrl+n")
			l.ask(question)
			l.until("another reply", func() bool { l.alive(); r, ok := h.reply(); return ok && r.ID != m.ID && r.Text != "" })
			m, _ = h.reply()
			continue
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
		time.Sleep(300 * time.Millisecond)
		l.key("Return") // Resume has the focus
		l.until("the reply to go on", func() bool {
			l.alive()
			now := h.text(m.ID)
			return now.State != backend.MessageInterrupted && (len(now.Text) > len(dead.Text) || now.State == backend.MessageComplete)
		})
	}
	h.intact()
	s.shot(t, "after-the-storm")
}
