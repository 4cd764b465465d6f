package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

func noRoom(p MovePlan, free int64) *NoRoom {
	return &NoRoom{Model: "the models folder", Needed: p.Bytes, Free: max(0, free-moveReserve), At: p.To}
}

// watchRoom passes progress on, and stops a move where others fill the disk that it goes to.
func (l *Library) watchRoom(p MovePlan, progress func(done, total int64), stop context.CancelCauseFunc) func(done, total int64) {
	var looked int64
	return func(done, total int64) {
		progress(done, total)
		if p.SameDisk || l.free == nil || done-looked < moveLook {
			return
		}
		looked = done
		if free := l.free(p.To); free > 0 && free < moveReserve/2 {
			stop(noRoom(p, free))
		}
	}
}

// roomError says of a move that failed whether the other disk was full. What was copied is deleted by now.
func (l *Library) roomError(copying context.Context, p MovePlan, err error) error {
	if full, ok := errors.AsType[*NoRoom](context.Cause(copying)); ok {
		return full
	}
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		var free int64
		if l.free != nil {
			free = l.free(p.To)
		}
		return noRoom(p, free)
	}
	return err
}

// undoMove takes back a move that did not come to its end: the old files are all there.
func (l *Library) undoMove(ctx context.Context, m move) {
	if errors.Is(l.step("undo"), errCrash) {
		return
	}
	err := l.repoint(ctx, m.To, m.From)
	if err == nil {
		err = l.store.SetSetting(ctx, keyFolder, l.usualOr(m.From))
	}
	if err != nil {
		l.log.Error("A move of the models folder could not be taken back", "error", err)
		return // the next start tries again
	}
	l.setFolder(m.From)
	for _, rel := range m.Files {
		for _, path := range []string{filepath.Join(m.To, rel), filepath.Join(m.To, rel) + movedPartEnd} {
			if exists(filepath.Join(m.From, rel)) {
				_ = os.Remove(path) // most often it is not there
			}
		}
	}
	removeEmpty(m.To, m.Files)
	if err := l.refresh(ctx); err != nil {
		l.log.Warn("What the model files are could not be kept", "error", err)
	}
	if err := l.store.SetSetting(ctx, keyMove, nil); err != nil {
		l.log.Error("A move of the models folder could not be taken back", "error", err)
	}
}

// usualOr is what keyFolder has to say for a folder: nothing where it is the usual one.
func (l *Library) usualOr(dir string) any {
	if dir == l.usual {
		return nil
	}
	return dir
}

// finishMove deletes the old files of a move that was committed, each only where its copy is as large as it.
func (l *Library) finishMove(ctx context.Context, m move) {
	for _, rel := range m.Files {
		if l.step("delete "+rel) != nil {
			return
		}
		old, err1 := os.Stat(filepath.Join(m.From, rel))
		now, err2 := os.Stat(filepath.Join(m.To, rel))
		if err1 != nil || err2 != nil || old.Size() != now.Size() {
			continue
		}
		if err := os.Remove(filepath.Join(m.From, rel)); err != nil {
			l.log.Warn("An old model file could not be deleted after the move", "error", err)
		}
	}
	removeEmpty(m.From, m.Files)
	if err := l.refresh(ctx); err != nil {
		l.log.Warn("What the moved files are could not be kept", "error", err)
	}
	if err := l.store.SetSetting(ctx, keyMove, nil); err != nil {
		l.log.Error("The end of a move of the models folder could not be kept", "error", err)
	}
}

// refresh keeps the identities of the models' files anew: deleting the other name of a file changes them.
func (l *Library) refresh(ctx context.Context) error {
	list, err := l.installed(ctx)
	if err != nil {
		return err
	}
	dir := l.Folder()
	for _, m := range list {
		if inside(dir, m.Path) && exists(m.Path) {
			l.settle(ctx, m)
		}
	}
	return nil
}

// removeEmpty removes the folders of files that were moved away, where nothing else is in them. The folder itself stays.
func removeEmpty(dir string, files []string) {
	var folders []string
	for _, rel := range files {
		for d := filepath.Dir(rel); d != "."; d = filepath.Dir(d) {
			if !slices.Contains(folders, d) {
				folders = append(folders, d)
			}
		}
	}
	slices.SortFunc(folders, func(a, b string) int { return len(b) - len(a) })
	for _, d := range folders {
		_ = os.Remove(filepath.Join(dir, d)) // only when it is empty
	}
}

// recoverMove undoes or finishes a move that a crash cut short.
func (l *Library) recoverMove(ctx context.Context) {
	var m move
	found, err := l.store.Setting(ctx, keyMove, &m)
	if err != nil || !found || m.From == "" || m.To == "" {
		return
	}
	for _, rel := range m.Files {
		if !filepath.IsLocal(rel) {
			l.log.Error("A move of the models folder is not understood", "file", rel)
			return
		}
	}
	if m.Committed {
		if exists(m.To) { // else its disk is away
			l.finishMove(ctx, m)
		}
		return
	}
	if !exists(m.From) {
		return // its disk is away; as long as it is, nothing is certain
	}
	l.undoMove(ctx, m)
}
