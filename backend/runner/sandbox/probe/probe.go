//go:build linux && cgo

// Package probe is what a hostile or broken engine might try, for the tests of package sandbox: native calls that Go's
// own library would not make. Nothing but those tests imports it; it is a package of its own because test files cannot
// hold cgo.
package probe

/*
#cgo LDFLAGS: -ldl -lpthread
#include <stdlib.h>
#include "probe.h"
*/
import "C"

import (
	"errors"
	"syscall"
	"unsafe"
)

// Dlopen loads a library and returns what its function answer says.
func Dlopen(path string) (int, error) {
	p := C.CString(path)
	defer C.free(unsafe.Pointer(p))
	var b [512]C.char
	if n := C.probe_dlopen(p, &b[0], C.int(len(b))); n >= 0 {
		return int(n), nil
	}
	return 0, errors.New(C.GoString(&b[0]))
}

// UDP sends a datagram to this machine.
func UDP() error { return errno(C.probe_udp()) }

// TCP connects to a port of this machine.
func TCP(port int) error { return errno(C.probe_tcp(C.int(port))) }

// ForeignSocket asks for a socket by a call of another architecture's table.
func ForeignSocket() int { return int(C.probe_int80_socket()) }

// Threads starts so many native threads and waits for them; it returns how many ran.
func Threads(n int) int { return int(C.probe_threads(C.int(n))) }

// Abort ends the process as a failed assertion of native code; on a native thread if thread is set.
func Abort(thread bool) {
	if thread {
		C.probe_on_thread(0)
	}
	C.probe_abort()
}

// WildRead reads where nothing is mapped.
func WildRead(thread bool) {
	if thread {
		C.probe_on_thread(1)
	}
	C.probe_segv()
}

func errno(n C.int) error {
	if n != 0 {
		return syscall.Errno(n)
	}
	return nil
}
