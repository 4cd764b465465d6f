package store

import (
	"context"
	"database/sql"
	"time"

	"loam/backend"
)

// ChatQuery selects chats. A Limit of 0 means all.
type ChatQuery struct {
	Limit, Offset int
	Trash         bool // those in the trash, last deleted first; else the others, last used first
}

const chatColumns = `c.id, c.title, coalesce(c.model_id, 0), coalesce(c.leaf, 0), c.system, c.sampling, c.adapters, c.alternatives, c.overflow, c.shelf,
  c.created_ms, c.updated_ms, c.deleted_ms`

func scanChat(row oneRow) (backend.Chat, error) {
	var c backend.Chat
	err := row.Scan(chatFields(&c)...)
	return c, err
}

// chatFields are the places of chatColumns.
func chatFields(c *backend.Chat) []any {
	return []any{
		&c.ID, &c.Title, &c.ModelID, &c.Leaf, &c.System,
		jsonColumn{&c.Sampling},
		jsonColumn{&c.Adapters},
		&c.Alternatives,
		&c.Overflow,
		jsonColumn{&c.Shelf},
		msColumn{&c.Created},
		msColumn{&c.Updated},
		msColumn{&c.Deleted},
	}
}

func samplingColumn(s *backend.Sampling) (sql.NullString, error) {
	if s == nil {
		return sql.NullString{}, nil
	}
	text, err := jsonText(s)
	return sql.NullString{String: text, Valid: true}, err
}

// chatValues are what a chat's own columns hold, from title to shelf: bind them to "?" in the order of insertChat.
func chatValues(c backend.Chat) ([]any, error) {
	sampling, err := samplingColumn(c.Sampling)
	if err != nil {
		return nil, err
	}
	adapters, err := jsonText(c.Adapters)
	if err != nil {
		return nil, err
	}
	shelf, err := jsonText(c.Shelf.Clean())
	if err != nil {
		return nil, err
	}
	return []any{
		clean(c.Title), c.ModelID, clean(c.System), sampling, adapters, c.Alternatives, overflowColumn(c.Overflow), shelf,
	}, nil
}

// insertChat stores a chat without messages and returns its ID. A ModelID that is not known (any more) becomes NULL.
func insertChat(ctx context.Context, tx *sql.Tx, c backend.Chat, created, updated, deleted sql.NullInt64) (id int64, err error) {
	values, err := chatValues(c)
	if err != nil {
		return 0, err
	}
	err = tx.QueryRowContext(ctx, `INSERT INTO chats (title, model_id, system, sampling, adapters, alternatives, overflow, shelf, created_ms, updated_ms, deleted_ms)
		VALUES (?, (SELECT id FROM models WHERE id = ?), ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id`,
		append(values, created, updated, deleted)...).Scan(&id)
	return id, err
}

// CreateChat stores a new, empty chat and returns it with its ID. A zero Created means now. A ModelID that is not known
// (any more) becomes 0.
func (s *Store) CreateChat(ctx context.Context, c backend.Chat) (backend.Chat, error) {
	err := s.write(ctx, "create chat", func(tx *sql.Tx) error {
		created := s.orNow(c.Created)
		id, err := insertChat(ctx, tx, c, created, created, sql.NullInt64{})
		if err != nil {
			return err
		}
		c, err = chatIn(ctx, tx, id)
		return err
	})
	return c, err
}

func chatIn(ctx context.Context, tx *sql.Tx, id int64) (backend.Chat, error) {
	return scanChat(tx.QueryRowContext(ctx, "SELECT "+chatColumns+" FROM chats c WHERE c.id = ?", id))
}

// Chat returns a chat, also one in the trash.
func (s *Store) Chat(ctx context.Context, id int64) (c backend.Chat, err error) {
	err = s.read(ctx, "read chat", func(tx *sql.Tx) error {
		c, err = chatIn(ctx, tx, id)
		return err
	})
	return c, err
}

// Chats lists chats.
func (s *Store) Chats(ctx context.Context, q ChatQuery) (list []backend.Chat, err error) {
	where := "c.deleted_ms IS NULL ORDER BY c.updated_ms DESC, c.id DESC"
	if q.Trash {
		where = "c.deleted_ms >= 0 ORDER BY c.deleted_ms DESC, c.id DESC"
	}
	err = s.read(ctx, "list chats", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT "+chatColumns+" FROM chats c WHERE "+where+" LIMIT ? OFFSET ?",
			limitOrAll(q.Limit), q.Offset)
		if err != nil {
			return err
		}
		list, err = collect(rows, scanChat)
		return err
	})
	return list, err
}

// limitOrAll is a LIMIT: SQLite takes a negative one as none.
func limitOrAll(limit int) int {
	if limit <= 0 {
		return -1
	}
	return limit
}

// UpdateChat stores the title, model, system prompt, sampling, adapters, alternatives, overflow and shelf of a chat. Its place in the list stays.
func (s *Store) UpdateChat(ctx context.Context, c backend.Chat) error {
	return s.write(ctx, "update chat", func(tx *sql.Tx) error {
		values, err := chatValues(c)
		if err != nil {
			return err
		}
		return mustTouch(tx.ExecContext(ctx, `UPDATE chats
			SET title = ?, model_id = (SELECT id FROM models WHERE id = ?), system = ?, sampling = ?, adapters = ?, alternatives = ?, overflow = ?, shelf = ?
			WHERE id = ?`, append(values, c.ID)...))
	})
}

// SetTitle names a chat that is called was; one that was renamed meanwhile keeps its name: backend.ErrNotFound.
func (s *Store) SetTitle(ctx context.Context, chatID int64, was, title string) error {
	return s.write(ctx, "name chat", func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, "UPDATE chats SET title = ? WHERE id = ? AND title = ?", clean(title), chatID, was))
	})
}

// SetLeaf makes a message of the chat the end of the path that is shown; 0 shows none.
func (s *Store) SetLeaf(ctx context.Context, chatID, leaf int64) error {
	return s.write(ctx, "show branch", func(tx *sql.Tx) error {
		return mustTouch(tx.ExecContext(ctx, "UPDATE chats SET leaf = ? WHERE id = ?", reference(leaf), chatID))
	})
}

// SetShelves says where chats stand in the list: all of them, or none.
func (s *Store) SetShelves(ctx context.Context, shelves map[int64]backend.Shelf) error {
	return s.write(ctx, "move chats", func(tx *sql.Tx) error {
		for id, shelf := range shelves {
			value, err := jsonText(shelf.Clean())
			if err != nil {
				return err
			}
			if err := mustTouch(tx.ExecContext(ctx, "UPDATE chats SET shelf = ? WHERE id = ?", value, id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// TrashChat moves chats to the trash, all of them or none. Nothing of them is lost until PurgeTrash.
func (s *Store) TrashChat(ctx context.Context, ids ...int64) error {
	return s.write(ctx, "move chat to trash", func(tx *sql.Tx) error {
		now := s.nowMillis()
		for _, id := range ids {
			if err := mustTouch(tx.ExecContext(ctx, "UPDATE chats SET deleted_ms = coalesce(deleted_ms, ?) WHERE id = ?", now, id)); err != nil {
				return err
			}
		}
		return nil
	})
}

// RestoreChat takes chats back out of the trash, to their old places in the list: all of them, or none.
func (s *Store) RestoreChat(ctx context.Context, ids ...int64) error {
	return s.write(ctx, "restore chat", func(tx *sql.Tx) error {
		for _, id := range ids {
			err := mustTouch(tx.ExecContext(ctx, "UPDATE chats SET deleted_ms = NULL WHERE id = ? AND coalesce(deleted_ms, 0) >= 0", id))
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// PurgeTrash deletes the chats that were moved to the trash before olderThan, for good: their bytes are overwritten in
// the file and the log is emptied. It returns how many chats went. What was left of chats that did not come in whole goes
// along.
func (s *Store) PurgeTrash(ctx context.Context, olderThan time.Time) (n int, err error) {
	if err := s.removeAbandoned(ctx); err != nil {
		return 0, err
	}
	var ids []int64
	err = s.write(ctx, "purge trash", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "UPDATE chats SET deleted_ms = ?, leaf = NULL WHERE deleted_ms >= 0 AND deleted_ms < ? RETURNING id",
			-s.now().UnixMilli(), olderThan.UnixMilli())
		if err != nil {
			return err
		}
		ids, err = collect(rows, func(r oneRow) (id int64, err error) { return id, r.Scan(&id) })
		return err
	})
	for _, id := range ids {
		if err == nil {
			err = s.removeHidden(ctx, id)
		}
	}
	if err != nil || len(ids) == 0 {
		return len(ids), err
	}
	// The old pages are still in the log. A reader elsewhere can hold it back; then the next purge or the end of the last
	// process empties it, so that is not an error.
	if _, err := s.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		s.log.WarnContext(ctx, "Log not emptied after purge", "error", err)
	}
	return len(ids), nil
}

// draftSetting keeps the draft of the chat that does not exist yet.
const draftSetting = "chat.new_draft"

// Draft returns what is typed but not sent in a chat; an empty Draft where nothing is. Chat 0 is the next new chat.
func (s *Store) Draft(ctx context.Context, chatID int64) (backend.Draft, error) {
	d := backend.Draft{ChatID: chatID}
	if chatID == 0 {
		_, err := s.Setting(ctx, draftSetting, &d)
		return d, err
	}
	err := s.read(ctx, "read draft", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT text, scroll_message, scroll_offset, nullif(attachments, '[]'), editing, edited FROM drafts WHERE chat_id = ?`, chatID)
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			if err := rows.Scan(&d.Text, &d.ScrollMessage, &d.ScrollOffset, jsonColumn{&d.Attachments}, &d.Editing, &d.Edited); err != nil {
				return err
			}
		}
		return rows.Err()
	})
	return d, err
}

// SaveDraft stores what is typed but not sent.
func (s *Store) SaveDraft(ctx context.Context, d backend.Draft) error {
	d.Text, d.Edited = clean(d.Text), clean(d.Edited)
	if d.ChatID == 0 {
		return s.SetSetting(ctx, draftSetting, d)
	}
	files, err := attachedTo(d)
	if err != nil {
		return err
	}
	return s.write(ctx, "save draft", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO drafts (chat_id, text, scroll_message, scroll_offset, attachments, editing, edited) VALUES (?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (chat_id) DO UPDATE SET text = excluded.text, scroll_message = excluded.scroll_message,
			  scroll_offset = excluded.scroll_offset, attachments = excluded.attachments, editing = excluded.editing, edited = excluded.edited`,
			d.ChatID, d.Text, d.ScrollMessage, float64(d.ScrollOffset), files, d.Editing, d.Edited)
		return err
	})
}
