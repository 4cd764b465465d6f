package worker

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// residentBytes is the memory that a process has in use; 0 = not known.
func residentBytes(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", pid))
	if err != nil {
		return 0
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return 0
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// oomKills counts the processes that the kernel has killed for lack of memory since the machine started.
func oomKills() uint64 {
	b, err := os.ReadFile("/proc/vmstat")
	if err != nil {
		return 0
	}
	for l := range bytes.Lines(b) {
		if v, ok := bytes.CutPrefix(l, []byte("oom_kill ")); ok {
			n, _ := strconv.ParseUint(string(bytes.TrimSpace(v)), 10, 64)
			return n
		}
	}
	return 0
}

// ownExe is this program when its path is gone: the kernel still has it.
func ownExe(string) string { return "/proc/self/exe" }

// pulseOf reads /proc/PID/stat: state, major page faults, and user and system time in ticks of 1/100 s (proc(5)).
func pulseOf(pid int) (pulse, bool) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return pulse{}, false
	}
	_, rest, ok := strings.Cut(string(b), ") ") // the name before it may hold anything
	f := strings.Fields(rest)
	if !ok || len(f) < 13 {
		return pulse{}, false
	}
	faults, err1 := strconv.ParseUint(f[9], 10, 64)
	user, err2 := strconv.ParseInt(f[11], 10, 64)
	system, err3 := strconv.ParseInt(f[12], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return pulse{}, false
	}
	return pulse{cpu: time.Duration(user+system) * 10 * time.Millisecond, faults: faults, onDisk: f[0] == "D"}, true
}
