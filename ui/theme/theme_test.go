package theme_test

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/software"
	"fyne.io/fyne/v2/test"
	fynetheme "fyne.io/fyne/v2/theme"
	"github.com/go-text/typesetting/font"
	"github.com/google/go-cmp/cmp"

	"loam/assets"
	"loam/ui/theme"
)

func newTheme(t *testing.T, options theme.Options) *theme.Theme {
	t.Helper()
	th, err := theme.New(assets.FS, options)
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// solid lays the colours over each other, the last one on top.
func solid(th fyne.Theme, v fyne.ThemeVariant, names ...fyne.ThemeColorName) color.NRGBA {
	var out color.NRGBA
	for i, name := range names {
		c := color.NRGBAModel.Convert(th.Color(name, v)).(color.NRGBA)
		if i == 0 {
			out = c
			continue
		}
		a := float64(c.A) / 255
		mix := func(top, under uint8) uint8 { return uint8(math.Round(float64(top)*a + float64(under)*(1-a))) }
		out = color.NRGBA{R: mix(c.R, out.R), G: mix(c.G, out.G), B: mix(c.B, out.B), A: 255}
	}
	return out
}

// contrast is the ratio that WCAG 2 defines.
func contrast(a, b color.NRGBA) float64 {
	luminance := func(c color.NRGBA) float64 {
		part := func(v uint8) float64 {
			s := float64(v) / 255
			if s <= 0.04045 {
				return s / 12.92
			}
			return math.Pow((s+0.055)/1.055, 2.4)
		}
		return 0.2126*part(c.R) + 0.7152*part(c.G) + 0.0722*part(c.B)
	}
	hi, lo := luminance(a), luminance(b)
	if hi < lo {
		hi, lo = lo, hi
	}
	return (hi + 0.05) / (lo + 0.05)
}

func TestTextAndControlsStandOutOnEveryGround(t *testing.T) {
	type names = []fyne.ThemeColorName
	grounds := names{theme.ColorPage, theme.ColorSurface, theme.ColorRail, theme.ColorBubble, theme.ColorCode}
	codeColors := names{
		theme.ColorCodeKeyword, theme.ColorCodeString, theme.ColorCodeComment,
		theme.ColorCodeNumber, theme.ColorCodeName, theme.ColorCodeType,
	}
	type rule struct {
		front  fyne.ThemeColorName
		ground names // laid over each other
		least  float64
	}
	var rules []rule
	for _, g := range grounds {
		for _, front := range (names{theme.ColorText, theme.ColorQuiet, theme.ColorAccent, theme.ColorWarn, theme.ColorError, theme.ColorSuccess}) {
			rules = append(rules, rule{front, names{g}, 4.5})
		}
		rules = append(rules,
			rule{theme.ColorText, names{g, theme.ColorHover}, 4.5},
			rule{theme.ColorText, names{g, theme.ColorPressed}, 4.5},
			rule{theme.ColorText, names{g, fynetheme.ColorNameButton}, 4.5},
			rule{theme.ColorText, names{g, theme.ColorFind}, 4.5},
			rule{theme.ColorControl, names{g}, 3},
			rule{theme.ColorFocus, names{g}, 3},
			rule{theme.ColorAccent, names{g}, 3},
		)
	}
	for _, g := range (names{theme.ColorPage, theme.ColorSurface, theme.ColorRail}) { // where rows and buttons in quiet words stand
		rules = append(rules, rule{theme.ColorQuiet, names{g, theme.ColorHover}, 4.5})
	}
	rules = append(rules,
		rule{theme.ColorText, names{theme.ColorSelected}, 4.5},
		rule{theme.ColorQuiet, names{theme.ColorSelected}, 4.5},
		rule{theme.ColorAccent, names{theme.ColorSelected}, 4.5},
		rule{theme.ColorOnAccent, names{theme.ColorAccent}, 4.5},
		rule{theme.ColorOnAccent, names{theme.ColorError}, 4.5},
		rule{theme.ColorOnAccent, names{theme.ColorWarn}, 4.5},
		rule{theme.ColorPlaceholder, names{theme.ColorSurface}, 4.5},
	)
	for _, c := range codeColors {
		rules = append(rules, rule{c, names{theme.ColorCode}, 4.5}, rule{c, names{theme.ColorSelected}, 4.5})
	}
	for variantName, v := range test.KnownThemeVariants() {
		th := newTheme(t, theme.Options{})
		for _, r := range rules {
			got := contrast(solid(th, v, r.front), solid(th, v, r.ground...))
			if got < r.least {
				t.Errorf("%s: %s on %v has contrast %.2f, want %.1f", variantName, r.front, r.ground, got, r.least)
			}
		}
	}
}

func TestModeOverrulesTheSystem(t *testing.T) {
	for _, tc := range []struct {
		mode   theme.Mode
		system fyne.ThemeVariant
		want   color.Color
	}{
		{theme.ModeSystem, fynetheme.VariantLight, color.NRGBA{0xFA, 0xF8, 0xF5, 0xFF}},
		{theme.ModeSystem, fynetheme.VariantDark, color.NRGBA{0x1B, 0x19, 0x17, 0xFF}},
		{theme.ModeLight, fynetheme.VariantDark, color.NRGBA{0xFA, 0xF8, 0xF5, 0xFF}},
		{theme.ModeDark, fynetheme.VariantLight, color.NRGBA{0x1B, 0x19, 0x17, 0xFF}},
	} {
		got := newTheme(t, theme.Options{Mode: tc.mode}).Color(theme.ColorPage, tc.system)
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%v over system %v (-want +got):\n%s", tc.mode, tc.system, diff)
		}
		if back, ok := theme.ParseMode(tc.mode.String()); !ok || back != tc.mode {
			t.Errorf("ParseMode(%q) = %v, %v", tc.mode, back, ok)
		}
	}
}

func TestTextScaleIsKeptInBoundsAndScalesTextOnly(t *testing.T) {
	for _, tc := range []struct{ ask, want float32 }{{0, 1}, {0.1, 0.8}, {1.3, 1.3}, {9, 2}, {float32(math.NaN()), 1}} {
		th := newTheme(t, theme.Options{TextScale: tc.ask})
		if got := th.Options().TextScale; got != tc.want {
			t.Errorf("scale %v became %v, want %v", tc.ask, got, tc.want)
		}
		if got := th.Size(theme.SizeBody); got != 15*tc.want {
			t.Errorf("body at %v is %v", tc.want, got)
		}
		if got := th.Size(theme.SizeSpace4); got != 16 {
			t.Errorf("space at %v is %v, want 16", tc.want, got)
		}
	}
	scale := float32(1)
	for range 30 {
		scale = theme.ScaleUp(scale)
	}
	if scale != theme.MaxScale {
		t.Errorf("many steps up end at %v", scale)
	}
	for range 30 {
		scale = theme.ScaleDown(scale)
	}
	if scale != theme.MinScale {
		t.Errorf("many steps down end at %v", scale)
	}
	if got := theme.ScaleUp(1); math.Abs(float64(got)-1.1) > 1e-6 {
		t.Errorf("one step up from 1 is %v", got)
	}
}

// TestTypedLinesHoldOtherScripts: what is typed stands in lines a little higher than what is read, so that letters of typefaces
// that the program does not have keep their feet.
func TestTypedLinesHoldOtherScripts(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(newTheme(t, theme.Options{}))
	size := theme.Size(theme.SizeBody)
	for i := range 8 {
		style := fyne.TextStyle{Bold: i&1 != 0, Italic: i&2 != 0, Monospace: i&4 != 0}
		box, baseline := fyne.CurrentApp().Driver().RenderedTextSize("Loam", size, style, nil)
		got := [2]float64{math.Round(float64(box.Height/size)*100) / 100, math.Round(float64(baseline/size)*100) / 100}
		if want := [2]float64{1.6, 1.16}; got != want {
			t.Errorf("%+v: box and baseline are %v of the size, want %v", style, got, want)
		}
		tall, deep := fyne.CurrentApp().Driver().RenderedTextSize("Loam", size, style, theme.Tall(style))
		if math.Abs(float64(deep-baseline-theme.TallRise*size)) > 0.1 || tall.Height-deep < box.Height-baseline {
			t.Errorf("%+v: the tall box is %v with its baseline at %v", style, tall.Height, deep)
		}
	}
}

func TestEveryStyleHasItsOwnBundledTypeface(t *testing.T) {
	th := newTheme(t, theme.Options{})
	names := map[string]bool{}
	for i := range 8 {
		style := fyne.TextStyle{Bold: i&1 != 0, Italic: i&2 != 0, Monospace: i&4 != 0}
		res := th.Font(style)
		if _, err := font.ParseTTF(bytes.NewReader(res.Content())); err != nil {
			t.Errorf("%s: %v", res.Name(), err)
		}
		names[res.Name()] = true
	}
	if len(names) != 8 {
		t.Errorf("8 styles use %d typefaces: %v", len(names), names)
	}
}

// TestIconsKeepTheirShapeWhenRecoloured guards against stroked drawings: Fyne drops strokes when it recolours an icon.
func TestIconsKeepTheirShapeWhenRecoloured(t *testing.T) {
	test.NewTempApp(t).Settings().SetTheme(newTheme(t, theme.Options{Mode: theme.ModeLight}))
	for _, name := range []fyne.ThemeIconName{
		theme.IconChats, theme.IconPictures, theme.IconModels, theme.IconSettings, theme.IconCopy, theme.IconRegenerate,
		theme.IconEdit, theme.IconStop, theme.IconCheck, fynetheme.IconNameCheckButtonFill, fynetheme.IconNameRadioButton,
	} {
		image := canvas.NewImageFromResource(theme.IconIn(name, theme.ColorAccent))
		image.Resize(fyne.NewSize(48, 48))
		c := software.NewTransparentCanvas()
		c.SetPadded(false)
		c.SetContent(image)
		c.Resize(fyne.NewSize(48, 48))
		inked := 0
		picture := c.Capture()
		for y := range 48 {
			for x := range 48 {
				r, g, b, a := picture.At(x, y).RGBA()
				if a < 0xFFFF {
					continue
				}
				inked++
				if got := fmt.Sprintf("%02X%02X%02X", r>>8, g>>8, b>>8); got != "37704E" {
					t.Fatalf("%s has a pixel of colour %s", name, got)
				}
			}
		}
		if inked < 60 {
			t.Errorf("%s shows only %d pixels", name, inked)
		}
		if name != fynetheme.IconNameCheckButtonFill && inked > 48*48/3 {
			t.Errorf("%s is a blob of %d pixels", name, inked)
		}
	}
}

func TestNoNameOfFyneFallsBackToItsOwnLook(t *testing.T) {
	th := newTheme(t, theme.Options{})
	for _, name := range []fyne.ThemeSizeName{
		fynetheme.SizeNameCaptionText, fynetheme.SizeNameInlineIcon, fynetheme.SizeNameInnerPadding, fynetheme.SizeNamePadding,
		fynetheme.SizeNameScrollBar, fynetheme.SizeNameScrollBarSmall, fynetheme.SizeNameText, fynetheme.SizeNameHeadingText,
		fynetheme.SizeNameSubHeadingText, fynetheme.SizeNameInputBorder, fynetheme.SizeNameInputRadius, fynetheme.SizeNameButtonRadius,
		fynetheme.SizeNameMenuRadius, fynetheme.SizeNameDialogRadius, fynetheme.SizeNamePopupRadius,
	} {
		if th.Size(name) <= 0 {
			t.Errorf("size %s has no value", name)
		}
	}
	for _, name := range []fyne.ThemeColorName{
		fynetheme.ColorNameBackground, fynetheme.ColorNameButton, fynetheme.ColorNameDisabled, fynetheme.ColorNameError,
		fynetheme.ColorNameFocus, fynetheme.ColorNameHover, fynetheme.ColorNameInputBackground, fynetheme.ColorNameInputBorder,
		fynetheme.ColorNameMenuBackground, fynetheme.ColorNameOverlayBackground, fynetheme.ColorNamePlaceHolder, fynetheme.ColorNamePressed,
		fynetheme.ColorNamePrimary, fynetheme.ColorNameScrollBar, fynetheme.ColorNameSelection, fynetheme.ColorNameSeparator,
	} {
		for variantName, v := range test.KnownThemeVariants() {
			white := color.NRGBA{0xFF, 0xFF, 0xFF, 0xFF}
			if cmp.Equal(th.Color(name, v), color.Color(white)) {
				continue // white is white
			}
			if cmp.Equal(th.Color(name, v), fynetheme.DefaultTheme().Color(name, v)) {
				t.Errorf("%s: %s looks like Fyne's own", variantName, name)
			}
		}
	}
}
