//go:build window

package windowtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend/attach/attachtest"
	"loam/backend/engine/enginetest"
)

// A question that has no word of the right page finds it, by a real embedding model that stands beside the chat model.
func TestPassagesAreFoundInOtherWords(t *testing.T) {
	for _, mode := range []string{"light", "dark"} {
		t.Run(mode, func(t *testing.T) {
			data, path := t.TempDir(), filepath.Join(t.TempDir(), "terms.pdf")
			pages := make([]string, 30)
			for i := range pages {
				pages[i] = fmt.Sprintf("Chapter %d. Opening hours of hall %d, where the ladders and the paint are kept.\n", i+1, i+1) +
					strings.Repeat("The shelves are dusted every Monday and the floor is swept.\n", 12)
			}
			pages[17] = "Refunds.\nWe reimburse customers within two weeks once goods are returned."
			if err := os.WriteFile(path, attachtest.PDF(pages...), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, stderr, code := command(t, data, "models", "add", enginetest.EmbeddingModel(t, "Q8_0")); code != 0 {
				t.Fatal(stderr)
			}
			look(t, data, mode, 1280, 800)
			s := newScreen(t, "1280x800")
			l := start(t, s, data)
			h := history(t, data)
			l.drop(path)
			l.until("the file in the draft", func() bool { l.alive(); return len(h.unsent()) == 1 })
			s.shot(t, "meaning-"+mode+"-1-reading")
			l.until("the vectors", func() bool {
				l.alive()
				list, _ := filepath.Glob(filepath.Join(data, "attachments", "*", "*.vectors"))
				return len(list) == 1
			})
			l.typeText("How do I get my money back?")
			before := s.shot(t, "meaning-"+mode+"-2-asked")
			l.key("Return")
			l.until("the passages", func() bool {
				l.alive()
				return changed(before, s.shot(t, "meaning-"+mode+"-3-passages")) > 0.2
			})
			l.key("Return")
			l.until("the message", func() bool { l.alive(); return len(h.messages()) == 2 })
			if p := h.messages()[0].Attachments[0].Passages; len(p) == 0 || !strings.Contains(places(p), "p. 18") {
				t.Errorf("the passages are %s", places(p))
			}
			r, _ := h.reply()
			l.until("an answer", func() bool { l.alive(); r, ok := h.reply(); return ok && r.Text != "" })
			l.key("Escape")
			l.endedReply(h, r.ID)
			s.shot(t, "meaning-"+mode+"-4-answered")
			h.intact()
		})
	}
}
