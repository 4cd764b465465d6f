package theme

import (
	"image/color"

	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// The colours of Loam, by what they are for.
const (
	ColorPage        fyne.ThemeColorName = "loamPage"
	ColorSurface     fyne.ThemeColorName = "loamSurface"     // cards, composer, dialogs; with a hairline and a soft shadow
	ColorRail        fyne.ThemeColorName = "loamRail"        // rail and sidebar
	ColorBubble      fyne.ThemeColorName = "loamBubble"      // the person's words
	ColorCode        fyne.ThemeColorName = "loamCode"        // ground of code
	ColorSelected    fyne.ThemeColorName = "loamSelected"    // selected rows and selected text
	ColorText        fyne.ThemeColorName = "loamText"        //
	ColorQuiet       fyne.ThemeColorName = "loamQuiet"       // quiet text
	ColorHairline    fyne.ThemeColorName = "loamHairline"    // decoration only
	ColorControl     fyne.ThemeColorName = "loamControl"     // lines of fields and unselected chips
	ColorAccent      fyne.ThemeColorName = "loamAccent"      //
	ColorOnAccent    fyne.ThemeColorName = "loamOnAccent"    // words and icons on the accent
	ColorWarn        fyne.ThemeColorName = "loamWarn"        //
	ColorError       fyne.ThemeColorName = "loamError"       //
	ColorSuccess     fyne.ThemeColorName = "loamSuccess"     //
	ColorHover       fyne.ThemeColorName = "loamHover"       // text colour at 6 %
	ColorPressed     fyne.ThemeColorName = "loamPressed"     // text colour at 12 %
	ColorFocus       fyne.ThemeColorName = "loamFocus"       // the focus ring
	ColorDisabled    fyne.ThemeColorName = "loamDisabled"    // text colour at 45 %
	ColorPlaceholder fyne.ThemeColorName = "loamPlaceholder" // words in an empty field
	ColorScrim       fyne.ThemeColorName = "loamScrim"       // behind dialogs
	ColorFind        fyne.ThemeColorName = "loamFind"        // a found place
	ColorFindCurrent fyne.ThemeColorName = "loamFindCurrent" // the found place one stands on
	ColorShadow      fyne.ThemeColorName = "loamShadow"      // soft shadows of cards and the composer

	ColorCodeKeyword fyne.ThemeColorName = "loamCodeKeyword"
	ColorCodeString  fyne.ThemeColorName = "loamCodeString"
	ColorCodeComment fyne.ThemeColorName = "loamCodeComment"
	ColorCodeNumber  fyne.ThemeColorName = "loamCodeNumber"
	ColorCodeName    fyne.ThemeColorName = "loamCodeName" // names of functions, tags and attributes
	ColorCodeType    fyne.ThemeColorName = "loamCodeType"
)

// palette holds the tokens of one variant; everything else is computed from them.
type palette struct {
	page, surface, rail, bubble, code, selected, text, quiet, hairline, control color.NRGBA
	accent, onAccent, warn, failure, success, shadow                            color.NRGBA
	keyword, literal, comment, number, name, typeName                           color.NRGBA
}

var light = palette{
	page: rgb(0xFAF8F5), surface: rgb(0xFFFFFF), rail: rgb(0xF1EDE6),
	bubble: rgb(0xE9F0EA), code: rgb(0xF4F1EB), selected: rgb(0xDCE9E0),
	text: rgb(0x23201C), quiet: rgb(0x645C53), hairline: rgb(0xE2DCD2), control: rgb(0x857C70),
	accent: rgb(0x37704E), onAccent: rgb(0xFFFFFF),
	warn: rgb(0x8A5A10), failure: rgb(0xA83A28), success: rgb(0x37704E),
	shadow:  color.NRGBA{R: 0x23, G: 0x20, B: 0x1C, A: 0x1C},
	keyword: rgb(0x2F6B4A), literal: rgb(0x8A5410), comment: rgb(0x6C645A), number: rgb(0x35618F), name: rgb(0x6A4A93), typeName: rgb(0x1F6A73),
}

var dark = palette{
	page: rgb(0x1B1917), surface: rgb(0x26221F), rail: rgb(0x151311),
	bubble: rgb(0x26302A), code: rgb(0x211E1B), selected: rgb(0x2C3A31),
	text: rgb(0xEDE8E1), quiet: rgb(0xA89F93), hairline: rgb(0x35302B), control: rgb(0x8C8479),
	accent: rgb(0x7FBF97), onAccent: rgb(0x171513),
	warn: rgb(0xE0A84A), failure: rgb(0xEC8370), success: rgb(0x7FBF97),
	shadow:  color.NRGBA{A: 0x66},
	keyword: rgb(0x8CC9A4), literal: rgb(0xE0B36A), comment: rgb(0xACA397), number: rgb(0x8FB6E0), name: rgb(0xC0ABEA), typeName: rgb(0x7FC4CC),
}

func (p *palette) named(name fyne.ThemeColorName) color.Color {
	switch name {
	case ColorPage, fynetheme.ColorNameBackground:
		return p.page
	case ColorSurface, fynetheme.ColorNameInputBackground, fynetheme.ColorNameMenuBackground, fynetheme.ColorNameOverlayBackground:
		return p.surface
	case ColorRail, fynetheme.ColorNameHeaderBackground, fynetheme.ColorNameInnerWindowBorder, fynetheme.ColorNameInnerWindowBorderInactive:
		return p.rail
	case ColorBubble:
		return p.bubble
	case ColorCode:
		return p.code
	case ColorSelected, fynetheme.ColorNameSelection:
		return p.selected
	case ColorQuiet, ColorPlaceholder, fynetheme.ColorNamePlaceHolder:
		return p.quiet
	case ColorHairline, fynetheme.ColorNameSeparator:
		return p.hairline
	case ColorControl, fynetheme.ColorNameInputBorder:
		return p.control
	case ColorAccent, ColorFocus, fynetheme.ColorNamePrimary, fynetheme.ColorNameHyperlink:
		return p.accent
	case ColorOnAccent, fynetheme.ColorNameForegroundOnPrimary, fynetheme.ColorNameForegroundOnError,
		fynetheme.ColorNameForegroundOnSuccess, fynetheme.ColorNameForegroundOnWarning:
		return p.onAccent
	case ColorWarn, fynetheme.ColorNameWarning:
		return p.warn
	case ColorError, fynetheme.ColorNameError:
		return p.failure
	case ColorSuccess, fynetheme.ColorNameSuccess:
		return p.success
	case ColorShadow, fynetheme.ColorNameShadow:
		return p.shadow
	}
	return p.derived(name)
}

// derived gives the colours that are a share of another one.
func (p *palette) derived(name fyne.ThemeColorName) color.Color {
	switch name {
	case ColorHover, fynetheme.ColorNameHover:
		return share(p.text, 0.06)
	case ColorPressed, fynetheme.ColorNamePressed:
		return share(p.text, 0.12)
	case fynetheme.ColorNameButton: // see-through, so that a button suits every ground
		return share(p.text, 0.07)
	case fynetheme.ColorNameDisabledButton:
		return share(p.text, 0.04)
	case ColorDisabled, fynetheme.ColorNameDisabled:
		return share(p.text, 0.45)
	case fynetheme.ColorNameFocus: // stock widgets tint with it; the ring of our own is ColorFocus
		return share(p.accent, 0.30)
	case fynetheme.ColorNameScrollBar:
		return share(p.control, 0.85)
	case fynetheme.ColorNameScrollBarBackground:
		return color.NRGBA{}
	case ColorScrim:
		return color.NRGBA{A: 0x66}
	case ColorFind:
		return share(p.warn, 0.25)
	case ColorFindCurrent:
		return share(p.warn, 0.60)
	case ColorCodeKeyword:
		return p.keyword
	case ColorCodeString:
		return p.literal
	case ColorCodeComment:
		return p.comment
	case ColorCodeNumber:
		return p.number
	case ColorCodeName:
		return p.name
	case ColorCodeType:
		return p.typeName
	}
	return p.text
}

func rgb(v uint32) color.NRGBA {
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 0xFF}
}

// share returns a colour at a part of its strength, 0 to 1.
func share(c color.NRGBA, part float32) color.NRGBA {
	c.A = uint8(part*255 + 0.5)
	return c
}
