package sandbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"loam/backend/wire"
)

// Enter gives up everything except what the rules name, and starts this program again with argv and env. The exec
// matters: the kernel attaches Landlock and seccomp to one thread, and a Go program has many; the exec ends all but the
// calling one, so everything afterwards is confined. Open files without close-on-exec survive it. It returns only on
// error. A kernel that knows Landlock or seccomp not at all, or a container that forbids them, is no error: Entered
// tells.
func Enter(r Rules, argv, env []string) error {
	runtime.LockOSThread() // the thread that confines itself must be the one that execs
	if err := noCore(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	var c wire.Confinement
	var err error
	if c.LandlockABI, err = landlock(r); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	if c.LandlockABI == 0 {
		c.Why = "this system offers no Landlock"
	}
	switch err := seccomp(); {
	case err == nil:
		c.Seccomp = true
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.EPERM):
		c.Why = "this system offers no seccomp filter"
		if c.LandlockABI == 0 {
			c.Why = "this system offers neither Landlock nor seccomp"
		}
	default:
		return fmt.Errorf("seccomp: %w", err)
	}
	return fmt.Errorf("exec: %w", unix.Exec("/proc/self/exe", argv, append(env, environ(c))))
}

// Harden switches off core files and, until the next exec, the reading of this process's memory by others of the same
// user. Weights are no secret, conversations are.
func Harden() error {
	if err := noCore(); err != nil {
		return err
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("dumpable: %w", err)
	}
	return nil
}

// Offer makes this process the one that the kernel ends first when memory runs out: the engine can be started again, the
// window holds a person's words. It lasts beyond an exec. Where it is not possible nothing is lost.
func Offer() { _ = os.WriteFile("/proc/self/oom_score_adj", []byte("800"), 0) }

func noCore() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("core limit: %w", err)
	}
	return nil
}

// Devices lists the device files of the machine's graphics processors. Vulkan, CUDA and ROCm open them for writing.
func Devices() []string {
	var found []string
	for _, p := range []string{"/dev/dri", "/dev/nvidia*", "/dev/nvidia-caps", "/dev/kfd", "/dev/dxg"} {
		m, _ := filepath.Glob(p) // the only error is a bad pattern
		found = append(found, m...)
	}
	return found
}
