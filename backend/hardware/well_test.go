package hardware

import (
	"strings"
	"testing"

	"loam/backend"
)

func TestRunsWellGrowsWithMemoryAndCores(t *testing.T) {
	avx2 := []string{"AVX2"}
	for name, c := range map[string]struct {
		m    Machine
		want float64
	}{
		"the usual laptop":     {Machine{Arch: "amd64", MemoryTotal: 16 << 30, PhysicalCores: 8, Features: avx2}, 7},
		"small laptop":         {Machine{Arch: "amd64", MemoryTotal: 8 << 30, PhysicalCores: 4, Features: avx2}, 4},
		"netbook":              {Machine{Arch: "amd64", MemoryTotal: 4 << 30, PhysicalCores: 2, Features: avx2}, 1.5},
		"old processor":        {Machine{Arch: "amd64", MemoryTotal: 16 << 30, PhysicalCores: 4}, 1.5},
		"much memory":          {Machine{Arch: "arm64", MemoryTotal: 64 << 30, PhysicalCores: 12}, 14},
		"hardly any":           {Machine{Arch: "arm64", MemoryTotal: 2 << 30, PhysicalCores: 4}, 0},
		"memory is not known":  {Machine{Arch: "arm64", PhysicalCores: 4}, 0},
		"cores are not known":  {Machine{Arch: "arm64", MemoryTotal: 16 << 30}, 1.5},
		"two cores, 24 GB":     {Machine{Arch: "amd64", MemoryTotal: 24 << 30, PhysicalCores: 2, Features: avx2}, 3},
		"sixteen cores, 16 GB": {Machine{Arch: "amd64", MemoryTotal: 16 << 30, PhysicalCores: 16, Features: avx2}, 7},
	} {
		if got := RunsWell(c.m); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if Billions(7) != "7 B" || Billions(1.5) != "1.5 B" {
		t.Errorf("%q, %q", Billions(7), Billions(1.5))
	}
}

func TestWhyCPUNamesTheCard(t *testing.T) {
	for name, c := range map[string]struct {
		m       Machine
		devices []backend.Device
		has     string
		worse   bool
	}{
		"none":     {Machine{}, nil, "no graphics card", false},
		"nouveau":  {Machine{OS: "linux", GPUs: []GPU{{Name: "Quadro", Vendor: "nvidia", Driver: "nouveau"}}}, nil, "Quadro has the driver nouveau", true},
		"driver":   {Machine{OS: "linux", GPUs: []GPU{{Name: "Arc"}}}, nil, "no driver for Arc", true},
		"shared":   {Machine{OS: "linux", GPUs: []GPU{{Name: "Iris", Driver: "i915", Integrated: true}}}, nil, "Iris shares", false},
		"the best": {Machine{OS: "linux", GPUs: []GPU{{Name: "Iris", Driver: "i915", Integrated: true}, {Name: "RTX", Driver: "nvidia"}}}, nil, "can use RTX", true},
	} {
		because, _, worse := WhyCPU(c.m, c.devices)
		if !strings.Contains(because, c.has) || worse != c.worse {
			t.Errorf("%s: %q, %v", name, because, worse)
		}
	}
	if because, next, _ := WhyCPU(Machine{}, []backend.Device{{Type: "gpu"}}); because != "" || next != "" {
		t.Errorf("a card that is used: %q, %q", because, next)
	}
}
