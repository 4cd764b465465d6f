package ui

import (
	"slices"
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
)

// offers says whether the menu of a message has an entry.
func (f *fixture) offers(id int64, name string) bool {
	return slices.ContainsFunc(f.UI.chats.MessageMenu(id), func(m *fyne.MenuItem) bool { return m.Label == name })
}

// longer stores a chat of two questions with their answers.
func (f *fixture) longer() []backend.Message {
	f.t.Helper()
	c := f.conversation(backend.MessageComplete)
	f.chats.AddMessage(backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: "And the weather?"})
	f.chats.AddMessage(backend.Message{ChatID: c.ID, Role: backend.RoleAssistant, Text: "It rains.", ModelName: "SmolLM2 135M Instruct"})
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	return f.path(c.ID)
}

func TestARemovedMessageComesBackByUndo(t *testing.T) {
	f := fakes(t)
	path := f.longer()
	menuItem(t, f.UI.chats.MessageMenu(path[1].ID), "Remove")
	f.says("Removed a reply and 2 messages after it. The trash keeps that for 30 days.")
	if n := len(f.path(path[0].ChatID)); n != 1 {
		t.Errorf("%d messages are shown", n)
	}
	if !f.offers(path[0].ID, "Regenerate") {
		t.Error("a question without a reply cannot be answered")
	}
	f.tap("Undo")
	if n := len(f.path(path[0].ChatID)); n != 4 {
		t.Errorf("%d messages are shown after Undo", n)
	}
	f.says("It rains.")
}

func TestAChatGoesOnFromAnEarlierReply(t *testing.T) {
	f := fakes(t)
	path := f.longer()
	if f.offers(path[3].ID, "Branch from here") || f.offers(path[2].ID, "Branch from here") {
		t.Error("the last reply, or a question, can be branched from")
	}
	menuItem(t, f.UI.chats.MessageMenu(path[1].ID), "Branch from here")
	if n := len(f.path(path[0].ChatID)); n != 2 {
		t.Errorf("%d messages are shown", n)
	}
	const line = "The chat goes on from here with your next message. What came after is kept beside it."
	f.says(line)
	if got := f.focusedField(); got == nil {
		t.Error("the composer does not have the focus")
	}
	f.UI.chats.ShowLater()
	f.says("It rains.")
	if n := len(f.path(path[0].ChatID)); n != 4 {
		t.Errorf("%d messages are shown again", n)
	}
}

func TestAWholeReplyIsContinuedAsAnotherVersion(t *testing.T) {
	f := fakes(t)
	path := f.longer()
	menuItem(t, f.UI.chats.MessageMenu(path[3].ID), "Continue")
	f.says("It rains. And more.")
	f.chats.Refuse = backend.ErrDiskFull
	menuItem(t, f.UI.chats.MessageMenu(path[3].ID), "Remove")
	f.says("The disk is full")
}
