// Package sandbox takes from the engine's process what inference does not need: on Linux writing files, reading any but
// the named ones, every kind of socket, signals to others and changes of metadata. A model file is foreign input to a
// large body of C++; whoever breaks in through it finds an empty room.
//
// Only backend/runner calls it, as the first thing in a worker child: Enter replaces the process by a confined copy of
// itself, Entered tells that copy what the kernel enforces. Other systems than Linux have no equivalent yet; there
// Enter says so and the child runs unconfined. Not safe for concurrent use, and need not be.
package sandbox

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"loam/backend/wire"
)

// ErrUnavailable is what Enter returns where the system has no means of confinement.
var ErrUnavailable = errors.New("this system has no sandbox that Loam knows")

// Rules says what stays allowed beside the program, the system's libraries and facts about the processor.
type Rules struct {
	ReadOnly []string // files and folders; missing ones are left out
	Devices  []string // device files and folders of them that may be used, which includes writing
}

// env carries the outcome to the confined copy.
const env = "LOAM_CONFINED"

// Entered says what Enter achieved; false in a process that was not started by Enter.
func Entered() (wire.Confinement, bool) {
	var c wire.Confinement
	v, why, _ := strings.Cut(os.Getenv(env), ";")
	n, _ := fmt.Sscanf(v, "%d %t", &c.LandlockABI, &c.Seccomp)
	c.Why = why
	return c, n == 2
}

func environ(c wire.Confinement) string {
	return fmt.Sprintf("%s=%d %t;%s", env, c.LandlockABI, c.Seccomp, c.Why)
}
