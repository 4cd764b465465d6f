//go:build !windows

package worker

import (
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"

	"loam/backend/wire"
)

// inherit gives the pipes to the child as files 3 and 4, puts it into a process group of its own, so that Ctrl-C reaches
// its parent first, and returns its environment.
func inherit(c *exec.Cmd, s wire.Start, req, rep *os.File) ([]string, error) {
	c.ExtraFiles = []*os.File{req, rep}
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return environ(s, "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
}

func rootDir() string { return "/" }

// signalOf names the signal that ended a process; "" = none.
func signalOf(s *os.ProcessState) string {
	if s == nil {
		return ""
	}
	ws, ok := s.Sys().(syscall.WaitStatus)
	if !ok || !ws.Signaled() {
		return ""
	}
	return unix.SignalName(ws.Signal())
}
