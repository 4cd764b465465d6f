//go:build window

package windowtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// menuEntry is the installed menu entry that LOAM_MENU names, else ours with the program's place filled in as make install does.
func menuEntry(t testing.TB) string {
	t.Helper()
	if p := os.Getenv("LOAM_MENU"); p != "" {
		return p
	}
	text, err := os.ReadFile(filepath.Join(root(t), "packaging/linux/loam.desktop"))
	if err != nil {
		t.Fatal(err)
	}
	filled := strings.Replace(string(text), "\nExec=loam ", "\nExec=\""+program(t)+"\" ", 1)
	if filled == string(text) {
		t.Fatal("the menu entry has no Exec=loam")
	}
	p := filepath.Join(t.TempDir(), "loam.desktop")
	if err := os.WriteFile(p, []byte(filled), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMenuEntryStartsAConversation starts Loam the way a menu does: by its .desktop file, without a terminal, and with a file to
// open. gio ends when the program runs, so that the program outlives what started it.
func TestMenuEntryStartsAConversation(t *testing.T) {
	need(t, "gio")
	s, data := newScreen(t, "1280x800"), t.TempDir()
	text := filepath.Join(t.TempDir(), "notes.gguf")
	if err := os.WriteFile(text, []byte("no model at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	entry := menuEntry(t)
	cmd := exec.Command("gio", "launch", entry, text)
	said, err := os.Create(filepath.Join(t.TempDir(), "said")) // a file: a pipe would be waited for until the program ends
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	cmd.Stdout, cmd.Stderr = said, said
	launcher := launchBy(t, s, data, cmd)
	select {
	case <-launcher.ended:
	case <-time.After(patience):
		t.Fatal("gio launch does not end")
	}
	if launcher.err != nil {
		t.Fatalf("gio launch: %v", launcher.err)
	}
	l := &Loam{t: t, screen: s, data: data, out: new(tail), ended: make(chan struct{}), cmd: launcher.cmd}
	l.waitWindow()
	pid, err := strconv.Atoi(s.tool(t, "xdotool", "getwindowpid", l.window))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // it is no child of ours
		_ = syscall.Kill(pid, syscall.SIGKILL)
		until(t, "the program's end", func() bool { return !running(pid) })
	})
	h := history(t, data)
	s.shot(t, "menu-1-started")
	l.key("Escape") // the card about the file
	l.ask("What is a lighthouse?")
	m := l.growing(h, 40)
	s.shot(t, "menu-2-answering")
	l.key("Escape") // stops
	if m = l.endedReply(h, m.ID); len(m.Text) < 40 || m.Error != "" {
		t.Errorf("the reply is %v: %q %s", m.State, m.Text, m.Error)
	}
	h.intact()
}
