package main

import (
	"errors"
	"fmt"
	"os"

	"loam/backend/runner/sandbox"
)

// confineReader shuts a child in that reads one untrusted file: it comes over the child's input, so that no file, no device and
// no socket is needed. Where the system has no such thing, its limits on memory and time are all there is.
func confineReader() {
	if _, confined := sandbox.Entered(); !confined {
		if err := sandbox.Enter(sandbox.Rules{}, os.Args, os.Environ()); !errors.Is(err, sandbox.ErrUnavailable) {
			fmt.Fprintln(os.Stderr, "loam: the reader of files could not be confined:", err)
			os.Exit(1)
		}
	}
	if err := sandbox.Harden(); err != nil {
		os.Exit(1)
	}
}
