//go:build window

package windowtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/store"
)

// The list of chats by keyboard alone: Tab leads to it, Shift and the arrows choose several, their menu archives them all at
// once, a command shows the archive, and they come back out of it.
func TestTheShelfByHand(t *testing.T) {
	s, data, dir := newScreen(t, "1280x800"), t.TempDir(), t.TempDir()
	const chats = 40
	var lines strings.Builder
	lines.WriteString(`{"loam":"chats","version":1}` + "\n")
	for i := range chats {
		fmt.Fprintf(&lines, `{"type":"chat","title":"Stone %d","messages":1,"leaf":1}`+"\n"+`{"type":"message","id":1,"role":"user","text":"Pebble %d."}`+"\n", i, i)
	}
	fmt.Fprintf(&lines, `{"type":"end","chats":%d,"messages":%d}`+"\n", chats, chats)
	path := filepath.Join(dir, "stones.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, stderr, status := command(t, data, "import", path); status != 0 {
		t.Fatal(status, out, stderr)
	}
	l := start(t, s, data)
	h := history(t, data)
	archived := func(want int) func() bool {
		return func() bool {
			l.alive()
			list, err := h.s.Chats(t.Context(), store.ChatQuery{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, c := range list {
				if c.Shelf.Archived {
					n++
				}
			}
			return n == want
		}
	}
	l.key("ctrl+k", "Tab", "Tab", "Tab", "shift+Down", "shift+Down")
	s.shot(t, "shelf-1-chosen")
	l.key("Menu", "Up", "Return") // the last of the menu is Archive
	l.until("three archived chats", archived(3))
	s.shot(t, "shelf-2-archived")
	l.key("ctrl+k")
	l.typeText("show the arch")
	l.key("Return")
	s.shot(t, "shelf-3-archive")
	l.key("ctrl+k", "Tab", "Tab", "Tab", "ctrl+a", "Menu", "Up", "Return")
	l.until("no archived chat", archived(0))
	s.shot(t, "shelf-4-back")
	l.quit()
	h.intact()
}
