package ui

import (
	"loam/ui/pages"
	"loam/ui/widgets"
)

// commands are what the search under Mod+K offers: all that the keys of the window do, and what has no key.
func (u *UI) commands() []pages.Command {
	list := u.notices.undoing()
	for _, s := range table() {
		if s.label != "K" {
			list = append(list, pages.Command{Name: s.what, Keys: widgets.Mod + s.label, Do: func() { s.do(u) }})
		}
	}
	list = append(list, u.chats.Commands()...)
	look := func(name, mode string) pages.Command {
		return pages.Command{Name: name, Of: "Window", Do: func() {
			l := u.state.look
			l.Mode = mode
			u.setLook(l)
		}}
	}
	return append(
		list,
		pages.Command{Name: "Guide", Keys: "F1", Do: func() { u.openGuide("") }},
		look("Light colours", "light"), look("Dark colours", "dark"), look("Colours of the system", "system"),
	)
}
