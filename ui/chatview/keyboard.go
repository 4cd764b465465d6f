package chatview

import (
	"fyne.io/fyne/v2"

	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"loam/ui/markdown"
	"loam/ui/theme"
)

var (
	_ fyne.Focusable    = (*View)(nil)
	_ fyne.Tabbable     = (*View)(nil)
	_ fyne.Shortcutable = (*View)(nil)
	_ desktop.Keyable   = (*View)(nil)
)

func (v *View) takeFocus() {
	if c := fyne.CurrentApp().Driver().CanvasForObject(v); c != nil && c.Focused() != fyne.Focusable(v) {
		c.Focus(v)
	}
}

// FocusGained implements fyne.Focusable.
func (v *View) FocusGained() {
	v.focused = true
	v.update()
}

// FocusLost implements fyne.Focusable. The place of the keyboard is kept: the focus also goes with the whole window and
// comes back with it.
func (v *View) FocusLost() {
	v.focused, v.shift = false, false
	v.update()
}

// TypedRune implements fyne.Focusable.
func (v *View) TypedRune(r rune) {
	// Letters are meant for the composer: the window knows where it is.
	if c := fyne.CurrentApp().Driver().CanvasForObject(v); c != nil && c.OnTypedRune() != nil {
		c.OnTypedRune()(r)
	}
}

// KeyDown implements desktop.Keyable.
func (v *View) KeyDown(ev *fyne.KeyEvent) { v.shiftKey(ev, true) }

// KeyUp implements desktop.Keyable.
func (v *View) KeyUp(ev *fyne.KeyEvent) { v.shiftKey(ev, false) }

func (v *View) shiftKey(ev *fyne.KeyEvent, down bool) {
	if ev.Name == desktop.KeyShiftLeft || ev.Name == desktop.KeyShiftRight {
		v.shift = down
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (v *View) TypedShortcut(s fyne.Shortcut) {
	if c, ok := s.(*desktop.CustomShortcut); ok && c.Modifier == fyne.KeyModifierShortcutDefault|fyne.KeyModifierShift {
		if c.KeyName == fyne.KeyC {
			v.CopyMarkdown()
			return
		}
		if v.selectKey(c.KeyName, true) {
			return
		}
	}
	switch s.(type) {
	case *fyne.ShortcutCopy:
		v.CopySelection()
	case *fyne.ShortcutSelectAll:
		v.SelectAll()
	default:
		// Fyne gives shortcuts to the focused widget alone: the window's own go on to its root.
		if c := fyne.CurrentApp().Driver().CanvasForObject(v); c != nil {
			if root, ok := c.Content().(fyne.Shortcutable); ok {
				root.TypedShortcut(s)
			}
		}
	}
}

// TypedKey implements fyne.Focusable.
func (v *View) TypedKey(ev *fyne.KeyEvent) {
	line := v.Size().Height / 12
	page := v.Size().Height * 0.88
	if v.shift && v.selectKey(ev.Name, false) {
		return
	}
	switch ev.Name {
	case fyne.KeyUp:
		v.scrollBy(-line)
	case fyne.KeyDown:
		v.scrollBy(line)
	case fyne.KeyLeft:
		v.slideKey(-line)
	case fyne.KeyRight:
		v.slideKey(line)
	case fyne.KeyPageUp:
		v.scrollBy(-page)
	case fyne.KeyPageDown:
		v.scrollBy(page)
	case fyne.KeySpace, fyne.KeyReturn, fyne.KeyEnter:
		if v.focus.index != 0 {
			v.press(v.focus)
		} else if ev.Name == fyne.KeySpace {
			v.scrollBy(page)
		}
	case fyne.KeyHome:
		v.scrollToPart(0)
	case fyne.KeyEnd:
		v.ScrollToBottom()
	case fyne.KeyTab:
		v.tab()
	case fyne.KeyF1:
		if c := fyne.CurrentApp().Driver().CanvasForObject(v); c != nil && c.OnTypedKey() != nil {
			c.OnTypedKey()(ev)
		}
	case fyne.KeyEscape:
		if v.Selection() != "" {
			v.ClearSelection()
			return
		}
		// Nothing to give up here: the window decides.
		if c := fyne.CurrentApp().Driver().CanvasForObject(v); c != nil && c.OnTypedKey() != nil {
			c.OnTypedKey()(ev)
		}
	case desktop.KeyMenu:
		v.keyboardMenu()
	case fyne.KeyF10:
		if v.shift {
			v.keyboardMenu()
		}
	}
}

// AcceptsTab implements fyne.Tabbable: Tab walks over the actions in sight, then leaves.
func (v *View) AcceptsTab() bool {
	_, ok := v.nextHot()
	return ok
}

func (v *View) nextHot() (hotID, bool) {
	var all []hotID
	at := -1
	for _, m := range v.visible {
		if m.y >= v.Size().Height || m.y+m.height <= 0 {
			continue
		}
		for i := range m.hots {
			id := hotID{m.key.entry, m.key.piece, i + 1}
			if id == v.focus {
				at = len(all)
			}
			all = append(all, id)
		}
	}
	next := at + 1
	if v.shift {
		next = at - 1
		if at < 0 {
			next = len(all) - 1
		}
	}
	if next < 0 || next >= len(all) {
		return hotID{}, false
	}
	return all[next], true
}

func (v *View) tab() {
	next, ok := v.nextHot()
	if !ok {
		if c := fyne.CurrentApp().Driver().CanvasForObject(v); c != nil {
			if v.shift {
				c.FocusPrevious()
			} else {
				c.FocusNext()
			}
		}
		return
	}
	v.focus = next
	v.update()
}

// FocusAction puts the keyboard on an action of an item, as on Resume after a crash. It reports whether the action is
// in sight.
func (v *View) FocusAction(id int64, a Action) bool {
	e, ok := v.byID[id]
	if !ok {
		return false
	}
	v.takeFocus()
	v.focus = hotID{entry: e} // so that the message shows its actions
	v.update()
	v.focus = hotID{}
	for _, m := range v.visible {
		if m.key.entry != e {
			continue
		}
		for i, h := range m.hots {
			if h.action == a {
				v.focus = hotID{e, m.key.piece, i + 1}
				v.update()
				return true
			}
		}
	}
	v.update()
	return false
}

// press does what a hot place stands for.
func (v *View) press(id hotID) {
	m, h := v.hotAt(id)
	if h == nil {
		return
	}
	switch {
	case h.link != "":
		if v.options.OnLink != nil {
			v.options.OnLink(h.link)
		}
	case h.chip > 0:
		if v.options.OnChip != nil {
			v.options.OnChip(m.key.entry.item.ID, h.chip-1)
		}
	case h.fold:
		v.toggle(m)
	case h.code:
		v.copy(codeText(m.key.entry, m.key.piece))
	case h.action == ActionMore:
		v.showMenu(m.key.entry, v.absolute(fyne.NewPos(m.x+h.x, m.y+m.gap+h.y+h.h)))
	default:
		v.act(m.key.entry, h.action)
	}
}

// codeText returns a whole code block, which may be laid out in pieces.
func codeText(e *entry, piece int) string {
	text := e.blocks[piece].block.Text
	for i := piece + 1; i < len(e.blocks) && e.blocks[i].block.Kind == markdown.Code && e.blocks[i].block.Continued; i++ {
		text += "\n" + e.blocks[i].block.Text
	}
	return text
}

func (v *View) act(e *entry, a Action) {
	it := &e.item
	if a == ActionPrevious && it.Sibling <= 1 || a == ActionNext && it.Sibling >= it.Siblings {
		return
	}
	if a == ActionCopy {
		v.copy(e.answer())
	}
	if v.options.OnAction != nil {
		v.options.OnAction(it.ID, a)
	}
}

func (v *View) absolute(pos fyne.Position) fyne.Position {
	return fyne.CurrentApp().Driver().AbsolutePositionForObject(v).Add(pos)
}

// menuAt opens the menu of the message under the pointer.
func (v *View) menuAt(pos, absolute fyne.Position) {
	e := v.entryUnder(pos)
	if e == nil || e.item.Role == RoleDivider {
		return
	}
	v.showMenu(e, absolute)
}

// keyboardMenu opens the menu of the message that the keyboard stands on, else of the last one in sight.
func (v *View) keyboardMenu() {
	e := v.focus.entry
	y := float32(0)
	for _, m := range v.visible {
		if e == nil && m.y < v.Size().Height && m.key.entry.item.Role != RoleDivider || m.key.entry == e {
			y = min(max(m.y, 0), v.Size().Height-40)
			if e != nil {
				break
			}
		}
	}
	if e == nil {
		for _, m := range v.visible {
			if m.y < v.Size().Height && m.key.entry.item.Role != RoleDivider {
				e = m.key.entry
			}
		}
	}
	if e != nil {
		v.showMenu(e, v.absolute(fyne.NewPos(v.column.x, y)))
	}
}

func (v *View) showMenu(e *entry, at fyne.Position) {
	c := fyne.CurrentApp().Driver().CanvasForObject(v)
	if c == nil {
		return
	}
	widget.ShowPopUpMenuAtPosition(fyne.NewMenu("", v.menuItems(e)...), c, at)
}

// menuItems returns a message's actions in the order of its row, then what the page adds.
func (v *View) menuItems(e *entry) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	if v.Selection() != "" {
		copySelected := fyne.NewMenuItem(v.words.CopySelected, func() { v.CopySelection() })
		copySelected.Icon = theme.Icon(theme.IconCopy)
		copyMarkdown := fyne.NewMenuItem(v.words.CopyMarkdown, func() { v.CopyMarkdown() })
		copyMarkdown.Icon = theme.Icon(theme.IconCodeFile)
		items = append(items, copySelected, copyMarkdown, fyne.NewMenuItemSeparator())
	}
	actions := e.item.actions()
	if e.item.State == StateInterrupted {
		actions = append([]Action{ActionResume}, actions...)
	}
	if e.item.State == StateRunning {
		actions = []Action{ActionCopy, ActionStop}
	}
	for _, a := range actions {
		if a == ActionMore || v.options.ReadOnly && a != ActionCopy {
			continue
		}
		item := fyne.NewMenuItem(v.actionWord(a), func() { v.act(e, a) })
		item.Icon = theme.Icon(actionIcon(a))
		item.Checked = e.item.set(a)
		item.Disabled = a == ActionPrevious && e.item.Sibling <= 1 || a == ActionNext && e.item.Sibling >= e.item.Siblings
		items = append(items, item)
	}
	if len(items) > 0 && !items[len(items)-1].IsSeparator {
		items = append(items, fyne.NewMenuItemSeparator())
	}
	items = append(items, fyne.NewMenuItem(v.words.SelectAll, v.SelectAll))
	if v.options.Menu != nil {
		if more := v.options.Menu(e.item.ID); len(more) > 0 {
			items = append(append(items, fyne.NewMenuItemSeparator()), more...)
		}
	}
	return items
}
