package library

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// giveWay binds the calling goroutine to a thread of the lowest priority for processor and disk. The thread is not given
// back (a lowered priority cannot be raised again), so it ends with the goroutine. What the system refuses is left out.
func giveWay() {
	runtime.LockOSThread()
	const (
		processClass = 1       // IOPRIO_WHO_PROCESS
		idle         = 3 << 13 // IOPRIO_CLASS_IDLE
	)
	tid := unix.Gettid()
	_ = unix.Setpriority(unix.PRIO_PROCESS, tid, 19)
	_, _, _ = unix.Syscall(unix.SYS_IOPRIO_SET, processClass, uintptr(tid), idle)
}
