// Package instance makes sure that one window works in a data folder, and passes files on to it.
//
// The window (and whoever runs jobs) holds the Lock of the folder; the command line needs none. A second start that finds
// the folder locked gives its files to the holder over a local socket (Windows: a named pipe) and ends. The package also says which process this
// is, so that rows in the store can name their owner, and whether such a process still lives.
//
// The lock is the operating system's: it ends with its process, however that ends. All functions may be called from any
// goroutine; a Lock has one goroutine of its own from Serve to Unlock.
package instance

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/gofrs/flock"

	"loam/backend"
)

const (
	lockName    = "loam.lock"
	addressName = "loam.instance" // where the holder listens; written while the lock is held
)

// Lock is the right to be the one window of a data folder.
type Lock struct {
	dir      string
	flock    *flock.Flock
	listener net.Listener // nil where the machine has no usable sockets: files cannot be handed over then
	end      context.CancelFunc
	ended    context.Context
	serving  sync.WaitGroup
	once     sync.Once
	err      error
}

// address is the content of the address file.
type address struct {
	PID    int    `json:"pid"`
	Socket string `json:"socket"` // the socket's file, or the pipe's name on Windows; empty: none
}

// TakeLock takes the lock of a data folder, which it makes where there is none. backend.ErrLocked: another process has
// it. backend.ErrReadOnly: the folder cannot be written.
func TakeLock(dir string) (*Lock, error) {
	l, err := take(dir)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return l, nil
}

func take(dir string) (*Lock, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, translate(err)
	}
	// The lock on Linux and macOS is one per open file, so it also keeps this process from taking it twice.
	l := &Lock{dir: dir, flock: flock.New(filepath.Join(dir, lockName), flock.SetPermissions(0o600))}
	locked, err := l.flock.TryLock()
	if err != nil {
		return nil, translate(err)
	}
	if !locked {
		return nil, backend.ErrLocked
	}
	l.ended, l.end = context.WithCancel(context.Background())
	socket := ""
	if l.listener, socket, err = listen(dir); err != nil {
		socket = "" // the window works without it
	}
	content, err := json.Marshal(address{PID: os.Getpid(), Socket: socket})
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, addressName), content, 0o600)
	}
	if err != nil {
		return nil, errors.Join(translate(err), l.Unlock())
	}
	return l, nil
}

// Unlock ends Serve, closes the socket and gives the folder free. It may be called more than once.
func (l *Lock) Unlock() error {
	l.once.Do(func() {
		l.end()
		var errs []error
		if l.listener != nil {
			errs = append(errs, l.listener.Close())
		}
		l.serving.Wait()
		if err := os.Remove(filepath.Join(l.dir, addressName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
		// The lock's file stays: a file that is deleted while another process waits for it locks nothing.
		errs = append(errs, l.flock.Unlock())
		if err := errors.Join(errs...); err != nil {
			l.err = fmt.Errorf("unlock %s: %w", l.dir, err)
		}
	})
	return l.err
}

func translate(err error) error {
	switch {
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w: %w", backend.ErrDiskFull, err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", backend.ErrReadOnly, err)
	}
	return err
}
