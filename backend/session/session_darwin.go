package session

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
)

// system runs caffeinate, which holds off idle sleep until it is ended, or until this process is no more.
func system(string) (release func(), err error) {
	cmd := exec.Command("/usr/bin/caffeinate", "-i", "-w", strconv.Itoa(os.Getpid()))
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("keep awake: %w", err)
	}
	return func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()         // its exit status is that of a kill
	}, nil
}

// Tray says whether the desktop shows tray icons.
func Tray() bool { return true }
