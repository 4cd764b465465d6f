package hardware

import (
	"math"
	"path/filepath"
	"strconv"
	"strings"
)

// limits are what the control groups of this process allow. Zero = no limit.
type limits struct {
	cpus       int   // whole processors, rounded up
	memory     int64 // bytes
	memoryUsed int64 // of that, by the group, without what can be dropped at once
}

// limits reads the groups of both versions. In a container the group's path is often that of the host, which is not
// there: the mount point itself is the group then.
func (t tree) limits() limits {
	var l limits
	for line := range strings.Lines(t.text("proc/self/cgroup")) {
		parts := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(parts) != 3 {
			continue
		}
		path := parts[2]
		for _, controller := range strings.Split(parts[1], ",") {
			switch {
			case parts[0] == "0" && controller == "":
				t.upward("sys/fs/cgroup", path, func(dir string) { t.unified(dir, &l) })
			case controller == "cpu":
				t.upward(t.mount("cpu", "cpu,cpuacct"), path, func(dir string) { t.oldCPU(dir, &l) })
			case controller == "memory":
				t.upward(t.mount("memory"), path, func(dir string) { t.oldMemory(dir, &l) })
			}
		}
	}
	return l
}

func (t tree) mount(names ...string) string {
	for _, n := range names {
		if len(t.glob("sys/fs/cgroup/"+n)) > 0 {
			return "sys/fs/cgroup/" + n
		}
	}
	return "sys/fs/cgroup/" + names[0]
}

// upward visits a group and all groups around it: each may set a limit.
func (t tree) upward(mount, path string, visit func(dir string)) {
	for p := filepath.Clean("/" + path); ; p = filepath.Dir(p) {
		visit(filepath.Join(mount, p))
		if p == "/" {
			return
		}
	}
}

func (t tree) unified(dir string, l *limits) {
	if quota, period, ok := strings.Cut(t.text(dir+"/cpu.max"), " "); ok {
		l.quota(number(quota), number(period))
	}
	if most := t.number(dir + "/memory.max"); most > 0 {
		l.tighten(most, t.number(dir+"/memory.current")-number(statField(t.text(dir+"/memory.stat"), "inactive_file")))
	}
}

func (t tree) oldCPU(dir string, l *limits) {
	l.quota(t.number(dir+"/cpu.cfs_quota_us"), t.number(dir+"/cpu.cfs_period_us"))
}

func (t tree) oldMemory(dir string, l *limits) {
	// No limit is written as the largest number of whole pages.
	if most := t.number(dir + "/memory.limit_in_bytes"); most > 0 && most < math.MaxInt64/2 {
		l.tighten(most, t.number(dir+"/memory.usage_in_bytes")-number(statField(t.text(dir+"/memory.stat"), "total_inactive_file")))
	}
}

func (l *limits) quota(quota, period int64) {
	if quota <= 0 || period <= 0 {
		return
	}
	if n := int(min((quota+period-1)/period, 1<<16)); l.cpus == 0 || n < l.cpus {
		l.cpus = n
	}
}

// tighten keeps the limit that leaves least.
func (l *limits) tighten(most, used int64) {
	used = min(max(used, 0), most)
	if l.memory == 0 || most-used < l.memory-l.memoryUsed {
		l.memory, l.memoryUsed = most, used
	}
}

// number is a decimal number; 0 when it is none ("max").
func number(s string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
	if err != nil {
		return 0
	}
	return n
}

func statField(text, name string) string {
	for line := range strings.Lines(text) {
		if v, ok := strings.CutPrefix(line, name+" "); ok {
			return v
		}
	}
	return ""
}
