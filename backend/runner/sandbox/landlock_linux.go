package sandbox

import (
	"debug/elf"
	"errors"
	"fmt"
	"strings"
	"unsafe"

	"golang.org/x/sys/unix"
)

// systemFiles is what a dynamically linked program reads anyway: libraries and small facts about the processor.
var systemFiles = []string{
	"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/nix/store", "/gnu/store", "/etc/ld.so.cache",
	"/proc/cpuinfo", "/proc/meminfo", "/sys/devices/system/cpu", "/sys/devices/system/node",
	"/sys/kernel/mm/transparent_hugepage", "/dev/urandom",
}

// driverFiles is what the drivers of graphics processors read to find their device. Only granted where there is one.
var driverFiles = []string{
	"/etc/vulkan", "/usr/share/vulkan", "/usr/local/share/vulkan", "/usr/share/glvnd", "/usr/share/drirc.d",
	"/usr/share/nvidia", "/usr/share/libdrm", "/opt/rocm", "/usr/local/cuda", "/proc/driver/nvidia", "/proc/devices",
	"/sys/bus/pci", "/sys/class/drm", "/sys/class/kfd", "/sys/dev/char", "/sys/devices/pci0000:00", "/sys/devices/virtual/kfd",
}

const (
	fsRead = unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	fsExec = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE
	fsUse  = fsRead | unix.LANDLOCK_ACCESS_FS_WRITE_FILE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV

	// fsFiles are the rights that a rule on something other than a folder may hold.
	fsFiles = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_WRITE_FILE |
		unix.LANDLOCK_ACCESS_FS_TRUNCATE | unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
)

// ruleset is an open Landlock ruleset that handles the rights in handled.
type ruleset struct {
	fd      int
	handled uint64
}

// landlock restricts the calling thread and what it execs. It returns the kernel's ABI version, 0 for none.
func landlock(rules Rules) (int, error) {
	v, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if e == unix.ENOSYS || e == unix.EOPNOTSUPP || e == unix.EPERM { // too old, switched off, or forbidden by a container
		return 0, nil
	} else if e != 0 {
		return 0, e
	}
	abi := int(v)
	r, err := newRuleset(abi)
	if err != nil {
		return 0, err
	}
	defer unix.Close(r.fd)
	if err := r.fill(rules); err != nil {
		return 0, err
	}
	if _, _, e := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(r.fd), 0, 0); e == unix.E2BIG {
		return 0, nil // somebody has confined us too often for another layer
	} else if e != 0 {
		return 0, e
	}
	return abi, nil
}

// newRuleset handles every right that the kernel's ABI knows (linux/landlock.h): what is handled and not granted is
// denied.
func newRuleset(abi int) (ruleset, error) {
	attr := unix.LandlockRulesetAttr{Handled_access_fs: 1<<13 - 1} // ABI 1
	size := unsafe.Sizeof(attr.Handled_access_fs)
	if abi >= 2 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if abi >= 3 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	if abi >= 4 {
		attr.Handled_access_net = unix.LANDLOCK_ACCESS_NET_BIND_TCP | unix.LANDLOCK_ACCESS_NET_CONNECT_TCP
		size = unsafe.Offsetof(attr.Scoped)
	}
	if abi >= 5 {
		attr.Handled_access_fs |= unix.LANDLOCK_ACCESS_FS_IOCTL_DEV
	}
	if abi >= 6 {
		attr.Scoped = unix.LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | unix.LANDLOCK_SCOPE_SIGNAL
		size = unsafe.Offsetof(attr.Quiet_access_fs)
	}
	fd, _, e := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), size, 0)
	if e != 0 {
		return ruleset{}, e
	}
	return ruleset{int(fd), attr.Handled_access_fs}, nil
}

func (r ruleset) fill(rules Rules) error {
	if err := r.allow("/proc/self/exe", fsExec); err != nil { // follows the link to the file itself
		return err
	}
	if ld, err := interpreter(); err != nil {
		return err
	} else if ld != "" {
		if err := r.allow(ld, fsExec); err != nil {
			return err
		}
	}
	system := systemFiles
	if len(rules.Devices) > 0 {
		system = append(append([]string(nil), systemFiles...), driverFiles...)
	}
	for _, p := range system {
		_ = r.allow(p, fsRead) // what cannot be granted stays closed, and most machines lack some of it
	}
	for _, p := range rules.ReadOnly {
		if err := r.allow(p, fsRead); err != nil && !isAbsent(err) {
			return err
		}
	}
	for _, p := range rules.Devices {
		if err := r.allow(p, fsUse); err != nil && !isAbsent(err) {
			return err
		}
	}
	return nil
}

// isAbsent says whether a path would be of no use anyway.
func isAbsent(err error) bool { return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) }

func (r ruleset) allow(path string, access uint64) error {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	defer unix.Close(fd)
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	access &= r.handled
	if st.Mode&unix.S_IFMT != unix.S_IFDIR {
		access &= fsFiles // folder rights on a file are EINVAL
	}
	a := unix.LandlockPathBeneathAttr{Allowed_access: access, Parent_fd: int32(fd)}
	if _, _, e := unix.Syscall6(unix.SYS_LANDLOCK_ADD_RULE, uintptr(r.fd), unix.LANDLOCK_RULE_PATH_BENEATH,
		uintptr(unsafe.Pointer(&a)), 0, 0, 0); e != 0 {
		return fmt.Errorf("%s: %w", path, e)
	}
	return nil
}

// interpreter is the dynamic loader, which the kernel must be allowed to execute; empty for a static program.
func interpreter() (string, error) {
	f, err := elf.Open("/proc/self/exe")
	if err != nil {
		return "", fmt.Errorf("read the program: %w", err)
	}
	defer f.Close()
	for _, p := range f.Progs {
		if p.Type != elf.PT_INTERP {
			continue
		}
		b := make([]byte, min(p.Filesz, 4096))
		if _, err := p.ReadAt(b, 0); err != nil {
			return "", fmt.Errorf("read the program: %w", err)
		}
		return strings.TrimRight(string(b), "\x00"), nil
	}
	return "", nil
}
