package ui

import (
	"testing"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend/event"
	"loam/ui/pages"
)

// drawing is a window with two pictures in its queue.
func drawing(t *testing.T) *fixture {
	f := fakes(t).open(720, 480)
	f.installPictures()
	f.show(pages.PagePictures)
	f.write("a lighthouse")
	f.pictures.Draw()
	f.pictures.Draw()
	if n := len(f.studio.Queue()); n != 2 {
		t.Fatalf("%d pictures wait", n)
	}
	f.studio.Begin(f.studio.Queue()[0])
	return f
}

func TestClosingAsksOnceWhilePicturesWait(t *testing.T) {
	f := drawing(t)
	f.closeWindow()
	f.says("2 pictures are not finished.", "Finish in the background", "Stop")
	f.fits("leaving")
	f.draw("leaving")
	f.press(fyne.KeyEscape)
	if f.float.open() || f.closed {
		t.Fatal("Esc does not stay")
	}
	f.closeWindow()
	f.UI.Close() // what Stop does
	if !f.closed {
		t.Error("the window does not close")
	}
}

func TestPicturesAreFinishedInTheBackgroundAndTheProgramEnds(t *testing.T) {
	f := drawing(t)
	f.finishInBackground()
	f.time.pass(5 * time.Second)
	if f.closed {
		t.Fatal("the program ended although pictures wait")
	}
	f.handle(event.FilesHanded{}) // another start brings the window back
	for _, id := range f.studio.Queue() {
		f.finish(id)
	}
	f.time.pass(5 * time.Second)
	if f.closed {
		t.Fatal("the program ended although its window was brought back")
	}
	f.finishInBackground()
	f.time.pass(5 * time.Second)
	if !f.closed {
		t.Error("the program goes on without window and work")
	}
}

func TestClosingWithoutPicturesAsksNothing(t *testing.T) {
	f := fakes(t).open(720, 480)
	f.closeWindow()
	if !f.closed {
		t.Error("the window does not close")
	}
}
