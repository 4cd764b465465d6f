package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"loam/backend"
)

// MarkVerified records that the model loaded: it becomes Ready, and the default when it is the first larger one than the
// starter.
func (l *Library) MarkVerified(ctx context.Context, id int64) error {
	m, err := l.update(ctx, id, func(m *backend.Model) bool {
		was := *m
		m.State, m.Reason = backend.ModelReady, ""
		return was.State != m.State || was.Reason != m.Reason
	})
	if err != nil {
		return fmt.Errorf("mark model %d as verified: %w", id, err)
	}
	if err := l.store.SetSetting(ctx, perModel(id, "verified"), stampOf(m)); err != nil {
		return err
	}
	return l.promote(ctx, m)
}

// MarkBad puts a model aside (Quarantined) that failed its check or its load. reason is one clause for a person.
// MarkVerified takes it back.
func (l *Library) MarkBad(ctx context.Context, id int64, reason string) error {
	_, err := l.update(ctx, id, func(m *backend.Model) bool {
		was := *m
		m.State, m.Reason = backend.ModelQuarantined, reason
		return was.State != m.State || was.Reason != m.Reason
	})
	if err != nil {
		return fmt.Errorf("put model %d aside: %w", id, err)
	}
	return l.store.SetSetting(ctx, perModel(id, "verified"), nil)
}

// verifiedState is the state of a model whose file is as it should be: Ready where exactly this file was loaded before.
func (l *Library) verifiedState(ctx context.Context, m backend.Model) (backend.ModelState, string) {
	var s stamp
	if found, err := l.store.Setting(ctx, perModel(m.ID, "verified"), &s); err == nil && found && s == stampOf(m) {
		return backend.ModelReady, ""
	}
	return backend.ModelUnverified, reasonUnverified
}

// Recheck looks at every file again: missing, changed, back again. It reads no file contents.
func (l *Library) Recheck(ctx context.Context) error {
	list, err := l.installed(ctx)
	if err != nil {
		return err
	}
	for _, m := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := l.RecheckModel(ctx, m.ID); err != nil && !errors.Is(err, backend.ErrNotFound) {
			return fmt.Errorf("check model %d: %w", m.ID, err)
		}
	}
	nudge(l.wake)
	return nil
}

// RecheckModel looks at the file of one model again, as after a load that did not find it.
func (l *Library) RecheckModel(ctx context.Context, id int64) error {
	m, err := l.store.Model(ctx, id)
	if err != nil {
		return err
	}
	state, reason := l.compare(ctx, m)
	if m.State == backend.ModelIncomplete && state == backend.ModelChanged {
		return l.completeParts(ctx, m)
	}
	if state == m.State && reason == m.Reason {
		return nil
	}
	_, err = l.update(ctx, id, func(now *backend.Model) bool {
		if now.Path != m.Path || now.State != m.State || stampOf(*now) != stampOf(m) { // someone was faster
			return false
		}
		now.State, now.Reason = state, reason
		return true
	})
	return err
}

// compare compares a model with its file as it is now.
func (l *Library) compare(ctx context.Context, m backend.Model) (backend.ModelState, string) {
	parts := partsOf(m)
	size, mod, err := measure(parts)
	if err != nil {
		return backend.ModelMissing, goneReason(m.Path, err)
	}
	var lacks []int
	for i, p := range parts {
		if !exists(p) {
			lacks = append(lacks, i+1)
		}
	}
	switch {
	case len(lacks) > 0:
		return backend.ModelIncomplete, lacking(lacks, len(parts))
	case m.State == backend.ModelIncomplete:
		return backend.ModelChanged, "all its parts are there now: add it again to have them checked"
	case stamp{size, mod.UnixMilli()} != stampOf(m):
		return backend.ModelChanged, changedReason(m, size, mod)
	case l.replaced(ctx, m, parts):
		return backend.ModelChanged, "its file was exchanged for another one of the same size: add it again to use it as it is now"
	case m.State == backend.ModelMissing, m.State == backend.ModelChanged:
		return l.verifiedState(ctx, m)
	}
	return m.State, m.Reason
}

func changedReason(m backend.Model, size int64, mod time.Time) string {
	when := mod.Format("2 January 2006")
	if size == m.SizeBytes {
		return "its file was written to on " + when + ": add it again to use it as it is now"
	}
	return "its file was exchanged on " + when + " for one of another size: add it again to use it as it is now"
}

// goneReason says which part of a path is not there: the file, its folder, or the disk it was on.
func goneReason(path string, err error) string {
	if !errors.Is(err, fs.ErrNotExist) {
		return "its file cannot be read: " + errorWords(err)
	}
	dir := filepath.Dir(path)
	if exists(dir) {
		return "its file is no longer in " + dir + ": it was moved, renamed or deleted"
	}
	for up := filepath.Dir(dir); ; up = filepath.Dir(up) {
		if exists(up) || up == filepath.Dir(up) {
			if mountPlace(up) || up == filepath.Dir(up) {
				return "its disk is not connected: " + dir + " is not there"
			}
			return "its folder " + dir + " is not there: it was moved, or its disk is not connected"
		}
	}
}

// mountPlace says whether disks appear inside this folder when they are plugged in.
func mountPlace(dir string) bool {
	switch filepath.Clean(dir) {
	case "/mnt", "/media", "/run/media", "/Volumes", "/":
		return true
	}
	parent := filepath.Dir(dir) // /media/NAME and /run/media/NAME hold the disks of one person
	return parent == "/media" || parent == "/run/media"
}

func errorWords(err error) string {
	if errors.Is(err, os.ErrPermission) {
		return "you have no permission"
	}
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
