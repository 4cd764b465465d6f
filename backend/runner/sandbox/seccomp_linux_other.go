//go:build linux && !amd64 && !arm64

package sandbox

import "golang.org/x/sys/unix"

// seccomp has no list of calls for this architecture; the child says that it runs without.
func seccomp() error { return unix.ENOSYS }
