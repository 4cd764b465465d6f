package hardware

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// system writes a /proc and /sys of a machine; values that begin with "->" become links.
func system(t *testing.T, files map[string]string) tree {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		var err error
		if len(text) > 2 && text[:2] == "->" {
			err = os.Symlink(text[2:], path)
		} else {
			err = os.WriteFile(path, []byte(text), 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return tree{root}
}

const meminfo = "MemTotal:       16000000 kB\nMemFree:         1000000 kB\nMemAvailable:   12000000 kB\n"

func cpuFiles(siblings ...string) map[string]string {
	m := map[string]string{"proc/meminfo": meminfo}
	for i, s := range siblings {
		m["sys/devices/system/cpu/cpu"+string(rune('0'+i))+"/topology/thread_siblings_list"] = s + "\n"
	}
	return m
}

func TestCoresAndMemoryWithinLimits(t *testing.T) {
	type want struct {
		physical, logical int
		total, free       int64
		limited           bool
	}
	const kB = 1 << 10
	for name, tc := range map[string]struct {
		files map[string]string
		cpus  []int
		want  want
	}{
		"a laptop with two threads per core": {map[string]string{}, []int{0, 1, 2, 3}, want{2, 4, 16e6 * kB, 12e6 * kB, false}},
		"bound to one core by taskset": {
			map[string]string{"sys/devices/system/cpu/online": "0-3\n"},
			[]int{0, 2},
			want{1, 2, 16e6 * kB, 12e6 * kB, true},
		},
		"a container with one and a half processors and 4 GB": {map[string]string{
			"proc/self/cgroup":         "0::/\n",
			"sys/fs/cgroup/cpu.max":    "150000 100000\n",
			"sys/fs/cgroup/memory.max": "4000000000\n", "sys/fs/cgroup/memory.current": "1500000000\n",
			"sys/fs/cgroup/memory.stat": "anon 1\ninactive_file 500000000\n",
		}, []int{0, 1, 2, 3}, want{2, 2, 4e9, 3e9, true}},
		"no limits written": {map[string]string{
			"proc/self/cgroup":         "0::/user.slice\n",
			"sys/fs/cgroup/cpu.max":    "max 100000\n",
			"sys/fs/cgroup/memory.max": "max\n",
		}, []int{0, 1, 2, 3}, want{2, 4, 16e6 * kB, 12e6 * kB, false}},
		"the group around ours is the narrow one": {map[string]string{
			"proc/self/cgroup":               "0::/a/b\n",
			"sys/fs/cgroup/a/memory.max":     "2000000000\n",
			"sys/fs/cgroup/a/memory.current": "200000000\n",
			"sys/fs/cgroup/a/b/memory.max":   "8000000000\n",
		}, []int{0, 1, 2, 3}, want{2, 4, 2e9, 1.8e9, true}},
		"the older groups": {map[string]string{
			"proc/self/cgroup":                                  "4:memory:/docker/x\n1:cpu,cpuacct:/docker/x\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":        "3000000000\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes":        "1000000000\n",
			"sys/fs/cgroup/memory/memory.stat":                  "total_inactive_file 400000000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us":        "100000\n",
			"sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us":       "100000\n",
			"sys/fs/cgroup/memory/docker/memory.limit_in_bytes": "9223372036854771712\n",
		}, []int{0, 1, 2, 3}, want{1, 1, 3e9, 2.4e9, true}},
	} {
		t.Run(name, func(t *testing.T) {
			files := cpuFiles("0-1", "0-1", "2-3", "2-3")
			for k, v := range tc.files {
				files[k] = v
			}
			if name == "bound to one core by taskset" {
				files["sys/devices/system/cpu/cpu2/topology/thread_siblings_list"] = "0-1\n"
			}
			m := Machine{}
			system(t, files).fill(&m, tc.cpus)
			got := want{m.PhysicalCores, m.LogicalCores, m.MemoryTotal, m.MemoryFree, m.Limited}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestBatteryIsTheMachinesOwn(t *testing.T) {
	const dir = "sys/class/power_supply/"
	for name, tc := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"a desktop": {nil, false},
		"on battery": {map[string]string{
			dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Discharging\n",
			dir + "AC/type": "Mains\n", dir + "AC/online": "0\n",
		}, true},
		"plugged in": {map[string]string{
			dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Discharging\n",
			dir + "AC/type": "Mains\n", dir + "AC/online": "1\n",
		}, false},
		"charging":         {map[string]string{dir + "BAT0/type": "Battery\n", dir + "BAT0/status": "Charging\n"}, false},
		"only the mouse's": {map[string]string{dir + "m/type": "Battery\n", dir + "m/status": "Discharging\n", dir + "m/scope": "Device\n"}, false},
	} {
		if got := system(t, tc.files).onBattery(); got != tc.want {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestGraphicsCardsAreNamed(t *testing.T) {
	pci := func(address, class, vendor, device, driver string, more map[string]string) map[string]string {
		dir := "sys/bus/pci/devices/" + address + "/"
		m := map[string]string{dir + "class": class + "\n", dir + "vendor": vendor + "\n", dir + "device": device + "\n"}
		if driver != "" {
			m[dir+"driver"] = "->../../../bus/pci/drivers/" + driver
		}
		for k, v := range more {
			if k[0] != '/' {
				k = dir + k
			}
			m[k] = v
		}
		return m
	}
	list := "# comment\n1002  Advanced Micro Devices, Inc. [AMD/ATI]\n\t744c  Navi 31 [Radeon RX 7900 XT]\n" +
		"8086  Intel Corporation\n\t56a0  DG2 [Arc A770]\n\t\t1 2  sub\n\ta7a0  Raptor Lake-P [Iris Xe Graphics]\n"
	for name, tc := range map[string]struct {
		files map[string]string
		want  []GPU
	}{
		"none":                     {nil, []GPU{}},
		"a network card":           {pci("0000:00:03.0", "0x020000", "0x8086", "0x1533", "igb", nil), []GPU{}},
		"a virtual machine's card": {pci("0000:00:02.0", "0x030000", "0x1234", "0x1111", "bochs", nil), []GPU{}},
		"NVIDIA": {pci("0000:01:00.0", "0x030000", "0x10de", "0x2204", "nvidia", map[string]string{
			"/proc/driver/nvidia/gpus/0000:01:00.0/information": "Model: \t\t NVIDIA GeForce RTX 3090\nIRQ: 1\n",
			"/proc/driver/nvidia/version":                       "NVRM version: NVIDIA UNIX x86_64 Kernel Module  570.86.15  Fri\n",
		}), []GPU{{Name: "NVIDIA GeForce RTX 3090", Vendor: "nvidia", Address: "0000:01:00.0", Driver: "nvidia", DriverVersion: "570.86.15"}}},
		"AMD": {pci("0000:03:00.0", "0x030000", "0x1002", "0x744c", "amdgpu", map[string]string{
			"mem_info_vram_total": "21458059264\n", "mem_info_vram_used": "1000000000\n", "/usr/share/misc/pci.ids": list,
		}), []GPU{{
			Name: "AMD Radeon RX 7900 XT", Vendor: "amd", Address: "0000:03:00.0", Driver: "amdgpu", MemoryTotal: 21458059264,
			MemoryFree: 20458059264,
		}}},
		"Intel in the processor": {pci("0000:00:02.0", "0x030000", "0x8086", "0xa7a0", "i915", map[string]string{
			"/usr/share/hwdata/pci.ids": list,
		}), []GPU{{
			Name: "Intel Iris Xe Graphics", Vendor: "intel", Address: "0000:00:02.0",
			Driver: "i915", Integrated: true,
		}}},
		"not in any list": {
			pci("0000:05:00.0", "0x038000", "0x10de", "0xffff", "", nil),
			[]GPU{{Name: "NVIDIA graphics (10de:ffff)", Vendor: "nvidia", Address: "0000:05:00.0"}},
		},
		"a system on a chip": {
			map[string]string{
				"sys/class/drm/card0/device/subsystem": "->../../bus/platform",
				"sys/class/drm/card0/device/driver":    "->../../drivers/v3d",
			},
			[]GPU{{Name: "v3d graphics", Vendor: "v3d", Driver: "v3d", Integrated: true}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, system(t, tc.files).gpus()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestVariantFollowsTheInstructions(t *testing.T) {
	haswell := []string{"SSE42", "AVX", "AVX2", "FMA3", "F16C", "BMI2"}
	avx512 := append(haswell[:6:6], "AVX512F", "AVX512CD", "AVX512VL", "AVX512DQ", "AVX512BW")
	vnni := append(avx512[:11:11], "AVX512VBMI", "AVX512VNNI")
	for _, tc := range []struct {
		arch     string
		features []string
		want     string
	}{
		{"amd64", nil, "x64"},
		{"amd64", haswell[:2], "sandybridge"},
		{"amd64", haswell, "haswell"},
		{"amd64", append(haswell[:6:6], "AVXVNNI"), "alderlake"},
		{"amd64", avx512, "skylakex"},
		{"amd64", vnni, "icelake"},
		{"amd64", append(vnni[:13:13], "AVX512BF16", "AVXVNNI"), "zen4"},
		{"amd64", append(vnni[:13:13], "AVX512BF16", "AMXTILE", "AMXINT8"), "sapphirerapids"},
		{"arm64", nil, "armv8.0"},
		{"arm64", []string{"ASIMDDP"}, "armv8.2"},
		{"riscv64", nil, ""},
	} {
		if got := (Machine{Arch: tc.arch, Features: tc.features}).Variant(); got != tc.want {
			t.Errorf("%s with %v: %q, want %q", tc.arch, tc.features, got, tc.want)
		}
	}
}

func TestThisMachineIsPlausible(t *testing.T) {
	m := Probe(t.Context())
	if m.PhysicalCores < 1 || m.LogicalCores < m.PhysicalCores || m.MemoryTotal < 256<<20 || m.MemoryFree < 0 ||
		m.MemoryFree > m.MemoryTotal {
		t.Errorf("%d cores, %d threads, %d of %d bytes free", m.PhysicalCores, m.LogicalCores, m.MemoryFree, m.MemoryTotal)
	}
	if m.GPUs == nil || m.Variant() == "" && (m.Arch == "amd64" || m.Arch == "arm64") {
		t.Errorf("graphics %v, variant %q", m.GPUs, m.Variant())
	}
}
