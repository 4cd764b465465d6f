package ui

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/dialogs"
	"loam/ui/pages"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// shortcut is a key with the Mod key and what it does.
type shortcut struct {
	keys  []fyne.KeyName
	shift bool // also with Shift: how the key is typed on many keyboards
	only  bool // only with Shift
	label string
	what  string
	do    func(u *UI)
}

// table is every shortcut of the window; the list that Mod+/ shows is made from it.
func table() []shortcut {
	return []shortcut{
		{keys: []fyne.KeyName{fyne.KeyN}, label: "N", what: "New chat", do: func(u *UI) {
			u.show(pages.PageChats)
			u.chats.NewChat(0)
		}},
		{keys: []fyne.KeyName{fyne.KeyN}, only: true, label: "Shift+N", what: "New temporary chat", do: func(u *UI) {
			u.show(pages.PageChats)
			u.chats.NewTemporary()
		}},
		{keys: []fyne.KeyName{fyne.KeyK}, label: "K", what: "Search chats, pictures and commands", do: (*UI).search},
		{keys: []fyne.KeyName{fyne.KeyF}, label: "F", what: "Find on this page", do: func(u *UI) {
			if u.page == pages.PagePictures {
				u.pictures.FocusSearch()
				return
			}
			u.show(pages.PageChats)
			u.chats.Find()
		}},
		{keys: []fyne.KeyName{fyne.Key1}, label: "1", what: "Chats", do: func(u *UI) { u.show(pages.PageChats) }},
		{keys: []fyne.KeyName{fyne.Key2}, label: "2", what: "Pictures", do: func(u *UI) { u.show(pages.PagePictures) }},
		{keys: []fyne.KeyName{fyne.Key3}, label: "3", what: "Models", do: func(u *UI) { u.show(pages.PageModels) }},
		{keys: []fyne.KeyName{fyne.KeyReturn, fyne.KeyEnter}, label: "Enter", what: "Draw", do: func(u *UI) {
			if u.page == pages.PagePictures {
				u.pictures.Draw()
			}
		}},
		{keys: []fyne.KeyName{fyne.KeyS}, label: "S", what: "Save a copy of the picture", do: func(u *UI) {
			if u.page == pages.PagePictures {
				u.pictures.SaveCopy()
			}
		}},
		{keys: []fyne.KeyName{fyne.KeyComma}, label: ",", what: "Settings", do: func(u *UI) { u.show(pages.PageSettings) }},
		{keys: []fyne.KeyName{fyne.KeyBackslash}, label: "\\", what: "Show or hide the list of chats", do: func(u *UI) {
			u.show(pages.PageChats)
			u.chats.ToggleSidebar()
			u.touchState()
		}},
		{keys: []fyne.KeyName{fyne.KeyO}, label: "O", what: "Add a model file", do: (*UI).chooseFile},
		{keys: []fyne.KeyName{fyne.KeyPlus, fyne.KeyEqual}, shift: true, label: "+", what: "Larger text", do: func(u *UI) { u.zoom(theme.ScaleUp) }},
		{keys: []fyne.KeyName{fyne.KeyMinus}, shift: true, label: "−", what: "Smaller text", do: func(u *UI) { u.zoom(theme.ScaleDown) }},
		{keys: []fyne.KeyName{fyne.Key0}, label: "0", what: "Text at 100 %", do: func(u *UI) {
			u.zoom(func(float32) float32 { return 1 })
		}},
		{keys: []fyne.KeyName{fyne.KeySlash}, shift: true, label: "/", what: "This list", do: (*UI).listShortcuts},
		{keys: []fyne.KeyName{fyne.KeyQ}, label: "Q", what: "Quit", do: (*UI).quit},
	}
}

// otherKeys are the keys that widgets answer, for the list.
var otherKeys = [][2]string{
	{"Enter", "Send"},
	{"Shift+Enter", "New line"},
	{"Up", "Edit the last message, where nothing is written"},
	{"Esc", "Close, cancel, or stop the reply"},
	{"Shift+arrows", "Select text in a chat"},
	{widgets.Mod + "Shift+C", "Copy it as Markdown"},
	{"F1", "The guide"},
	{"F2", "Rename the chat in the list"},
	{"Delete", "Remove the chat in the list"},
	{"Tab", "Next control"},
}

// shortcuts binds the keys of the window.
func (u *UI) shortcuts() {
	c := u.window.Canvas()
	for _, s := range table() {
		for _, key := range s.keys {
			mods := []fyne.KeyModifier{fyne.KeyModifierShortcutDefault}
			switch {
			case s.only:
				mods[0] |= fyne.KeyModifierShift
			case s.shift:
				mods = append(mods, fyne.KeyModifierShortcutDefault|fyne.KeyModifierShift)
			}
			for _, m := range mods {
				k := &desktop.CustomShortcut{KeyName: key, Modifier: m}
				c.AddShortcut(k, func(fyne.Shortcut) { s.do(u) })      // nothing has the focus
				u.keys.AddShortcut(k, func(fyne.Shortcut) { s.do(u) }) // a widget had no use for it
			}
		}
	}
	paste := func(s fyne.Shortcut) {
		if p, is := s.(*fyne.ShortcutPaste); is && u.page == pages.PagePictures && p.Clipboard != nil {
			u.pictures.Paste(p.Clipboard.Content())
		}
	}
	c.AddShortcut(&fyne.ShortcutPaste{}, paste)
	u.keys.AddShortcut(&fyne.ShortcutPaste{}, paste)
	c.SetOnTypedKey(u.typedKey)
	c.SetOnTypedRune(u.typedRune)
}

// typedKey takes the keys that no widget wanted.
func (u *UI) typedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeyEscape:
		u.cancelInnermost()
	case e.Name == fyne.KeyF1:
		u.openGuide("")
	case u.page == pages.PagePictures && !u.float.open():
		u.pictures.TypedKey(e)
	}
}

// cancelInnermost is Esc: what floats, then the drop card, then what the page is at, then the newest notice.
func (u *UI) cancelInnermost() {
	if u.float.open() {
		u.float.close()
		return
	}
	if u.closeCard() {
		return
	}
	used := false
	switch u.page {
	case pages.PageChats:
		used = u.chats.Cancel()
	case pages.PagePictures:
		used = u.pictures.Cancel()
	case pages.PageModels:
		used = u.models.Cancel()
	case pages.PageGuide:
		used = u.guide.Cancel()
	case pages.PageSettings:
	}
	if !used {
		u.notices.cancelNewest()
	}
}

// typedRune brings the first letter typed without a focus to the composer.
func (u *UI) typedRune(r rune) {
	if u.page == pages.PageChats && !u.float.open() {
		u.chats.Type(r)
	}
}

func (u *UI) search() {
	if u.page == pages.PageSettings {
		u.setting.FocusSearch()
		return
	}
	if u.page == pages.PageGuide {
		u.guide.FocusSearch()
		return
	}
	u.show(pages.PageChats)
	u.chats.FocusSearch()
}

func (u *UI) zoom(step func(float32) float32) {
	l := u.state.look
	l.Scale = step(l.Scale)
	u.setLook(l)
}

func (u *UI) listShortcuts() {
	var rows [][2]string
	for _, s := range table() {
		rows = append(rows, [2]string{widgets.Mod + s.label, s.what})
	}
	u.float.dialog(dialogs.Shortcuts(append(rows, otherKeys...), u.float.close, u.window.Canvas().Size()))
}
