package pages

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// marker is a transcript whose hits can be marked; *chatview.View is one.
type marker interface {
	SetFind(query string) (count int)
	FindNext(delta int) (current int)
}

// finder is the strip under the title row that searches the open conversation.
type finder struct {
	view    marker
	onFocus func(fyne.Focusable)
	onShown func() // it came or went: the page lays itself out
	onGone  func() // the focus is free
	field   *widgets.Field
	result  *widgets.Label
	body    *widgets.Panel
	hits    int
}

func newFinder(view marker, focus func(fyne.Focusable), shown, gone func()) *finder {
	f := &finder{view: view, onFocus: focus, onShown: shown, onGone: gone}
	f.field = widgets.NewField("Find in this chat")
	f.field.Icon = theme.IconIn(theme.IconSearch, theme.ColorQuiet)
	f.field.OnChanged = func(string) { f.mark() }
	f.field.OnEnter = func() { f.step(1) }
	f.field.OnArrow = func(delta int) bool { f.step(delta); return true }
	f.field.OnEsc = func() bool { f.close(); return true }
	f.result = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Align: fyne.TextAlignCenter})
	button := func(icon fyne.ThemeIconName, tip string, do func()) *widgets.Button {
		b := widgets.NewIconButton(theme.Icon(icon), tip, do)
		b.Small = true
		return b
	}
	line := container.New(widgets.Row{Gap: 6, Grow: 1}, f.field, container.New(widgets.Sized{Width: 90}, f.result),
		button(theme.IconUp, "Previous", func() { f.step(-1) }),
		button(theme.IconDown, "Next (Enter)", func() { f.step(1) }),
		button(theme.IconClose, "Close (Esc)", f.close))
	f.body = widgets.NewGround(theme.ColorPage, line)
	f.body.Margin = widgets.Inset{Left: 16, Top: 6, Right: 14, Bottom: 6}
	f.body.Hide()
	return f
}

// show opens the strip for some words and marks them.
func (f *finder) show(query string) {
	if !f.body.Visible() {
		f.body.Show()
		f.onShown()
	}
	f.field.SetText(query)
	f.mark()
	f.onFocus(f.field)
	f.field.TypedShortcut(&fyne.ShortcutSelectAll{})
}

// hide takes strip and marks away.
func (f *finder) hide() {
	if f.body.Visible() {
		f.body.Hide()
		f.view.SetFind("")
		f.onShown()
	}
}

// close is hide at the person's wish: the focus goes back to the composer.
func (f *finder) close() {
	f.hide()
	f.onGone()
}

func (f *finder) mark() {
	f.hits = f.view.SetFind(f.field.Text)
	switch {
	case f.field.Text == "":
		f.result.SetText("")
	case f.hits == 0:
		f.result.SetText("not found")
	default:
		f.result.SetText(count(f.hits, "hit"))
	}
}

func (f *finder) step(delta int) {
	if f.hits > 0 {
		f.result.SetText(fmt.Sprintf("%d of %d", f.view.FindNext(delta), f.hits))
	}
}
