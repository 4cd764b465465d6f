//go:build window

package windowtest

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/store"
)

// filesWith lists the files below a folder in which a word stands.
func filesWith(t *testing.T, dir, word string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(bytes.ToLower(b), []byte(word)) {
			list = append(list, filepath.Base(path))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// A temporary chat is on the screen and nowhere else, also after a kill.
func TestATemporaryChatIsGoneAfterAKill(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask("Say periwinkle.")
	l.until("an answer", func() bool { r, ok := h.reply(); return ok && r.Text != "" })
	r, _ := h.reply()
	l.key("Escape")
	l.endedReply(h, r.ID)

	normal := s.shot(t, "temporary-before")
	l.key("ctrl+shift+n")
	l.until("the temporary chat", func() bool { return changed(normal, s.shot(t, "temporary-empty")) > 0.01 })
	l.ask("Tell me about the zebrafinch and its marmalade.")
	asked := s.shot(t, "temporary-asked")
	l.until("an answer on the screen", func() bool { return changed(asked, s.shot(t, "temporary-answered")) > 0.004 })
	l.key("Escape")
	l.typeText("and the bumblebee")
	time.Sleep(2 * time.Second) // longer than a draft waits until it is stored
	s.shot(t, "temporary-draft")
	if list := filesWith(t, data, "periwinkle"); len(list) == 0 || !strings.HasPrefix(list[0], "loam.db") {
		t.Errorf("the normal chat stands in %q", list)
	}
	for _, when := range []string{"while it runs", "after the kill", "after the next start"} {
		switch when {
		case "after the kill":
			l.kill()
		case "after the next start":
			l = start(t, s, data)
		}
		for _, word := range []string{"zebrafinch", "marmalade", "bumblebee"} {
			if list := filesWith(t, data, word); len(list) != 0 {
				t.Errorf("%s, %q stands in %q", when, word, list)
			}
		}
	}
}

// A chat that is opened again after the program has ended is not read again: its context was kept.
func TestAChatGoesOnAtOnceAfterARestart(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask(question)
	m := l.growing(h, 400)
	l.key("Escape")
	l.endedReply(h, m.ID)
	l.until("the model's hash", func() bool {
		list, err := h.s.Models(t.Context(), store.ModelQuery{})
		return err == nil && slices.ContainsFunc(list, func(x backend.Model) bool { return x.ID == m.ModelID && x.SHA256 != "" })
	})
	l.until("the context on disk", func() bool { // saved when nothing was asked for a while
		kept, _ := filepath.Glob(filepath.Join(data, "cache", "kv", "*.kv"))
		return len(kept) == 1
	})
	l.quit()
	l = start(t, s, data)
	l.click(760, 720) // the stopped reply has the focus, on Resume
	l.ask("Go on.")
	var next int64
	l.until("another answer", func() bool {
		r, ok := h.reply()
		next = r.ID
		return ok && r.ID != m.ID && r.Text != ""
	})
	l.key("Escape")
	u := l.endedReply(h, next).Usage
	if read := u.PromptTokens - u.ReusedTokens; u.PromptTokens < 100 || read > 40 {
		t.Errorf("%d of %d tokens were read again", read, u.PromptTokens)
	}
	t.Logf("%d of %d tokens were read again", u.PromptTokens-u.ReusedTokens, u.PromptTokens)
	l.quit()
}
