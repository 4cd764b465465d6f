package chatview

import (
	"flag"
	"fmt"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"

	"loam/ui/theme"
)

var pictures = flag.String("pictures", "", "write pictures of the scenes into this `folder`, for a person to look at")

// TestScenesStayInsideTheWindow draws every scene, light and dark, in the narrowest window and a wide one. With
// -pictures it also writes what a person would see.
func TestScenesStayInsideTheWindow(t *testing.T) {
	app := lightApp()
	for _, mode := range []theme.Mode{theme.ModeLight, theme.ModeDark} {
		app.Settings().SetTheme(sharedLook.With(theme.Options{Mode: mode}))
		for _, s := range scenes {
			for _, width := range []float32{480, 664, 1224} {
				t.Run(fmt.Sprintf("%s-%s-%.0f", s.name, mode, width), func(t *testing.T) { drawScene(t, s, width) })
			}
		}
	}
}

func drawScene(t *testing.T, s scene, width float32) {
	v := New(Options{})
	w := test.NewTempWindow(t, container.NewStack(canvas.NewRectangle(theme.Color(theme.ColorPage)), v))
	w.SetPadded(false)
	w.Resize(fyne.NewSize(width, s.height))
	v.SetItems(s.items)
	if s.after != nil {
		s.after(v)
	}
	for _, o := range v.objects {
		text, ok := o.(*canvas.Text)
		if !ok {
			continue
		}
		if left, right := text.Position().X, text.Position().X+text.MinSize().Width; left < 0 || right > width {
			t.Errorf("%q stands from %.0f to %.0f in a window of %.0f", text.Text, left, right, width)
		}
	}
	if *pictures == "" && width != 664 {
		return // painting in software takes long; one width shows that words are drawn at all
	}
	picture := w.Canvas().Capture()
	ground := color.NRGBAModel.Convert(theme.Color(theme.ColorPage))
	inked := 0
	for y := 0; y < picture.Bounds().Dy(); y += 2 {
		for x := 0; x < picture.Bounds().Dx(); x += 2 {
			if color.NRGBAModel.Convert(picture.At(x, y)) != ground {
				inked++
			}
		}
	}
	if inked < 250 {
		t.Errorf("only %d of the sampled pixels are drawn", inked)
	}
	if *pictures == "" {
		return
	}
	f, err := os.Create(filepath.Join(*pictures, filepath.Base(t.Name())+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, picture); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}
