package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// envConsole is set by loam.com, the twin for terminals (packaging/windows/console).
const envConsole = "LOAM_CONSOLE"

// attachParent is Windows' ATTACH_PARENT_PROCESS.
const attachParent = ^uint32(0)

// console gives the command line the console of the twin that started it: Windows starts a window program without one. What
// is redirected to a file or a pipe is inherited and stays so.
func console() {
	if os.Getenv(envConsole) == "" || os.Unsetenv(envConsole) != nil {
		return
	}
	attach := windows.NewLazySystemDLL("kernel32.dll").NewProc("AttachConsole")
	if attached, _, _ := attach.Call(uintptr(attachParent)); attached == 0 {
		return // there is none: everything is redirected
	}
	// They were opened before there was a console, so that they would not write to it as one does.
	os.Stdin = os.NewFile(uintptr(syscall.Stdin), "/dev/stdin")
	os.Stdout = os.NewFile(uintptr(syscall.Stdout), "/dev/stdout")
	os.Stderr = os.NewFile(uintptr(syscall.Stderr), "/dev/stderr")
}
