package store

import (
	"context"
	"database/sql"
	"errors"

	"loam/backend"
)

// below lists a message and all that follows it.
const below = `WITH RECURSIVE down (id, chat_id) AS (
	SELECT id, chat_id FROM messages WHERE id = ?
	UNION ALL SELECT m.id, m.chat_id FROM down JOIN messages m ON m.chat_id = down.chat_id AND m.parent = down.id) `

// CutBranch moves a message with all that follows it to the trash, as a chat with that title. Where it was shown, the newest
// of the versions beside it is, or else what stands above it. While a reply is written in it, it is backend.ErrBusy.
func (s *Store) CutBranch(ctx context.Context, messageID int64, title string) (c backend.Cut, err error) {
	err = s.write(ctx, "remove message", func(tx *sql.Tx) error {
		m, err := messageIn(ctx, tx, messageID)
		if err != nil {
			return err
		}
		chat, err := chatIn(ctx, tx, m.ChatID)
		if err != nil {
			return err
		}
		c = backend.Cut{ChatID: m.ChatID, Message: m.ID, Parent: m.Parent, Leaf: chat.Leaf}
		var running, shown int
		var newest int64
		err = tx.QueryRowContext(ctx, below+`SELECT count(*), max(m.id), coalesce(sum(m.state = 1), 0), coalesce(sum(m.id = ?), 0)
			FROM down JOIN messages m ON m.id = down.id`, m.ID, chat.Leaf).Scan(&c.Messages, &newest, &running, &shown)
		if err != nil {
			return err
		}
		if running > 0 {
			return backend.ErrBusy
		}
		now := s.nowMillis()
		part := chat
		part.Title, part.Shelf = title, backend.Shelf{}
		if c.Trash, err = insertChat(ctx, tx, part, now, now, now); err != nil {
			return err
		}
		if shown > 0 {
			newest = chat.Leaf
			if err := showBeside(ctx, tx, m); err != nil {
				return err
			}
		}
		return s.hangBranch(ctx, tx, m.ID, 0, c.Trash, newest)
	})
	return c, err
}

// showBeside shows the newest version beside a message, or what stands above it.
func showBeside(ctx context.Context, tx *sql.Tx, m backend.Message) error {
	leaf := m.Parent
	var beside sql.NullInt64
	err := tx.QueryRowContext(ctx, "SELECT max(id) FROM messages WHERE chat_id = ? AND parent IS ? AND id <> ?", m.ChatID, reference(m.Parent), m.ID).Scan(&beside)
	if err == nil && beside.Valid {
		err = tx.QueryRowContext(ctx, below+"SELECT max(id) FROM down", beside.Int64).Scan(&leaf)
	}
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, "UPDATE chats SET leaf = ? WHERE id = ?", reference(leaf), m.ChatID)
	return err
}

// hangBranch moves a message with all that follows it below a message (0 = none) of a chat, and shows leaf there.
func (s *Store) hangBranch(ctx context.Context, tx *sql.Tx, id, parent, chatID, leaf int64) error {
	// In one statement: the tree's references hold again when it ends.
	err := mustTouch(tx.ExecContext(ctx, below+`UPDATE messages SET chat_id = ?, parent = CASE id WHEN ? THEN ? ELSE parent END
		WHERE id IN (SELECT id FROM down)`, id, chatID, id, reference(parent)))
	if err != nil {
		return err
	}
	return mustTouch(tx.ExecContext(ctx, "UPDATE chats SET leaf = ? WHERE id = ?", reference(leaf), chatID))
}

// MendBranch undoes CutBranch: the branch is where it was, and shown as it was. Where it or its place is gone meanwhile, it is
// backend.ErrNotFound.
func (s *Store) MendBranch(ctx context.Context, c backend.Cut) error {
	return s.write(ctx, "restore message", func(tx *sql.Tx) error {
		part, err := chatIn(ctx, tx, c.Trash)
		if err != nil {
			return err
		}
		m, err := messageIn(ctx, tx, c.Message)
		if err != nil {
			return err
		}
		if part.Deleted.IsZero() || m.ChatID != c.Trash || m.Parent != 0 {
			return backend.ErrNotFound // it is a chat now
		}
		if c.Parent != 0 {
			above, err := messageIn(ctx, tx, c.Parent)
			if err != nil {
				return err
			}
			if above.ChatID != c.ChatID {
				return backend.ErrNotFound
			}
		}
		if _, err := tx.ExecContext(ctx, "UPDATE chats SET leaf = NULL WHERE id = ?", c.Trash); err != nil {
			return err
		}
		if err := s.hangBranch(ctx, tx, c.Message, c.Parent, c.ChatID, c.Leaf); err != nil {
			return err
		}
		var left int
		if err := tx.QueryRowContext(ctx, "SELECT count(*) FROM messages WHERE chat_id = ?", c.Trash).Scan(&left); err != nil {
			return err
		}
		if left > 0 {
			return errors.New("the chat in the trash holds more than the branch")
		}
		return mustTouch(tx.ExecContext(ctx, "DELETE FROM chats WHERE id = ?", c.Trash))
	})
}
