//go:build !windows

package enginetest

import (
	"os"
	"syscall"
)

func freeze()   { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }
func abort()    { _ = syscall.Kill(os.Getpid(), syscall.SIGABRT) }
func killSelf() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) }

// wildRead reads where nothing is mapped. It is no Go pointer that the runtime could report as nil.
func wildRead() {
	var p *[1 << 40]byte
	at := 1 << 30
	if p[at] == 1 { // the read is what counts; it must not be optimised away
		os.Exit(0)
	}
}
