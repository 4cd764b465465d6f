package widgets

import (
	"image/color"
	"runtime"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Mod is how the modifier of shortcuts is written before a key.
var Mod = modName()

func modName() string {
	if runtime.GOOS == "darwin" {
		return "⌘"
	}
	return "Ctrl+"
}

// ListRow is one line of a list: a name that can be opened, renamed in place, removed, and asked for its menu. Keys: Enter
// opens, F2 renames, Delete removes, Up and Down walk, the Menu key or Shift+F10 opens the menu. Several are chosen by a click
// with Shift or Mod, by the arrows with Shift, or all by Mod+A.
type ListRow struct {
	base
	Text     string
	Selected bool
	Busy     bool               // something is at work on it: a dot in the accent colour
	Icon     fyne.ThemeIconName // before the name; "" = none
	Indent   float32            // of the name

	OnTapped  func()
	OnMenu    func(at fyne.Position) // absolute
	OnDelete  func()
	OnRename  func()
	OnArrow   func(delta int)
	OnChoose  func(reach bool)           // a click with Mod, or with Shift (reach), which means all rows up to this one
	OnExtend  func(delta int)            // an arrow with Shift
	OnAll     func()                     // Mod+A
	OnRenamed func(text string, ok bool) // ok = false: given up

	hovered, focused, editing, shift bool
	held                             fyne.KeyModifier // when the pointer went down
	field                            *Field
	more                             *Button
}

// rowIcon is the side of a row's icon.
const rowIcon = 15

// NewListRow makes an empty row.
func NewListRow() *ListRow {
	r := &ListRow{}
	r.more = NewIconButton(theme.Icon(theme.IconMore), "", nil)
	r.more.Small = true
	r.more.OnTapped = func() { r.menuAt(r.more, fyne.NewPos(0, r.more.Size().Height)) }
	r.more.OnHover = func(in bool) { r.setHovered(in) }
	r.more.Hide()
	r.ExtendBaseWidget(r)
	return r
}

// SetEditing turns the name into a field, with all of it selected, or back.
func (r *ListRow) SetEditing(on bool, text string) {
	if on == r.editing {
		return
	}
	r.editing = on
	if !on {
		return
	}
	r.field = NewField("Name")
	r.field.Text = text
	done := func(ok bool) {
		if r.editing && r.OnRenamed != nil {
			r.editing = false
			r.OnRenamed(r.field.Text, ok)
		}
	}
	r.field.OnEnter = func() { done(true) }
	r.field.OnEsc = func() bool { done(false); return true }
	r.field.OnFocus = func(in bool) {
		if !in {
			done(true)
		}
	}
}

// Editing says whether the name is a field now.
func (r *ListRow) Editing() bool { return r.editing }

// Field is the field while the name is being edited.
func (r *ListRow) Field() *Field { return r.field }

// Tapped implements fyne.Tappable.
func (r *ListRow) Tapped(*fyne.PointEvent) {
	if r.editing {
		return
	}
	held := r.held
	r.held = 0
	if held&(fyne.KeyModifierShift|fyne.KeyModifierShortcutDefault) != 0 && r.OnChoose != nil {
		r.OnChoose(held&fyne.KeyModifierShift != 0)
		return
	}
	if r.OnTapped != nil {
		r.OnTapped()
	}
}

// MouseDown implements desktop.Mouseable.
func (r *ListRow) MouseDown(e *desktop.MouseEvent) { r.held = e.Modifier }

// MouseUp implements desktop.Mouseable.
func (r *ListRow) MouseUp(*desktop.MouseEvent) {}

// TappedSecondary implements fyne.SecondaryTappable.
func (r *ListRow) TappedSecondary(e *fyne.PointEvent) {
	if r.OnMenu != nil {
		r.OnMenu(e.AbsolutePosition)
	}
}

func (r *ListRow) menuAt(o fyne.CanvasObject, offset fyne.Position) {
	if r.OnMenu != nil {
		r.OnMenu(fyne.CurrentApp().Driver().AbsolutePositionForObject(o).Add(offset))
	}
}

func (r *ListRow) setHovered(on bool) {
	if r.hovered != on {
		r.hovered = on
		r.Refresh()
	}
}

// MouseIn implements desktop.Hoverable.
func (r *ListRow) MouseIn(*desktop.MouseEvent) { r.setHovered(true) }

// MouseMoved implements desktop.Hoverable.
func (r *ListRow) MouseMoved(*desktop.MouseEvent) {}

// MouseOut implements desktop.Hoverable.
func (r *ListRow) MouseOut() { r.setHovered(false) }

// FocusGained implements fyne.Focusable.
func (r *ListRow) FocusGained() { r.focused = true; r.Refresh() }

// FocusLost implements fyne.Focusable.
func (r *ListRow) FocusLost() { r.focused, r.shift = false, false; r.Refresh() }

// TypedRune implements fyne.Focusable.
func (r *ListRow) TypedRune(rune) {}

// KeyDown implements desktop.Keyable.
func (r *ListRow) KeyDown(e *fyne.KeyEvent) {
	r.shift = r.shift || e.Name == desktop.KeyShiftLeft || e.Name == desktop.KeyShiftRight
}

// HoldShift tells a row that gets the focus while Shift is held: it did not see the key go down.
func (r *ListRow) HoldShift() { r.shift = true }

// KeyUp implements desktop.Keyable.
func (r *ListRow) KeyUp(e *fyne.KeyEvent) {
	if e.Name == desktop.KeyShiftLeft || e.Name == desktop.KeyShiftRight {
		r.shift = false
	}
}

// TypedKey implements fyne.Focusable.
func (r *ListRow) TypedKey(e *fyne.KeyEvent) {
	call := func(f func()) {
		if f != nil {
			f()
		}
	}
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		r.Tapped(nil)
	case fyne.KeyDelete:
		call(r.OnDelete)
	case fyne.KeyF2:
		call(r.OnRename)
	case fyne.KeyF10, desktop.KeyMenu:
		if e.Name == desktop.KeyMenu || r.shift {
			r.menuAt(r, fyne.NewPos(24, r.Size().Height))
		}
	case fyne.KeyUp, fyne.KeyDown:
		delta := 1
		if e.Name == fyne.KeyUp {
			delta = -1
		}
		switch {
		case r.shift && r.OnExtend != nil:
			r.OnExtend(delta)
		case r.OnArrow != nil:
			r.OnArrow(delta)
		}
	default:
		passKey(r, e)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (r *ListRow) TypedShortcut(s fyne.Shortcut) {
	if _, all := s.(*fyne.ShortcutSelectAll); all && r.OnAll != nil {
		r.OnAll()
		return
	}
	passShortcut(r, s)
}

// CreateRenderer implements fyne.Widget.
func (r *ListRow) CreateRenderer() fyne.WidgetRenderer {
	ground, ring, dot, text := canvas.NewRectangle(nil), canvas.NewRectangle(color.Transparent), canvas.NewCircle(nil), newWords()
	icon := NewIcon(theme.Icon(theme.IconFolder), theme.ColorQuiet, rowIcon)
	d := &drawn{of: r}
	fixed := []fyne.CanvasObject{ground, dot, icon, text.box, r.more, ring}
	d.objects = fixed
	d.min = func() fyne.Size { return fyne.NewSize(60, r.measure(theme.SizeBody)+19) }
	d.layout = func(s fyne.Size) {
		place(ground, 8, 1, s.Width-16, s.Height-2)
		place(ring, 8, 1, s.Width-16, s.Height-2)
		right := s.Width - 18
		if r.more.Visible() {
			m := r.more.MinSize()
			place(r.more, s.Width-10-m.Width, (s.Height-m.Height)/2, m.Width, m.Height)
			right = s.Width - 12 - m.Width
		}
		left := 20 + r.Indent
		if r.Icon != "" {
			place(icon, left, (s.Height-rowIcon)/2, rowIcon, rowIcon)
			left += rowIcon + 7
		}
		if r.Busy {
			place(dot, left, (s.Height-7)/2, 7, 7)
			left += 14
		}
		text.shorten(r.Text, right-left, r.measure(theme.SizeBody), fyne.TextStyle{})
		text.place(left, 0, right-left, s.Height)
		if r.editing && r.field != nil {
			m := r.field.MinSize()
			place(r.field, 10, (s.Height-m.Height)/2, s.Width-20, m.Height)
		}
	}
	paint := func() {
		radius := r.measure(theme.SizeRadiusNested)
		ground.CornerRadius, ring.CornerRadius, ring.StrokeWidth = radius, radius, 2
		ground.FillColor, ring.StrokeColor = color.Transparent, color.Transparent
		switch {
		case r.Selected:
			ground.FillColor = r.ink(theme.ColorSelected)
		case r.hovered:
			ground.FillColor = r.ink(theme.ColorHover)
		}
		if r.focused {
			ring.StrokeColor = r.ink(theme.ColorFocus)
		}
		dot.FillColor = r.ink(theme.ColorAccent)
		text.ink(r.ink(theme.ColorText))
		seen(ground, ring)
		shown(dot, r.Busy)
		shown(icon, r.Icon != "")
		if r.Icon != "" {
			icon.Set(theme.Icon(r.Icon), theme.ColorQuiet)
		}
		shown(r.more, r.hovered && r.OnMenu != nil && !r.editing) // no stop of Tab: the keyboard has keys for the menu
		d.objects = fixed
		if r.editing && r.field != nil {
			d.objects = append(fixed[:len(fixed):len(fixed)], r.field)
		}
	}
	paint()
	d.repaint = func() {
		paint()
		for _, o := range fixed {
			o.Refresh()
		}
		if r.editing {
			if f := r.field; f != nil && !f.hadFocus {
				f.hadFocus = true
				if c := canvasOf(r); c != nil {
					c.Focus(f)
				}
				f.TypedShortcut(&fyne.ShortcutSelectAll{})
			}
		}
	}
	return d
}
