package llama

import (
	"runtime"

	"github.com/klauspost/cpuid/v2"
)

// defaultThreads is the number of compute threads when nobody chose one: the physical cores, because two threads of one
// core only wait for each other; less one from four cores on, which is left to the window. On smaller machines every core
// counts more than a smooth window does. Cores that the process may not use are not counted.
func defaultThreads() int {
	return threadsFor(cpuid.CPU.PhysicalCores, min(runtime.NumCPU(), runtime.GOMAXPROCS(0)))
}

func threadsFor(physical, usable int) int {
	n := usable
	if physical > 0 && physical < n {
		n = physical
	}
	if n >= 4 {
		n--
	}
	return max(n, 1)
}
