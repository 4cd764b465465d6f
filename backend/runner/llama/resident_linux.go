//go:build linux && !nonative

package llama

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// residentBytes is the memory this process holds right now, mapped weights included; 0 when it cannot be told.
func residentBytes() int64 {
	b, err := os.ReadFile("/proc/self/statm") // pages: total, resident, shared ...
	if err != nil {
		return peakBytes() // the sandbox hides /proc
	}
	f := strings.Fields(string(b))
	if len(f) < 2 {
		return peakBytes()
	}
	pages, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return peakBytes()
	}
	return pages * int64(os.Getpagesize())
}

// peakBytes is the most this process has ever held; right after a load that is close to what it holds.
func peakBytes() int64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return u.Maxrss * 1024
}
