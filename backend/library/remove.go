package library

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loam/backend"
)

// Remove takes a model off the list. Restore undoes it; the file of an Owned model stays for Deps.Keep, every other file
// stays for ever. What came with the starter for pictures goes with it.
func (l *Library) Remove(ctx context.Context, id int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.store.Model(ctx, id)
	if err != nil {
		return fmt.Errorf("remove model %d: %w", id, err)
	}
	list, err := l.installed(ctx)
	if err != nil {
		return err
	}
	// The model itself first: companions that were removed no earlier went with it.
	for _, m := range append([]backend.Model{m}, companions(m, list)...) {
		if err := l.store.RemoveModel(ctx, m.ID); err != nil {
			return fmt.Errorf("remove model %d: %w", m.ID, err)
		}
		l.cancelHash(m.ID)
		l.changed(m.ID)
	}
	nudge(l.rewind)
	return nil
}

// companions are the files out of a list that came with m, where it is the starter for pictures: they fit it alone.
func companions(m backend.Model, list []backend.Model) []backend.Model {
	var out []backend.Model
	for _, other := range list {
		if m.Starter && m.Kind == backend.KindDiffusion && other.Starter && other.Kind != backend.KindChat && other.ID != m.ID {
			out = append(out, other)
		}
	}
	return out
}

// goneWith are the companions of a removed model that were removed with it rather than before.
func goneWith(m backend.Model, removed []backend.Model) []backend.Model {
	return slices.DeleteFunc(companions(m, removed), func(other backend.Model) bool { return other.Deleted.Before(m.Deleted) })
}

// Restore undoes Remove.
func (l *Library) Restore(ctx context.Context, id int64) (backend.Model, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.store.Model(ctx, id)
	if err != nil {
		return m, fmt.Errorf("restore model %d: %w", id, err)
	}
	if m.Deleted.IsZero() {
		return m, nil
	}
	removed, err := l.removed(ctx)
	if err != nil {
		return m, err
	}
	for _, other := range goneWith(m, removed) {
		if _, err := l.restore(ctx, other); err != nil {
			return m, err
		}
	}
	return l.restore(ctx, m)
}

// restore puts one removed model back, under a name that is free.
func (l *Library) restore(ctx context.Context, m backend.Model) (backend.Model, error) {
	id := m.ID
	list, err := l.installed(ctx)
	if err != nil {
		return m, err
	}
	if err := l.store.RestoreModel(ctx, id); err != nil {
		return m, fmt.Errorf("restore model %d: %w", id, err)
	}
	m.Name = unique(m.Name, m.Quant, list, id)
	m.State, m.Reason = l.compare(ctx, m)
	if err := l.store.UpdateModel(ctx, m); err != nil {
		return m, err
	}
	m.Deleted = time.Time{}
	l.hashMu.Lock()
	delete(l.skip, id)
	l.hashMu.Unlock()
	l.changed(id)
	nudge(l.wake)
	return m, nil
}

// Keeps is how long the file of a removed Owned model stays.
func (l *Library) Keeps() time.Duration { return l.keep }

// Removed lists the models whose removal can be undone, newest first. What went with another is not listed by itself.
func (l *Library) Removed(ctx context.Context) ([]backend.Model, error) {
	list, err := l.removed(ctx)
	if err != nil {
		return nil, err
	}
	since := l.now().Add(-l.keep)
	list = slices.DeleteFunc(list, func(m backend.Model) bool { return m.Deleted.Before(since) })
	for _, m := range slices.Clone(list) {
		for _, other := range goneWith(m, list) {
			list = slices.DeleteFunc(list, func(m backend.Model) bool { return m.ID == other.ID })
		}
	}
	slices.SortFunc(list, func(a, b backend.Model) int { return b.Deleted.Compare(a.Deleted) })
	return list, nil
}

// FreeNow deletes the file of a removed Owned model at once and forgets the model; of others it forgets only the entry.
// A model that is installed is not touched.
func (l *Library) FreeNow(ctx context.Context, id int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.store.Model(ctx, id)
	if err != nil {
		return fmt.Errorf("free model %d: %w", id, err)
	}
	if m.Deleted.IsZero() {
		return fmt.Errorf("free model %s: it is installed", m.Name)
	}
	removed, err := l.removed(ctx)
	if err != nil {
		return err
	}
	for _, m := range append([]backend.Model{m}, goneWith(m, removed)...) {
		if err := l.deleteFiles(ctx, m); err != nil {
			return err
		}
		if err := l.forget(ctx, m.ID); err != nil {
			return err
		}
		l.changed(m.ID)
	}
	return nil
}

// deleteFiles deletes what is the library's own and still the file that was removed. Anything else is left alone: a file
// outside, one that was exchanged since, one that an installed model uses.
func (l *Library) deleteFiles(ctx context.Context, m backend.Model) error {
	if !m.Owned {
		return nil
	}
	parts := partsOf(m)
	size, mod, err := measure(parts)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("free model %s: %w", m.Name, err)
	case stamp{size, mod.UnixMilli()} != stampOf(m):
		l.log.Warn("Kept the file of a removed model: it was written to since", "model", m.ID)
		return nil
	}
	list, err := l.installed(ctx)
	if err != nil {
		return err
	}
	for _, part := range parts {
		real, err := resolve(part)
		if err != nil || real != part || !l.owns(real) ||
			slices.ContainsFunc(list, func(other backend.Model) bool { return slices.Contains(partsOf(other), part) }) {
			continue
		}
		if err := os.Remove(part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("free model %s: %w", m.Name, err)
		}
	}
	// A folder made for this model goes with it; one that holds anything else stays, because it cannot be removed.
	if dir := filepath.Dir(m.Path); l.owns(dir) {
		_ = os.Remove(dir)
	}
	l.log.Info("Freed the files of a removed model", "model", m.ID, "bytes", size)
	return nil
}

// freeOld frees the Owned files of models that were removed long enough ago, one after the other as their time comes.
func (l *Library) freeOld() {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-l.rewind:
		case <-timer.C:
		}
		timer.Reset(l.freeDue(l.ctx))
	}
}

// freeDue frees what is due and says how long to wait for the next.
func (l *Library) freeDue(ctx context.Context) time.Duration {
	wait := time.Hour
	list, err := l.removed(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("Could not look for removed models", "error", err)
		}
		return wait
	}
	for _, m := range list {
		if !m.Owned {
			continue // the entry stays, so that adding the file again knows everything about it
		}
		if left := m.Deleted.Add(l.keep).Sub(l.now()); left > 0 {
			wait = min(wait, left)
			continue
		}
		if err := l.FreeNow(ctx, m.ID); err != nil && ctx.Err() == nil {
			l.log.Error("Could not free a removed model", "model", m.ID, "error", err)
		}
	}
	return max(wait, time.Millisecond)
}

// Rename gives a model another name; names are unique.
func (l *Library) Rename(ctx context.Context, id int64, name string) (backend.Model, error) {
	name = strings.Join(strings.Fields(name), " ")
	list, err := l.installed(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	if got := unique(name, "", list, id); got != name {
		return backend.Model{}, &NameTaken{Name: name}
	}
	return l.update(ctx, id, func(m *backend.Model) bool {
		was := m.Name
		m.Name = name
		return was != name
	})
}

// NameTaken is a name that another model has, or an empty one.
type NameTaken struct{ Name string }

func (e *NameTaken) Error() string {
	if e.Name == "" {
		return "a model needs a name"
	}
	return fmt.Sprintf("another model is called %q", e.Name)
}
