package app

import (
	"path/filepath"

	"loam/backend/crash"
)

// Crashes are the reports of runs that ended by a fault.
type Crashes struct{ dir string }

func (f Folders) crashes() string { return filepath.Join(f.Logs, "crashes") }

// Latest is the newest report that nobody was told of; false = there is none.
func (c Crashes) Latest() (crash.Report, bool, error) {
	list, err := crash.Reports(c.dir)
	if len(list) == 0 || !list[0].New {
		return crash.Report{}, false, err
	}
	return list[0], true, err
}

// Told remembers that a person was told of a report.
func (c Crashes) Told(r crash.Report) error { return crash.Told(r) }

// Remove deletes a report.
func (c Crashes) Remove(r crash.Report) error { return crash.Remove(r) }

// Crashes gives the reports of earlier runs.
func (a *App) Crashes() Crashes { return Crashes{a.Folders.crashes()} }

// watchCrashes has a report made if this process dies. Doing without is no reason not to start. The caller holds the lock.
func (a *App) watchCrashes() {
	end, err := crash.Watch(a.Folders.crashes(), "Loam "+a.Version+" ("+a.Commit+")")
	if err != nil {
		a.log.Warn("A crash would leave no report", "error", err)
		return
	}
	a.unwatch = end
}
