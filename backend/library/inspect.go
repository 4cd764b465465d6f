package library

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"loam/backend"
)

// Inspect says what Add would record of a file, without taking it in: for the moment between a drop and its result. Only
// headers are read. The ID is 0 where the path is not known yet. Errors about the file are *backend.BadFile.
func (l *Library) Inspect(ctx context.Context, path string) (backend.Model, error) {
	f, err := l.look(path)
	if err != nil {
		return backend.Model{}, err
	}
	m := model(f, AddOptions{})
	known, err := l.store.ModelByPath(ctx, f.path)
	switch {
	case errors.Is(err, backend.ErrNotFound):
	case err != nil:
		return m, fmt.Errorf("inspect %s: %w", filepath.Base(path), err)
	case known.Deleted.IsZero():
		m.ID, m.Name, m.Added, m.Starter = known.ID, known.Name, known.Added, known.Starter
	}
	return m, nil
}
