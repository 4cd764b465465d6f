package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"loam/backend"
)

// exitAfterFrame is the window's own measure of its start (ui.ExitAfterFrame): it writes "first frame N ms" to stderr
// and quits, or with "idle" stays open.
const exitAfterFrame = "LOAM_EXIT_AFTER_FRAME"

const (
	settleFor   = 3 * time.Second // after the first frame, before idleness is measured
	idleFor     = 10 * time.Second
	startWithin = 60 * time.Second
)

// benchStart starts this program's window several times on an own, empty data folder and measures it from outside.
func benchStart(ctx context.Context, runs int) (_ []backend.Figure, err error) {
	exe, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("measure the start: %w", err)
	}
	dir, err := os.MkdirTemp("", "loam-bench-")
	if err != nil {
		return nil, fmt.Errorf("measure the start: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	var outside, inside []float64
	for i := range runs + 1 {
		w, err := startWindow(ctx, exe, dir, "1")
		if err != nil {
			return nil, err
		}
		if err := w.end(); err != nil {
			return nil, err
		}
		if i > 0 { // the first start makes the database and takes the starter in
			outside, inside = append(outside, w.seconds), append(inside, w.own)
		}
	}
	figures := []backend.Figure{
		{Name: "window on screen, warm", Value: median(outside), Unit: "s", Better: backend.BetterLower},
		{Name: "of it since main", Value: median(inside), Unit: "s", Better: backend.BetterLower},
	}
	idle, err := benchIdle(ctx, exe, dir)
	return append(figures, idle...), err
}

// window is a started window.
type window struct {
	cmd     *exec.Cmd
	cancel  context.CancelFunc
	read    chan error // the end of its stderr
	seconds float64    // from before the start of the process to the first frame
	own     float64    // as it says itself
}

// startWindow starts a window and waits for its first frame.
func startWindow(ctx context.Context, exe, dir, mode string) (_ *window, err error) {
	ctx, cancel := context.WithCancel(ctx)
	w := &window{cancel: cancel, read: make(chan error, 1)}
	w.cmd = exec.CommandContext(ctx, exe, "--data", dir)
	w.cmd.Env = append(os.Environ(), exitAfterFrame+"="+mode)
	stderr, err := w.cmd.StderrPipe()
	if err == nil {
		err = w.cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, fmt.Errorf("start the window: %w", err)
	}
	begin := time.Now()
	frame := make(chan int, 1)
	go func() { w.read <- readFrame(stderr, frame) }() // ends with the process, which end waits for
	select {
	case ms := <-frame:
		w.seconds, w.own = time.Since(begin).Seconds(), float64(ms)/1000
		return w, nil
	case err = <-w.read:
		w.read <- err
		err = fmt.Errorf("start the window: it ended before its first frame (is there a screen?): %w", err)
	case <-time.After(startWithin):
		err = fmt.Errorf("start the window: no frame within %v", startWithin)
	case <-ctx.Done():
		err = ctx.Err()
	}
	cancel()
	return nil, errors.Join(err, w.end())
}

// readFrame finds the line with the first frame and reads the rest away. Its error ends with the last line.
func readFrame(r io.Reader, frame chan<- int) error {
	lines := bufio.NewScanner(r)
	last := "it said nothing"
	for lines.Scan() {
		var ms int
		if n, _ := fmt.Sscanf(lines.Text(), "first frame %d ms", &ms); n == 1 {
			frame <- ms
			continue
		}
		last = lines.Text()
	}
	return errors.New(last)
}

// end waits for the process.
func (w *window) end() error {
	<-w.read //nolint:errcheck // what it printed last is only of interest where no frame came
	err := w.cmd.Wait()
	killed := w.cmd.ProcessState != nil && !w.cmd.ProcessState.Exited()
	w.cancel()
	if err != nil && !killed {
		return fmt.Errorf("the measured window: %w", err)
	}
	return nil
}
