package app

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
)

// logLimit is how large the log may grow; the one before it is kept beside it.
const logLimit = 4 << 20

// OpenLog opens the log in a folder and returns a logger that writes to it. Prompts and file contents are only ever
// logged at the level Debug. Close the second value at the end.
func OpenLog(dir string, level slog.Level) (*slog.Logger, io.Closer, error) {
	w, err := openLog(dir, logLimit)
	if err != nil {
		return nil, nil, fmt.Errorf("open the log: %w", err)
	}
	return slog.New(slog.NewTextHandler(w, &slog.HandlerOptions{Level: level})), w, nil
}

// logFile is a file that begins anew when it is full. It may be written from any goroutine.
type logFile struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File
	size int64
}

func openLog(dir string, limit int64) (*logFile, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, diskError(err)
	}
	w := &logFile{path: filepath.Join(dir, "loam.log"), limit: limit}
	return w, w.open()
}

func (w *logFile) open() error {
	f, err := os.OpenFile(w.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return diskError(err)
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	w.file, w.size = f, info.Size()
	return nil
}

// Write implements io.Writer. A log that cannot be written is no reason to stop: the line is lost.
func (w *logFile) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return 0, os.ErrClosed
	}
	if w.size > 0 && w.size+int64(len(line)) > w.limit {
		if err := w.turn(); err != nil {
			return 0, err
		}
	}
	n, err := w.file.Write(line)
	w.size += int64(n)
	return n, err
}

// turn keeps the full log under another name and begins a new one. Another process may do the same at the same time:
// each goes on with the file that it has then.
func (w *logFile) turn() error {
	_ = w.file.Close() // every line is written already
	w.file = nil
	// Where the file cannot be renamed (somebody has it open, on Windows), the log goes on in it.
	_ = os.Rename(w.path, w.path+".old")
	return w.open()
}

// Close implements io.Closer.
func (w *logFile) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}
