package hardware

import (
	"fmt"
	"strings"
)

// vendors by PCI number.
var vendors = map[int64]string{
	0x10de: "nvidia", 0x1002: "amd", 0x1022: "amd", 0x8086: "intel", 0x106b: "apple", 0x13b5: "arm",
	0x5143: "qualcomm",
}

// virtualScreens are the graphics of virtual machines and servers' consoles: they show a picture and cannot compute.
var virtualScreens = map[int64]bool{
	0x1234: true, 0x1af4: true, 0x15ad: true, 0x1ab8: true, 0x80ee: true, 0x1b36: true,
	0x1414: true, 0x1a03: true, 0x102b: true, 0x1013: true,
}

// gpus lists the graphics cards on the PCI bus and those of systems on a chip.
func (t tree) gpus() []GPU {
	list := []GPU{}
	for _, dir := range t.glob("sys/bus/pci/devices/*") {
		class := t.number(dir + "/class")
		if base := class >> 8; base != 0x0300 && base != 0x0302 && base != 0x0380 && base != 0x1200 {
			continue // display controllers and processing accelerators
		}
		if vendor := t.number(dir + "/vendor"); !virtualScreens[vendor] {
			list = append(list, t.pciGPU(dir, vendor))
		}
	}
	for _, dir := range t.glob("sys/class/drm/card[0-9]") {
		if t.link(dir+"/device/subsystem") == "platform" {
			driver := t.link(dir + "/device/driver")
			list = append(list, GPU{Name: strings.TrimSpace(driver + " graphics"), Vendor: driver, Driver: driver, Integrated: true})
		}
	}
	return list
}

func (t tree) pciGPU(dir string, vendor int64) GPU {
	address := dir[strings.LastIndexByte(dir, '/')+1:]
	device := t.number(dir + "/device")
	g := GPU{Address: address, Vendor: vendors[vendor], Driver: t.link(dir + "/driver")}
	if g.Vendor == "" {
		g.Vendor = fmt.Sprintf("%04x", vendor)
	}
	if v := t.text(dir + "/driver/module/version"); v != "" {
		g.DriverVersion = v
	}
	switch g.Vendor {
	case "nvidia":
		g.Name = field(t.text("proc/driver/nvidia/gpus/"+address+"/information"), "Model")
		if v := t.nvidiaVersion(); v != "" && g.Driver == "nvidia" {
			g.DriverVersion = v
		}
	case "amd":
		g.Name = t.text(dir + "/product_name")
		if total := t.number(dir + "/mem_info_vram_total"); total > 0 {
			g.MemoryTotal = total
			g.MemoryFree = max(0, total-max(0, t.number(dir+"/mem_info_vram_used")))
			g.Integrated = total < 3<<30 // what the firmware takes from the machine's memory
		}
	case "intel":
		g.Integrated = strings.HasSuffix(address, ":00:02.0")
	}
	if g.Name == "" {
		g.Name = t.pciName(vendor, device)
	}
	if g.Name == "" {
		g.Name = fmt.Sprintf("%s graphics (%04x:%04x)", makers[g.Vendor], vendor, device)
	}
	g.Name = strings.TrimSpace(g.Name)
	return g
}

var makers = map[string]string{"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel", "apple": "Apple", "arm": "Arm", "qualcomm": "Qualcomm"}

// nvidiaVersion finds the version in the driver's first line: "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86 ...".
func (t tree) nvidiaVersion() string {
	line, _, _ := strings.Cut(t.text("proc/driver/nvidia/version"), "\n")
	for word := range strings.FieldsSeq(line) {
		if word[0] >= '0' && word[0] <= '9' && strings.Contains(word, ".") {
			return word
		}
	}
	return ""
}

// pciName looks a card up in the list that Linux systems with pciutils have.
func (t tree) pciName(vendor, device int64) string {
	for _, path := range []string{"usr/share/misc/pci.ids", "usr/share/hwdata/pci.ids"} {
		if name := nameInList(t.list(path), fmt.Sprintf("%04x", vendor), fmt.Sprintf("%04x", device)); name != "" {
			return name
		}
	}
	return ""
}

// nameInList reads lines "10de  NVIDIA Corporation" and below them "\t2204  GA102 [GeForce RTX 3090]".
func nameInList(lines func(func(string) bool), vendor, device string) string {
	maker := ""
	for line := range lines {
		switch {
		case strings.HasPrefix(line, vendor+"  "):
			maker = strings.TrimSpace(line[4:])
		case maker == "":
		case strings.HasPrefix(line, "\t"+device+"  "):
			name := strings.TrimSpace(line[5:])
			if _, market, ok := strings.Cut(name, "["); ok { // the name it is sold under
				name = strings.TrimSuffix(market, "]")
			}
			return shortMaker(maker) + " " + name
		case line != "" && line[0] != '\t' && line[0] != '#':
			return ""
		}
	}
	return ""
}

func shortMaker(s string) string {
	if _, short, ok := strings.Cut(s, "["); ok {
		s, _, _ = strings.Cut(short, "]")
		s, _, _ = strings.Cut(s, "/")
	}
	return strings.TrimSpace(strings.TrimSuffix(strings.TrimSuffix(s, "Corporation"), "Inc."))
}
