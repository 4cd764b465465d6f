//go:build amd64 || arm64

package sandbox

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// denied fail with EPERM. Landlock leaves UDP, connecting to pathname sockets (session bus, ssh-agent) and metadata
// alone; io_uring would go around the filter; the rest has no place in an engine.
var denied = append([]uint32{
	unix.SYS_SOCKET, unix.SYS_IO_URING_SETUP,
	unix.SYS_FCHMOD, unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWN, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_FSETXATTR, unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_FREMOVEXATTR,
	unix.SYS_SETXATTRAT, unix.SYS_REMOVEXATTRAT,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD,
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY,
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSMOUNT,
}, deniedHere...)

// seccomp installs the filter on the calling thread. Offsets are those of struct seccomp_data (linux/seccomp.h).
func seccomp() error {
	stmt := func(code uint16, k uint32) unix.SockFilter { return unix.SockFilter{Code: code, K: k} }
	jump := func(op uint16, k uint32, yes, no uint8) unix.SockFilter {
		return unix.SockFilter{Code: unix.BPF_JMP | op | unix.BPF_K, Jt: yes, Jf: no, K: k}
	}
	const (
		load     = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		ret      = unix.BPF_RET | unix.BPF_K
		retErrno = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)
		x32      = 0x40000000 // marks calls of the x32 table on amd64; no call has such a number elsewhere
	)
	f := []unix.SockFilter{
		stmt(load, 4), // the architecture: a 64-bit program can still make 32-bit calls (int 0x80), so others die
		jump(unix.BPF_JEQ, auditArch, 1, 0),
		stmt(ret, unix.SECCOMP_RET_KILL_PROCESS),
		stmt(load, 0), // the number
		jump(unix.BPF_JGE, x32, 0, 1),
		stmt(ret, unix.SECCOMP_RET_KILL_PROCESS),
	}
	for i, nr := range denied {
		f = append(f, jump(unix.BPF_JEQ, nr, uint8(len(denied)-i), 0))
	}
	f = append(f, stmt(ret, unix.SECCOMP_RET_ALLOW), stmt(ret, retErrno))
	p := unix.SockFprog{Len: uint16(len(f)), Filter: &f[0]}
	if _, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&p))); e != 0 {
		return e
	}
	return nil
}
