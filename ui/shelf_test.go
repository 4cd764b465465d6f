package ui

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"loam/backend"
	"loam/ui/pages"
	"loam/ui/widgets"
)

// menuItem runs an item of a menu, found by the names on the way to it.
func menuItem(t *testing.T, items []*fyne.MenuItem, path ...string) {
	t.Helper()
	for i, name := range path {
		at := slices.IndexFunc(items, func(m *fyne.MenuItem) bool { return m.Label == name })
		if at < 0 {
			t.Fatalf("no item %q in the menu", name)
		}
		if i == len(path)-1 {
			items[at].Action()
			return
		}
		items = items[at].ChildMenu.Items
	}
}

func TestChatsArePinnedArchivedAndPutIntoFolders(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	list, err := f.chats.Chats(t.Context())
	if err != nil || len(list) < 4 {
		t.Fatal(list, err)
	}
	shelf := func(i int) backend.Shelf {
		ch, err := f.chats.Chat(t.Context(), list[i].ID)
		if err != nil {
			t.Fatal(err)
		}
		return ch.Shelf
	}
	menuItem(t, f.UI.chats.ChatMenu(list[0].ID), "Pin on top")
	menuItem(t, f.UI.chats.ChatMenu(list[1].ID), "Folder", "New folder…")
	f.focusedField().SetText("Work")
	f.press(fyne.KeyReturn)
	menuItem(t, f.UI.chats.ChatMenu(list[2].ID), "Folder", "Work")
	menuItem(t, f.UI.chats.ChatMenu(list[3].ID), "Tags…")
	f.focusedField().SetText("to do, #home, home")
	f.press(fyne.KeyReturn)
	if !shelf(0).Pinned || shelf(1).Folder != "Work" || shelf(2).Folder != "Work" || !slices.Equal(shelf(3).Tags, []string{"to do", "home"}) {
		t.Errorf("%+v, %+v, %+v, %+v", shelf(0), shelf(1), shelf(2), shelf(3))
	}
	f.says("Pinned", "Work (2)")
	for _, look := range []string{"light", "dark"} {
		f.UI.setLook(pages.Look{Mode: look, Scale: 1})
		f.fits("shelf-" + look)
		f.draw("shelf-" + look)
	}
	menuItem(t, f.UI.chats.ChatMenu(list[3].ID), "Archive")
	if !shelf(3).Archived {
		t.Error("it is not archived")
	}
	f.tap("Undo")
	if shelf(3).Archived || len(shelf(3).Tags) != 2 {
		t.Errorf("taken back: %+v", shelf(3))
	}

	menuItem(t, f.UI.chats.ListMenu(), "Select several")
	for _, i := range []int{0, 3} {
		test.Tap(f.chatRow(list[i].Title))
	}
	f.says("2 chats")
	f.draw("shelf-select")
	f.tapTip("Remove these chats")
	left, err := f.chats.Chats(t.Context())
	if err != nil || len(left) != len(list)-2 {
		t.Errorf("%d chats of %d are left, %v", len(left), len(list), err)
	}
	f.tap("Undo")
	if left, err = f.chats.Chats(t.Context()); err != nil || len(left) != len(list) {
		t.Errorf("%d chats are back, %v", len(left), err)
	}
}

// chatRow is the row of a chat in the list.
func (f *fixture) chatRow(title string) *widgets.ListRow {
	f.t.Helper()
	var found *widgets.ListRow
	within(f.root, func(o fyne.CanvasObject) bool {
		r, ok := o.(*widgets.ListRow)
		if ok && r.Text == title {
			found = r
		}
		return found != nil
	})
	if found == nil {
		f.t.Fatalf("no row %q", title)
	}
	return found
}

func TestSeveralChatsAreChosenByMouseAndKeys(t *testing.T) {
	f := fakes(t)
	for i := range 6 {
		f.chats.AddChat(backend.Chat{Title: fmt.Sprintf("Chat %d", i)})
	}
	f.open(1280, 800)
	click := func(title string, held fyne.KeyModifier) {
		r := f.chatRow(title)
		r.MouseDown(&desktop.MouseEvent{Button: desktop.MouseButtonPrimary, Modifier: held})
		r.MouseUp(nil)
		test.Tap(r)
	}
	click("Chat 5", 0)
	click("Chat 3", fyne.KeyModifierShift)
	f.says("3 chats") // from the open one on
	click("Chat 1", fyne.KeyModifierShortcutDefault)
	f.says("4 chats")
	click("Chat 4", 0)
	f.says("3 chats")
	f.press(fyne.KeyEscape)
	if strings.Contains(f.shownText(), "3 chats") {
		t.Error("Esc does not end it")
	}

	row := f.chatRow("Chat 4")
	f.window.Canvas().Focus(row)
	row.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	f.press(fyne.KeyDown)
	f.says("2 chats")
	if f.window.Canvas().Focused() != fyne.Focusable(f.chatRow("Chat 3")) {
		t.Error("the focus did not go along")
	}
	f.press(fyne.KeyDown)
	f.says("3 chats")
	f.press(fyne.KeySpace)
	f.says("2 chats")
	f.press(fyne.KeySpace)
	f.draw("shelf-choosing")
	f.press(fyne.KeyDelete)
	left, err := f.chats.Chats(t.Context())
	if err != nil || len(left) != 3 {
		t.Errorf("%d chats are left, %v", len(left), err)
	}

	// Without choosing, the arrows open one chat after the other and stay in the list.
	row = f.chatRow("Chat 5")
	f.window.Canvas().Focus(row)
	f.press(fyne.KeyDown)
	if ch, err := f.chats.Chat(t.Context(), f.UI.chats.Current()); err != nil || ch.Title != "Chat 1" {
		t.Errorf("%q is open, %v", ch.Title, err)
	}
	f.press(fyne.KeyDown)
	if ch, err := f.chats.Chat(t.Context(), f.UI.chats.Current()); err != nil || ch.Title != "Chat 0" {
		t.Errorf("%q is open, %v", ch.Title, err)
	}
}

func TestTheArchiveIsShownAfterALongList(t *testing.T) {
	f := fakes(t)
	for i := range 40 {
		f.chats.AddChat(backend.Chat{Title: fmt.Sprintf("Chat %d", i), Shelf: backend.Shelf{Archived: i == 7}})
	}
	f.open(1280, 800)
	menuItem(t, f.UI.chats.ListMenu(), "Show the archive")
	f.says("Chat 7", "The archive", "Back to the chats")
	if strings.Contains(f.shownText(), "Chat 39") {
		t.Error("other chats are shown too")
	}
	f.tap("Back to the chats")
	f.says("Chat 39")
}
