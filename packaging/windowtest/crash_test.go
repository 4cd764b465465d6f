//go:build window

package windowtest

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A fault of the program leaves a report without what was typed, and the next start offers it.
func TestACrashIsOfferedAtTheNextStart(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	l.typeText("a very private sentence")
	plain := s.shot(t, "crash-before")
	if err := l.cmd.Process.Signal(syscall.SIGABRT); err != nil { // what a failed assertion of native code does
		t.Fatal(err)
	}
	<-l.ended
	if l.cmd.ProcessState.Success() {
		t.Fatal("the program survived an abort")
	}

	l = start(t, s, data)
	var report string
	l.until("the report", func() bool {
		found, _ := filepath.Glob(filepath.Join(data, "logs", "crashes", "crash-*.new.txt"))
		if len(found) != 1 {
			return false
		}
		b, err := os.ReadFile(found[0])
		report = string(b)
		return err == nil
	})
	for _, want := range []string{"Cause: signal SIGABRT", "goroutine ", "main.window"} {
		if !strings.Contains(report, want) {
			t.Errorf("the report lacks %q:\n%s", want, report)
		}
	}
	for _, secret := range []string{"private", "sentence", data, filepath.Base(data), "home"} {
		if strings.Contains(report, secret) {
			t.Errorf("the report holds %q:\n%s", secret, report)
		}
	}
	l.until("the offer", func() bool { return changed(plain, s.shot(t, "crash-offered")) > 0.005 })
	l.key("Escape")
	l.until("the answer to be kept", func() bool {
		found, _ := filepath.Glob(filepath.Join(data, "logs", "crashes", "crash-*.new.txt"))
		return len(found) == 0
	})
	l.quit()
	if left, _ := filepath.Glob(filepath.Join(data, "logs", "crashes", "*.trace")); len(left) != 0 {
		t.Errorf("a good end leaves %q", left)
	}
}
