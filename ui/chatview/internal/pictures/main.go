// Command pictures draws the transcript into PNG files, light and dark, for a person to look at. It uses Fyne's software
// painter, so it needs no screen.
//
// Usage: pictures DIR
package main

import (
	"fmt"
	"image/png"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"loam/assets"
	"loam/ui/chatview"
	"loam/ui/theme"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: pictures DIR")
		os.Exit(2)
	}
	if err := draw(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "pictures:", err)
		os.Exit(1)
	}
}

func draw(dir string) error {
	app := test.NewApp()
	look, err := theme.New(assets.FS, theme.Options{})
	if err != nil {
		return err
	}
	for _, mode := range []theme.Mode{theme.ModeLight, theme.ModeDark} {
		app.Settings().SetTheme(look.With(theme.Options{Mode: mode}))
		for _, s := range scenes {
			for _, width := range []float32{664, 1224} {
				view := chatview.New(chatview.Options{})
				ground := canvas.NewRectangle(theme.Color(theme.ColorPage))
				w := test.NewWindow(container.NewStack(ground, view))
				w.SetPadded(false)
				w.Resize(fyne.NewSize(width, s.height))
				view.SetItems(s.items)
				if s.after != nil {
					s.after(view)
				}
				name := fmt.Sprintf("%s-%s-%.0f.png", s.name, mode, width)
				f, err := os.Create(filepath.Join(dir, name))
				if err != nil {
					return err
				}
				if err := png.Encode(f, w.Canvas().Capture()); err != nil {
					return err
				}
				if err := f.Close(); err != nil {
					return err
				}
				w.Close()
			}
		}
	}
	return nil
}
