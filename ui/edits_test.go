package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend"
)

// Words that are being changed are kept like a draft: through another chat, and for another program.
func TestAnEditUnderWaySurvivesSwitchingAndRestart(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	other := f.chats.AddChat(backend.Chat{Title: "Another", Updated: noon})
	f.chats.AddMessage(backend.Message{ChatID: other.ID, Role: backend.RoleUser, Text: "Hello there"})
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.write("not sent")
	question := f.path(c.ID)[0]
	f.UI.chats.Edit(question.ID)
	f.focusedField().SetText("Plan 4 days in Bergen")
	f.time.pass(time.Second)
	if d, err := f.chats.Draft(t.Context(), c.ID); err != nil || d.Text != "not sent" || d.Editing != question.ID || d.Edited != "Plan 4 days in Bergen" {
		t.Errorf("stored: %+v, %v", d, err)
	}

	// The draft of one chat is not that of another.
	f.UI.chats.Open(other.ID)
	f.UI.chats.Edit(f.path(other.ID)[0].ID)
	f.press(fyne.KeyEscape)
	f.UI.chats.FocusComposer()
	if got := f.focusedField().Text; got != "" {
		t.Errorf("the other chat's composer holds %q", got)
	}

	f.UI.chats.Open(c.ID)
	f.UI.chats.FocusComposer()
	f.says("Editing a message: the old one and its replies are kept beside the new one.")
	if got := f.focusedField().Text; got != "Plan 4 days in Bergen" {
		t.Errorf("the composer holds %q", got)
	}
	f.press(fyne.KeyEscape)
	if got := f.focusedField().Text; got != "not sent" {
		t.Errorf("after the edit the composer holds %q", got)
	}
	f.time.pass(time.Second)
	if d, err := f.chats.Draft(t.Context(), c.ID); err != nil || d.Editing != 0 || d.Edited != "" || d.Text != "not sent" {
		t.Errorf("stored after the edit: %+v, %v", d, err)
	}
}
