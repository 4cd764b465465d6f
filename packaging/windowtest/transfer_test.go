//go:build window

package windowtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Chats of another program come in by a card, one click after the file, and go out again by a command beside the window.
func TestChatsOfAnotherProgramComeInAndGoOut(t *testing.T) {
	s, data, dir := newScreen(t, "1280x800"), t.TempDir(), t.TempDir()
	path := filepath.Join(dir, "conversations.json")
	const words = "if a < b && c > d { say <b> }"
	chats := `[{"title":"Sea stones","create_time":1735689600,"current_node":"b","mapping":{` +
		`"a":{"message":{"author":{"role":"user"},"content":{"content_type":"text","parts":["Why?"]}}},` +
		`"b":{"parent":"a","message":{"author":{"role":"assistant"},"content":{"content_type":"text","parts":["` + words + `"]}}}}}]`
	if err := os.WriteFile(path, []byte(chats), 0o600); err != nil {
		t.Fatal(err)
	}
	l := start(t, s, data, path)
	h := history(t, data)
	s.shot(t, "transfer-1-card")
	if n := len(h.messages()); n != 0 {
		t.Fatalf("%d messages came in before anybody agreed", n)
	}
	l.clickPrimary("Import 1 chat")
	l.until("the chat to come in", func() bool { return len(h.messages()) == 2 })
	l.clickPrimary("Open it")
	s.shot(t, "transfer-2-open")
	out, stderr, code := command(t, data, "export", "--format", "html", "Sea stones")
	if code != 0 || !strings.Contains(out, "if a &lt; b &amp;&amp; c &gt; d { say &lt;b&gt; }") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	if out, stderr, code = command(t, data, "import", path); code != 0 || !strings.Contains(out, "already here") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	l.alive()
	l.quit()
	h.intact()
}
