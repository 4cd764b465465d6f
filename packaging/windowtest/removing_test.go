//go:build window

package windowtest

import (
	"strings"
	"testing"

	"loam/backend"
)

// A conversation by commands alone: the last reply is removed, given back, and goes on as another version.
func TestAReplyIsRemovedGivenBackAndContinued(t *testing.T) {
	s, data := newScreen(t, "1280x800"), t.TempDir()
	l := start(t, s, data)
	h := history(t, data)
	do := func(command string) {
		t.Helper()
		l.key("ctrl+k")
		l.typeText(command)
		l.key("Return")
	}
	l.ask("Say hello in one short sentence.")
	l.until("an answer", func() bool { r, ok := h.reply(); return ok && r.Text != "" })
	r, _ := h.reply()
	whole := l.endedReply(h, r.ID)
	if whole.State != backend.MessageComplete {
		t.Fatalf("the reply is %v", whole.State)
	}
	shown := s.shot(t, "removing-1-answered")

	do("remove last reply")
	l.until("the question alone", func() bool { return len(h.messages()) == 1 })
	if gone := s.shot(t, "removing-2-removed"); changed(shown, gone) < 0.001 {
		t.Error("on screen nothing is removed")
	}
	do("undo removed")
	l.until("the reply to be back", func() bool { return len(h.messages()) == 2 })
	if back, _ := h.reply(); back.Text != whole.Text {
		t.Errorf("what came back is %q instead of %q", back.Text, whole.Text)
	}
	s.shot(t, "removing-3-back")

	do("continue last reply")
	var further backend.Message
	l.until("another version", func() bool {
		l.alive()
		ms := h.messages()
		further = ms[len(ms)-1]
		return further.ID != r.ID && len(further.Text) >= len(whole.Text) // the model may have nothing to add
	})
	if !strings.HasPrefix(further.Text, whole.Text) {
		t.Errorf("%q does not go on from %q", further.Text, whole.Text)
	}
	l.key("Escape", "Escape") // it may be a long one: out of the search, and stop
	l.endedReply(h, further.ID)
	s.shot(t, "removing-4-continued")
	if is := h.text(r.ID); is.Text != whole.Text || is.State != backend.MessageComplete {
		t.Errorf("the first version is %v, %q now", is.State, is.Text)
	}
	l.quit()
	h.intact()
}
