//go:build window

package windowtest

import (
	"slices"
	"testing"

	"loam/backend"
)

// A thumb and an edit without the mouse but for the focus: the menu of the last reply, and Up where nothing is written.
func TestAReplyIsRatedAndAMessageEditedByKeyboard(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	l.ask("Say hello.")
	l.until("an answer", func() bool { r, ok := h.reply(); return ok && r.Text != "" })
	r, _ := h.reply()
	l.key("Escape") // it may be a long one
	r = l.endedReply(h, r.ID)

	l.click(800, 450) // the transcript
	before := s.shot(t, "talk-1-answered")
	l.key("Menu")
	l.until("the menu of the reply", func() bool { l.alive(); return changed(before, s.shot(t, "talk-2-menu")) > 0.01 })
	l.key("Down", "Down", "Down", "Down", "Return") // Copy, Regenerate, Edit, Good reply
	l.until("a thumb", func() bool { l.alive(); return h.text(r.ID).Rating == backend.ThumbsUp })
	if changed(before, s.shot(t, "talk-3-rated")) == 0 {
		t.Error("the thumb is not seen")
	}

	l.click(600, 675) // the composer
	l.key("Up")
	l.typeText(" Briefly.")
	s.shot(t, "talk-4-edited")
	l.key("Return")
	l.until("the edited message", func() bool {
		l.alive()
		return slices.ContainsFunc(h.messages(), func(m backend.Message) bool { return m.Text == "Say hello. Briefly." && m.Siblings == 2 })
	})
	l.key("Escape")
	if m := h.text(r.ID); m.Rating != backend.ThumbsUp || m.Text != r.Text {
		t.Errorf("the rated reply is %+v", m)
	}
	h.intact()
}
