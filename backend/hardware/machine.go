// Package hardware says what this machine is: processor, memory, battery and graphics cards, how much memory a model
// will take on it, and what is good or bad about the installation in words for a person. It runs no native code and
// loads no driver: everything is read from the system's own files and calls, so a broken driver cannot hurt the window.
//
// It is called by app (the machine, the doctor), residency (forecasts) and through them by the window. All functions may
// be called from any goroutine. Numbers that the system does not tell are zero, never guessed.
package hardware

import (
	"context"
	"runtime"
)

// Machine is what can compute here, as far as this process may use it.
type Machine struct {
	OS            string   `json:"os"`
	Arch          string   `json:"arch"`
	CPU           string   `json:"cpu"`            // the name its maker gives it
	PhysicalCores int      `json:"physical_cores"` // within the limits of the container and of taskset; at least 1
	LogicalCores  int      `json:"logical_cores"`
	MemoryTotal   int64    `json:"memory_total"`      // bytes, within the limit of the container
	MemoryFree    int64    `json:"memory_free"`       // bytes that a load may take without swapping
	Limited       bool     `json:"limited,omitempty"` // a container allows less than the machine has
	OnBattery     bool     `json:"on_battery"`
	GPUs          []GPU    `json:"gpus"`
	Features      []string `json:"features"` // instruction sets, in the names of klauspost/cpuid
}

// GPU is a graphics card that the system knows, whether or not an engine can use it.
type GPU struct {
	Name          string `json:"name"`
	Vendor        string `json:"vendor"` // "nvidia", "amd", "intel", "apple", else the PCI vendor number
	Address       string `json:"address,omitempty"`
	Driver        string `json:"driver"` // the kernel's driver; "" = none is bound
	DriverVersion string `json:"driver_version,omitempty"`
	MemoryTotal   int64  `json:"memory_total"` // bytes; 0 = not told by the system
	MemoryFree    int64  `json:"memory_free"`
	Integrated    bool   `json:"integrated"`
}

// Probe looks at the machine now. It takes a few milliseconds; the free memory is true for this moment only.
func Probe(ctx context.Context) Machine {
	m := Machine{OS: runtime.GOOS, Arch: runtime.GOARCH}
	probeCPU(&m)
	probeSystem(ctx, &m)
	if m.LogicalCores < 1 {
		m.LogicalCores = max(1, runtime.NumCPU())
	}
	m.PhysicalCores = max(1, min(m.PhysicalCores, m.LogicalCores))
	return m
}

// Has says whether the processor has all the named instruction sets.
func (m Machine) Has(features ...string) bool {
	for _, f := range features {
		found := false
		for _, have := range m.Features {
			if have == f {
				found = true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}
