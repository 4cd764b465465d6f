package worker

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"

	"loam/backend/wire"
)

// inherit gives the pipes to the child as handles whose numbers it is told, puts it into a process group of its own
// without a console window, and returns its environment.
func inherit(c *exec.Cmd, s wire.Start, req, rep *os.File) ([]string, error) {
	for _, f := range []*os.File{req, rep} {
		if err := windows.SetHandleInformation(windows.Handle(f.Fd()), windows.HANDLE_FLAG_INHERIT, windows.HANDLE_FLAG_INHERIT); err != nil {
			return nil, fmt.Errorf("pass a pipe on: %w", err)
		}
	}
	s.In, s.Out = uint64(req.Fd()), uint64(rep.Fd())
	c.SysProcAttr = &syscall.SysProcAttr{
		AdditionalInheritedHandles: []syscall.Handle{syscall.Handle(req.Fd()), syscall.Handle(rep.Fd())},
		CreationFlags:              windows.CREATE_NEW_PROCESS_GROUP | windows.CREATE_NO_WINDOW,
	}
	return environ(s, "SystemRoot", "SystemDrive", "PATH", "TEMP", "TMP", "USERPROFILE", "LOCALAPPDATA", "ProgramData", "NUMBER_OF_PROCESSORS")
}

func rootDir() string { return os.Getenv("SystemRoot") }

// signalOf names the signal that ended a process; Windows has none.
func signalOf(*os.ProcessState) string { return "" }
