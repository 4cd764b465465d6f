package instance

import (
	"errors"
	"strconv"

	"golang.org/x/sys/unix"
)

// bootID is the time at which the machine was booted.
func bootID() string {
	t, err := unix.SysctlTimeval("kern.boottime")
	if err != nil {
		return ""
	}
	return strconv.FormatInt(t.Sec, 10)
}

func machineOf(boot string) string { return boot }

// startTime is when a process started, in microseconds since 1970.
func startTime(pid int) (started int64, running, known bool) {
	p, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	if errors.Is(err, unix.ESRCH) || errors.Is(err, unix.EIO) {
		return 0, false, true // EIO: the kernel answers a process that is gone with no data
	}
	if err != nil {
		return 0, false, false
	}
	const zombie = 5 // SZOMB in <sys/proc.h>
	t := p.Proc.P_starttime
	return t.Sec*1_000_000 + int64(t.Usec), p.Proc.P_stat != zombie, true
}
