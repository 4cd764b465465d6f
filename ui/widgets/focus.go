package widgets

import "fyne.io/fyne/v2"

// focus is the base of a control that the keyboard reaches and that takes no text.
type focus struct {
	base
	focused bool
}

// FocusGained implements fyne.Focusable.
func (f *focus) FocusGained() { f.focused = true; f.Refresh() }

// FocusLost implements fyne.Focusable.
func (f *focus) FocusLost() { f.focused = false; f.Refresh() }

// TypedRune implements fyne.Focusable.
func (f *focus) TypedRune(rune) {}

// pressable is a control that is pressed.
type pressable interface {
	fyne.CanvasObject
	fyne.Tappable
}

// pressKey presses a control by Space and Enter; what it has no use for goes to the window.
func pressKey(o pressable, e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		o.Tapped(nil)
	default:
		passKey(o, e)
	}
}

// rowKey is pressKey for one of several controls that stand below each other: the arrows lead from one to the next.
func rowKey(o pressable, e *fyne.KeyEvent) {
	c := canvasOf(o)
	switch {
	case e.Name == fyne.KeyDown && c != nil:
		c.FocusNext()
	case e.Name == fyne.KeyUp && c != nil:
		c.FocusPrevious()
	default:
		pressKey(o, e)
	}
}

// passKey hands a key that a control has no use for to the window, so that Esc and the like work wherever the focus is.
func passKey(o fyne.CanvasObject, e *fyne.KeyEvent) {
	if c := canvasOf(o); c != nil && c.OnTypedKey() != nil {
		c.OnTypedKey()(e)
	}
}
