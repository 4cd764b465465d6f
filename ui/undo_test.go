package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"loam/ui/widgets"
)

func TestWhatCanBeUndoneIsACommand(t *testing.T) {
	f := fakes(t)
	f.open(1280, 800)
	undone := ""
	for _, name := range []string{"first", "second"} {
		host{f.UI}.Undone(widgets.Undo{Text: "Removed the " + name + " thing.", Undo: func() { undone += name }})
	}
	f.mod(fyne.KeyK)
	f.write("undo")
	f.says("Commands", "Removed the first thing.", "Removed the second thing.")
	f.press(fyne.KeyReturn) // the newest
	if undone != "second" {
		t.Errorf("%q is undone", undone)
	}
	f.mod(fyne.KeyK)
	f.write("undo first")
	f.press(fyne.KeyReturn)
	if undone != "secondfirst" {
		t.Errorf("%q is undone", undone)
	}
	if n := len(f.UI.notices.undoing()); n != 0 {
		t.Errorf("%d things can still be undone", n)
	}
}
