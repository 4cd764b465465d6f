package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/ui/pages"
)

func TestSearchRunsCommands(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.mod(fyne.KeyK)
	f.write("pict")
	f.says("Commands", "Pictures")
	f.draw("commands")
	f.press(fyne.KeyReturn)
	if f.UI.page != pages.PagePictures {
		t.Errorf("the page is %s", f.UI.page)
	}
	f.mod(fyne.KeyK)
	f.write("dark col")
	f.press(fyne.KeyReturn)
	if f.UI.state.look.Mode != "dark" {
		t.Errorf("the colours are %q", f.UI.state.look.Mode)
	}
	f.mod(fyne.KeyK)
	f.write("trip to")
	f.press(fyne.KeyReturn) // a chat comes before commands
	if f.UI.chats.Current() != c.ID {
		t.Errorf("chat %d is open", f.UI.chats.Current())
	}
}
