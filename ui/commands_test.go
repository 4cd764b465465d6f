package ui

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/ui/pages"
	"loam/ui/widgets"
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

func TestManyNamesDoNotHideWhatElseIsFound(t *testing.T) {
	f := fakes(t)
	for i := range 40 {
		f.chats.AddChat(backend.Chat{Title: fmt.Sprintf("River %02d", i)})
	}
	f.open(1280, 800)
	f.mod(fyne.KeyK)
	f.write("river")
	f.says("River 39", "River 32", "32 more chats")
	if s := f.shownText(); strings.Contains(s, "River 31") {
		t.Errorf("all names are shown: %q", s)
	}
	f.draw("many names")
	row, ok := inWindow(f, func(r *widgets.ChoiceRow) bool { return r.Text() == "32 more chats" })
	if !ok {
		t.Fatal("the others are not offered")
	}
	row.Tapped(nil)
	f.says("River 39", "River 31")
	if got := f.focusedField().Text; got != "river" {
		t.Errorf("the search holds %q", got)
	}
}

// inWindow finds a row of the window itself.
func inWindow(f *fixture, is func(*widgets.ChoiceRow) bool) (found *widgets.ChoiceRow, ok bool) {
	each(f.root, func(o fyne.CanvasObject) {
		if r, isRow := o.(*widgets.ChoiceRow); isRow && is(r) {
			found, ok = r, true
		}
	})
	return found, ok
}

func TestASearchInVainSaysSoWhenItIsOver(t *testing.T) {
	f := fakes(t)
	f.conversation(backend.MessageComplete)
	f.open(720, 480)
	f.mod(fyne.KeyK)
	f.write("walrus")
	if strings.Contains(f.shownText(), "Nothing has") {
		t.Error("it is said before the search has ended")
	}
	f.time.pass(time.Second)
	f.says("Nothing has “walrus”: no chat, message, picture or command.")
	f.fits("search in vain")
	f.mod(fyne.KeyF) // the list, which lies over a narrow window, gives way
	if f.focusedField().PlaceHolder != "Find in this chat" || strings.Contains(f.shownText(), "Nothing has") {
		t.Error("the list lies over what is searched")
	}
}
