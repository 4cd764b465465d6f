package theme

import (
	"fyne.io/fyne/v2"
	fynetheme "fyne.io/fyne/v2/theme"
)

// The sizes of Loam in device-independent pixels. Text sizes and what must grow with text follow the text scale.
const (
	SizeBody         fyne.ThemeSizeName = "loamBody"
	SizeSmall        fyne.ThemeSizeName = "loamSmall"
	SizeTitle        fyne.ThemeSizeName = "loamTitle"
	SizeHeading      fyne.ThemeSizeName = "loamHeading"
	SizeCode         fyne.ThemeSizeName = "loamCodeText"
	SizeRadius       fyne.ThemeSizeName = "loamRadius"       // outer corners
	SizeRadiusNested fyne.ThemeSizeName = "loamRadiusNested" // corners inside another round shape
	SizeSpace1       fyne.ThemeSizeName = "loamSpace1"       // 4
	SizeSpace2       fyne.ThemeSizeName = "loamSpace2"       // 8
	SizeSpace3       fyne.ThemeSizeName = "loamSpace3"       // 12
	SizeSpace4       fyne.ThemeSizeName = "loamSpace4"       // 16
	SizeSpace5       fyne.ThemeSizeName = "loamSpace5"       // 24
	SizeReading      fyne.ThemeSizeName = "loamReading"      // the widest a column of text gets
	SizeRail         fyne.ThemeSizeName = "loamRail"         // width of the rail
	SizeIcon         fyne.ThemeSizeName = "loamIcon"
	SizeIconSmall    fyne.ThemeSizeName = "loamIconSmall"
	SizeFocusRing    fyne.ThemeSizeName = "loamFocusRing" // thickness of the ring, and its gap
)

// LineHeight is the height of a line of text as a multiple of its size.
const LineHeight = 1.45

// faceHeight is the height of the bundled typeface's own line (ascent and descent) as a multiple of its size; what Fyne
// hears of is BoxHeight.
const faceHeight = 1.21

func sizeNamed(name fyne.ThemeSizeName, scale float32) float32 {
	switch name {
	case SizeBody, fynetheme.SizeNameText:
		return 15 * scale
	case SizeSmall, fynetheme.SizeNameCaptionText:
		return 12.5 * scale
	case SizeTitle, fynetheme.SizeNameSubHeadingText:
		return 17 * scale
	case SizeHeading, fynetheme.SizeNameHeadingText:
		return 20 * scale
	case SizeCode:
		return 13.5 * scale
	case SizeReading:
		return 760 * max(scale, 1)
	case SizeIcon, fynetheme.SizeNameInlineIcon:
		return 20 * scale
	case SizeIconSmall:
		return 16 * scale
	}
	return fixedSize(name)
}

// fixedSize gives the sizes that do not follow the text.
func fixedSize(name fyne.ThemeSizeName) float32 {
	switch name {
	case SizeSpace1, fynetheme.SizeNamePadding, fynetheme.SizeNameLineSpacing: // lines are BoxHeight high already
		return 4
	case SizeSpace2:
		return 8
	case fynetheme.SizeNameInnerPadding: // of fields and menus: their text is BoxHeight high, which pads it already
		return 6
	case SizeSpace3:
		return 12
	case SizeSpace4:
		return 16
	case SizeSpace5:
		return 24
	case SizeRail:
		return 64
	case SizeFocusRing:
		return 2
	case SizeRadius, fynetheme.SizeNameInputRadius, fynetheme.SizeNameButtonRadius, fynetheme.SizeNameCardRadius,
		fynetheme.SizeNameDialogRadius, fynetheme.SizeNamePopupRadius, fynetheme.SizeNameMenuRadius, fynetheme.SizeNameInnerWindowRadius:
		return 8
	case SizeRadiusNested:
		return 6
	case fynetheme.SizeNameSelectionRadius:
		return 3
	case fynetheme.SizeNameSeparatorThickness, fynetheme.SizeNameInputBorder:
		return 1
	case fynetheme.SizeNameSplitThickness:
		return 1
	case fynetheme.SizeNameScrollBar:
		return 10
	case fynetheme.SizeNameScrollBarSmall:
		return 4
	case fynetheme.SizeNameScrollBarRadius:
		return 5
	case fynetheme.SizeNameModalBlurRadius:
		return 0
	case fynetheme.SizeNameWindowButtonHeight:
		return 16
	case fynetheme.SizeNameWindowButtonRadius:
		return 8
	case fynetheme.SizeNameWindowButtonIcon:
		return 14
	case fynetheme.SizeNameWindowTitleBarHeight:
		return 26
	}
	return 0
}
