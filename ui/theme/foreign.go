package theme

import (
	"image"
	"image/color"
	"sync"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
)

// IsForeign says whether the bundled typefaces have no letters of a rune's kind.
func IsForeign(r rune) bool { return r >= 0x0590 && r < 0x1E00 || r >= 0x2E80 }

// sinkKey names a family of scripts that share a typeface, in a style.
type sinkKey struct {
	script int
	style  fyne.TextStyle
}

// sinks is what was found out about the system's typefaces.
type sinks struct {
	mu    sync.Mutex
	known map[sinkKey]bool
}

// NeedsTall says whether a sign pulls the baseline of its line down, so that its text needs Tall. Fyne puts the baseline as
// low as the tallest typeface asks and tells nobody, so the sign is drawn beside an H and looked at, once for each kind of
// script. Only the window's goroutine may ask.
func NeedsTall(r rune, style fyne.TextStyle) bool {
	t, ok := fyne.CurrentApp().Settings().Theme().(*Theme)
	if !ok || !IsForeign(r) {
		return false
	}
	key := sinkKey{scriptOf(r), style}
	found := t.assets.sinks
	found.mu.Lock()
	defer found.mu.Unlock()
	if s, known := found.known[key]; known {
		return s
	}
	const size = 50 // so large that a fiftieth of it shows
	sign := string(r)
	alone := lowestInk("H", style, size, 0)
	beside := lowestInk(sign+"H", style, size, int(fyne.MeasureText(sign, size, style).Width)+1)
	found.known[key] = beside != alone
	return beside != alone
}

func scriptOf(r rune) int {
	switch {
	case r >= 0x1F000 && r < 0x20000:
		return 1 // emoji
	case r >= 0x2E80 && r < 0xFB00 || r >= 0xFE30 && r < 0xFFF0 || r >= 0x20000:
		return 2 // Chinese, Japanese, Korean
	}
	return int(r>>8) + 3
}

// lowestInk draws text and returns the lowest row with ink right of a column; -1 = there is none.
func lowestInk(text string, style fyne.TextStyle, size float32, from int) int {
	if !utf8.ValidString(text) {
		return -1
	}
	t := canvas.NewText(text, color.Black)
	t.TextStyle, t.TextSize = style, size
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	c.SetContent(t)
	c.Resize(t.MinSize().AddWidthHeight(4, 8))
	t.Resize(t.MinSize())
	picture := c.Capture()
	b := picture.Bounds()
	for y := b.Max.Y - 1; y >= b.Min.Y; y-- {
		if rowHasInk(picture, y, from) {
			return y
		}
	}
	return -1
}

func rowHasInk(picture image.Image, y, from int) bool {
	for x := from; x < picture.Bounds().Max.X; x++ {
		if _, _, _, a := picture.At(x, y).RGBA(); a > 0x6000 {
			return true
		}
	}
	return false
}
