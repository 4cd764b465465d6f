package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"loam/backend"
	"loam/backend/event"
)

// partEnd marks a copy that is not whole yet.
const partEnd = ".loam-part"

// ErrOtherDisk is the answer of Link where the models folder cannot share the bytes of a file.
var ErrOtherDisk = errors.New("the file lies on another disk than the models folder")

// NoRoom is a copy that the disk of the models folder has no room for.
type NoRoom struct {
	Model        string
	Needed, Free int64
	At           string // the folder of another disk that it was to go to; "" = the models folder
}

func (e *NoRoom) Error() string { return fmt.Sprintf("there is no room to copy %s", e.Model) }

// Unwrap makes it a full disk for callers that know nothing of copies.
func (e *NoRoom) Unwrap() error { return backend.ErrDiskFull }

// Link gives the models folder its own name of a model's files, so that the model stays when the original is deleted. No
// bytes are copied: the disk shares them, as a reflink where it can (later writes to either do not reach the other), else
// as a hard link (they do: such a write is noticed like any other, by time and size). ErrOtherDisk: it has to be copied.
func (l *Library) Link(ctx context.Context, id int64) (backend.Model, error) {
	m, err := l.store.Model(ctx, id)
	if err != nil || m.Owned {
		return m, err
	}
	return l.adopt(ctx, m, m.Path, func(from, to string, _ os.FileInfo) error {
		if err := share(from, to); err != nil {
			return fmt.Errorf("%w: %w", ErrOtherDisk, err)
		}
		return nil
	})
}

// Copy copies a model's files into the models folder and uses them there from then on; the originals stay. It checks for
// room first, tells its progress as event.ModelCopied, and leaves nothing behind when ctx ends or CancelCopy is called.
// *NoRoom: the disk is too full.
func (l *Library) Copy(ctx context.Context, id int64) (backend.Model, error) {
	m, err := l.store.Model(ctx, id)
	if err != nil || m.Owned {
		return m, err
	}
	const reserve = 256 << 20 // a disk that is full to the last byte breaks other things
	if l.free != nil {
		if free := l.free(l.Folder()); free > 0 && free-reserve < m.SizeBytes {
			return m, &NoRoom{Model: m.Name, Needed: m.SizeBytes, Free: max(0, free-reserve)}
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.hashMu.Lock()
	if l.copying[id] != nil {
		l.hashMu.Unlock()
		return m, backend.ErrBusy
	}
	l.copying[id] = cancel
	l.hashMu.Unlock()
	defer func() {
		l.hashMu.Lock()
		delete(l.copying, id)
		l.hashMu.Unlock()
		if l.bus != nil {
			l.bus.Deliver(event.ModelCopied{ModelID: id, Over: true})
		}
	}()
	sum := sha256.New()
	var done int64
	copied, err := l.adopt(ctx, m, m.Path, func(from, to string, info os.FileInfo) error {
		return copyFile(ctx, from, to, info, sum, func(n int) {
			done += int64(n)
			if l.bus != nil {
				l.bus.Publish(event.ModelCopied{ModelID: id, Done: done, Total: m.SizeBytes})
			}
		})
	})
	if err != nil {
		return m, err
	}
	text := hex.EncodeToString(sum.Sum(nil))
	if m.SHA256 != "" && m.SHA256 != text {
		l.log.Warn("A copied model differs from what was hashed before", "model", id)
	}
	return l.update(context.WithoutCancel(ctx), copied.ID, func(now *backend.Model) bool {
		now.SHA256 = text
		return true
	})
}

// CancelCopy ends a copy that is under way.
func (l *Library) CancelCopy(id int64) {
	l.hashMu.Lock()
	defer l.hashMu.Unlock()
	if cancel := l.copying[id]; cancel != nil {
		cancel()
	}
}

// adopt brings all files of a model into the models folder by put, which makes one file, and moves the entry there. given
// is the name that a person gave the file with, where its real one says nothing. What was made is removed on an error.
func (l *Library) adopt(ctx context.Context, m backend.Model, given string, put func(from, to string, info os.FileInfo) error) (_ backend.Model, err error) {
	parts := partsOf(m)
	if size, mod, err := measure(parts); err != nil || (stamp{size, mod.UnixMilli()}) != stampOf(m) {
		return m, fmt.Errorf("take %s in: its file is gone or changed: %w", m.Name, errors.Join(l.RecheckModel(ctx, m.ID), err))
	}
	dir, names, err := l.roomFor(m, parts, given)
	if err != nil {
		return m, fmt.Errorf("take %s in: %w", m.Name, err)
	}
	var made []string
	defer func() {
		if err == nil {
			return
		}
		for _, path := range made {
			_ = os.Remove(path)
		}
		if dir != l.Folder() {
			_ = os.Remove(dir) // only when it is empty
		}
	}()
	for i, from := range parts {
		info, err := os.Stat(from)
		if err != nil {
			return m, fmt.Errorf("take %s in: %w", m.Name, err)
		}
		to := filepath.Join(dir, names[i])
		made = append(made, to)
		if err := put(from, to, info); err != nil {
			return m, fmt.Errorf("take %s in: %w", m.Name, err)
		}
	}
	size, mod, err := measure(made)
	if err != nil || (stamp{size, mod.UnixMilli()}) != stampOf(m) {
		return m, fmt.Errorf("take %s in: its file changed meanwhile: %w", m.Name, errors.Join(err, fs.ErrInvalid))
	}
	moved, err := l.update(context.WithoutCancel(ctx), m.ID, func(now *backend.Model) bool {
		if now.Path != m.Path || stampOf(*now) != stampOf(m) {
			return false
		}
		now.Path, now.Owned = made[0], true
		return true
	})
	if err == nil && moved.Path != made[0] {
		err = fmt.Errorf("take %s in: its entry changed meanwhile: %w", m.Name, fs.ErrInvalid)
	}
	return moved, err
}

// roomFor chooses free names in the models folder, in a folder of their own where the names are taken. The folder is made.
func (l *Library) roomFor(m backend.Model, parts []string, given string) (dir string, names []string, err error) {
	if l.Folder() == "" {
		return "", nil, errors.New("there is no models folder")
	}
	names = make([]string, len(parts))
	for i, p := range parts {
		names[i] = filepath.Base(p)
	}
	if len(parts) == 1 && !modelName(names[0]) { // a name such as "sha256-..." says nothing
		if names[0] = filepath.Base(given); !modelName(names[0]) {
			names[0] = fileName(m.Name) + "." + m.Format
		}
	}
	dir = l.Folder()
	for n := 2; anyExists(dir, names); n++ {
		dir = filepath.Join(l.Folder(), fmt.Sprintf("%s (%d)", fileName(m.Name), n))
	}
	return dir, names, os.MkdirAll(dir, 0o700)
}

func anyExists(dir string, names []string) bool {
	for _, n := range names {
		if _, err := os.Lstat(filepath.Join(dir, n)); err == nil {
			return true
		}
	}
	return false
}

// fileName makes a name that every file system takes.
func fileName(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune(" ._-()", r) {
			return r
		}
		return -1
	}, s)
	s = strings.Trim(s, " .")
	if r := []rune(s); len(r) > 60 {
		s = strings.Trim(string(r[:60]), " .")
	}
	if s == "" {
		return "model"
	}
	return s
}

// copyFile copies a file whole or not at all, with its time, feeding sum on the way.
func copyFile(ctx context.Context, from, to string, info os.FileInfo, sum hash.Hash, progress func(n int)) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	tmp := to + partEnd
	out, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = out.Close() // closed already where renaming failed
			_ = os.Remove(tmp)
		}
	}()
	buf := make([]byte, hashChunk)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := in.Read(buf)
		sum.Write(buf[:n])
		if _, err := out.Write(buf[:n]); err != nil {
			return err
		}
		progress(n)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
	}
	if err := out.Sync(); err != nil {
		return err
	}
	if err := out.Close(); err != nil {
		return err
	}
	if err := os.Chtimes(tmp, info.ModTime(), info.ModTime()); err != nil {
		return err
	}
	return os.Rename(tmp, to)
}

// share gives a file a second name: a reflink, else a hard link. The time of the file stays.
func share(from, to string) error {
	err := reflink(from, to)
	if err == nil {
		return nil
	}
	if linkErr := os.Link(from, to); linkErr != nil {
		return errors.Join(err, linkErr)
	}
	return nil
}

// sweep removes the rests of copies that a crash cut short.
func (l *Library) sweep() {
	entries, err := os.ReadDir(l.Folder())
	if err != nil {
		return // there is nothing to sweep, or the first use of the folder says why not
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), partEnd) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() && l.now().Sub(info.ModTime()) > 10*time.Minute {
			_ = os.Remove(filepath.Join(l.Folder(), e.Name()))
		}
	}
}
