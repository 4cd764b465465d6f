package instance

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// bootID names this boot of the machine and the process namespace that this process can see.
func bootID() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, _ := os.Readlink("/proc/self/ns/pid") // "pid:[4026531836]"; empty where it may not be read
	return strings.TrimSpace(string(boot)) + " " + namespace
}

// machineOf is the part of a bootID that all process namespaces share.
func machineOf(boot string) string {
	machine, _, _ := strings.Cut(boot, " ")
	return machine
}

// startTime reads when a process started, in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)). A zombie does
// not run any more. known is false where /proc cannot be read.
func startTime(pid int) (started int64, running, known bool) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if errors.Is(err, fs.ErrNotExist) {
		_, procErr := os.Stat("/proc/self/stat")
		return 0, false, procErr == nil
	}
	if err != nil {
		// The process can end between open and read.
		_, procErr := os.Stat("/proc/" + strconv.Itoa(pid))
		return 0, false, errors.Is(procErr, fs.ErrNotExist)
	}
	return parseStat(stat)
}

// parseStat reads a line of /proc/PID/stat. The name stands in parentheses and may itself contain any of them.
func parseStat(stat []byte) (started int64, running, known bool) {
	end := bytes.LastIndexByte(stat, ')')
	if end < 0 {
		return 0, false, false
	}
	fields := bytes.Fields(stat[end+1:]) // from field 3, the state, on
	if len(fields) < 20 {
		return 0, false, false
	}
	state := fields[0][0]
	started, err := strconv.ParseInt(string(fields[19]), 10, 64)
	if err != nil {
		return 0, false, false
	}
	return started, state != 'Z' && state != 'X' && state != 'x', true
}
