//go:build window

package windowtest

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loam/backend"
)

// A conversation from its first key to its export: what was said before is found by the search and copied across messages
// with its code byte by byte; the program is killed in the middle of an answer, which goes on after the next start and is stopped; the
// question is answered once more and edited; and all of it comes out of the export.
func TestAConversationByHand(t *testing.T) {
	s, data, dir := newScreen(t, "1280x800"), t.TempDir(), t.TempDir()
	const code = "func main() {\n\tfmt.Println(\"a < b && c > d\")  // two  spaces\n}\n"
	path := filepath.Join(dir, "old.jsonl")
	text := strings.NewReplacer("\n", `\n`, "\t", `\t`, `"`, `\"`).Replace("Here it is:\n\n```go\n" + code + "```\n\nThat is **all**.")
	lines := `{"loam":"chats","version":1}` + "\n" + `{"type":"chat","title":"Sea stones","messages":2,"leaf":2}` + "\n" +
		`{"type":"message","id":1,"role":"user","text":"Show me the periwinkle program."}` + "\n" +
		`{"type":"message","id":2,"parent":1,"role":"assistant","text":"` + text + `"}` + "\n" + `{"type":"end","chats":1,"messages":2}` + "\n"
	if err := os.WriteFile(path, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, stderr, status := command(t, data, "import", path); status != 0 {
		t.Fatal(status, out, stderr)
	}
	l := start(t, s, data)
	h := history(t, data)

	// Search, open, select all of it, copy, paste.
	l.key("ctrl+k")
	l.typeText("Sea sto")
	l.key("Return")
	s.shot(t, "byhand-1-found")
	old := h.messages()[0].ChatID
	l.click(800, 560) // the transcript, under the words
	l.key("ctrl+a", "ctrl+c")
	l.click(600, 675) // the composer
	l.key("ctrl+v")
	l.until("the copied text as a draft", func() bool {
		l.alive()
		d, err := h.s.Draft(t.Context(), old)
		return err == nil && strings.Contains(d.Text, code) && strings.Contains(d.Text, "periwinkle") && strings.Contains(d.Text, "That is")
	})
	s.shot(t, "byhand-2-pasted")
	l.key("ctrl+a", "BackSpace")

	// Ask; killed in mid-answer, and on; stop.
	l.key("ctrl+n")
	l.ask(question)
	var first backend.Message
	l.until("a growing answer", func() bool {
		l.alive()
		first, _ = h.reply()
		return first.ChatID != old && first.State == backend.MessageRunning && len(first.Text) > 40
	})
	l.kill()
	before := h.text(first.ID)
	l = start(t, s, data)
	l.until("the reply to be offered", func() bool { return h.text(first.ID).State == backend.MessageInterrupted })
	s.shot(t, "byhand-3-interrupted")
	l.key("Return") // Resume has the focus
	l.until("more words", func() bool { l.alive(); return len(h.text(first.ID).Text) > len(before.Text) })
	first = l.stopped(h, first.ID)
	prefix(t, before.Text, first.Text)

	// A branch: the same question answered once more.
	l.click(800, 450)
	l.key("Menu")
	l.key("Down", "Down", "Return") // Copy, Regenerate
	var second backend.Message
	l.until("another version", func() bool {
		l.alive()
		second, _ = h.reply()
		return second.ID > first.ID && second.Parent == first.Parent && second.Text != ""
	})
	s.shot(t, "byhand-4-branched")
	second = l.stopped(h, second.ID)

	// Edit what was asked.
	l.click(600, 675)
	l.key("Up")
	l.typeText(" In verse.")
	l.key("Return")
	l.until("the edited question", func() bool {
		l.alive()
		return slices.ContainsFunc(h.messages(), func(m backend.Message) bool {
			return m.Role == backend.RoleUser && strings.HasSuffix(m.Text, " In verse.") && m.Siblings == 2
		})
	})
	var third backend.Message
	l.until("an answer to it", func() bool {
		l.alive()
		third, _ = h.reply()
		return third.ID > second.ID && third.Text != ""
	})
	l.stopped(h, third.ID)
	s.shot(t, "byhand-5-edited")
	for _, m := range []backend.Message{first, second} {
		if got := h.text(m.ID); got.Text != m.Text {
			t.Errorf("an earlier answer changed:\n%q\n%q", m.Text, got.Text)
		}
	}

	out, stderr, status := command(t, data, "export", "--all", "--format", "jsonl", "-o", filepath.Join(dir, "all.jsonl"))
	if status != 0 {
		t.Fatal(status, out, stderr)
	}
	exported, err := os.ReadFile(filepath.Join(dir, "all.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"periwinkle", `fmt.Println(\"a < b && c > d\")  // two  spaces`, "In verse."} {
		if !strings.Contains(string(exported), want) {
			t.Errorf("the export lacks %q", want)
		}
	}
	l.quit()
	h.intact()
}

// stopped presses Esc until a reply ends: the window may hear of a reply a little later than the database.
func (l *Loam) stopped(h History, id int64) (m backend.Message) {
	l.t.Helper()
	l.until("the reply to stop", func() bool {
		l.alive()
		if m = h.text(id); m.State != backend.MessageRunning {
			return true
		}
		l.key("Escape")
		return false
	})
	return m
}
