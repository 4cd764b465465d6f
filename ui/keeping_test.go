package ui

import (
	"strings"
	"testing"

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
