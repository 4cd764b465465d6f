package hardware

import (
	"context"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

func probeSystem(ctx context.Context, m *Machine) {
	if name, err := unix.Sysctl("machdep.cpu.brand_string"); err == nil {
		m.CPU = name
	}
	// Performance cores only, where there are two kinds: a thread on a slow core holds up all others.
	for _, key := range []string{"hw.perflevel0.physicalcpu", "hw.physicalcpu"} {
		if n, err := unix.SysctlUint32(key); err == nil && n > 0 {
			m.PhysicalCores = int(n)
			break
		}
	}
	if n, err := unix.SysctlUint32("hw.logicalcpu"); err == nil {
		m.LogicalCores = int(n)
	}
	if n, err := unix.SysctlUint64("hw.memsize"); err == nil {
		m.MemoryTotal = int64(n)
	}
	var pages int64
	for _, key := range []string{"vm.page_free_count", "vm.page_speculative_count", "vm.page_purgeable_count", "vm.page_pageable_external_count"} {
		if n, err := unix.SysctlUint32(key); err == nil {
			pages += int64(n)
		}
	}
	m.MemoryFree = min(pages*int64(unix.Getpagesize()), m.MemoryTotal)
	m.GPUs = []GPU{}
	if m.Arch == "arm64" {
		m.GPUs = append(m.GPUs, GPU{
			Name: m.CPU, Vendor: "apple", Driver: "Metal", MemoryTotal: m.MemoryTotal,
			MemoryFree: m.MemoryFree, Integrated: true,
		})
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if out, err := exec.CommandContext(ctx, "/usr/bin/pmset", "-g", "batt").Output(); err == nil {
		m.OnBattery = strings.Contains(string(out), "'Battery Power'")
	}
}
