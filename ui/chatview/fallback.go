package chatview

import (
	"image"
	"image/color"
	"unicode/utf8"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"

	"loam/ui/textflow"
)

// sameFont returns how much of a text is drawn with the bundled typeface, or with fallback ones. Fyne moves a text in
// which both meet down to the tallest of them and cuts its feet off, so they become objects of their own.
func sameFont(text string) (n int, foreign bool) {
	first := true
	for i, r := range text {
		if r == ' ' || r == 0x200D || r >= 0xFE00 && r <= 0xFE0F || r < '0' { // joins whatever is there
			continue
		}
		f := isForeign(r)
		if first {
			foreign, first = f, false
		} else if f != foreign {
			return i, foreign
		}
	}
	return len(text), foreign
}

// isForeign says whether the bundled typefaces have no letters of a rune's kind.
func isForeign(r rune) bool { return r >= 0x0590 && r < 0x1E00 || r >= 0x2E80 }

// dropKey names a family of scripts that share a fallback typeface, in a style.
type dropKey struct {
	script int
	style  textflow.Style
}

// drop returns how much lower than the bundled typeface Fyne draws a foreign text, in pixels. The engine puts a text's
// baseline as low as its tallest typeface asks, and tells nobody, so one sign is drawn beside an H and looked at, once
// for each kind of script.
func (l *look) drop(text string, s textflow.Style) float32 {
	var sign rune
	for _, r := range text {
		if isForeign(r) {
			sign = r
			break
		}
	}
	if sign == 0 {
		return 0
	}
	key := dropKey{scriptOf(sign), s}
	if d, ok := l.drops[key]; ok {
		return d
	}
	style, size := l.text(s)
	alone := lowestInk("H", style, size, 0)
	beside := lowestInk(string(sign)+"H", style, size, int(fyne.MeasureText(string(sign), size, style).Width)+1)
	d := float32(0)
	if alone >= 0 && beside >= 0 {
		d = float32(beside - alone)
	}
	if l.drops == nil {
		l.drops = map[dropKey]float32{}
	}
	l.drops[key] = d
	return d
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
