//go:build !nonative

package llama

import (
	"time"

	"golang.org/x/sys/unix"
)

// computed is the time that the threads of this process have computed, idle waiting for each other included. On a machine that
// others use, it tells what a call costs; ok is false where the system does not say.
func computed() (d time.Duration, ok bool) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		return 0, false
	}
	return time.Duration(t.Nano()), true
}
