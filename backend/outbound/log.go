package outbound

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Entry is one request as a person may read it: never a token, and of the query only what was searched for.
type Entry struct {
	ID     string    `json:"id"`
	Time   time.Time `json:"time"`
	Why    string    `json:"why"`
	Method string    `json:"method"`
	Host   string    `json:"host"`
	Path   string    `json:"path"`
	Status int       `json:"status,omitempty"` // 0 = no answer yet, or never
	Bytes  int64     `json:"bytes,omitempty"`  // received
	Error  string    `json:"error,omitempty"`
	Over   bool      `json:"over,omitempty"`
}

// The bounds of the log: entries in memory, and bytes of its file before it begins a new one and drops the one before the last.
const (
	maxEntries = 500
	maxLogFile = 512 << 10
)

// Log is what was asked of the network, the newest last. It may be used from any goroutine.
type Log struct {
	file   string
	logger *slog.Logger
	prefix string

	mu      sync.Mutex
	entries []*Entry
	count   int
	failed  bool // to write the file; said once
}

func newLog(file string, logger *slog.Logger) *Log {
	return &Log{file: file, logger: logger, prefix: rand.Text()[:10] + "-"}
}

// shownQuery are the parts of a query that say what was asked for; the values of all others may be secrets.
var shownQuery = []string{
	"search", "filter", "author", "sort", "direction", "limit", "expand", "expand[]", "blobs", "pipeline_tag", "num_parameters",
}

// shownPath is an address without its host and its secrets.
func shownPath(u *url.URL) string {
	const most = 400 // bytes
	s := u.EscapedPath()
	if u.RawQuery != "" {
		var parts []string
		for part := range strings.SplitSeq(u.RawQuery, "&") {
			name, _, _ := strings.Cut(part, "=")
			if plain, err := url.QueryUnescape(name); err != nil || !slices.Contains(shownQuery, plain) {
				part = name + "=…"
			}
			parts = append(parts, part)
		}
		s += "?" + strings.Join(parts, "&")
	}
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// begin notes a request before it leaves.
func (l *Log) begin(why, method string, u *url.URL) *Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.count++
	e := &Entry{ID: l.prefix + strconv.Itoa(l.count), Time: time.Now(), Why: why, Method: method, Host: u.Host, Path: shownPath(u)}
	l.entries = append(l.entries, e)
	if n := len(l.entries); n > maxEntries {
		l.entries = slices.Delete(l.entries, 0, n-maxEntries)
	}
	l.write(*e)
	return e
}

// answered notes the status of an answer whose body is still to come.
func (l *Log) answered(e *Entry, status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Status = status
}

// end notes what came of a request; status 0 leaves what was answered.
func (l *Log) end(e *Entry, status int, n int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if status != 0 {
		e.Status = status
	}
	e.Bytes, e.Over = n, true
	if err != nil {
		e.Error = plainError(err)
	}
	l.write(*e)
}

// plainError is an error without the address, which may hold a secret.
func plainError(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	s := err.Error()
	return strings.ToValidUTF8(s[:min(len(s), 300)], "")
}

// write appends to the file. A log that cannot be written is no reason to stop, and is said once.
func (l *Log) write(e Entry) {
	if l.file == "" {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		err = l.appendLine(append(line, '\n'))
	}
	if err != nil && !l.failed {
		l.failed = true
		l.logger.Warn("The log of requests cannot be written", "error", err)
	}
}

func (l *Log) appendLine(line []byte) error {
	if info, err := os.Stat(l.file); err == nil && info.Size() > maxLogFile {
		if err := os.Rename(l.file, l.file+".1"); err != nil {
			return err
		}
	} else if errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(l.file), 0o700); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(l.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(line)
	return errors.Join(err, f.Close())
}

// Entries gives the last requests, the newest first: those of this process, and of others that wrote to the same file.
func (l *Log) Entries() []Entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	byID := map[string]Entry{}
	if l.file != "" {
		for _, name := range []string{l.file + ".1", l.file} {
			readEntries(name, byID)
		}
	}
	for _, e := range l.entries {
		byID[e.ID] = *e
	}
	list := make([]Entry, 0, len(byID))
	for _, e := range byID {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b Entry) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return strings.Compare(b.ID, a.ID)
	})
	return list[:min(len(list), maxEntries)]
}

// readEntries reads a file of entries; lines that cannot be read are passed over.
func readEntries(name string, byID map[string]Entry) {
	f, err := os.Open(name)
	if err != nil {
		return // there is none yet
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(make([]byte, 0, 4096), 64<<10)
	for lines.Scan() {
		var e Entry
		if json.Unmarshal(bytes.TrimSpace(lines.Bytes()), &e) == nil && e.ID != "" {
			byID[e.ID] = e
		}
	}
}

// Clear forgets all entries.
func (l *Log) Clear() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
	if l.file == "" {
		return nil
	}
	var errs []error
	for _, name := range []string{l.file + ".1", l.file} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
