package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/ui/widgets"
)

// asked is a window with a chat whose reply is run again.
func asked(t *testing.T, r chat.Repetition) (*fixture, backend.Chat) {
	t.Helper()
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.chats.Again = r
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.UI.chats.RunAgain(f.path(c.ID)[1].ID)
	return f, c
}

func TestARunThatIsIdenticalSaysSo(t *testing.T) {
	f, c := asked(t, chat.Repetition{Text: "Day 1.", Tokens: 214, Same: 214, Recorded: 214})
	f.says("Run again exactly", "Identical: all 214 tokens are the same.", "Day 1.")
	if strings.Contains(f.shownText(), "Keep as another version") {
		t.Error("what is the same can be kept")
	}
	f.press(fyne.KeyEscape)
	if f.float.open() || len(f.chats.Kept) > 0 || len(f.path(c.ID)) != 2 {
		t.Error("Esc does not close it, or the chat has changed")
	}
}

func TestARunThatIsCloseSaysWhyAndCanBeKept(t *testing.T) {
	f, _ := asked(t, chat.Repetition{Text: "Day one.", Tokens: 200, Same: 31, Recorded: 214, Changes: []chat.Change{
		{What: chat.ChangedBuild, Was: "b6100", Is: "b7200"}, {What: chat.ChangedDevice, Was: "CPU", Is: "Vulkan0"},
	}})
	f.says("Close: the first 31 of 214 tokens are the same.",
		"It is another build of the engine (b7200 instead of b6100); it runs on another device (Vulkan0 instead of CPU).")
	f.tapFloating("Keep as another version")
	if len(f.chats.Kept) != 1 || f.chats.Kept[0].Text != "Day one." || f.float.open() {
		t.Errorf("kept: %+v", f.chats.Kept)
	}
}

func TestARunIsStoppedByClosingItsCard(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.time.hold = true
	f.UI.chats.RunAgain(f.path(c.ID)[1].ID)
	f.says("Waiting for the model")
	f.press(fyne.KeyEscape)
	f.time.release() // it hears that it was cancelled
	if f.float.open() || len(f.words()) > 0 {
		t.Errorf("after Esc the window says %q", f.words())
	}
}

func TestARunThatIsRefusedSaysWhy(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.chats.Refuse = chat.ErrNoRecord
	f.UI.chats.RunAgain(f.path(c.ID)[1].ID)
	f.says("How this reply was written is not known")
	if f.float.open() {
		t.Error("the card is still open")
	}
}

// After an update under the open window no other model helps: the notice offers to close it.
func TestTheNoticeAfterAnUpdateOffersToClose(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.engineChanged(event.EngineChanged{State: event.EngineFailed, Error: "load Starter: " + engine.ErrOtherBuild.Error()})
	f.says("Loam was updated while it was running. Close it and start it again.", "Close Loam")
	if findButton(f.root, func(b *widgets.Button) bool { return b.Text == "Models" }) != nil {
		t.Error("it offers the models")
	}
}
