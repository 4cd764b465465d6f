package ui

import (
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend/crash"
)

// reports are crashes in memory.
type reports struct {
	left    []crash.Report
	removed int
}

func (r *reports) Latest() (crash.Report, bool, error) {
	if len(r.left) == 0 || !r.left[0].New {
		return crash.Report{}, false, nil
	}
	return r.left[0], true, nil
}

func (r *reports) Told(crash.Report) error   { r.left[0].New = false; return nil }
func (r *reports) Remove(crash.Report) error { r.removed++; return nil }

func crashed(t *testing.T) (*fixture, *reports) {
	r := &reports{left: []crash.Report{{
		Path: filepath.Join(t.TempDir(), "crash-20260314T120000.new.txt"), New: true,
		Text: "Loam 0.1.0, linux/amd64, go1.26\nCause: panic (its text is left out)\n\ngoroutine 1 [running]\n  loam/ui.(*UI).show\n    ui/ui.go:12\n",
	}}}
	f := fakes(t)
	f.open(720, 480)
	f.deps.Crashes = r
	f.offerReport()
	return f, r
}

func TestACrashIsOfferedOnceAtTheNextStart(t *testing.T) {
	for _, act := range []string{"Show", "Dismiss", "Esc"} {
		f, r := crashed(t)
		f.says("Loam ended unexpectedly. A report without your texts is kept.")
		f.fits("crash notice")
		f.draw("crash-notice")
		if act == "Esc" {
			f.cancelInnermost()
		} else {
			f.tap(act)
		}
		if r.left[0].New {
			t.Errorf("%s: it would be offered again", act)
		}
		f.offerReport()
		if len(f.words()) != 0 {
			t.Errorf("%s: it is offered again: %q", act, f.words())
		}
		if act == "Show" {
			f.says("Report of a crash", "loam/ui.(*UI).show")
			f.fits("crash report")
			f.draw("crash-report")
			f.press(fyne.KeyEscape)
			if f.float.open() {
				t.Error("Esc does not close the report")
			}
		}
	}
}
