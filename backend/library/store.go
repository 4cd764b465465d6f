package library

import (
	"context"
	"fmt"
	"time"

	"loam/backend"
	"loam/store"
)

// Store is what the library needs of the database; *store.Store is one.
type Store interface {
	AddModel(ctx context.Context, m backend.Model) (backend.Model, error)
	Model(ctx context.Context, id int64) (backend.Model, error)
	Models(ctx context.Context, q store.ModelQuery) ([]backend.Model, error)
	UpdateModel(ctx context.Context, m backend.Model) error
	ModelBySHA(ctx context.Context, sha256 string) (backend.Model, error)
	ModelByPath(ctx context.Context, path string) (backend.Model, error)
	RemoveModel(ctx context.Context, id int64) error
	RestoreModel(ctx context.Context, id int64) error
	ForgetModel(ctx context.Context, id int64) error
	Setting(ctx context.Context, key string, v any) (bool, error)
	SetSetting(ctx context.Context, key string, v any) error
}

// What the library keeps beside the models' rows, as settings.
const keyDefault = "library.default" // choice

// choice is the default model and whether a person chose it.
type choice struct {
	ID     int64 `json:"id"`
	Person bool  `json:"person"`
}

// stamp is a file as it was at some moment; a file with the same stamp is taken for unchanged.
type stamp struct {
	Size     int64 `json:"size"`
	Modified int64 `json:"modified_ms"`
}

func stampOf(m backend.Model) stamp { return stamp{m.SizeBytes, m.ModTime.UnixMilli()} }

// perModel are the settings of one model: what it was when it was verified, how fast it was, how far hashing came.
func perModel(id int64, what string) string { return fmt.Sprintf("library.model.%d.%s", id, what) }

// forget deletes the row of a model and its settings.
func (l *Library) forget(ctx context.Context, id int64) error {
	for _, what := range []string{"verified", "speed", "hash", "identity"} {
		if err := l.store.SetSetting(ctx, perModel(id, what), nil); err != nil {
			return err
		}
	}
	return l.store.ForgetModel(ctx, id)
}

// update reads a model, lets change edit it and writes it back when that says so. Nobody else in this process updates in
// between. Watchers are told.
func (l *Library) update(ctx context.Context, id int64, change func(*backend.Model) bool) (backend.Model, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.store.Model(ctx, id)
	if err != nil || !change(&m) {
		return m, err
	}
	if err := l.store.UpdateModel(ctx, m); err != nil {
		return m, err
	}
	l.changed(id)
	return m, nil
}

// installed lists the models that were not removed.
func (l *Library) installed(ctx context.Context) ([]backend.Model, error) {
	return l.store.Models(ctx, store.ModelQuery{})
}

func (l *Library) removed(ctx context.Context) ([]backend.Model, error) {
	return l.store.Models(ctx, store.ModelQuery{Removed: true})
}

// fileTime is a modification time as the store keeps it.
func fileTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
