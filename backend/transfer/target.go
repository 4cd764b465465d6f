package transfer

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"loam/backend"
)

// CannotWrite is a place where an export cannot be written.
type CannotWrite struct {
	Path string
	Err  error
}

func (e *CannotWrite) Error() string { return fmt.Sprintf("write %s: %v", e.Path, e.Err) }

// Unwrap gives the cause.
func (e *CannotWrite) Unwrap() error { return e.Err }

// writeError gives an error of the file system the form that callers branch on.
func writeError(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("%w: %w", backend.ErrDiskFull, err)
	}
	return &CannotWrite{Path: path, Err: err}
}

// durable is a file that appears whole or not at all: temporary file, flush, rename, flush of the folder. Only its owner may
// read it: chats are nobody else's business.
type durable struct {
	path string
	file *os.File
	w    *bufio.Writer
}

const tempName = ".loam-export-*"

func newDurable(path string) (*durable, error) {
	f, err := os.CreateTemp(filepath.Dir(path), tempName)
	if err != nil {
		return nil, err
	}
	return &durable{path: path, file: f, w: bufio.NewWriterSize(f, 256<<10)}, nil
}

// commit brings the file to its place. After an error nothing is left.
func (d *durable) commit() error {
	err := d.w.Flush()
	if err == nil {
		err = d.file.Sync()
	}
	err = errors.Join(err, d.file.Close())
	if err == nil {
		err = os.Rename(d.file.Name(), d.path)
	}
	if err != nil {
		d.abort()
		return err
	}
	syncFolder(filepath.Dir(d.path))
	return nil
}

func (d *durable) abort() {
	_ = d.file.Close()           // it may be closed already
	_ = os.Remove(d.file.Name()) // what cannot be removed has a name that says what it is
}

// syncFolder flushes the names in a folder. Not every system can.
func syncFolder(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

// target is where an export goes: next begins one file after the other, commit makes all of it appear, abort nothing.
type target interface {
	next(name string) (io.Writer, error)
	media() string // what the folder of pictures is called from the files' point of view, with a slash
	commit() error
	abort()
	path() string
}

// streamTarget writes one file to a stream; there is no place for pictures.
type streamTarget struct{ w io.Writer }

func (t streamTarget) next(string) (io.Writer, error) { return t.w, nil }
func (streamTarget) media() string                    { return mediaFolder }
func (streamTarget) commit() error                    { return nil }
func (streamTarget) abort()                           {}
func (streamTarget) path() string                     { return "" }

// fileTarget is one file, with the pictures in a folder beside it. Those have names that say what is in them, so that they
// may appear before the file does, and stay when another export has written them.
type fileTarget struct {
	to   string
	main *durable
	side *durable // the picture that is being written
}

func (t *fileTarget) next(name string) (io.Writer, error) {
	if !strings.HasPrefix(name, mediaFolder) {
		d, err := newDurable(t.to)
		if err != nil {
			return nil, err
		}
		t.main = d
		return d.w, nil
	}
	if err := t.endSide(); err != nil {
		return nil, err
	}
	dir := mediaBeside(t.to)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	d, err := newDurable(filepath.Join(dir, strings.TrimPrefix(name, mediaFolder)))
	if err != nil {
		return nil, err
	}
	t.side = d
	return d.w, nil
}

func (t *fileTarget) endSide() error {
	if t.side == nil {
		return nil
	}
	d := t.side
	t.side = nil
	return d.commit()
}

func (t *fileTarget) media() string { return filepath.Base(mediaBeside(t.to)) + "/" }
func (t *fileTarget) path() string  { return t.to }

func (t *fileTarget) commit() error {
	if err := t.endSide(); err != nil {
		return err
	}
	d := t.main
	t.main = nil
	return d.commit()
}

func (t *fileTarget) abort() {
	for _, d := range []*durable{t.side, t.main} {
		if d != nil {
			d.abort()
		}
	}
}

// zipTarget is one .zip with everything in it.
type zipTarget struct {
	to   string
	file *durable
	zip  *zip.Writer
	now  time.Time
}

func newZipTarget(path string, now time.Time) (*zipTarget, error) {
	d, err := newDurable(path)
	if err != nil {
		return nil, err
	}
	return &zipTarget{to: path, file: d, zip: zip.NewWriter(d.w), now: now}, nil
}

func (t *zipTarget) next(name string) (io.Writer, error) {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Modified: t.now}
	if strings.HasPrefix(name, mediaFolder) {
		h.Method = zip.Store // pictures are packed already
	}
	return t.zip.CreateHeader(h)
}

func (*zipTarget) media() string  { return mediaFolder }
func (t *zipTarget) path() string { return t.to }

func (t *zipTarget) commit() error {
	if err := t.zip.Close(); err != nil {
		return err
	}
	d := t.file
	t.file = nil
	return d.commit()
}

func (t *zipTarget) abort() {
	if t.file != nil {
		t.file.abort()
	}
}

// folderTarget is a folder of files, which gets its name when all of them are there.
type folderTarget struct {
	to, temp string
	file     *os.File
	w        *bufio.Writer
}

func newFolderTarget(path string) (*folderTarget, error) {
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("%w: %s", ErrExists, path)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(path), tempName)
	if err != nil {
		return nil, err
	}
	return &folderTarget{to: path, temp: temp}, nil
}

func (t *folderTarget) next(name string) (io.Writer, error) {
	if err := t.end(); err != nil {
		return nil, err
	}
	path := filepath.Join(t.temp, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	t.file, t.w = f, bufio.NewWriterSize(f, 64<<10)
	return t.w, nil
}

// end closes the file in hand.
func (t *folderTarget) end() error {
	if t.file == nil {
		return nil
	}
	err := t.w.Flush()
	if err == nil {
		err = t.file.Sync()
	}
	err = errors.Join(err, t.file.Close())
	t.file = nil
	return err
}

func (*folderTarget) media() string  { return mediaFolder }
func (t *folderTarget) path() string { return t.to }

func (t *folderTarget) commit() error {
	if err := t.end(); err != nil {
		return err
	}
	syncFolder(t.temp)
	if err := os.Rename(t.temp, t.to); err != nil {
		return err
	}
	t.temp = ""
	syncFolder(filepath.Dir(t.to))
	return nil
}

func (t *folderTarget) abort() {
	if t.file != nil {
		_ = t.file.Close()
	}
	if t.temp != "" {
		_ = os.RemoveAll(t.temp) // made by this export
	}
}
