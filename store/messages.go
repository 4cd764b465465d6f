package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"loam/backend"
)

// The text and the revision of a running reply include what it has grown by since it was last folded.
const messageColumns = `m.id, m.chat_id, coalesce(m.parent, 0), m.role, m.state, m.error, coalesce(m.model_id, 0),
  m.model_name, m.usage, m.stop, m.created_ms,
  (SELECT count(*) FROM messages s WHERE s.chat_id = m.chat_id AND s.parent IS m.parent),
  (SELECT count(*) FROM messages s WHERE s.chat_id = m.chat_id AND s.parent IS m.parent AND s.id <= m.id),
  EXISTS (SELECT 1 FROM reply_alternatives a WHERE a.message_id = m.id),
  coalesce((SELECT r.rating FROM ratings r WHERE r.message_id = m.id), 0),
  EXISTS (SELECT 1 FROM pins p WHERE p.message_id = m.id),
  ` + attachedColumn + `,
  CASE m.state WHEN 1 THEN max(m.revision, coalesce((SELECT max(a.revision) FROM reply_appends a WHERE a.message_id = m.id), 0))
    ELSE m.revision END,
  CASE m.state WHEN 1 THEN m.text || coalesce((SELECT group_concat(a.text, '' ORDER BY a.revision) FROM reply_appends a
    WHERE a.message_id = m.id), '') ELSE m.text END`

func scanMessage(row oneRow) (backend.Message, error) {
	var m backend.Message
	err := row.Scan(&m.ID, &m.ChatID, &m.Parent, &m.Role, &m.State, &m.Error, &m.ModelID, &m.ModelName,
		jsonColumn{&m.Usage}, &m.Stop, msColumn{&m.Created}, &m.Siblings, &m.Sibling, &m.Choices, &m.Rating, &m.Pinned, jsonColumn{&m.Attachments}, &m.Revision, &m.Text)
	m.Note, m.SeenFrom, m.LeftOut = m.Usage.Note, m.Usage.SeenFrom, m.Usage.LeftOut
	return m, err
}

func messageIn(ctx context.Context, tx *sql.Tx, id int64) (backend.Message, error) {
	return scanMessage(tx.QueryRowContext(ctx, "SELECT "+messageColumns+" FROM messages m WHERE m.id = ?", id))
}

// insertMessage adds m to its chat's tree and makes it the chat's leaf.
func (s *Store) insertMessage(ctx context.Context, tx *sql.Tx, m backend.Message, ownerID sql.NullInt64) (backend.Message, error) {
	usage, err := jsonText(m.Usage)
	if err != nil {
		return m, err
	}
	created := s.orNow(m.Created)
	err = tx.QueryRowContext(ctx, `INSERT INTO messages
		(chat_id, parent, role, state, owner_id, model_id, model_name, stop, revision, created_ms, usage, error, text)
		VALUES (?, ?, ?, ?, ?, (SELECT id FROM models WHERE id = ?), ?, ?, 1, ?, ?, ?, ?) RETURNING id`,
		m.ChatID, reference(m.Parent), string(m.Role), int(m.State), ownerID, m.ModelID, clean(m.ModelName),
		string(m.Stop), created, usage, clean(m.Error), clean(m.Text)).Scan(&m.ID)
	if err != nil {
		return m, err
	}
	if err := attach(ctx, tx, m.ID, m.Attachments); err != nil {
		return m, err
	}
	_, err = tx.ExecContext(ctx, "UPDATE chats SET leaf = ?, updated_ms = max(updated_ms, ?) WHERE id = ?",
		m.ID, s.nowMillis(), m.ChatID)
	if err != nil {
		return m, err
	}
	return messageIn(ctx, tx, m.ID)
}

// AddMessage stores a finished message below m.Parent (0 = a root) and makes it the leaf of its chat. A zero Created
// means now.
func (s *Store) AddMessage(ctx context.Context, m backend.Message) (backend.Message, error) {
	err := s.write(ctx, "add message", func(tx *sql.Tx) (err error) {
		if m.State == backend.MessageRunning {
			return errors.New("a running message needs an owner")
		}
		m, err = s.insertMessage(ctx, tx, m, sql.NullInt64{})
		return err
	})
	return m, err
}

// threadRow is a message of AddThread on its way into SQLite.
type threadRow struct {
	Role      backend.Role         `json:"role"`
	State     backend.MessageState `json:"state"`
	ModelID   int64                `json:"model_id"`
	ModelName string               `json:"model_name"`
	Stop      backend.StopReason   `json:"stop"`
	Created   int64                `json:"created"`
	Usage     string               `json:"usage"`
	Error     string               `json:"error"`
	Text      string               `json:"text"`
}

// AddThread stores finished messages of one chat in one transaction, each below the one before it (the first below its
// own Parent), and makes the last one the leaf. Imports use it: one statement for all rows, because the search indexes
// write what they gathered at the end of every statement, and a write per message is several times slower.
func (s *Store) AddThread(ctx context.Context, thread []backend.Message) error {
	if len(thread) == 0 {
		return nil
	}
	first := thread[0]
	rows := make([]threadRow, len(thread))
	for i, m := range thread {
		if m.State == backend.MessageRunning || m.ChatID != first.ChatID {
			return errors.New("add thread: its messages must be finished and of one chat")
		}
		usage, err := jsonText(m.Usage)
		if err != nil {
			return fmt.Errorf("add thread: %w", err)
		}
		rows[i] = threadRow{
			Role: m.Role, State: m.State, ModelID: m.ModelID, ModelName: clean(m.ModelName), Stop: m.Stop,
			Created: s.orNow(m.Created).Int64, Usage: usage, Error: clean(m.Error), Text: clean(m.Text),
		}
	}
	list, err := jsonText(rows)
	if err != nil {
		return fmt.Errorf("add thread: %w", err)
	}
	return s.write(ctx, "add thread", func(tx *sql.Tx) error {
		var last int64 // the highest number a message ever had
		err := tx.QueryRowContext(ctx, "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'messages'), 0)").Scan(&last)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO messages
			(id, chat_id, parent, role, state, model_id, model_name, stop, revision, created_ms, usage, error, text)
			SELECT ?1 + 1 + key, ?2, CASE key WHEN 0 THEN ?3 ELSE ?1 + key END, value ->> 'role', value ->> 'state',
			  (SELECT id FROM models WHERE id = value ->> 'model_id'), value ->> 'model_name', value ->> 'stop', 1,
			  value ->> 'created', value ->> 'usage', value ->> 'error', value ->> 'text'
			FROM json_each(?4) ORDER BY key`, last, first.ChatID, reference(first.Parent), list)
		if err != nil {
			return err
		}
		return mustTouch(tx.ExecContext(ctx, "UPDATE chats SET leaf = ?, updated_ms = max(updated_ms, ?) WHERE id = ?",
			last+int64(len(rows)), s.nowMillis(), first.ChatID))
	})
}

// Message returns one message.
func (s *Store) Message(ctx context.Context, id int64) (m backend.Message, err error) {
	err = s.read(ctx, "read message", func(tx *sql.Tx) error {
		m, err = messageIn(ctx, tx, id)
		return err
	})
	return m, err
}

// Path returns the messages from the root to the leaf of a chat.
func (s *Store) Path(ctx context.Context, chatID int64) (path []backend.Message, err error) {
	err = s.read(ctx, "read chat", func(tx *sql.Tx) error {
		chat, err := chatIn(ctx, tx, chatID)
		if err != nil {
			return err
		}
		// No ORDER BY: it would copy every text through a sorter.
		rows, err := tx.QueryContext(ctx, `WITH RECURSIVE up (id) AS (
			VALUES (?) UNION ALL SELECT p.parent FROM up JOIN messages p ON p.id = up.id WHERE p.parent IS NOT NULL)
			SELECT `+messageColumns+` FROM up JOIN messages m ON m.id = up.id`, chat.Leaf)
		if err != nil {
			return err
		}
		if path, err = collect(rows, scanMessage); err != nil {
			return err
		}
		slices.SortFunc(path, func(a, b backend.Message) int { return int(a.ID - b.ID) }) // parents are older
		return nil
	})
	return path, err
}

// Children returns the messages right below a message, the oldest first.
func (s *Store) Children(ctx context.Context, parent int64) ([]backend.Message, error) {
	return s.messages(ctx, `m.parent = ?1 AND m.chat_id = (SELECT chat_id FROM messages WHERE id = ?1) ORDER BY m.id`, parent)
}

// Roots returns the first messages of a chat's branches, the oldest first.
func (s *Store) Roots(ctx context.Context, chatID int64) ([]backend.Message, error) {
	return s.messages(ctx, "m.chat_id = ? AND m.parent IS NULL ORDER BY m.id", chatID)
}

func (s *Store) messages(ctx context.Context, where string, args ...any) (list []backend.Message, err error) {
	err = s.read(ctx, "list messages", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+messageColumns+" FROM messages m WHERE "+where, args...)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanMessage)
		return err
	})
	return list, err
}

// LeafBelow returns the newest leaf of the branches below a message: the message itself where nothing follows it.
func (s *Store) LeafBelow(ctx context.Context, messageID int64) (leaf int64, err error) {
	err = s.read(ctx, "find leaf", func(tx *sql.Tx) error {
		// The newest message of a subtree is a leaf, because children are newer than their parents.
		var id sql.NullInt64
		err := tx.QueryRowContext(ctx, `WITH RECURSIVE down (id, chat_id) AS (
			SELECT id, chat_id FROM messages WHERE id = ?
			UNION ALL SELECT m.id, m.chat_id FROM down JOIN messages m ON m.chat_id = down.chat_id AND m.parent = down.id)
			SELECT max(id) FROM down`, messageID).Scan(&id)
		if err == nil && !id.Valid {
			err = backend.ErrNotFound
		}
		leaf = id.Int64
		return err
	})
	return leaf, err
}
