package store

import (
	"context"
	"database/sql"
	"fmt"

	"loam/backend"
)

// SetRating stores what a person thinks of a reply; backend.Unrated takes it back. Rating anything but a finished reply is
// an error.
func (s *Store) SetRating(ctx context.Context, messageID int64, r backend.Rating) error {
	return s.write(ctx, "rate reply", func(tx *sql.Tx) error {
		if r == backend.Unrated {
			_, err := tx.ExecContext(ctx, "DELETE FROM ratings WHERE message_id = ?", messageID)
			return err
		}
		// The reply must be there: the insert finds it or touches nothing.
		return mustTouch(tx.ExecContext(ctx, `INSERT INTO ratings (message_id, rating, rated_ms)
			SELECT id, ?, ? FROM messages WHERE id = ? AND role = 'assistant' AND state <> 1
			ON CONFLICT (message_id) DO UPDATE SET rating = excluded.rating, rated_ms = excluded.rated_ms`,
			int(r), s.nowMillis(), messageID))
	})
}

// AddComparison stores that a person chose the reply of one model over that of another. IDs of models that are not there
// count as nobody.
func (s *Store) AddComparison(ctx context.Context, chosen, other int64) error {
	return s.write(ctx, "add comparison", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO comparisons (chosen_model, other_model, created_ms)
			VALUES ((SELECT id FROM models WHERE id = ?), (SELECT id FROM models WHERE id = ?), ?)`, chosen, other, s.nowMillis())
		return err
	})
}

// Tallies counts for each model that was ever compared how often it was chosen.
func (s *Store) Tallies(ctx context.Context) (map[int64]backend.Tally, error) {
	rows, err := s.reader.QueryContext(ctx, `SELECT id, sum(won), count(*) FROM (
		SELECT chosen_model AS id, 1 AS won FROM comparisons UNION ALL SELECT other_model, 0 FROM comparisons)
		WHERE id IS NOT NULL GROUP BY id`)
	if err != nil {
		return nil, fmt.Errorf("read tallies: %w", s.translate(err))
	}
	type row struct {
		id int64
		backend.Tally
	}
	list, err := collect(rows, func(r oneRow) (t row, err error) { return t, r.Scan(&t.id, &t.Chosen, &t.Compared) })
	if err != nil {
		return nil, fmt.Errorf("read tallies: %w", s.translate(err))
	}
	out := make(map[int64]backend.Tally, len(list))
	for _, t := range list {
		out[t.id] = t.Tally
	}
	return out, nil
}

// AddReply stores a finished reply with its record below reply.Parent and makes it the leaf. g nil = it has none.
func (s *Store) AddReply(ctx context.Context, reply backend.Message, g *backend.Generation) (backend.Message, error) {
	err := s.write(ctx, "add reply", func(tx *sql.Tx) (err error) {
		if reply.State == backend.MessageRunning || reply.Role != backend.RoleAssistant {
			return fmt.Errorf("a %s message of the role %s", reply.State, reply.Role)
		}
		if reply, err = s.insertMessage(ctx, tx, reply, sql.NullInt64{}); err != nil || g == nil {
			return err
		}
		record := *g
		if record.MessageID = reply.ID; record.Tokens == nil {
			record.Tokens = []int32{}
		}
		if err := recordPrompt(ctx, tx, record); err != nil {
			return err
		}
		reply, err = messageIn(ctx, tx, reply.ID)
		return err
	})
	return reply, err
}
