package library

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
	"loam/store"
)

// The settings that a move of the models folder is kept in.
const (
	keyFolder = "library.folder" // string: where the models folder was moved to; absent = its usual place
	keyMove   = "library.move"   // move: one that is under way, or was when the program ended
)

// move is what a start after a crash has to know. Until it is committed every file still lies where it came from, so it is
// undone; after that every file lies where it goes, so it is finished.
type move struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Files     []string `json:"files"` // relative to both
	Committed bool     `json:"committed"`
}

// Bounds of a models folder that is moved.
const (
	maxMoved     = 100_000
	moveReserve  = 256 << 20 // bytes that stay free on the other disk
	moveLook     = 64 << 20  // bytes that are copied between two looks at what is free there
	movedPartEnd = partEnd
)

// MovePlan is what moving the models folder would mean.
type MovePlan struct {
	From, To string
	Files    int
	Bytes    int64
	Free     int64 // on the disk of To; 0 = not known
	SameDisk bool  // nothing is copied
	files    []string
}

// CannotMove says why the models folder cannot go somewhere.
type CannotMove struct {
	To     string
	Reason string // a clause
}

func (e *CannotMove) Error() string {
	return fmt.Sprintf("move the models folder to %s: %s", e.To, e.Reason)
}

// Folder is the models folder; "" = there is none.
func (l *Library) Folder() string {
	if p := l.dir.Load(); p != nil {
		return *p
	}
	return ""
}

func (l *Library) setFolder(dir string) {
	if dir != "" {
		if abs, err := filepath.Abs(dir); err == nil {
			dir = abs
		}
		if real, err := filepath.EvalSymlinks(dir); err == nil {
			dir = real
		}
	}
	l.dir.Store(&dir)
}

// findFolder takes the folder that the models were moved to.
func (l *Library) findFolder(usual string) {
	var moved string
	if _, err := l.store.Setting(context.Background(), keyFolder, &moved); err != nil || moved == "" || usual == "" {
		return
	}
	l.setFolder(moved)
}

// PlanMove looks whether the models folder can go to a folder, and what that means. *CannotMove, *NoRoom: it cannot.
func (l *Library) PlanMove(to string) (MovePlan, error) {
	p := MovePlan{From: l.Folder()}
	refuse := func(format string, a ...any) (MovePlan, error) {
		return p, &CannotMove{To: to, Reason: fmt.Sprintf(format, a...)}
	}
	if p.From == "" {
		return refuse("there is no models folder")
	}
	abs, err := filepath.Abs(to)
	if err != nil || to == "" {
		return refuse("that is no folder")
	}
	to = abs
	if real, err := filepath.EvalSymlinks(abs); err == nil {
		to = real
	}
	p.To = to
	switch info, err := os.Stat(to); {
	case err == nil && !info.IsDir():
		return refuse("that is a file")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return refuse("it cannot be reached")
	}
	switch {
	case to == p.From:
		return refuse("the models are there already")
	case inside(p.From, to), inside(to, p.From):
		return refuse("one of the two folders lies in the other")
	}
	if p.files, p.Bytes, err = movable(p.From); err != nil {
		return p, err
	}
	p.Files = len(p.files)
	for _, rel := range p.files {
		if _, err := os.Lstat(filepath.Join(to, rel)); err == nil {
			return refuse("it has a file %q already; choose an empty folder", rel)
		}
	}
	near := to // the next folder that is there
	for near != filepath.Dir(near) && !exists(near) {
		near = filepath.Dir(near)
	}
	if !writableFolder(near) {
		return refuse("nothing can be written there")
	}
	p.SameDisk = l.sameDisk(p.From, near)
	if l.free != nil {
		p.Free = l.free(near)
	}
	if !p.SameDisk && p.Free > 0 && p.Free-moveReserve < p.Bytes {
		return p, noRoom(p, p.Free)
	}
	return p, nil
}

func inside(dir, path string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != "." && filepath.IsLocal(rel)
}

// writableFolder tries it: rights alone do not tell of disks that were mounted for reading.
func writableFolder(dir string) bool {
	f, err := os.CreateTemp(dir, ".loam-try-*")
	if err != nil {
		return false
	}
	f.Close()
	return os.Remove(f.Name()) == nil
}

// sameDisk says whether both folders are on one disk, by giving a file of one a name in the other.
func (l *Library) sameDisk(a, b string) bool {
	f, err := os.CreateTemp(a, ".loam-try-*")
	if err != nil {
		return false
	}
	f.Close()
	defer func() { _ = os.Remove(f.Name()) }()
	link := filepath.Join(b, filepath.Base(f.Name()))
	if l.link(f.Name(), link) != nil {
		return false
	}
	return os.Remove(link) == nil
}

// movable lists the regular files of a folder, relative to it. Rests of copies stay behind; so do links.
func movable(dir string) (files []string, size int64, err error) {
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case e.IsDir() || !e.Type().IsRegular() || strings.HasSuffix(path, partEnd) || strings.HasPrefix(e.Name(), ".loam-try-"):
			return nil
		case len(files) == maxMoved:
			return &CannotMove{To: dir, Reason: "it holds too many files"}
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		files, size = append(files, rel), size+info.Size()
		return nil
	})
	return files, size, err
}

// Move moves the models folder. Each file is given a second name, or on another disk copied and read again to compare; only
// when all of them are there do the entries of the models change, and only then are the old files deleted. A crash at any
// moment leaves every model in one of the two places, and the next start undoes or finishes the move. ctx ends it and leaves
// everything as it was, and so does a disk that gets full on the way (*NoRoom). progress may be nil.
func (l *Library) Move(ctx context.Context, to string, progress func(done, total int64)) (MovePlan, error) {
	if !l.moving.CompareAndSwap(false, true) {
		return MovePlan{}, fmt.Errorf("move the models folder: %w", backend.ErrBusy)
	}
	defer l.moving.Store(false)
	if progress == nil {
		progress = func(int64, int64) {}
	}
	p, err := l.PlanMove(to)
	if err != nil {
		return p, err
	}
	if err := os.MkdirAll(p.To, 0o700); err != nil {
		return p, fmt.Errorf("move the models folder: %w", err)
	}
	m := move{From: p.From, To: p.To, Files: p.files}
	if err := l.store.SetSetting(ctx, keyMove, m); err != nil {
		return p, err
	}
	copying, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	err = l.put(copying, &m, p.Bytes, l.watchRoom(p, progress, stop))
	if err == nil {
		err = l.commitMove(context.WithoutCancel(ctx), &m, progress, p.Bytes)
	}
	if err != nil {
		l.undoMove(context.WithoutCancel(ctx), m)
		return p, fmt.Errorf("move the models folder: %w", l.roomError(copying, p, err))
	}
	l.finishMove(context.WithoutCancel(ctx), m)
	l.log.Info("The models folder was moved", "files", len(m.Files), "bytes", p.Bytes)
	return p, nil
}

// put brings the files of a move to where they go, beside the old ones.
func (l *Library) put(ctx context.Context, m *move, total int64, progress func(done, total int64)) error {
	var done int64
	for _, rel := range m.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.step("put " + rel); err != nil {
			return err
		}
		if err := l.putOne(ctx, m, rel, func(n int) { done += int64(n); progress(min(done, total), total) }); err != nil {
			return err
		}
	}
	return nil
}

func (l *Library) putOne(ctx context.Context, m *move, rel string, progress func(n int)) error {
	from, to := filepath.Join(m.From, rel), filepath.Join(m.To, rel)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return err
	}
	info, err := os.Stat(from)
	if err != nil {
		return err
	}
	if l.link(from, to) == nil {
		progress(int(info.Size()))
		return nil
	}
	sum := sha256.New()
	if err := copyFile(ctx, from, to, info, sum, progress); err != nil {
		return err
	}
	again, err := hashOf(ctx, to)
	if err == nil && !bytes.Equal(again, sum.Sum(nil)) {
		err = fmt.Errorf("%s reads differently where it was copied to: the disk may be broken", rel)
	}
	return err
}

func hashOf(ctx context.Context, path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum, buf := sha256.New(), make([]byte, hashChunk)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := f.Read(buf)
		sum.Write(buf[:n])
		if errors.Is(err, io.EOF) {
			return sum.Sum(nil), nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// commitMove points the models' entries to the new places, after it has brought along what came meanwhile.
func (l *Library) commitMove(ctx context.Context, m *move, progress func(done, total int64), total int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	now, _, err := movable(m.From)
	if err != nil {
		return err
	}
	for _, rel := range now {
		if slices.Contains(m.Files, rel) {
			continue
		}
		m.Files = append(m.Files, rel)
		if err := l.store.SetSetting(ctx, keyMove, *m); err != nil {
			return err
		}
		if err := l.putOne(ctx, m, rel, func(int) {}); err != nil {
			return err
		}
	}
	if err := l.repoint(ctx, m.From, m.To); err != nil {
		return err
	}
	if err := l.step("folder"); err != nil {
		return err
	}
	if err := l.store.SetSetting(ctx, keyFolder, m.To); err != nil {
		return err
	}
	if err := l.step("commit"); err != nil {
		return err
	}
	m.Committed = true
	if err := l.store.SetSetting(ctx, keyMove, *m); err != nil {
		m.Committed = false
		return err
	}
	l.setFolder(m.To)
	progress(total, total)
	return nil
}

// repoint changes the paths of the models of one folder to those of another, where the files are the same.
func (l *Library) repoint(ctx context.Context, from, to string) error {
	for _, removed := range []bool{false, true} {
		list, err := l.store.Models(ctx, store.ModelQuery{Removed: removed})
		if err != nil {
			return err
		}
		for _, m := range list {
			rel, err := filepath.Rel(from, m.Path)
			if err != nil || !filepath.IsLocal(rel) {
				continue
			}
			if err := l.step("entry " + rel); err != nil {
				return err
			}
			m.Path = filepath.Join(to, rel)
			if err := l.store.UpdateModel(ctx, m); err != nil {
				return err
			}
			l.settle(ctx, m)
			l.changed(m.ID)
		}
	}
	return nil
}

// errCrash is what a test's crash looks like.
var errCrash = errors.New("the process ends here")

// step lets a test end the process in the middle.
func (l *Library) step(what string) error {
	if l.atStep == nil {
		return nil
	}
	return l.atStep(what)
}
