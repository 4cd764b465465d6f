package worker

import (
	"time"

	"loam/backend/engine"
)

// pulse is what the kernel says about a process that sends no frames: whether anything still happens in it.
type pulse struct {
	cpu    time.Duration // used since it started
	faults uint64        // pages it had to fetch from a disk
	onDisk bool          // it is waiting for a disk right now
}

// looks is how often a silent child is looked at within Spec.Silence, so that a single lucky moment decides nothing.
const looks = 8

// stirs says whether the process did anything worth waiting for between two looks. An engine at work keeps a core busy
// or waits for its disk; what a stuck one uses is the Go runtime's own housekeeping, a fraction of a percent.
func (p pulse) stirs(before pulse, between time.Duration) bool {
	return p.cpu-before.cpu >= between/50 || p.faults != before.faults || p.onDisk
}

// listen looks at the child while a request runs, and ends one that has neither said nor done anything for Spec.Silence:
// native code that waits for itself never comes back. It does nothing where the system does not tell.
func (w *watch) listen() {
	between := w.p.spec.Silence / looks
	if between <= 0 {
		return
	}
	pid := w.p.cmd.Process.Pid
	last, ok := pulseOf(pid)
	if !ok {
		return
	}
	still := 0
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.over {
		return
	}
	w.ear = time.AfterFunc(between, func() {
		now, ok := pulseOf(pid)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.over || !ok {
			return
		}
		if w.ours || w.heard || now.stirs(last, between) {
			still = 0
		} else {
			still++
		}
		last, w.heard = now, false
		if still == looks {
			w.p.kill(engine.CauseHang, "it did nothing and said nothing for "+w.p.spec.Silence.String())
			return
		}
		w.ear.Reset(between)
	})
}
