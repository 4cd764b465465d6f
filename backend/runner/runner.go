// Package runner is the child's side of an engine process: the same program, started again with a hidden first argument,
// confined, serving one engine over two inherited pipes until its parent closes them. main calls IsWorker and Main
// before it touches the window library; backend/worker is the other end.
//
// One goroutine, locked to its thread, runs the engine, since native code keeps state per thread. Another reads the
// parent's frames: it notices a cancel while native code computes, and the parent's end at once, whatever the engine is
// doing; the process then exits without ceremony, so that no child outlives its parent.
package runner

import (
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"

	"loam/backend/engine"
	"loam/backend/runner/sandbox"
	"loam/backend/wire"
)

// Exit codes of a child that ends for a reason of its own; 0 is the end of its parent's stream.
const (
	exitProtocol = 70 // the parent said something that no parent says
	exitSetup    = 71 // it could not be set up or confined
)

// IsWorker says whether args, all of os.Args, ask for a worker child.
func IsWorker(args []string) bool { return len(args) > 1 && args[1] == wire.Arg }

// Main runs the worker child with the engine that the parent asked for out of drivers. args is all of os.Args. It
// returns the exit code of a child that could not begin; once it serves, the process ends from within.
func Main(args []string, drivers ...engine.Engine) int {
	fmt.Fprintln(os.Stderr, "loam engine process:", run(args, drivers))
	return exitSetup
}

// run serves the parent. It returns only when it could not begin.
func run(args []string, drivers []engine.Engine) error {
	if !IsWorker(args) {
		return errors.New("this is not a worker child")
	}
	start, err := wire.StartFromEnv()
	if err != nil {
		return err
	}
	c, confined := sandbox.Entered()
	switch {
	case confined:
	case start.NoSandbox:
		sandbox.Offer()
		c.Why = "it was switched off"
	default:
		sandbox.Offer()
		err := sandbox.Enter(sandbox.Rules{ReadOnly: start.ReadOnly, Devices: sandbox.Devices()}, args, os.Environ())
		if !errors.Is(err, sandbox.ErrUnavailable) {
			return fmt.Errorf("confine: %w", err)
		}
		c.Why = err.Error()
	}
	if err := sandbox.Harden(); err != nil {
		return err
	}
	build, err := wire.BuildID()
	if err != nil {
		return err
	}
	in, out, err := pipes(start)
	if err != nil {
		return err
	}
	for _, d := range drivers {
		if d.Name() == start.Engine {
			serve(in, out, d, wire.Hello{Build: build, Engine: start.Engine, Confinement: c})
		}
	}
	return fmt.Errorf("this program has no engine %q", start.Engine)
}

// serve speaks with the parent. It does not return.
func serve(in io.Reader, out io.Writer, d engine.Engine, h wire.Hello) {
	runtime.LockOSThread() // OpenMP keeps a pool of threads per calling thread, GPU runtimes a current device
	w := wire.NewWriter(out)
	if err := w.JSON(wire.KindHello, h); err != nil {
		os.Exit(0) // nobody is there to be told
	}
	box := newInbox()
	go func() { // ends the process, and ends with it
		err := box.run(wire.NewReader(in))
		if errors.Is(err, io.EOF) {
			os.Exit(0) // exit_group: no native destructor runs, no thread is waited for
		}
		fmt.Fprintln(os.Stderr, "loam engine process:", err)
		os.Exit(exitProtocol)
	}()
	s := &server{driver: d, w: w, box: box}
	for j := range box.jobs {
		if err := s.answer(j); err != nil {
			os.Exit(0) // the pipe is closed: the parent is gone
		}
	}
}
