package ui

import (
	"strings"
	"testing"

	"loam/backend"
	"loam/ui/pages"
)

func TestSettingsSayWhatIsKeptOfChatsAndDeleteIt(t *testing.T) {
	f := fakes(t)
	f.system.Contexts, f.system.Removed = 2, 1
	f.open(1280, 800)
	f.show(pages.PageSettings)
	for _, want := range []string{"Now 188 MB of 2 chats.", "1 removed chat, deleted 30 days after the removal."} {
		if !strings.Contains(f.shownText(), want) {
			t.Errorf("%q is not shown", want)
		}
	}
	f.tap("Clear")
	f.tap("Delete for good")
	for _, want := range []string{"Nothing is kept now.", "It is empty."} {
		if !strings.Contains(f.shownText(), want) {
			t.Errorf("%q is not shown", want)
		}
	}
}

// What was removed is found again long after its Undo has left.
func TestTheTrashGivesBackWhatIsInIt(t *testing.T) {
	f := fakes(t)
	a, b := f.chats.AddChat(backend.Chat{Title: "Trip to Norway", Updated: noon}), f.chats.AddChat(backend.Chat{Title: "Taxes", Updated: noon})
	f.open(1280, 800)
	if err := f.chats.Trash(t.Context(), a.ID, b.ID); err != nil {
		t.Fatal(err)
	}
	f.system.Removed = 2
	f.show(pages.PageSettings)
	f.tap("Show")
	f.fits("trash")
	for _, want := range []string{"Trip to Norway", "Taxes", "Removed on "} {
		if !strings.Contains(f.floatingText(), want) {
			t.Errorf("%q is not listed", want)
		}
	}
	f.tapFloating("Restore")
	left, err := f.chats.Trashed(t.Context())
	if err != nil || len(left) != 1 {
		t.Fatalf("%d chats are left in the trash, %v", len(left), err)
	}
	f.tapFloating("Restore")
	if left, err := f.chats.Trashed(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("%d chats are left in the trash, %v", len(left), err)
	}
	f.says("is back among the chats.")
}
