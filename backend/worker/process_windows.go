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

// signalOf names the signal that would have ended a process elsewhere; "" = none. Windows has exceptions instead, and ends a
// process with their number. An end by the task manager looks like any other failure.
func signalOf(s *os.ProcessState) string {
	if s == nil {
		return ""
	}
	switch windows.NTStatus(uint32(s.ExitCode())) {
	case windows.STATUS_ACCESS_VIOLATION, windows.STATUS_STACK_OVERFLOW, windows.STATUS_HEAP_CORRUPTION:
		return "SIGSEGV"
	case windows.STATUS_IN_PAGE_ERROR: // a mapped file that is shorter than it was
		return "SIGBUS"
	case windows.STATUS_ILLEGAL_INSTRUCTION:
		return "SIGILL"
	case windows.STATUS_INTEGER_DIVIDE_BY_ZERO, windows.STATUS_FLOAT_DIVIDE_BY_ZERO:
		return "SIGFPE"
	case windows.STATUS_STACK_BUFFER_OVERRUN: // an abort
		return "SIGABRT"
	case windows.STATUS_CONTROL_C_EXIT:
		return "SIGINT"
	}
	return ""
}
