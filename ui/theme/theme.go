// Package theme is how Loam looks: every colour, size, typeface and icon by name, in light and dark, at any text size.
//
// The window sets a Theme as the app's theme; widgets read tokens through ColorFor and SizeFor, which honour a theme that
// is overridden for a part of the window, and everything else through Color, Size and Icon. No other package names a
// colour or a size in numbers. A Theme never changes after it was made and may be used from any goroutine; With makes
// another one.
package theme

import (
	"fmt"
	"image/color"
	"io/fs"
	"math"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// Mode says whether the window is light, dark or as the system is.
type Mode uint8

// The modes.
const (
	ModeSystem Mode = iota
	ModeLight
	ModeDark
)

func (m Mode) String() string {
	switch m {
	case ModeSystem:
		return "system"
	case ModeLight:
		return "light"
	case ModeDark:
		return "dark"
	}
	return "unknown"
}

// ParseMode reads what String wrote.
func ParseMode(s string) (Mode, bool) {
	for _, m := range []Mode{ModeSystem, ModeLight, ModeDark} {
		if m.String() == s {
			return m, true
		}
	}
	return ModeSystem, false
}

// The text scale that people can choose.
const (
	MinScale = 0.8
	MaxScale = 2.0
)

// scaleStep is what one press of Mod +/- changes.
const scaleStep = 0.1

// Options are what a person chooses about the look.
type Options struct {
	Mode      Mode
	TextScale float32 // 1 = 100 %; kept inside MinScale..MaxScale; 0 = 1
}

// Theme is Loam's fyne.Theme.
type Theme struct {
	options Options
	assets  *bundle
}

var _ fyne.Theme = (*Theme)(nil)

// New reads the typefaces and icons out of assets (fonts/*.ttf, icons/*.svg) and returns a theme that uses them.
func New(assets fs.FS, options Options) (*Theme, error) {
	b, err := loadBundle(assets)
	if err != nil {
		return nil, fmt.Errorf("load the look: %w", err)
	}
	return (&Theme{assets: b}).With(options), nil
}

// With returns the same theme with other options.
func (t *Theme) With(options Options) *Theme {
	if options.TextScale == 0 || math.IsNaN(float64(options.TextScale)) {
		options.TextScale = 1
	}
	options.TextScale = min(max(options.TextScale, MinScale), MaxScale)
	return &Theme{options: options, assets: t.assets}
}

// Options returns what the theme was made with.
func (t *Theme) Options() Options { return t.options }

// ScaleUp returns the next larger text scale.
func ScaleUp(scale float32) float32 { return stepScale(scale, +1) }

// ScaleDown returns the next smaller text scale.
func ScaleDown(scale float32) float32 { return stepScale(scale, -1) }

func stepScale(scale, direction float32) float32 {
	steps := float32(math.Round(float64(scale/scaleStep))) + direction
	return min(max(steps*scaleStep, MinScale), MaxScale)
}

// Color implements fyne.Theme for our names and for Fyne's own. An unknown name gives the text colour, which is seen.
func (t *Theme) Color(name fyne.ThemeColorName, variant fyne.ThemeVariant) color.Color {
	p := &light
	if t.options.Mode == ModeDark || t.options.Mode == ModeSystem && variant == fynetheme.VariantDark {
		p = &dark
	}
	return p.named(name)
}

// Size implements fyne.Theme for our names and for Fyne's own.
func (t *Theme) Size(name fyne.ThemeSizeName) float32 {
	return sizeNamed(name, t.options.TextScale)
}

// Font implements fyne.Theme.
func (t *Theme) Font(style fyne.TextStyle) fyne.Resource {
	return t.assets.font(style)
}

// Icon implements fyne.Theme for our names and for Fyne's own.
func (t *Theme) Icon(name fyne.ThemeIconName) fyne.Resource {
	return t.assets.icon(name)
}

// Color returns a colour of the app's theme as it is now.
func Color(name fyne.ThemeColorName) color.Color { return fynetheme.Color(name) }

// Size returns a size of the app's theme as it is now.
func Size(name fyne.ThemeSizeName) float32 { return fynetheme.Size(name) }

// ColorFor returns a colour of the theme that holds for a widget.
func ColorFor(w fyne.Widget, name fyne.ThemeColorName) color.Color {
	return fynetheme.ColorForWidget(name, w)
}

// SizeFor returns a size of the theme that holds for a widget.
func SizeFor(w fyne.Widget, name fyne.ThemeSizeName) float32 {
	return fynetheme.SizeForWidget(name, w)
}

// Icon returns an icon in the text colour, following the theme as it changes.
func Icon(name fyne.ThemeIconName) fyne.Resource { return fynetheme.Icon(name) }

// IconIn returns an icon in a named colour, following the theme as it changes.
func IconIn(name fyne.ThemeIconName, in fyne.ThemeColorName) fyne.Resource {
	return fynetheme.NewColoredResource(fynetheme.Icon(name), in)
}

// FontMedium returns the medium weight for a canvas.Text's FontSource, or nil where another theme is in use.
func FontMedium() fyne.Resource {
	t, ok := fyne.CurrentApp().Settings().Theme().(*Theme)
	if !ok {
		return nil
	}
	return t.assets.fonts["Inter-Medium"]
}
