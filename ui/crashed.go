package ui

import (
	"context"
	"path/filepath"

	"loam/backend/crash"
	"loam/ui/dialogs"
	"loam/ui/widgets"
	"loam/ui/words"
)

// Crashes are the reports of runs that ended by a fault; app.Crashes is one.
type Crashes interface {
	Latest() (crash.Report, bool, error)
	Told(r crash.Report) error
	Remove(r crash.Report) error
}

// offerReport tells of a run that ended by a fault, once.
func (u *UI) offerReport() {
	if u.deps.Crashes == nil {
		return
	}
	u.load("crash", func(context.Context) func() {
		r, ok, err := u.deps.Crashes.Latest()
		if err != nil {
			u.log.Warn("The reports of crashes cannot be read", "err", err)
		}
		if !ok {
			return nil
		}
		return func() { u.notifyCrash(r) }
	})
}

func (u *UI) notifyCrash(r crash.Report) {
	told := func() { u.report(u.deps.Crashes.Told, r) }
	u.notices.notify(widgets.Notice{
		Key: "crash", Tone: widgets.ToneWarn, Keep: true, Text: "Loam ended unexpectedly. A report without your texts is kept.",
		Learn:  func() { u.openGuide(words.LearnCrash) },
		Action: "Show", Do: func() { told(); u.showReport(r) },
		Other: "Dismiss", OtherDo: told, OnClose: told,
	})
}

// report does something with a report elsewhere.
func (u *UI) report(do func(crash.Report) error, r crash.Report) {
	u.load("crash", func(context.Context) func() {
		if err := do(r); err != nil {
			return func() { u.fail(err, nil) }
		}
		return nil
	})
}

func (u *UI) showReport(r crash.Report) {
	u.float.dialog(dialogs.Report(r.Text, dialogs.ReportUses{
		Close:  u.float.close,
		Copy:   func() { u.copy(r.Text) },
		Folder: func() { host{u}.OpenFolder(filepath.Dir(r.Path)) },
		Remove: func() { u.float.close(); u.report(u.deps.Crashes.Remove, r) },
	}))
}
