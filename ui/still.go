package ui

import (
	"runtime"

	"fyne.io/fyne/v2"
)

// stillApp is the app without Fyne's animations. The fading cursor of a focused entry repaints the whole window sixty
// times a second: a fifth of a core for as long as a person thinks. A cursor that stands still costs nothing.
type stillApp struct{ fyne.App }

// Settings implements fyne.App.
func (a stillApp) Settings() fyne.Settings { return stillSettings{a.App.Settings()} }

// stillSettings are the app's settings with the animations off.
type stillSettings struct{ fyne.Settings }

// ShowAnimations implements fyne.Settings.
func (stillSettings) ShowAnimations() bool { return false }

// keepStill switches the animations off for all widgets, which ask the current app. On macOS Fyne's own code needs the
// settings to be of its own type, so they stay on there.
func keepStill(app fyne.App) {
	if runtime.GOOS != "darwin" {
		fyne.SetCurrentApp(stillApp{app})
	}
}
