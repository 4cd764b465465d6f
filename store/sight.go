package store

import (
	"context"
	"database/sql"
	"fmt"

	"loam/backend"
)

// SetPinned keeps a message in the model's sight however long its chat grows, or no longer.
func (s *Store) SetPinned(ctx context.Context, messageID int64, on bool) error {
	return s.write(ctx, "pin message", func(tx *sql.Tx) error {
		if !on {
			_, err := tx.ExecContext(ctx, "DELETE FROM pins WHERE message_id = ?", messageID)
			return err
		}
		// The message must be there: the insert finds it or touches nothing.
		return mustTouch(tx.ExecContext(ctx, `INSERT INTO pins (message_id, pinned_ms) SELECT id, ? FROM messages WHERE id = ?
			ON CONFLICT (message_id) DO UPDATE SET pinned_ms = pinned_ms`, s.nowMillis(), messageID))
	})
}

// AddSummary stores what stands for a message and all above it. A newer one takes its place.
func (s *Store) AddSummary(ctx context.Context, messageID int64, text string) error {
	return s.write(ctx, "add summary", func(tx *sql.Tx) error {
		return insertSummary(ctx, tx, messageID, s.nowMillis(), text)
	})
}

func insertSummary(ctx context.Context, tx *sql.Tx, messageID int64, now sql.NullInt64, text string) error {
	return mustTouch(tx.ExecContext(ctx, `INSERT INTO summaries (message_id, created_ms, text) SELECT id, ?, ? FROM messages WHERE id = ?
		ON CONFLICT (message_id) DO UPDATE SET created_ms = excluded.created_ms, text = excluded.text`, now, clean(text), messageID))
}

// Summaries are those of a chat, by their messages.
func (s *Store) Summaries(ctx context.Context, chatID int64) (map[int64]string, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT y.message_id, y.text FROM summaries y JOIN messages m ON m.id = y.message_id
		WHERE m.chat_id = ?`, chatID)
	if err != nil {
		return nil, fmt.Errorf("read summaries: %w", s.translate(err))
	}
	type row struct {
		id   int64
		text string
	}
	list, err := collect(rows, func(r oneRow) (y row, err error) { return y, r.Scan(&y.id, &y.text) })
	if err != nil {
		return nil, fmt.Errorf("read summaries: %w", s.translate(err))
	}
	out := make(map[int64]string, len(list))
	for _, y := range list {
		out[y.id] = y.text
	}
	return out, nil
}

// addSight stores what a message in a tree says of the model's sight.
func (w *treeWriter) addSight(ctx context.Context, id int64, m TreeMessage) error {
	if m.Pinned {
		if _, err := w.tx.ExecContext(ctx, "INSERT INTO pins (message_id, pinned_ms) VALUES (?, ?)", id, w.s.nowMillis()); err != nil {
			return err
		}
	}
	if m.Summary == "" {
		return nil
	}
	return insertSummary(ctx, w.tx, id, w.s.nowMillis(), m.Summary)
}

// overflowColumn is how a chat's Overflow is stored: one that is not known counts as the usual.
func overflowColumn(o backend.Overflow) string {
	if !o.Known() {
		o = backend.OverflowLeaveOut
	}
	return string(o)
}
