package ui

import (
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/ui/pages"
)

func TestTheFirstScreenSaysWhatThisMachineRunsWell(t *testing.T) {
	for name, c := range map[string]struct {
		m    hardware.Machine
		says string
	}{
		"laptop": {hardware.Machine{Arch: "amd64", MemoryTotal: 16 << 30, PhysicalCores: 8, Features: []string{"AVX2"}}, "This machine (16 GB, no GPU) runs models up to about 7 B well."},
		"a card": {hardware.Machine{Arch: "amd64", MemoryTotal: 8 << 30, PhysicalCores: 4, Features: []string{"AVX2"}, GPUs: []hardware.GPU{{Name: "GeForce RTX 3060"}}}, "This machine (8 GB, GeForce RTX 3060 not used) runs models up to about 4 B well."},
		"tiny":   {hardware.Machine{Arch: "arm64", MemoryTotal: 2 << 30, PhysicalCores: 4}, "runs only the smallest models."},
	} {
		t.Run(name, func(t *testing.T) {
			f := fakes(t)
			f.system.Is = c.m
			f.open(720, 480)
			f.says(c.says, "The starter answers", "Which model?")
			f.fits("first start")
			f.write("typed at once") // no wizard stands before the composer
			f.tap("Which model?")
			f.says("Choose a model", "Memory of the machine")
		})
	}
}

func TestWhyTheProcessorComputesIsSaidWithTheNextStep(t *testing.T) {
	f := fakes(t)
	f.system.Is = hardware.Machine{OS: "linux", MemoryTotal: 16 << 30, PhysicalCores: 8, GPUs: []hardware.GPU{{Name: "Quadro P1000", Vendor: "nvidia", Driver: "nouveau"}}}
	f.engines.Now = event.EngineChanged{ModelID: 1, Name: "SmolLM2", State: event.EngineReady, Info: backend.EngineInfo{Device: "CPU", Variant: "haswell", Threads: 7}}
	f.open(720, 480)
	f.UI.chats.OpenPicker()
	f.says("On the CPU, because Quadro P1000 has the driver nouveau, which cannot compute. Install NVIDIA's own driver")
	f.fits("picker")
	f.show(pages.PageSettings)
	f.says("Install NVIDIA's own driver")
	f.tap("Why?")
	f.says("On the processor, not on the graphics card")
	f.show(pages.PageSettings)
	f.engines.Now.Info.Device = "CUDA0"
	f.handle(f.engines.Now)
	if s := f.shownText(); strings.Contains(s, "On the CPU") {
		t.Error("a model on a graphics card is said to be on the processor")
	}
}
