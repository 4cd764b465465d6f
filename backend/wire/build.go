package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
)

// BuildID identifies the running program's build: what went into it, and its file's size and time. Parent and child
// compare it, so that an update under a running window is noticed before the two halves misunderstand each other.
//
// On Linux it describes the file that this process was started from, whenever it is called. Elsewhere it looks at the
// path, so a long-lived process should ask once, early.
func BuildID() (string, error) {
	path := "/proc/self/exe" // follows to the file itself, also when its name now belongs to another one
	if runtime.GOOS != "linux" {
		var err error
		if path, err = os.Executable(); err != nil {
			return "", fmt.Errorf("identify the program: %w", err)
		}
	}
	st, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("identify the program: %w", err)
	}
	h := sha256.New()
	if info, ok := debug.ReadBuildInfo(); ok {
		fmt.Fprintln(h, info)
	}
	fmt.Fprintln(h, st.Size(), st.ModTime().UnixNano())
	return hex.EncodeToString(h.Sum(nil)[:12]), nil
}
