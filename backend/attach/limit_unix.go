//go:build unix

package attach

import "golang.org/x/sys/unix"

// limitMemory has the system end this process where it takes too much memory or time of the processor.
func limitMemory() {
	_ = unix.Setrlimit(unix.RLIMIT_DATA, &unix.Rlimit{Cur: readMemory, Max: readMemory})
	_ = unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: 60, Max: 60})
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
}
