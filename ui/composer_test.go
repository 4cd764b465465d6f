package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"
	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func TestUpInAnEmptyComposerEditsTheLastMessage(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.press(fyne.KeyUp)
	if got := f.focusedField().Text; got != "Plan 3 days in Bergen" {
		t.Fatalf("the composer holds %q", got)
	}
	f.press(fyne.KeyUp) // within the text now
	f.write("!")
	f.press(fyne.KeyEscape)
	if got := f.focusedField().Text; got != "" {
		t.Errorf("after Esc the composer holds %q", got)
	}
	f.write("a draft")
	f.press(fyne.KeyUp) // it is not empty: the cursor moves
	if got := f.focusedField().Text; got != "a draft" {
		t.Errorf("with a draft the composer holds %q", got)
	}
	if len(f.chats.Stopped) > 0 {
		t.Error("leaving the edit stopped something")
	}
}

func TestUpInANewChatEditsNothing(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.press(fyne.KeyUp)
	f.write("first words")
	if got := f.focusedField().Text; got != "first words" {
		t.Errorf("the composer holds %q", got)
	}
}

// Esc gives up the innermost: the edit before the reply that is being written.
func TestEscLeavesTheEditBeforeItStops(t *testing.T) {
	f := fakes(t).open(1280, 800)
	f.write("Hello")
	f.press(fyne.KeyReturn)
	reply := f.path(f.sole().ID)[1]
	f.press(fyne.KeyUp)
	if got := f.focusedField().Text; got != "Hello" {
		t.Fatalf("the composer holds %q", got)
	}
	f.press(fyne.KeyEscape)
	if len(f.chats.Stopped) > 0 {
		t.Fatal("Esc stopped the reply while a message was being edited")
	}
	f.press(fyne.KeyEscape)
	if d := cmp.Diff([]int64{reply.ID}, f.chats.Stopped); d != "" {
		t.Error(d)
	}
}

func TestTheComposerGrowsToTwoFifths(t *testing.T) {
	for _, size := range []fyne.Size{{Width: 1280, Height: 800}, {Width: 720, Height: 480}} {
		f := fakes(t).open(size.Width, size.Height)
		field := f.focusedField()
		one := field.Size().Height
		f.press(fyne.KeyReturn) // nothing to send
		newLine := func() {
			field.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
			f.press(fyne.KeyReturn)
			field.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
		}
		newLine()
		newLine()
		if three := field.Size().Height; three <= one {
			t.Errorf("%v: three lines take %v, one takes %v", size, three, one)
		}
		for range 60 {
			newLine()
		}
		f.write("the end")
		most := field.Size().Height
		if most > size.Height*0.4+20 || most < size.Height*0.3 {
			t.Errorf("%v: 60 lines take %v", size, most)
		}
		if at := fyne.CurrentApp().Driver().AbsolutePositionForObject(field); at.Y+most > size.Height {
			t.Errorf("%v: the field ends at %v", size, at.Y+most)
		}
		field.SetText(strings.Repeat("word ", 2000)) // wraps
		if got := field.Size().Height; got != most {
			t.Errorf("%v: a text that wraps takes %v, not %v", size, got, most)
		}
		field.SetText("")
		if got := field.Size().Height; got != one {
			t.Errorf("%v: empty again it takes %v, not %v", size, got, one)
		}
	}
}

func TestARefusedSendKeepsTheText(t *testing.T) {
	f := fakes(t)
	c := f.conversation(backend.MessageComplete)
	f.open(1280, 800)
	f.UI.chats.Open(c.ID)
	f.chats.Refuse = backend.ErrBusy
	f.write("important")
	f.press(fyne.KeyReturn)
	if got := f.focusedField().Text; got != "important" {
		t.Fatalf("after a refusal the composer holds %q", got)
	}
	f.press(fyne.KeyEscape) // the notice
	field := f.focusedField()
	field.SetText("")
	f.press(fyne.KeyUp)
	f.write(" again")
	f.press(fyne.KeyReturn) // an edit is refused, too
	if got := f.focusedField().Text; got != "Plan 3 days in Bergen again" {
		t.Errorf("after a refused edit the composer holds %q", got)
	}
	f.chats.Refuse = nil
	f.press(fyne.KeyReturn)
	if got := f.focusedField().Text; got != "" {
		t.Errorf("after the edit the composer holds %q", got)
	}
	if path := f.path(c.ID); path[0].Text != "Plan 3 days in Bergen again" {
		t.Errorf("stored: %q", path[0].Text)
	}
}

// A click beside the field, but in its card, means the field.
func TestAClickIntoTheComposersCornerFocusesIt(t *testing.T) {
	f := fakes(t).open(1280, 800)
	field := f.focusedField()
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(field)
	f.window.Canvas().Unfocus()
	test.TapCanvas(f.window.Canvas(), fyne.NewPos(at.X+60, at.Y+field.Size().Height+24)) // left of the buttons
	if f.window.Canvas().Focused() != fyne.Focusable(field) {
		t.Errorf("the focus is on %T", f.window.Canvas().Focused())
	}
}
