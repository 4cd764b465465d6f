package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"loam/backend"
)

// ownersKept is how long the row of a process is kept after its last heartbeat, when nothing points at it any more.
const ownersKept = 24 * time.Hour

// ownerID finds or makes the row of a process and counts as a heartbeat of it.
func (s *Store) ownerID(ctx context.Context, tx *sql.Tx, o backend.Owner) (id int64, err error) {
	err = tx.QueryRowContext(ctx, `INSERT INTO owners (pid, started, boot, heartbeat_ms) VALUES (?, ?, ?, ?)
		ON CONFLICT (pid, started, boot) DO UPDATE SET heartbeat_ms = excluded.heartbeat_ms RETURNING id`,
		o.PID, o.Started, o.Boot, s.nowMillis()).Scan(&id)
	return id, err
}

// Heartbeat tells that a process is alive. Who cannot see that process (another container) goes by it.
func (s *Store) Heartbeat(ctx context.Context, o backend.Owner) error {
	return s.write(ctx, "heartbeat", func(tx *sql.Tx) error {
		_, err := s.ownerID(ctx, tx, o)
		return err
	})
}

// deadOwners asks alive about every process that owns a row, outside of a writing transaction.
func (s *Store) deadOwners(ctx context.Context, alive func(backend.Owner) bool) (dead []int64, err error) {
	type owner struct {
		id int64
		backend.Owner
	}
	var owners []owner
	err = s.read(ctx, "list owners", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT o.id, o.pid, o.started, o.boot, o.heartbeat_ms FROM owners o
			WHERE EXISTS (SELECT 1 FROM messages WHERE owner_id = o.id) OR EXISTS (SELECT 1 FROM jobs WHERE owner_id = o.id)`)
		if err != nil {
			return err
		}
		owners, err = collect(rows, func(r oneRow) (o owner, err error) {
			return o, r.Scan(&o.id, &o.PID, &o.Started, &o.Boot, msColumn{&o.Heartbeat})
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, o := range owners {
		if !alive(o.Owner) {
			dead = append(dead, o.id)
		}
	}
	return dead, nil
}

// MarkInterrupted finds the running replies whose owner is dead, folds what they have and marks them interrupted. It
// returns them.
func (s *Store) MarkInterrupted(ctx context.Context, alive func(backend.Owner) bool) ([]backend.Message, error) {
	dead, err := s.deadOwners(ctx, alive)
	if err != nil || len(dead) == 0 {
		return nil, err
	}
	var list []backend.Message
	err = s.write(ctx, "mark interrupted replies", func(tx *sql.Tx) error {
		list = nil
		for _, owner := range dead {
			rows, err := tx.QueryContext(ctx, "SELECT id FROM messages WHERE owner_id = ? ORDER BY id", owner)
			if err != nil {
				return err
			}
			ids, err := collect(rows, func(r oneRow) (id int64, err error) { return id, r.Scan(&id) })
			if err != nil {
				return err
			}
			for _, id := range ids {
				if err := fold(ctx, tx, id, nil); err != nil {
					return err
				}
				if err := countKept(ctx, tx, id); err != nil {
					return err
				}
				if _, err := tx.ExecContext(ctx, "UPDATE messages SET state = ?, owner_id = NULL WHERE id = ?",
					int(backend.MessageInterrupted), id); err != nil {
					return err
				}
				m, err := messageIn(ctx, tx, id)
				if err != nil {
					return err
				}
				list = append(list, m)
			}
		}
		_, err := tx.ExecContext(ctx, `DELETE FROM owners WHERE heartbeat_ms < ?
			AND NOT EXISTS (SELECT 1 FROM messages WHERE owner_id = owners.id)
			AND NOT EXISTS (SELECT 1 FROM jobs WHERE owner_id = owners.id)`, s.now().Add(-ownersKept).UnixMilli())
		return err
	})
	return list, err
}

// countKept writes how many tokens a folded reply holds. Its time is not known: the process that measured it is dead.
func countKept(ctx context.Context, tx *sql.Tx, messageID int64) error {
	var packed []byte
	err := tx.QueryRowContext(ctx, "SELECT tokens FROM reply_appends WHERE message_id = ?", messageID).Scan(&packed)
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // none: there was no token yet
		return err
	}
	tokens, err := unpackInts[int32](packed)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE messages SET usage = json_set(usage, '$.reply_tokens', ?, '$.reply_ns', 0) WHERE id = ?", len(tokens), messageID)
	return err
}

// TakeReply gives an interrupted or stopped reply to owner and makes it run again, for Resume. A reply that is running
// already belongs to somebody: backend.ErrBusy (MarkInterrupted frees those of the dead).
func (s *Store) TakeReply(ctx context.Context, messageID int64, owner backend.Owner) (m backend.Message, err error) {
	err = s.write(ctx, "take reply", func(tx *sql.Tx) error {
		before, err := messageIn(ctx, tx, messageID)
		if err != nil {
			return err
		}
		switch before.State {
		case backend.MessageInterrupted, backend.MessageStopped:
		case backend.MessageRunning:
			return backend.ErrBusy
		case backend.MessageComplete, backend.MessageFailed:
			return fmt.Errorf("a %s reply cannot be resumed", before.State)
		}
		id, err := s.ownerID(ctx, tx, owner)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE messages SET state = ?, owner_id = ?, error = '', stop = '', revision = revision + 1
			WHERE id = ?`, int(backend.MessageRunning), id, messageID)
		if err != nil {
			return err
		}
		m, err = messageIn(ctx, tx, messageID)
		return err
	})
	return m, err
}
