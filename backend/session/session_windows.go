package session

import (
	"fmt"
	"runtime"

	"golang.org/x/sys/windows"
)

// The states of SetThreadExecutionState. The display may go dark.
const (
	continuous     = 0x80000000
	systemRequired = 0x00000001
)

// system holds a thread for it: the state belongs to the thread that asked, and ends with it.
func system(string) (release func(), err error) {
	set := windows.NewLazySystemDLL("kernel32.dll").NewProc("SetThreadExecutionState")
	if err := set.Find(); err != nil {
		return nil, fmt.Errorf("keep awake: %w", err)
	}
	end, ended, refused := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		defer close(ended)
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		before, _, err := set.Call(continuous | systemRequired)
		if before == 0 {
			refused <- fmt.Errorf("keep awake: %w", err)
			return
		}
		refused <- nil
		<-end
		_, _, _ = set.Call(continuous) // the end of the thread does it too
	}()
	if err := <-refused; err != nil {
		return nil, err
	}
	return func() { close(end); <-ended }, nil
}

// Tray says whether the desktop shows tray icons.
func Tray() bool { return true }
