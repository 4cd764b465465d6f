package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// Undo tells that something was done, with the way back, and perhaps one step further.
type Undo struct {
	Text string
	Undo func()
	More string // label of the step further; "" = none
	Do   func()
}

// NewUndoBar shows an Undo. closed is called before what was chosen is done.
func NewUndoBar(u Undo, closed func()) *Panel {
	button := func(label string, kind Kind, do func()) *Button {
		b := NewButton(label, kind, func() {
			closed()
			if do != nil {
				do()
			}
		})
		b.Small = true
		return b
	}
	line := []fyne.CanvasObject{NewLabel(u.Text, LabelStyle{Wrap: true}), button("Undo", KindPrimary, u.Undo)}
	if u.More != "" {
		line = append(line, button(u.More, KindPlain, u.Do))
	}
	p := NewCard(container.New(Row{Gap: 10, Grow: 1}, line...))
	p.Margin = Inset{Left: 16, Top: 8, Right: 10, Bottom: 8}
	return p
}
