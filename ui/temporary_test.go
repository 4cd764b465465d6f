package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
)

func TestATemporaryChatIsMarkedAndNothingOfItIsStored(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("half a thought")
	f.tapTip("Temporary chat (Ctrl+Shift+N)")
	c := f.sole()
	if !backend.IsTemporary(c.ID) {
		t.Fatal("the chat is a normal one")
	}
	if got := f.focusedField(); got.Text != "half a thought" || got.PlaceHolder != "Message, not stored" {
		t.Errorf("the composer holds %q under %q", got.Text, got.PlaceHolder)
	}
	for _, want := range []string{"Temporary", "Temporary, gone when Loam closes", "Temporary chat: nothing of it is stored or searched, and a crash ends it too."} {
		if !strings.Contains(f.shownText(), want) {
			t.Errorf("%q is not shown", want)
		}
	}
	var draft string
	if _, err := f.system.Setting(t.Context(), "window.draft", &draft); err != nil || draft != "" {
		t.Errorf("the draft %q is stored: %v", draft, err)
	}
	var was struct{ Chat int64 }
	f.UI.storeState()
	if _, err := f.system.Setting(t.Context(), stateKey, &was); err != nil || was.Chat != 0 {
		t.Errorf("chat %d would be opened at the next start: %v", was.Chat, err)
	}

	f.press(fyne.KeyReturn)
	reply := f.path(c.ID)[1]
	f.chats.Finish(reply.ID, backend.MessageComplete, "Well said.")
	f.write("and the rest")
	f.tap("Keep")
	kept := f.sole()
	if backend.IsTemporary(kept.ID) || len(f.path(kept.ID)) != 2 {
		t.Fatalf("kept as %d with %d messages", kept.ID, len(f.path(kept.ID)))
	}
	if words := f.shownText(); strings.Contains(words, "Temporary") || !strings.Contains(words, "Today") {
		t.Error("it is still marked")
	}
}

func TestAnEmptyTemporaryChatGoesWhenItIsLeft(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.UI.chats.NewTemporary()
	f.UI.chats.NewTemporary()
	f.sole() // and no second one
	f.UI.chats.NewChat(0)
	if list, err := f.chats.Chats(t.Context()); err != nil || len(list) != 0 {
		t.Error(list, err)
	}
	f.UI.chats.NewTemporary()
	f.write("a draft")
	f.UI.chats.NewChat(0)
	f.sole() // it has a draft
}
