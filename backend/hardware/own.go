package hardware

import (
	"runtime"
	"strings"
)

// OwnMemory is how many bytes this process holds, shared pages by their share where the system tells it; else what its own
// heap took. Engines are processes of their own and not counted.
func OwnMemory() int64 {
	t := tree{root: "/"}
	if runtime.GOOS == "linux" {
		if pss := kilobytes(t.text("proc/self/smaps_rollup"), "Pss"); pss > 0 {
			return pss
		}
		if fields := strings.Fields(t.text("proc/self/statm")); len(fields) > 1 {
			return number(fields[1]) * pageSize
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.Sys)
}

const pageSize = 4096 // of every Linux that Loam is built for
