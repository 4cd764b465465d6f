package widgets_test

import (
	"fmt"
	"image"
	"image/color"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// scripts are words with what reaches far up or down in each of them.
var scripts = map[string]string{
	"latin":      "Ẫgjy, Ǻ̱",
	"arabic":     "جميع الحي إنجاز، ڲ",
	"hebrew":     "שָׁלוֹם, ךף",
	"japanese":   "日本語、東京",
	"korean":     "한국어",
	"thai":       "ก็ที่ปู่ญี่ฎุ",
	"devanagari": "हिन्दी ट्ठ्र्यु",
	"burmese":    "မြန်မာ",
	"khmer":      "ខ្មែរ",
	"emoji":      "😀, 👍🏽",
	"mixed":      "plan 日本 جميع 😀, ok",
}

// drawnAt draws an object whose upper left corner is 60 right of and below that of the picture.
func drawnAt(o fyne.CanvasObject, size fyne.Size, scale float32) image.Image {
	c := software.NewTransparentCanvas()
	c.SetPadded(false)
	c.SetScale(scale)
	box := &fyne.Container{Objects: []fyne.CanvasObject{o}}
	c.SetContent(box)
	c.Resize(size.AddWidthHeight(120, 120))
	o.Resize(size)
	o.Move(fyne.NewSquareOffsetPos(60))
	return c.Capture()
}

// inkRows returns the first and the last row with ink between two columns, and how many pixels have ink.
func inkRows(picture image.Image, from, to int) (first, last, count int) {
	b := picture.Bounds()
	first, last = -1, -1
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := max(from, b.Min.X); x < min(to, b.Max.X); x++ {
			if _, _, _, a := picture.At(x, y).RGBA(); a > 0x4000 {
				if first < 0 {
					first = y
				}
				last = y
				count++
			}
		}
	}
	return first, last, count
}

// sizes calls f for the scales of the screen and of the text.
func sizes(t *testing.T, f func(t *testing.T, scale float32)) {
	for _, text := range []float32{1, 2} {
		for _, scale := range []float32{1, 2} {
			t.Run(fmt.Sprintf("text %v screen %v", text, scale), func(t *testing.T) {
				newApp(t)
				a := fyne.CurrentApp()
				th, ok := a.Settings().Theme().(*theme.Theme)
				if !ok {
					t.Fatal("not our theme")
				}
				a.Settings().SetTheme(th.With(theme.Options{Mode: theme.ModeLight, TextScale: text}))
				f(t, scale)
			})
		}
	}
}

// roomy is our look with boxes that nothing reaches out of.
type roomy struct {
	fyne.Theme
	font fyne.Resource
}

func (r roomy) Font(fyne.TextStyle) fyne.Resource { return r.font }

// whole says how high the ink of texts is where there is all the room.
func whole(scale float32) map[string]int {
	settings := fyne.CurrentApp().Settings()
	th := settings.Theme()
	settings.SetTheme(roomy{th, theme.Tall(fyne.TextStyle{})})
	defer settings.SetTheme(th)
	high := map[string]int{}
	for name, text := range scripts {
		words := canvas.NewText("H"+text, color.Black)
		words.TextSize = theme.Size(theme.SizeBody)
		first, last, _ := inkRows(drawnAt(words, words.MinSize(), scale), 0, 1<<20)
		high[name] = last - first + 1
	}
	return high
}

// TestNoScriptIsCutOrSinks: the ink of a word is as high in a control as where there is all the room, and the H before it
// stands where it stands alone.
func TestNoScriptIsCutOrSinks(t *testing.T) {
	sizes(t, func(t *testing.T, scale float32) {
		foot := func(text string) (int, int) {
			label := widgets.NewLabel(text, widgets.LabelStyle{})
			picture := drawnAt(label, fyne.NewSize(900, label.MinSize().Height), scale)
			h := fyne.MeasureText("H", theme.Size(theme.SizeBody), fyne.TextStyle{}).Width
			_, low, _ := inkRows(picture, int(60*scale), int((60+h)*scale))
			first, last, _ := inkRows(picture, 0, 1<<20)
			return low, last - first + 1
		}
		stands, _ := foot("H")
		want := whole(scale)
		for name, text := range scripts {
			low, high := foot("H" + text)
			if d := low - stands; d < -1 || d > 1 {
				t.Errorf("%s: the H is %d pixels lower", name, d)
			}
			if high < want[name]-1 {
				t.Errorf("%s: %d rows of ink, want %d", name, high, want[name])
			}
		}
	})
}

// TestFieldsShowWhatIsTyped: what the box of Fyne's own entry holds is whole. Typefaces that are still taller sink in it.
func TestFieldsShowWhatIsTyped(t *testing.T) {
	sizes(t, func(t *testing.T, scale float32) {
		want := whole(scale)
		for name, text := range scripts {
			tall := false
			for _, r := range text {
				tall = tall || theme.NeedsTall(r, fyne.TextStyle{})
			}
			if tall {
				t.Logf("%s: this machine's letters are taller than the box; not looked at", name)
				continue
			}
			empty, full := widgets.NewField(""), widgets.NewField("")
			full.SetText("H" + text)
			size := fyne.NewSize(600, full.MinSize().Height)
			before, after := drawnAt(empty, size, scale), drawnAt(full, size, scale)
			first, last := -1, -1
			for y := range after.Bounds().Max.Y {
				for x := range after.Bounds().Max.X {
					r0, g0, b0, _ := before.At(x, y).RGBA()
					r1, g1, b1, _ := after.At(x, y).RGBA()
					if diff(r0, r1)+diff(g0, g1)+diff(b0, b1) > 0x6000 {
						if first < 0 {
							first = y
						}
						last = y
					}
				}
			}
			if got := last - first + 1; got < want[name]-1 {
				t.Errorf("%s: %d rows of ink in the field, want %d", name, got, want[name])
			}
		}
	})
}

func diff(a, b uint32) uint32 {
	if a > b {
		return a - b
	}
	return b - a
}

// TestALongLineInAFieldHasNoBar: what a field with a long line draws beside its text is what it draws with a short one.
func TestALongLineInAFieldHasNoBar(t *testing.T) {
	newApp(t)
	field := func(text string) image.Image {
		f := widgets.NewField("Search")
		f.Icon = theme.Icon(theme.IconSearch)
		f.SetText(text)
		f.CursorColumn = len([]rune(text))
		f.Refresh()
		return drawnAt(f, fyne.NewSize(240, f.MinSize().Height), 2)
	}
	short, long := field("ii"), field(strings.Repeat("ii ", 80)+"ii")
	b := short.Bounds()
	text := image.Rect(2*(60+24), 2*(60+9), 2*(60+234), 2*(60+27)) // where letters are
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if !image.Pt(x, y).In(text) && short.At(x, y) != long.At(x, y) {
				t.Fatalf("pixel %d, %d is %v beside a long line, %v beside a short one", x/2-60, y/2-60, long.At(x, y), short.At(x, y))
			}
		}
	}
	first, last, ink := inkRows(long, text.Max.X-40, text.Max.X)
	if ink == 0 {
		t.Errorf("the end of the line is not in sight (%d to %d)", first, last)
	}
}

func TestTheIconOfAFieldStandsInItsMiddle(t *testing.T) {
	sizes(t, func(t *testing.T, scale float32) {
		f := widgets.NewField("")
		f.Icon = theme.Icon(theme.IconSearch)
		size := fyne.NewSize(240, f.MinSize().Height)
		with := drawnAt(f, size, scale)
		bare := drawnAt(widgets.NewField(""), size, scale)
		first, last := -1, -1
		for y := range with.Bounds().Max.Y {
			for x := range int((60 + 30) * scale) {
				if with.At(x, y) != bare.At(x, y) {
					if first < 0 {
						first = y
					}
					last = y
				}
			}
		}
		middle := (60 + size.Height/2) * scale
		if off := float32(first+last)/2 - middle; off < -2*scale || off > 2*scale {
			t.Errorf("the icon stands from %d to %d, the middle is %v", first, last, middle)
		}
	})
}
