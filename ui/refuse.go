package ui

import (
	"fmt"
	"io/fs"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
	"loam/ui/widgets"
	"loam/ui/words"
)

// Refuse shows a small window that says why the program cannot start with this data: one sentence, details that can be
// copied, and a button that ends it. It takes the place of a UI.
func Refuse(app fyne.App, assets fs.FS, why error) error {
	th, err := theme.New(assets, theme.Options{})
	if err != nil {
		return fmt.Errorf("make the window: %w", err)
	}
	app.Settings().SetTheme(th)
	w := app.NewWindow("Loam")
	w.SetMaster()
	w.SetPadded(false)
	text, _ := words.Sentence(why)
	quit := widgets.NewButton("Quit", widgets.KindPrimary, w.Close)
	dup := widgets.NewButton("Copy details", widgets.KindPlain, func() { app.Clipboard().SetContent(text + "\n\n" + why.Error()) })
	w.SetContent(widgets.NewGround(theme.ColorPage, container.New(widgets.Even(28), container.New(widgets.Column{Gap: 16},
		container.New(widgets.Row{Gap: 12, Grow: 2},
			widgets.NewIcon(theme.Icon(theme.IconError), theme.ColorError, 26), widgets.Heading("Loam cannot start")),
		widgets.NewLabel(text, widgets.LabelStyle{Wrap: true}),
		widgets.NewLabel(why.Error(), widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true}),
		container.New(widgets.Row{Gap: 8}, quit, dup)))))
	w.Resize(fyne.NewSize(560, 300))
	w.Canvas().SetOnTypedKey(func(e *fyne.KeyEvent) {
		if e.Name == fyne.KeyEscape {
			w.Close()
		}
	})
	w.CenterOnScreen()
	w.Show()
	return nil
}

// Quit closes the window from any goroutine.
func (u *UI) Quit() { u.dispatch.post(u.Close) }
