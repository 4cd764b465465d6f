// Package crash keeps a report when the program ends by a fault of its own. The Go runtime writes the trace of a panic or
// of a fatal error (also of a signal in native code) into a file that Watch opened; the next start makes a report of it
// that holds names of our code and nothing else: see Clean. Whoever holds the data folder's lock calls Watch, once.
//
// A folder holds at most maxReports reports of at most maxReport bytes. The functions may be called from any goroutine,
// for one folder from one process at a time.
package crash

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

const (
	maxReports = 5
	maxReport  = 64 << 10 // bytes
	maxTrace   = 4 << 20  // bytes that are read of a trace

	traceName = "running.trace" // what the runtime writes to; empty while all is well
	unseen    = ".new.txt"      // a report that nobody was told of
	seen      = ".txt"
)

// Report is what is kept of a crash.
type Report struct {
	Path string
	Text string
	New  bool // nobody was told of it
}

// Watch makes a report of what an earlier run left in dir, and has the runtime write there if this one dies. about stands
// at the head of reports: the program's version. The function it returns ends the watch at a good end.
func Watch(dir, about string) (end func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("watch for crashes: %w", err)
	}
	path := filepath.Join(dir, traceName)
	if err := collect(dir, path); err != nil {
		return nil, fmt.Errorf("watch for crashes: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("watch for crashes: %w", err)
	}
	// Said beforehand: the runtime of a dying process writes only its trace, and the next start may be of another version.
	if _, err := io.WriteString(f, head(about)); err != nil {
		return nil, errors.Join(fmt.Errorf("watch for crashes: %w", err), f.Close())
	}
	if err := debug.SetCrashOutput(f, debug.CrashOptions{}); err != nil {
		return nil, errors.Join(fmt.Errorf("watch for crashes: %w", err), f.Close())
	}
	if err := f.Close(); err != nil { // the runtime has a descriptor of its own
		return nil, fmt.Errorf("watch for crashes: %w", err)
	}
	return func() error {
		if err := debug.SetCrashOutput(nil, debug.CrashOptions{}); err != nil {
			return fmt.Errorf("end the watch for crashes: %w", err)
		}
		return gone(os.Remove(path))
	}, nil
}

// Reports lists what is kept, the newest first.
func Reports(dir string) ([]Report, error) {
	names, err := filepath.Glob(filepath.Join(dir, "crash-*"+seen))
	if err != nil {
		return nil, fmt.Errorf("read the reports of crashes: %w", err)
	}
	slices.Sort(names)
	slices.Reverse(names)
	var list []Report
	for _, name := range names {
		text, err := readAtMost(name, maxReport)
		if err != nil {
			return list, fmt.Errorf("read the reports of crashes: %w", err)
		}
		list = append(list, Report{Path: name, Text: text, New: strings.HasSuffix(name, unseen)})
	}
	return list, nil
}

// Told remembers that a person was told of a report; it stays.
func Told(r Report) error {
	if !strings.HasSuffix(r.Path, unseen) {
		return nil
	}
	return gone(os.Rename(r.Path, strings.TrimSuffix(r.Path, unseen)+seen))
}

// Remove deletes a report.
func Remove(r Report) error {
	for _, path := range []string{r.Path, strings.TrimSuffix(r.Path, unseen) + seen} {
		if err := gone(os.Remove(path)); err != nil {
			return fmt.Errorf("remove the report: %w", err)
		}
	}
	return nil
}

// collect turns the trace of a run that died into a report. A trace that says nothing was left by a kill or a power cut,
// which is no fault of the program.
func collect(dir, path string) error {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	trace, err := readAtMost(path, maxTrace)
	if err != nil {
		return err
	}
	if report := Clean(trace, info.ModTime()); report != "" {
		name := filepath.Join(dir, "crash-"+info.ModTime().UTC().Format("20060102T150405")+unseen)
		part := name + ".part"
		if err := os.WriteFile(part, []byte(report), 0o600); err != nil {
			return err
		}
		if err := os.Rename(part, name); err != nil {
			return err
		}
	}
	if err := gone(os.Remove(path)); err != nil {
		return err
	}
	return prune(dir)
}

// prune removes the oldest reports.
func prune(dir string) error {
	list, err := Reports(dir)
	if err != nil {
		return err
	}
	for _, r := range list[min(len(list), maxReports):] {
		if err := Remove(r); err != nil {
			return err
		}
	}
	return nil
}

func readAtMost(path string, limit int64) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit))
	return string(b), err
}

// gone is no error where the file is not there.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// When is the time of a report, from its name; the zero time where the name says none.
func (r Report) When() time.Time {
	name, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(r.Path), "crash-"), ".")
	t, _ := time.Parse("20060102T150405", name) // the zero time otherwise
	return t
}
