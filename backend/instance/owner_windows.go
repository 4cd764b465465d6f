package instance

import (
	"errors"

	"golang.org/x/sys/windows"
)

// bootID is empty: the start time of a process is a date here, so it does not repeat after a boot.
func bootID() string { return "" }

func machineOf(boot string) string { return boot }

// startTime is when a process started, in 100-nanosecond steps since 1601.
func startTime(pid int) (started int64, running, known bool) {
	handle, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION, false, uint32(pid))
	if errors.Is(err, windows.ERROR_INVALID_PARAMETER) {
		return 0, false, true // no such process
	}
	if err != nil {
		return 0, false, false
	}
	defer windows.CloseHandle(handle) //nolint:errcheck // nothing was written by it
	var code uint32
	const stillActive = 259
	if err := windows.GetExitCodeProcess(handle, &code); err != nil {
		return 0, false, false
	}
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(handle, &created, &exited, &kernel, &user); err != nil {
		return 0, false, false
	}
	return int64(created.HighDateTime)<<32 | int64(created.LowDateTime), code == stillActive, true
}
