package hardware

import (
	"context"

	"golang.org/x/sys/unix"
)

func probeSystem(_ context.Context, m *Machine) {
	var allowed unix.CPUSet
	var cpus []int
	if err := unix.SchedGetaffinity(0, &allowed); err == nil {
		for i := range 64 * len(allowed) {
			if allowed.IsSet(i) {
				cpus = append(cpus, i)
			}
		}
	}
	tree{root: "/"}.fill(m, cpus)
}
