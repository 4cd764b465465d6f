package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	fynetheme "fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"loam/ui/theme"
)

// Field is a text entry whose Enter, Esc and shortcuts reach the window's manners: what it has no use for goes on to the
// canvas, so that Mod+N works while typing.
type Field struct {
	widget.Entry
	OnEnter func()      // Enter; with SendOnEnter off it writes a new line in a multi-line field
	OnEsc   func() bool // Esc; false = not used, it goes on to the window
	OnArrow func(delta int) bool
	OnFocus func(focused bool)
	OnPaste func(text string) bool // true = it was no text to be written

	shift    bool
	hadFocus bool // a row focused it once
}

// scrollUnseen is none of Fyne's directions: a field of one line follows its caret, but has no bar over its text and no shadow
// over its icon.
const scrollUnseen fyne.ScrollDirection = -1

// NewField makes a single-line field.
func NewField(placeholder string) *Field {
	f := &Field{}
	f.Wrapping, f.Scroll = fyne.TextWrapOff, scrollUnseen
	f.PlaceHolder = placeholder
	f.ExtendBaseWidget(f)
	return f
}

// NewArea makes a field of many lines that wraps between words.
func NewArea(placeholder string) *Field {
	f := &Field{}
	f.MultiLine, f.Wrapping = true, fyne.TextWrapWord
	f.PlaceHolder = placeholder
	f.ExtendBaseWidget(f)
	return f
}

// CreateRenderer implements fyne.Widget.
func (f *Field) CreateRenderer() fyne.WidgetRenderer {
	f.ExtendBaseWidget(f)
	return fieldRenderer{f.Entry.CreateRenderer(), f}
}

// fieldRenderer puts the icon beside the middle of the line; Fyne reckons with a lower line.
type fieldRenderer struct {
	fyne.WidgetRenderer
	of *Field
}

func (r fieldRenderer) Layout(s fyne.Size) {
	r.WidgetRenderer.Layout(s)
	r.icon(s)
}

func (r fieldRenderer) Refresh() {
	r.WidgetRenderer.Refresh()
	r.icon(r.of.Size())
}

func (r fieldRenderer) icon(s fyne.Size) {
	if r.of.Icon == nil {
		return
	}
	for _, o := range r.Objects() {
		if image, is := o.(*canvas.Image); is && image.Resource == r.of.Icon {
			side := image.Size().Height
			image.Move(fyne.NewPos(fynetheme.InnerPadding()-2, (s.Height-side)/2))
		}
	}
}

// AcceptsTab implements fyne.Tabbable: Tab always walks on, it never writes.
func (f *Field) AcceptsTab() bool { return false }

// KeyDown implements desktop.Keyable.
func (f *Field) KeyDown(e *fyne.KeyEvent) {
	if e.Name == desktop.KeyShiftLeft || e.Name == desktop.KeyShiftRight {
		f.shift = true
	}
	f.Entry.KeyDown(e)
}

// KeyUp implements desktop.Keyable.
func (f *Field) KeyUp(e *fyne.KeyEvent) {
	if e.Name == desktop.KeyShiftLeft || e.Name == desktop.KeyShiftRight {
		f.shift = false
	}
	f.Entry.KeyUp(e)
}

// FocusGained implements fyne.Focusable.
func (f *Field) FocusGained() {
	f.Entry.FocusGained()
	if f.OnFocus != nil {
		f.OnFocus(true)
	}
}

// FocusLost implements fyne.Focusable.
func (f *Field) FocusLost() {
	f.shift = false
	f.Entry.FocusLost()
	if f.OnFocus != nil {
		f.OnFocus(false)
	}
}

// TypedKey implements fyne.Focusable.
func (f *Field) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter:
		if f.OnEnter != nil && !f.shift {
			f.OnEnter()
			return
		}
		if f.MultiLine {
			f.newLine(e)
			return
		}
	case fyne.KeyF1:
		passKey(f, e)
		return
	case fyne.KeyEscape:
		if f.OnEsc == nil || !f.OnEsc() {
			passKey(f, e)
		}
		return
	case fyne.KeyUp, fyne.KeyDown:
		if f.OnArrow != nil {
			delta := 1
			if e.Name == fyne.KeyUp {
				delta = -1
			}
			if f.OnArrow(delta) {
				return
			}
		}
	}
	f.Entry.TypedKey(e)
}

// newLine writes a line break even while Shift is down, which Fyne's entry would take for "submit" or for a selection.
func (f *Field) newLine(e *fyne.KeyEvent) {
	if f.shift {
		f.Entry.KeyUp(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	}
	f.Entry.TypedKey(e)
	if f.shift {
		f.Entry.KeyDown(&fyne.KeyEvent{Name: desktop.KeyShiftLeft})
	}
}

// TypedShortcut implements fyne.Shortcutable: the shortcuts of text stay here, all others go to the window.
func (f *Field) TypedShortcut(s fyne.Shortcut) {
	if _, custom := s.(*desktop.CustomShortcut); custom && !textShortcut(s) {
		passShortcut(f, s)
		return
	}
	if p, is := s.(*fyne.ShortcutPaste); is && f.OnPaste != nil && p.Clipboard != nil && f.OnPaste(p.Clipboard.Content()) {
		return
	}
	f.Entry.TypedShortcut(s)
}

// textShortcut says whether an entry uses a shortcut for moving by words or lines.
func textShortcut(s fyne.Shortcut) bool {
	c, ok := s.(*desktop.CustomShortcut)
	if !ok {
		return true
	}
	switch c.KeyName {
	case fyne.KeyLeft, fyne.KeyRight, fyne.KeyUp, fyne.KeyDown, fyne.KeyHome, fyne.KeyEnd, fyne.KeyBackspace, fyne.KeyDelete, fyne.KeyZ:
		return true
	}
	return false
}

// passShortcut hands a shortcut to the root of the window, or to the canvas where the root takes none.
func passShortcut(o fyne.CanvasObject, s fyne.Shortcut) {
	c := canvasOf(o)
	if c == nil {
		return
	}
	if root, ok := c.Content().(fyne.Shortcutable); ok {
		root.TypedShortcut(s)
		return
	}
	if c, ok := c.(fyne.Shortcutable); ok {
		c.TypedShortcut(s)
	}
}

// LinesAt is how many lines the text takes when the field is so wide.
func (f *Field) LinesAt(width float32) int {
	inner := width - 2*fynetheme.InnerPadding() - 4
	size := theme.Size(theme.SizeBody)
	return len(WrapWords(f.Text, inner, func(s string) float32 { return textWidth(s, size, f.TextStyle) }))
}
