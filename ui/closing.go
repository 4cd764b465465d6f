package ui

import (
	"context"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/dialogs"
	"loam/ui/pages"
)

// backgroundLook is how often a window that is gone looks whether its work is finished.
const backgroundLook = 500 * time.Millisecond

// leaving is how the window takes its leave.
type leaving struct {
	tray       bool // an icon brings the window back: closing hides it
	background bool // the window is gone until pictures and downloads are finished, then the program ends
}

// closeWindow is the window's close button: it hides where an icon brings it back, else it quits.
func (u *UI) closeWindow() {
	if u.leaving.tray {
		u.window.Hide()
		return
	}
	u.quit()
}

// quit ends the program, but asks once while pictures are drawn or models downloaded.
func (u *UI) quit() {
	pictures, downloads := u.unfinished()
	if pictures+downloads == 0 || u.leaving.background {
		u.Close()
		return
	}
	u.window.Show() // it may be hidden, and the question must be seen
	u.float.dialog(dialogs.Leaving(pictures, downloads, dialogs.LeavingUses{
		Stay:       u.float.close,
		Background: func() { u.float.close(); u.finishInBackground() },
		Stop:       u.Close, // what is not finished waits for a word at the next start
	}))
}

// finishInBackground hides the window until nothing is left to draw or download.
func (u *UI) finishInBackground() {
	u.leaving.background = true
	u.chats.Flush()
	u.pictures.Flush()
	u.storeState()
	u.window.Hide()
	u.awaitWork()
}

func (u *UI) awaitWork() {
	u.tasks.after(backgroundLook, func() {
		switch {
		case !u.leaving.background || u.closed:
		default:
			if pictures, downloads := u.unfinished(); pictures+downloads == 0 {
				u.Close()
				return
			}
			u.awaitWork()
		}
	})
}

// unfinished is how many pictures are drawn or wait, and how many downloads.
func (u *UI) unfinished() (pictures, downloads int) {
	if u.deps.Studio != nil {
		pictures = len(u.deps.Studio.Queue())
	}
	if u.deps.Getting != nil {
		downloads = u.deps.Getting.Active()
	}
	return pictures, downloads
}

// comeBack shows a window that was hidden.
func (u *UI) comeBack() {
	u.leaving.background = false
	u.window.Show()
	u.window.RequestFocus()
}

// offerTray puts an icon into the tray, where it is wanted and the desktop has one.
func (u *UI) offerTray() {
	app, ok := u.app.(desktop.App)
	if !ok || u.deps.Tray == nil {
		return
	}
	u.load("tray", func(ctx context.Context) func() {
		on := false
		if _, err := u.deps.System.Setting(ctx, pages.KeyTray, &on); err != nil || !on || !u.deps.Tray() {
			return nil
		}
		return func() {
			quit := fyne.NewMenuItem("Quit", u.quit)
			quit.IsQuit = true
			app.SetSystemTrayMenu(fyne.NewMenu("Loam",
				fyne.NewMenuItem("Show Loam", u.comeBack),
				fyne.NewMenuItem("New chat", func() { u.comeBack(); host{u}.NewChatWith(0) }), quit))
			if icon := u.app.Icon(); icon != nil {
				app.SetSystemTrayIcon(icon)
			}
			u.leaving.tray = true
		}
	})
}
