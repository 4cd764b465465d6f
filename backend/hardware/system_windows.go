package hardware

import (
	"context"
	"strings"
	"unsafe"

	"golang.org/x/sys/windows"
	"golang.org/x/sys/windows/registry"
)

// memoryStatus is MEMORYSTATUSEX.
type memoryStatus struct {
	length, load                                   uint32
	totalPhys, availPhys, totalPage, availPage     uint64
	totalVirtual, availVirtual, availExtendedVirtu uint64
}

// powerStatus is SYSTEM_POWER_STATUS.
type powerStatus struct {
	acLine, battery, percent, saver byte
	lifetime, fullLifetime          uint32
}

func probeSystem(_ context.Context, m *Machine) {
	kernel := windows.NewLazySystemDLL("kernel32.dll")
	mem := memoryStatus{length: uint32(unsafe.Sizeof(memoryStatus{}))}
	if ok, _, _ := kernel.NewProc("GlobalMemoryStatusEx").Call(uintptr(unsafe.Pointer(&mem))); ok != 0 {
		m.MemoryTotal, m.MemoryFree = int64(mem.totalPhys), int64(mem.availPhys)
	}
	var power powerStatus
	if ok, _, _ := kernel.NewProc("GetSystemPowerStatus").Call(uintptr(unsafe.Pointer(&power))); ok != 0 {
		m.OnBattery = power.acLine == 0
	}
	m.GPUs = displayAdapters()
}

// displayAdapters reads the drivers of display adapters from the registry, where each has a numbered key.
func displayAdapters() []GPU {
	list := []GPU{}
	const class = `SYSTEM\CurrentControlSet\Control\Class\{4d36e968-e325-11ce-bfc1-08002be10318}`
	root, err := registry.OpenKey(registry.LOCAL_MACHINE, class, registry.ENUMERATE_SUB_KEYS)
	if err != nil {
		return list
	}
	defer root.Close()
	names, err := root.ReadSubKeyNames(64)
	if err != nil && len(names) == 0 {
		return list
	}
	for _, n := range names {
		k, err := registry.OpenKey(registry.LOCAL_MACHINE, class+`\`+n, registry.QUERY_VALUE)
		if err != nil {
			continue
		}
		name, _, err := k.GetStringValue("DriverDesc")
		if err == nil && !strings.HasPrefix(name, "Microsoft") { // its own are for screens without a driver
			g := GPU{Name: name, Driver: "windows"}
			g.DriverVersion, _, _ = k.GetStringValue("DriverVersion")
			if bytes, _, err := k.GetIntegerValue("HardwareInformation.qwMemorySize"); err == nil {
				g.MemoryTotal = int64(bytes)
			}
			for vendor, maker := range makers {
				if strings.Contains(strings.ToLower(name), strings.ToLower(maker)) {
					g.Vendor = vendor
				}
			}
			list = append(list, g)
		}
		k.Close()
	}
	return list
}
