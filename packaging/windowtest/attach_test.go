//go:build window

package windowtest

import (
	"context"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/attach/attachtest"
)

// ferries is a document that does not fit the starter: one page of many knows when the ferry leaves.
func ferries() []byte {
	pages := make([]string, 60)
	for i := range pages {
		pages[i] = fmt.Sprintf("Chapter %d is about the weather of week %d.\n", i+1, i+1) + strings.Repeat("Rain fell on the town and the people stayed at home.\n", 14)
	}
	pages[30] += "The ferry to Bergen leaves at eight in the morning."
	return attachtest.PDF(pages...)
}

// clipboard puts a text on the clipboard of the screen until the test ends.
func (s Screen) clipboard(t testing.TB, text string) {
	t.Helper()
	need(t, "xclip")
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, "xclip", "-selection", "clipboard", "-quiet")
	cmd.Env, cmd.Stdin = s.env(), strings.NewReader(text)
	if err := cmd.Start(); err != nil {
		cancel()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cancel()
		_ = cmd.Wait()
	})
	until(t, "the clipboard", func() bool {
		out, err := s.try("xclip", "-selection", "clipboard", "-o")
		return err == nil && len(out) >= len(strings.TrimSpace(text))
	})
}

// unsent are the files of the chat that is not stored yet.
func (h History) unsent() (list []backend.Attachment) {
	h.t.Helper()
	if _, err := h.s.Setting(h.t.Context(), "window.draft.files", &list); err != nil {
		h.t.Fatal(err)
	}
	return list
}

// Files are dropped and pasted, survive a kill, are sent by passages that were seen, and a source opens at its place.
func TestFilesGoFromADropToASource(t *testing.T) {
	for _, x := range []struct {
		mode          string
		width, height int
	}{{"light", 1280, 800}, {"dark", 720, 480}} {
		t.Run(fmt.Sprintf("%s-%d", x.mode, x.width), func(t *testing.T) {
			data, dir := t.TempDir(), t.TempDir()
			notes, long := filepath.Join(dir, "notes.txt"), filepath.Join(dir, "ferries.pdf")
			for path, b := range map[string][]byte{notes: []byte("The key is under the pot."), long: ferries()} {
				if err := os.WriteFile(path, b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			look(t, data, x.mode, x.width, x.height)
			s := newScreen(t, fmt.Sprintf("%dx%d", x.width, x.height))
			l := start(t, s, data)
			h := history(t, data)
			shot := func(name string) image.Image { return s.shot(t, fmt.Sprintf("attach-%s-%d-%s", x.mode, x.width, name)) }

			l.drop(notes, long)
			s.clipboard(t, strings.Repeat("----------------", 260))
			l.until("the dropped files in the draft", func() bool { l.alive(); return len(h.unsent()) == 2 })
			l.key("ctrl+v")
			l.until("the pasted text in the draft", func() bool { l.alive(); return len(h.unsent()) == 3 })
			shot("1-chips")
			l.kill()
			l = start(t, s, data)
			shot("2-after-kill")

			l.typeText("When does the ferry to Bergen leave?")
			before := shot("3-asked")
			l.key("Return")
			l.until("the passages", func() bool { l.alive(); return changed(before, shot("4-passages")) > 0.2 })
			if n := len(h.messages()); n != 0 {
				t.Fatalf("%d messages were sent before the passages were seen", n)
			}
			l.key("Return")
			l.until("the message", func() bool { l.alive(); return len(h.messages()) == 2 })
			asked := h.messages()[0]
			var names []string
			for _, a := range asked.Attachments {
				names = append(names, fmt.Sprintf("%s %v", a.Name, a.Partly))
			}
			if got := strings.Join(names, ", "); got != "notes.txt false, ferries.pdf true, Pasted text false" && got != "notes.txt false, ferries.pdf true, Pasted text true" {
				t.Errorf("sent with %s", got)
			}
			if p := asked.Attachments[1].Passages; len(p) == 0 || !strings.Contains(places(p), "p. 31") {
				t.Errorf("the passages are %s", places(p))
			}
			l.until("an answer", func() bool { l.alive(); r, ok := h.reply(); return ok && r.Text != "" })
			r, _ := h.reply()
			l.key("Escape")
			l.endedReply(h, r.ID)
			time.Sleep(500 * time.Millisecond) // the actions appear
			answered := shot("5-answered")

			// The first source stands under the answer, at the left edge of the column.
			left := 460
			if x.width < 900 {
				left = 110
			}
			opened := false
			for y := 100; y < x.height-150 && !opened; y += 11 {
				l.click(left, y)
				opened = changed(answered, shot("6-source")) > 0.2
			}
			if !opened {
				t.Error("no source could be opened")
			}
			time.Sleep(400 * time.Millisecond)
			shot("7-passage")
			l.key("Escape")
			h.intact()
		})
	}
}

func places(list []backend.Passage) string {
	var out []string
	for _, p := range list {
		out = append(out, p.Place())
	}
	return strings.Join(out, ", ")
}
