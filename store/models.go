package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"loam/backend"
)

// ModelQuery selects models.
type ModelQuery struct {
	Removed bool // those that were removed and can be restored; else the installed ones
}

const modelColumns = `id, name, kind, family, format, quant, size_bytes, sha256, license, path, state, reason, parameters,
  context_length, template_sha256, source, starter, owned, shape, modified_ms, added_ms, deleted_ms, template`

func scanModel(row oneRow) (backend.Model, error) {
	var m backend.Model
	err := row.Scan(&m.ID, &m.Name, &m.Kind, &m.Family, &m.Format, &m.Quant, &m.SizeBytes, &m.SHA256, &m.License, &m.Path,
		&m.State, &m.Reason, &m.Parameters, &m.ContextLength, &m.TemplateHash, &m.Source, &m.Starter, &m.Owned,
		jsonColumn{&m.Shape}, msColumn{&m.ModTime}, msColumn{&m.Added}, msColumn{&m.Deleted}, &m.Template)
	return m, err
}

// modelValues are the values of modelColumns without id, added_ms and deleted_ms.
func modelValues(m backend.Model) ([]any, error) {
	shape, err := jsonText(m.Shape)
	if err != nil {
		return nil, err
	}
	return []any{
		clean(m.Name), string(m.Kind), clean(m.Family), clean(m.Format), clean(m.Quant), m.SizeBytes, m.SHA256,
		clean(m.License), m.Path, string(m.State), clean(m.Reason), m.Parameters, m.ContextLength, m.TemplateHash,
		clean(m.Source), m.Starter, m.Owned, shape, max(0, m.ModTime.UnixMilli()), clean(m.Template),
	}, nil
}

// AddModel stores a model and returns it with its ID. A path that was removed before comes back with the new values and
// its old ID; a path that is installed is ErrExists. A zero Added means now. ModTime keeps milliseconds only.
func (s *Store) AddModel(ctx context.Context, m backend.Model) (backend.Model, error) {
	err := s.write(ctx, "add model", func(tx *sql.Tx) error {
		values, err := modelValues(m)
		if err != nil {
			return err
		}
		var id int64
		err = tx.QueryRowContext(ctx, `INSERT INTO models (name, kind, family, format, quant, size_bytes, sha256, license,
			  path, state, reason, parameters, context_length, template_sha256, source, starter, owned, shape, modified_ms,
			  template, added_ms)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (path) DO UPDATE SET name = excluded.name, kind = excluded.kind, family = excluded.family,
			  format = excluded.format, quant = excluded.quant, size_bytes = excluded.size_bytes, sha256 = excluded.sha256,
			  license = excluded.license, state = excluded.state, reason = excluded.reason, parameters = excluded.parameters,
			  context_length = excluded.context_length, template_sha256 = excluded.template_sha256, source = excluded.source,
			  starter = excluded.starter, owned = excluded.owned, shape = excluded.shape, modified_ms = excluded.modified_ms,
			  template = excluded.template, added_ms = excluded.added_ms, deleted_ms = NULL
			  WHERE models.deleted_ms IS NOT NULL
			RETURNING id`, append(values, s.orNow(m.Added))...).Scan(&id)
		if errors.Is(err, sql.ErrNoRows) {
			return fmt.Errorf("%s: %w", m.Path, ErrExists)
		}
		if err != nil {
			return err
		}
		m, err = modelIn(ctx, tx, "id = ?", id)
		return err
	})
	return m, err
}

func modelIn(ctx context.Context, tx *sql.Tx, where string, args ...any) (backend.Model, error) {
	return scanModel(tx.QueryRowContext(ctx, "SELECT "+modelColumns+" FROM models WHERE "+where, args...))
}

func (s *Store) model(ctx context.Context, where string, args ...any) (m backend.Model, err error) {
	err = s.read(ctx, "read model", func(tx *sql.Tx) error {
		m, err = modelIn(ctx, tx, where, args...)
		return err
	})
	return m, err
}

// Model returns a model, also a removed one.
func (s *Store) Model(ctx context.Context, id int64) (backend.Model, error) {
	return s.model(ctx, "id = ?", id)
}

// ModelBySHA returns the installed model with that hash (lower-case hex), the oldest where there are several.
func (s *Store) ModelBySHA(ctx context.Context, sha256 string) (backend.Model, error) {
	return s.model(ctx, "sha256 = ? AND sha256 <> '' AND deleted_ms IS NULL ORDER BY id LIMIT 1", sha256)
}

// ModelByPath returns the model of a file, also a removed one (Deleted is set then).
func (s *Store) ModelByPath(ctx context.Context, path string) (backend.Model, error) {
	return s.model(ctx, "path = ?", path)
}

// Models lists models by name.
func (s *Store) Models(ctx context.Context, q ModelQuery) (list []backend.Model, err error) {
	where := "deleted_ms IS NULL"
	if q.Removed {
		where = "deleted_ms IS NOT NULL"
	}
	err = s.read(ctx, "list models", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+modelColumns+" FROM models WHERE "+where+" ORDER BY name COLLATE NOCASE, id")
		if err != nil {
			return err
		}
		list, err = collect(rows, scanModel)
		return err
	})
	return list, err
}

// UpdateModel stores everything about a model except Added and Deleted.
func (s *Store) UpdateModel(ctx context.Context, m backend.Model) error {
	return s.write(ctx, "update model", func(tx *sql.Tx) error {
		values, err := modelValues(m)
		if err != nil {
			return err
		}
		return mustTouch(tx.ExecContext(ctx, `UPDATE models SET (name, kind, family, format, quant, size_bytes, sha256, license,
			  path, state, reason, parameters, context_length, template_sha256, source, starter, owned, shape, modified_ms,
			  template) = (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE id = ?`, append(values, m.ID)...))
	})
}

// RemoveModel takes a model off the list; RestoreModel undoes it. Files are the library's business.
func (s *Store) RemoveModel(ctx context.Context, id int64) error {
	return s.write(ctx, "remove model", func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, "UPDATE models SET deleted_ms = coalesce(deleted_ms, ?) WHERE id = ?", s.nowMillis(), id))
	})
}

// RestoreModel puts a removed model back on the list.
func (s *Store) RestoreModel(ctx context.Context, id int64) error {
	return s.write(ctx, "restore model", func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, "UPDATE models SET deleted_ms = NULL WHERE id = ?", id))
	})
}

// ForgetModel deletes the row of a model. Chats that chose it fall back to the default; messages keep its name.
func (s *Store) ForgetModel(ctx context.Context, id int64) error {
	return s.write(ctx, "forget model", func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, "DELETE FROM models WHERE id = ?", id))
	})
}
