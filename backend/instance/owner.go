package instance

import (
	"os"
	"time"

	"loam/backend"
)

// silentAfter is how long a process that cannot be seen from here counts as alive after its last heartbeat.
const silentAfter = time.Minute

// Self names this process as owners of rows are named.
func Self() backend.Owner {
	o := backend.Owner{PID: os.Getpid(), Boot: bootID(), Heartbeat: time.Now()}
	o.Started, _, _ = startTime(o.PID)
	return o
}

// Alive says whether the process o still runs: the same number, the same start, the same boot of the machine. A process
// that lives where it cannot be seen from here (another container on the same boot) goes by its heartbeat. In doubt the
// answer is yes: taking a living process's reply away is worse than waiting.
func Alive(o backend.Owner) bool {
	return alive(o, bootID(), time.Now())
}

func alive(o backend.Owner, boot string, now time.Time) bool {
	if o.PID <= 0 {
		return false
	}
	if o.Boot != boot {
		if machineOf(o.Boot) != machineOf(boot) {
			return false // before the last boot
		}
		return now.Sub(o.Heartbeat) < silentAfter
	}
	started, running, known := startTime(o.PID)
	if !known {
		return now.Sub(o.Heartbeat) < silentAfter
	}
	return running && (started == 0 || o.Started == 0 || started == o.Started)
}
