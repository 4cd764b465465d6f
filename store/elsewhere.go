package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Look is a moment at which a process knew all chats. The zero Look knows none.
type Look struct {
	version int64 // SQLite's data_version: another one where another process has written
	chat    int64 // the newest chat
	at      time.Time
}

// elsewhereLimit bounds how many chats one call of ChangedElsewhere tells.
const elsewhereLimit = 1000

// ChangedElsewhere returns the chats that another process has made, written in or trashed since a look, the newest first and
// at most a thousand, with the look to come back with. A zero look tells nothing. Own changes may be among them.
func (s *Store) ChangedElsewhere(ctx context.Context, last Look) (Look, []int64, error) {
	next := Look{at: s.now()}
	// Only the writing connection can tell: for it own changes do not count, and readers would count them.
	if err := s.writer.QueryRowContext(ctx, "PRAGMA data_version").Scan(&next.version); err != nil {
		return last, nil, fmt.Errorf("look for changes of another process: %w", s.translate(err))
	}
	if next.version == last.version {
		next.chat = last.chat
		return next, nil, nil
	}
	var ids []int64
	err := s.read(ctx, "read what another process changed", func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM chats").Scan(&next.chat); err != nil {
			return err
		}
		if last == (Look{}) {
			return nil
		}
		rows, err := tx.QueryContext(ctx,
			"SELECT id FROM chats WHERE id > ?1 OR updated_ms >= ?2 OR deleted_ms >= ?2 ORDER BY id DESC LIMIT ?3",
			last.chat, last.at.UnixMilli(), elsewhereLimit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			ids = append(ids, id)
		}
		return rows.Err()
	})
	if err != nil {
		return last, nil, err
	}
	return next, ids, nil
}
