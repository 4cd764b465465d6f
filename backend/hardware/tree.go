package hardware

import (
	"bufio"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// tree is the system's own files: /proc and /sys below root, which is "/" except in tests.
type tree struct{ root string }

// text reads a file of the system, at most 64 kB, without surrounding blanks; "" when it cannot be read.
func (t tree) text(path string) string {
	f, err := os.Open(filepath.Join(t.root, path))
	if err != nil {
		return ""
	}
	defer f.Close()
	b, _ := io.ReadAll(io.LimitReader(f, 64<<10)) // what was read before an error is as good
	return strings.TrimSpace(string(b))
}

// number reads a file that holds one number; -1 when it does not.
func (t tree) number(path string) int64 {
	n, err := strconv.ParseInt(t.text(path), 0, 64)
	if err != nil {
		return -1
	}
	return n
}

func (t tree) glob(pattern string) []string {
	found, _ := filepath.Glob(filepath.Join(t.root, pattern)) // only a bad pattern is an error
	for i, f := range found {
		if rel, err := filepath.Rel(t.root, f); err == nil {
			found[i] = rel
		}
	}
	return found
}

// link is the last part of what a symbolic link points to.
func (t tree) link(path string) string {
	to, err := os.Readlink(filepath.Join(t.root, path))
	if err != nil {
		return ""
	}
	return filepath.Base(to)
}

// field finds "name: value" in a text of lines.
func field(text, name string) string {
	for line := range strings.Lines(text) {
		if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == name {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// list gives the lines of a longer file one by one.
func (t tree) list(path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		f, err := os.Open(filepath.Join(t.root, path))
		if err != nil {
			return
		}
		defer f.Close()
		s := bufio.NewScanner(f)
		for s.Scan() && yield(s.Text()) {
		}
	}
}
