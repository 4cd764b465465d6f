package library

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"loam/backend"
)

// Default is the model of chats that chose none: the one a person or the rule chose, while it can be used; else the
// oldest verified model that is not the starter, the starter, and last a model that was not loaded yet. Without any it is
// backend.ErrNoModel.
func (l *Library) Default(ctx context.Context) (backend.Model, error) {
	list, err := l.installed(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	var c choice
	if _, err := l.store.Setting(ctx, keyDefault, &c); err != nil {
		return backend.Model{}, err
	}
	list = slices.DeleteFunc(list, func(m backend.Model) bool { return !usable(m) })
	if len(list) == 0 {
		return backend.Model{}, backend.ErrNoModel
	}
	for _, m := range list {
		if m.ID == c.ID {
			return m, nil
		}
	}
	return slices.MinFunc(list, func(a, b backend.Model) int {
		if ra, rb := defaultRank(a), defaultRank(b); ra != rb {
			return ra - rb
		}
		return a.Added.Compare(b.Added)
	}), nil
}

// defaultRank orders models for Default; the lowest comes first.
func defaultRank(m backend.Model) int {
	switch {
	case m.State == backend.ModelReady && !m.Starter:
		return 0
	case m.Starter:
		return 1
	}
	return 2
}

// SetDefault chooses the default model; 0 = by the rule again.
func (l *Library) SetDefault(ctx context.Context, id int64) error {
	if id == 0 {
		if err := l.store.SetSetting(ctx, keyDefault, nil); err != nil {
			return fmt.Errorf("set the default model: %w", err)
		}
		l.changed(0)
		return nil
	}
	m, err := l.store.Model(ctx, id)
	switch {
	case err != nil:
		return fmt.Errorf("set the default model: %w", err)
	case !m.Deleted.IsZero():
		return fmt.Errorf("set the default model: %w", backend.ErrNotFound)
	case m.Kind != backend.KindChat:
		return &backend.BadFile{Path: m.Path, Reason: "it is not a chat model"}
	}
	if err := l.store.SetSetting(ctx, keyDefault, choice{ID: id, Person: true}); err != nil {
		return err
	}
	l.changed(id)
	return nil
}

// promote makes a model that just passed its check the default when it is the first better than the starter: a person
// has not chosen, and what is the default now is the starter or nothing.
func (l *Library) promote(ctx context.Context, m backend.Model) error {
	if m.Starter || m.Kind != backend.KindChat {
		return nil
	}
	var c choice
	if _, err := l.store.Setting(ctx, keyDefault, &c); err != nil || c.Person && c.ID != 0 {
		return err
	}
	if c.ID != 0 {
		now, err := l.store.Model(ctx, c.ID)
		if err == nil && now.Deleted.IsZero() && !now.Starter && usable(now) {
			return nil
		}
		if err != nil && !errors.Is(err, backend.ErrNotFound) {
			return err
		}
	}
	list, err := l.installed(ctx)
	if err != nil {
		return err
	}
	for _, other := range list {
		if other.Starter && other.Kind == backend.KindChat && other.SizeBytes >= m.SizeBytes {
			return nil
		}
	}
	if err := l.store.SetSetting(ctx, keyDefault, choice{ID: m.ID}); err != nil {
		return err
	}
	l.changed(m.ID)
	return nil
}

// EnsureStarter takes in the starter model of the installation once. A starter that a person removed stays removed; one
// whose file moved with the installation is found again, and one that a newer installation exchanged is taken in as it is now. ok is false when there is nothing to show for it.
func (l *Library) EnsureStarter(ctx context.Context, path string, o AddOptions) (m backend.Model, ok bool, err error) {
	return l.ensureStarter(ctx, "library.starter", path, nil, o)
}

// EnsurePictureStarter does the same for the installation's picture model; parts are the files that it draws with. They come
// with it, when it is taken in or has moved: a part that a person removed alone stays removed.
func (l *Library) EnsurePictureStarter(ctx context.Context, path string, parts []string, o AddOptions) (m backend.Model, ok bool, err error) {
	return l.ensureStarter(ctx, "library.starter.picture", path, parts, o)
}

func (l *Library) ensureStarter(ctx context.Context, key, path string, parts []string, o AddOptions) (m backend.Model, ok bool, err error) {
	o.Starter = true
	var id int64
	if _, err := l.store.Setting(ctx, key, &id); err != nil {
		return m, false, err
	}
	if id != 0 {
		if err := l.RecheckModel(ctx, id); err != nil && !errors.Is(err, backend.ErrNotFound) {
			return m, false, err
		}
		m, err = l.store.Model(ctx, id)
		switch {
		case errors.Is(err, backend.ErrNotFound), err == nil && !m.Deleted.IsZero():
			return backend.Model{}, false, nil // removed by a person
		case err != nil:
			return m, false, err
		}
		if exists(m.Path) && m.State != backend.ModelMissing && m.State != backend.ModelChanged {
			return m, true, nil
		}
		if m.State == backend.ModelChanged { // a newer one came in its place; what a person called it stays
			path, o.Name = m.Path, ""
		}
	}
	for _, part := range parts {
		if _, err := l.Add(ctx, part, AddOptions{Source: o.Source, License: o.License, Starter: true}); err != nil {
			return m, false, err
		}
	}
	if m, err = l.Add(ctx, path, o); err != nil {
		return m, false, err
	}
	return m, true, l.store.SetSetting(ctx, key, m.ID)
}
