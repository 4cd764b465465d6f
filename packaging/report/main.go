// Command report reads what `go test -json` prints, shows it as go test does (one line per package, and all that a failed test
// said), and adds its counts of passed, failed and skipped tests to a file, so that several runs end in one sum. It exits with 1
// when anything failed or when nothing ran at all, since a run of no tests proves nothing. One goroutine, used by make test only.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: go test -json ... | report COUNTS-FILE")
		os.Exit(2)
	}
	counts, err := Read(os.Stdin, os.Stdout)
	if err == nil {
		err = counts.add(os.Args[1])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "report:", err)
		os.Exit(2)
	}
	if counts.Failed > 0 || counts.Passed == 0 {
		os.Exit(1)
	}
}

// Counts are the ends of tests: subtests count, packages count only where they failed outside of a test.
type Counts struct {
	Passed, Failed, Skipped int
	// FailedNames are "package: test" in the order in which they ended.
	FailedNames []string
}

// event is one line of test2json's stream, see `go doc test2json`.
type event struct {
	Action, Package, ImportPath, Test, Output string
}

// Read copies the readable part of a test2json stream from r to w and counts its tests. Lines that are no JSON, such as a
// compiler's, are copied as they are.
func Read(r io.Reader, w io.Writer) (Counts, error) {
	var counts Counts
	said := map[[2]string][]string{} // package and test -> its output so far
	failedTests := map[string]int{}  // package -> failed tests of it
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if !strings.HasPrefix(lines.Text(), "{") || json.Unmarshal(lines.Bytes(), &e) != nil {
			fmt.Fprintln(w, lines.Text())
			continue
		}
		key := [2]string{e.Package, e.Test}
		switch e.Action {
		case "build-output":
			fmt.Fprint(w, e.Output)
		case "output":
			if e.Test == "" && packageLine(e.Output) {
				fmt.Fprint(w, e.Output)
			} else {
				said[key] = append(said[key], e.Output)
			}
		case "pass", "skip":
			if e.Test != "" {
				if e.Action == "skip" {
					counts.Skipped++
					fmt.Fprintf(w, "skipped %s: %s: %s\n", e.Package, e.Test, reason(said[key]))
				} else {
					counts.Passed++
				}
			}
			delete(said, key)
		case "fail":
			if e.Test != "" {
				failedTests[e.Package]++
			} else if failedTests[e.Package] > 0 {
				continue // the package fails because its tests did
			}
			counts.Failed++
			counts.FailedNames = append(counts.FailedNames, strings.TrimSuffix(e.Package+": "+e.Test, ": "))
			for _, line := range said[key] {
				fmt.Fprint(w, line)
			}
			delete(said, key)
		}
	}
	if err := lines.Err(); err != nil {
		return counts, fmt.Errorf("read test stream: %w", err)
	}
	return counts, nil
}

// packageLine reports whether go test would print the line for a package that passed.
func packageLine(line string) bool {
	return slices.ContainsFunc([]string{"ok  \t", "FAIL\t", "?   \t"}, func(s string) bool { return strings.HasPrefix(line, s) })
}

// reason is what a skipped test said, without go test's own lines around it.
func reason(lines []string) string {
	lines = slices.DeleteFunc(slices.Clone(lines), func(line string) bool {
		line = strings.TrimSpace(line)
		return strings.HasPrefix(line, "=== ") || strings.HasPrefix(line, "--- ")
	})
	return strings.TrimSpace(strings.Join(lines, " "))
}

// add appends the counts to a file that test.sh sums up: one line "passed failed skipped", then one line per failed test.
func (c Counts) add(path string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("add counts: %w", err)
	}
	_, err = fmt.Fprintf(file, "counts %d %d %d\n", c.Passed, c.Failed, c.Skipped)
	for _, name := range c.FailedNames {
		if err == nil {
			_, err = fmt.Fprintf(file, "failed %s\n", name)
		}
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("add counts: %w", err)
	}
	return nil
}
