package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"loam/backend"
)

// ticksPerSecond is the unit of times in /proc on every Linux that Go runs on (USER_HZ).
const ticksPerSecond = 100

// benchIdle measures a window without a model that nobody touches: memory (PSS: shared pages count by their share) and
// processor time.
func benchIdle(ctx context.Context, exe, dir string) ([]backend.Figure, error) {
	w, err := startWindow(ctx, exe, dir, "idle")
	if err != nil {
		return nil, err
	}
	pss, percent, err := watchIdle(ctx, w.cmd.Process.Pid)
	w.cancel() // kills it: there is nothing of anybody's in that folder
	if err := errors.Join(err, w.end()); err != nil {
		return nil, err
	}
	return []backend.Figure{
		{Name: "idle memory (PSS)", Value: pss, Unit: "MB", Better: backend.BetterLower},
		{Name: "idle processor", Value: percent, Unit: "% of a core", Better: backend.BetterLower},
	}, nil
}

func watchIdle(ctx context.Context, pid int) (pss, percent float64, err error) {
	if err := wait(ctx, settleFor); err != nil {
		return 0, 0, err
	}
	before, err := processorTicks(pid)
	if err != nil {
		return 0, 0, err
	}
	begin := time.Now()
	if err := wait(ctx, idleFor); err != nil {
		return 0, 0, err
	}
	after, err := processorTicks(pid)
	if err != nil {
		return 0, 0, err
	}
	percent = float64(after-before) / ticksPerSecond / time.Since(begin).Seconds() * 100
	pss, err = proportional(pid)
	return pss, percent, err
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// processorTicks reads utime and stime, fields 14 and 15 of /proc/PID/stat (proc(5)).
func processorTicks(pid int) (int64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, fmt.Errorf("measure idleness: %w", err)
	}
	_, rest, _ := strings.Cut(string(stat), ") ") // the name of a Go program has no parenthesis
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("measure idleness: /proc has no times")
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return user + system, errors.Join(err1, err2)
}

// proportional reads the PSS of a process in MB (10^6 bytes).
func proportional(pid int) (float64, error) {
	rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, fmt.Errorf("measure memory: %w", err)
	}
	for line := range strings.Lines(string(rollup)) {
		var kib float64
		if n, _ := fmt.Sscanf(line, "Pss: %f kB", &kib); n == 1 {
			return kib * 1024 / 1e6, nil
		}
	}
	return 0, errors.New("measure memory: /proc has no PSS")
}
