package ui

import (
	"sync"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"loam/ui/theme"
)

// testApp is the one app behind all windows of these tests. Fyne reads every typeface again for a new app and for each theme
// that is put on, which would be most of a test's time and memory.
var testApp = sync.OnceValue(test.NewApp)

// readLook is the look as the first window read it; the files are the same for all.
var readLook *theme.Theme

func sharedLook(th *theme.Theme) *theme.Theme {
	if readLook == nil {
		readLook = th
	}
	return readLook
}

// calmApp is the app as one window sees it: putting on a look that is on already does nothing, and nobody hears of the looks
// of other windows.
type calmApp struct {
	fyne.App
	settings *calmSettings
}

func newCalmApp() calmApp {
	app := testApp()
	app.Preferences().RemoveValue("fyne:fileDialogLastFolder") // all that Fyne keeps there
	return calmApp{app, &calmSettings{Settings: app.Settings()}}
}

// Settings implements fyne.App.
func (a calmApp) Settings() fyne.Settings { return a.settings }

type calmSettings struct {
	fyne.Settings
	listeners []func(fyne.Settings)
}

// AddListener implements fyne.Settings.
func (s *calmSettings) AddListener(f func(fyne.Settings)) { s.listeners = append(s.listeners, f) }

// SetTheme implements fyne.Settings.
func (s *calmSettings) SetTheme(th fyne.Theme) {
	is, known := s.Theme().(*theme.Theme)
	wanted, ours := th.(*theme.Theme)
	if known && ours && is.Options() == wanted.Options() {
		return
	}
	s.Settings.SetTheme(th)
	for _, f := range s.listeners {
		f(s)
	}
}
