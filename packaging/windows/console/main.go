// Command console is loam.com, the twin of loam.exe for terminals on Windows. A window program has no console there, and a
// terminal does not wait for it; a name that ends in .com is found before one in .exe, so that "loam chat ..." typed in a
// terminal starts this, which starts loam.exe beside it with the same words and streams, waits, and ends with its code.
// Ctrl-C reaches loam.exe by the console that both share. One goroutine.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "loam:", err)
	}
	os.Exit(code)
}

// run starts the program with args and returns its exit code.
func run(args []string) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 1, fmt.Errorf("find loam.exe: %w", err)
	}
	signal.Ignore(os.Interrupt)
	program := exec.CommandContext(context.Background(), filepath.Join(filepath.Dir(self), "loam.exe"), args...)
	program.Stdin, program.Stdout, program.Stderr = os.Stdin, os.Stdout, os.Stderr
	program.Env = append(os.Environ(), "LOAM_CONSOLE=1")
	err = program.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		return ended.ExitCode(), nil
	case err != nil:
		return 1, fmt.Errorf("start loam.exe, which must lie beside loam.com: %w", err)
	}
	return 0, nil
}
