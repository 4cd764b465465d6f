package ui

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend/studio"
	"loam/ui/pages"
)

func TestPicturesAreFoundByTheSearch(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	for _, prompt := range []string{"a lighthouse at dusk", "a red fox", "a lighthouse in fog", "a lamp", "the lighthouse keeper", "an old lighthouse", "lighthouse stairs"} {
		jobs, err := f.studio.Enqueue(t.Context(), studio.Request{Prompt: prompt, Width: 512, Height: 512, Steps: 4}, 1)
		if err != nil {
			t.Fatal(err)
		}
		f.studio.Begin(jobs[0].ID)
		f.finish(jobs[0].ID)
	}
	f.mod(fyne.KeyK)
	f.write("lighthouse")
	f.time.pass(time.Second)
	f.says("Pictures", "lighthouse stairs", "an old lighthouse", "the lighthouse keeper", "a lighthouse in fog", "All with these words")
	if s := f.shownText(); strings.Contains(s, "a red fox") || strings.Contains(s, "a lighthouse at dusk") {
		t.Errorf("too much is shown: %q", s)
	}
	f.draw("picture search")

	// The first one opens large; what the arrows walk in, and what lies behind it, are the pictures that were found.
	f.press(fyne.KeyReturn)
	if f.UI.page != pages.PagePictures {
		t.Fatalf("the page is %s", f.UI.page)
	}
	f.says("Vary", "lighthouse stairs")
	f.press(fyne.KeyRight)
	f.says("Vary", "an old lighthouse")
	f.press(fyne.KeyEscape)
	f.says("5 pictures")

	// Words that no prompt has say so; without words all of them are there again.
	f.mod(fyne.KeyF)
	if p := f.focusedField().PlaceHolder; p != "Search prompts" {
		t.Fatalf("the focus is on %q", p)
	}
	f.write("walrus")
	f.time.pass(time.Second)
	f.says("No pictures", "No prompt has “walrus”.")
	f.draw("no picture found")
	f.press(fyne.KeyEscape)
	f.time.pass(time.Second)
	f.says("All pictures")
	f.press(fyne.KeyEscape)
	if s := f.shownText(); strings.Contains(s, "All pictures\nSearch") || !strings.Contains(s, "Draw") {
		t.Errorf("Esc does not lead back: %q", s)
	}
}
