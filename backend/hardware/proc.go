package hardware

import (
	"fmt"
	"strconv"
	"strings"
)

// fill reads a Linux system. cpus are the processors that this process may run on; none = not known.
func (t tree) fill(m *Machine, cpus []int) {
	if m.CPU == "" {
		m.CPU = t.cpuName()
	}
	if len(cpus) > 0 {
		m.LogicalCores = len(cpus)
		if n := t.physical(cpus); n > 0 {
			m.PhysicalCores = n
		}
	}
	info := t.text("proc/meminfo")
	m.MemoryTotal, m.MemoryFree = kilobytes(info, "MemTotal"), kilobytes(info, "MemAvailable")
	if online := t.online(); len(cpus) > 0 && len(cpus) < online {
		m.Limited = true
	}
	m.limit(t.limits())
	m.OnBattery = t.onBattery()
	m.GPUs = t.gpus()
}

// limit narrows the machine to what its control groups allow.
func (m *Machine) limit(l limits) {
	if l.cpus > 0 && l.cpus < m.LogicalCores {
		m.LogicalCores, m.Limited = l.cpus, true
		m.PhysicalCores = min(m.PhysicalCores, l.cpus)
	}
	if l.memory > 0 && l.memory < m.MemoryTotal {
		m.MemoryTotal, m.Limited = l.memory, true
	}
	if l.memory > 0 {
		m.MemoryFree = min(m.MemoryFree, l.memory-l.memoryUsed)
	}
}

// cpuName is for processors that do not tell their name themselves.
func (t tree) cpuName() string {
	info := t.text("proc/cpuinfo")
	for _, key := range []string{"model name", "Model", "Hardware", "cpu model", "uarch"} {
		if name := field(info, key); name != "" {
			return name
		}
	}
	return strings.TrimRight(t.text("proc/device-tree/model"), "\x00")
}

// physical counts the cores that the processors belong to; 0 when the system does not tell.
func (t tree) physical(cpus []int) int {
	cores := map[string]bool{}
	for _, n := range cpus {
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/topology/", n)
		siblings := t.text(dir + "core_cpus_list")
		if siblings == "" {
			siblings = t.text(dir + "thread_siblings_list")
		}
		if siblings == "" {
			return 0
		}
		cores[siblings] = true
	}
	return len(cores)
}

// online counts the processors of the machine, from a list such as "0-7,10".
func (t tree) online() int {
	sum := 0
	for part := range strings.SplitSeq(t.text("sys/devices/system/cpu/online"), ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, err1 := strconv.Atoi(from)
		b, err2 := strconv.Atoi(to)
		if err1 == nil && err2 == nil && b >= a {
			sum += b - a + 1
		}
	}
	return sum
}

// kilobytes reads a line "MemTotal:  24684096 kB" as bytes.
func kilobytes(info, name string) int64 {
	value, _, _ := strings.Cut(field(info, name), " ")
	return number(value) << 10
}

// onBattery says whether a battery of the machine itself is being emptied. Mice and keyboards have the scope "Device".
func (t tree) onBattery() bool {
	draining := false
	for _, dir := range t.glob("sys/class/power_supply/*") {
		if t.text(dir+"/scope") == "Device" {
			continue
		}
		switch t.text(dir + "/type") {
		case "Mains", "USB":
			if t.number(dir+"/online") == 1 {
				return false
			}
		case "Battery":
			draining = draining || t.text(dir+"/status") == "Discharging"
		}
	}
	return draining
}
