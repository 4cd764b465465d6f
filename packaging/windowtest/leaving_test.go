//go:build window

package windowtest

import (
	"path/filepath"
	"testing"
	"time"

	"loam/backend"
)

// knock closes the window as its close button does, without waiting for what comes of it.
func (l *Loam) knock() {
	l.t.Helper()
	l.screen.tool(l.t, "/usr/bin/python3", filepath.Join(root(l.t), "packaging/windowtest/close_window.py"), l.window)
}

// visible says whether the program has a window on the screen.
func (l *Loam) visible() bool {
	out, err := l.screen.try("xdotool", "search", "--onlyvisible", "--name", "^Loam")
	return err == nil && out != ""
}

// leave closes a window that draws, and has the pictures finished without it.
func leave(t *testing.T, s Screen, data string, pictures int) (*Loam, History) {
	t.Helper()
	l := start(t, s, data)
	h := history(t, data)
	l.key("ctrl+2")
	l.typeText("boats")
	for range pictures {
		l.key("ctrl+Return")
	}
	l.until("a picture to be drawn", func() bool { return len(h.jobs(backend.JobRunning)) == 1 })
	l.knock()
	time.Sleep(500 * time.Millisecond)
	s.shot(t, "leaving-asked")
	l.alive()
	l.clickPrimary("Finish in the background")
	l.until("the window to go", func() bool { return !l.visible() })
	l.alive()
	return l, h
}

func TestPicturesAreFinishedAfterTheWindowIsGone(t *testing.T) {
	const pictures = 2
	l, h := leave(t, newScreen(t, "1280x800"), easel(t, 64, 12), pictures)
	for n := range pictures {
		l.until("a picture", func() bool { return len(h.pictures()) > n })
	}
	l.until("the end of the program", func() bool {
		select {
		case <-l.ended:
			return true
		default:
			return false
		}
	})
	if left := h.jobs(backend.JobWaiting, backend.JobRunning, backend.JobInterrupted); len(left) != 0 || l.err != nil {
		t.Errorf("%d pictures are not finished when the program ends (%v)", len(left), l.err)
	}
	h.intact()
}

func TestAnotherStartBringsTheWindowBack(t *testing.T) {
	s, data := newScreen(t, "1280x800"), easel(t, 64, 40)
	l, _ := leave(t, s, data, 5)
	gone := s.shot(t, "leaving-gone")
	second := launch(t, s, data)
	<-second.ended
	l.until("the window to come back", l.visible)
	l.until("it to be painted", func() bool { return changed(gone, s.shot(t, "leaving-back")) > 0.1 })
	l.alive()
}

func TestClosingInMidAnswerKeepsTheWords(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask(question)
	m := l.growing(h, 40)
	before := h.text(m.ID)
	from := time.Now()
	l.knock()
	<-l.ended
	t.Logf("the program ended %v after its close button", time.Since(from).Round(10*time.Millisecond))
	after := h.text(m.ID)
	prefix(t, before.Text, after.Text)
	if after.State != backend.MessageInterrupted && after.State != backend.MessageStopped {
		t.Errorf("the reply is %v", after.State)
	}
	h.intact()
	l = start(t, s, data)
	time.Sleep(500 * time.Millisecond)
	s.shot(t, "leaving-answer")
	l.quit()
}
