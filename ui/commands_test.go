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
	f.says("Nothing has “walrus”: no chat, message, file, picture or command.")
	f.fits("search in vain")
	f.mod(fyne.KeyF) // the list, which lies over a narrow window, gives way
	if f.focusedField().PlaceHolder != "Find in this chat" || strings.Contains(f.shownText(), "Nothing has") {
		t.Error("the list lies over what is searched")
	}
}

// All that menus offer for the open chat, its last reply and the list is a command, too.
func TestCommandsReachWhatMenusOffer(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	for query, want := range map[string]string{
		"attach fold": "Attach a folder", "export html": "Export: Web page (HTML)", "export all markd": "Export: Markdown",
		"archive this": "Archive", "regen": "Regenerate", "copy last": "Copy", "sort by na": "Sort by: Name", "import": "Import chats", "new folder": "Folder: New folder",
	} {
		f.mod(fyne.KeyK)
		f.write(query)
		f.says("Commands", want)
		f.press(fyne.KeyEscape)
	}
	f.mod(fyne.KeyK)
	f.write("pin on top")
	f.press(fyne.KeyReturn)
	if got, err := f.chats.Chat(t.Context(), c.ID); err != nil || !got.Shelf.Pinned {
		t.Errorf("%+v, %v", got.Shelf, err)
	}
}

func TestFilesAreFoundAndOpenedWhereTheWordsAre(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	file, err := f.chats.AttachText(t.Context(), c.ID, "coast.pdf", "The first page\fThe ferry leaves at eight")
	if err != nil {
		t.Fatal(err)
	}
	file.Kind, file.Pages = backend.AttachPDF, 2
	var found []pages.Found
	for i := range 7 {
		found = append(found, pages.Found{ChatID: c.ID, MessageID: 1, Title: c.Title, Snippet: fmt.Sprintf("The ferry %d", i), File: &file, Place: &backend.Passage{Start: 15, End: 40, Page: 2}})
	}
	f.files = found
	f.open(1280, 800)
	f.mod(fyne.KeyK)
	f.write("ferry")
	f.time.pass(time.Second)
	f.says("In files", "coast.pdf, p. 2", "The ferry 3", "3 more files")
	if s := f.shownText(); strings.Contains(s, "The ferry 4") {
		t.Errorf("all files are shown: %q", s)
	}
	row, ok := inWindow(f, func(r *widgets.ChoiceRow) bool { return r.Text() == "3 more files" })
	if !ok {
		t.Fatal("the others are not offered")
	}
	row.Tapped(nil)
	f.says("The ferry 6")
	f.press(fyne.KeyReturn)
	f.says("Found at p. 2. Enter goes to the next place.")
	f.draw("found in a file")
	if len(f.chats.ShownMessages) != 1 || f.chats.ShownMessages[0] != 1 {
		t.Error(f.chats.ShownMessages)
	}
}

// Arrows in the search choose what Enter opens, and what is typed still goes into it.
func TestArrowsInTheSearchChoose(t *testing.T) {
	f := fakes(t)
	for i := range 3 {
		f.chats.AddChat(backend.Chat{Title: fmt.Sprintf("River %d", i)})
	}
	f.open(1280, 800)
	f.mod(fyne.KeyK)
	f.write("colou")
	f.press(fyne.KeyDown)
	f.press(fyne.KeyDown)
	f.press(fyne.KeyDown) // the last one stays
	f.press(fyne.KeyUp)
	row, ok := inWindow(f, func(r *widgets.ChoiceRow) bool { return r.Current() })
	if !ok || row.Text() != "Dark colours" {
		t.Fatal("another row is marked", ok)
	}
	f.draw("picked command")
	f.press(fyne.KeyReturn)
	if f.UI.state.look.Mode != "dark" {
		t.Errorf("the colours are %q", f.UI.state.look.Mode)
	}
	f.mod(fyne.KeyK)
	f.write("rive")
	f.press(fyne.KeyDown)
	f.write("r")
	f.press(fyne.KeyDown)
	f.press(fyne.KeyDown)
	f.press(fyne.KeyReturn)
	c, err := f.chats.Chat(t.Context(), f.UI.chats.Current())
	if err != nil || c.Title != "River 0" {
		t.Error(c.Title, err)
	}
}
