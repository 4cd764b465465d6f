package store

import (
	"context"
	"database/sql"
	"errors"
)

// Setting reads the value of key into v (a pointer, as for json.Unmarshal) and says whether there is one.
func (s *Store) Setting(ctx context.Context, key string, v any) (found bool, err error) {
	err = s.read(ctx, "read setting "+key, func(tx *sql.Tx) error {
		err := tx.QueryRowContext(ctx, "SELECT value FROM settings WHERE key = ?", key).Scan(jsonColumn{v})
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		found = err == nil
		return err
	})
	return found, err
}

// SetSetting stores v as JSON under key; a nil v removes the key.
func (s *Store) SetSetting(ctx context.Context, key string, v any) error {
	return s.write(ctx, "store setting "+key, func(tx *sql.Tx) error {
		if v == nil {
			_, err := tx.ExecContext(ctx, "DELETE FROM settings WHERE key = ?", key)
			return err
		}
		text, err := jsonText(v)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO settings (key, value, updated_ms) VALUES (?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, updated_ms = excluded.updated_ms`, key, text, s.nowMillis())
		return err
	})
}
