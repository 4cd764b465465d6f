//go:build !linux && !darwin && !windows

package instance

func bootID() string { return "" }

func machineOf(boot string) string { return boot }

// startTime is not known here: heartbeats decide.
func startTime(int) (started int64, running, known bool) { return 0, false, false }
