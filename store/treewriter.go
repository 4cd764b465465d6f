package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"loam/backend"
)

const (
	// treeStatement is up to how many bytes of messages are stored with one statement.
	treeStatement = 4 << 20
	// treeWhole is up to how many messages a chat is stored in one transaction. More would keep everybody else from
	// writing for seconds: they go in batches of treeBatch messages, or fewer that have treeBytes.
	treeWhole, treeBatch, treeBytes = 1000, 500, 1 << 20
	// treeAbandoned is how long after its last batch a chat counts as given up.
	treeAbandoned = 10 * time.Minute
)

// A chat that is stored in batches has, until it is complete, a deleted_ms below zero: minus the time of its last batch. One
// that is deleted for good has it from the first batch on. No list, search or trash shows such a chat. What a process that
// died leaves of it is removed by PurgeTrash.

// AddTree stores a chat with all its messages, their records and pictures: all of it or nothing. Others can write while a
// large one is stored. It returns the chat with its ID.
func (s *Store) AddTree(ctx context.Context, t Tree) (c backend.Chat, err error) {
	if len(t.Messages) <= treeWhole {
		list, err := s.AddTrees(ctx, []Tree{t})
		if err != nil {
			return c, err
		}
		return list[0], nil
	}
	if err := t.check(); err != nil {
		return c, fmt.Errorf("add chat: %w", err)
	}
	w := treeWriter{s: s, tree: t, hidden: true}
	step := func(f func() error) error {
		return s.write(ctx, "add chat", func(tx *sql.Tx) error {
			w.tx = tx
			return f()
		})
	}
	if err := step(func() error { return w.begin(ctx) }); err != nil {
		return c, err
	}
	for from := 0; from < len(t.Messages) && err == nil; {
		to := t.batch(from)
		err = step(func() error { return w.part(ctx, from, to) })
		from = to
	}
	if err == nil {
		err = step(func() error {
			c, err = w.end(ctx)
			return err
		})
	}
	if err != nil {
		return backend.Chat{}, errors.Join(err, s.removeHidden(context.WithoutCancel(ctx), w.chat))
	}
	return c, nil
}

// AddTrees stores chats as AddTree does, in one transaction: all of them or none. Together they should have no more
// messages than one chat that AddTree stores so. Their messages go in as few statements as possible: most of the time that a
// chat takes goes to the search indexes, which write what they gathered at the end of every statement and merge it when it is
// committed.
func (s *Store) AddTrees(ctx context.Context, trees []Tree) (list []backend.Chat, err error) {
	for _, t := range trees {
		if err := t.check(); err != nil {
			return nil, fmt.Errorf("add chat: %w", err)
		}
	}
	err = s.write(ctx, "add chat", func(tx *sql.Tx) error {
		writers := make([]treeWriter, len(trees))
		rows := treeRows{tx: tx}
		for i, t := range trees {
			w := &writers[i]
			*w = treeWriter{s: s, tx: tx, tree: t}
			if err := w.begin(ctx); err != nil {
				return err
			}
		}
		for i := range writers {
			if err := writers[i].messages(ctx, &rows, 0, len(trees[i].Messages)); err != nil {
				return err
			}
		}
		if err := rows.flush(ctx); err != nil {
			return err
		}
		for i := range writers {
			if err := writers[i].hangAll(ctx, 0, len(trees[i].Messages)); err != nil {
				return err
			}
			c, err := writers[i].end(ctx)
			if err != nil {
				return err
			}
			list = append(list, c)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return list, nil
}

// batch is where the batch that begins with a message ends.
func (t Tree) batch(from int) int {
	bytes := 0
	for to := from; to < len(t.Messages); to++ {
		m := t.Messages[to]
		if bytes += len(m.Text); to > from && (to-from >= treeBatch || bytes > treeBytes) {
			return to
		}
	}
	return len(t.Messages)
}

// removeHidden removes a hidden chat, the youngest messages first and one by one: SQLite takes minutes to follow a long
// chain of parents to its end. It does so in batches, too.
func (s *Store) removeHidden(ctx context.Context, chat int64) error {
	for {
		gone := 0
		err := s.write(ctx, "remove a chat", func(tx *sql.Tx) error {
			rows, err := tx.QueryContext(ctx, `SELECT m.id FROM messages m JOIN chats c ON c.id = m.chat_id
				WHERE c.id = ? AND c.deleted_ms < 0 ORDER BY m.id DESC LIMIT ?`, chat, treeBatch)
			if err != nil {
				return err
			}
			ids, err := collect(rows, func(r oneRow) (id int64, err error) { return id, r.Scan(&id) })
			if err != nil {
				return err
			}
			gone = len(ids)
			for _, id := range ids {
				if _, err := tx.ExecContext(ctx, "DELETE FROM messages WHERE id = ?", id); err != nil {
					return err
				}
			}
			if gone == 0 {
				_, err = tx.ExecContext(ctx, "DELETE FROM chats WHERE id = ? AND deleted_ms < 0", chat)
			}
			return err
		})
		if err != nil || gone == 0 {
			return err
		}
	}
}

// removeAbandoned removes the chats whose storing was cut off.
func (s *Store) removeAbandoned(ctx context.Context) error {
	var ids []int64
	err := s.read(ctx, "find half chats", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT id FROM chats WHERE deleted_ms < 0 AND deleted_ms > ?", -s.now().Add(-treeAbandoned).UnixMilli())
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
	return err
}

// treeWriter writes one tree, in the transaction tx.
type treeWriter struct {
	s      *Store
	tx     *sql.Tx
	tree   Tree
	hidden bool // until the end
	chat   int64
	last   int64 // the highest number a message had before: the message at place i becomes last + i
}

// at is the ID of the message at a place; 0 = none is meant.
func (w *treeWriter) at(place int64) int64 {
	if place <= 0 || place > int64(len(w.tree.Messages)) {
		return 0
	}
	return w.last + place
}

// begin stores the chat without messages and sets their numbers aside.
func (w *treeWriter) begin(ctx context.Context) error {
	c := w.tree.Chat
	var deleted sql.NullInt64
	if w.hidden {
		deleted = w.now()
	}
	var err error
	if w.chat, err = insertChat(ctx, w.tx, c, w.s.orNow(c.Created), w.s.orNow(c.Updated), deleted); err != nil {
		return err
	}
	err = w.tx.QueryRowContext(ctx, "SELECT seq FROM sqlite_sequence WHERE name = 'messages'").Scan(&w.last)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = w.tx.ExecContext(ctx, "INSERT INTO sqlite_sequence (name, seq) VALUES ('messages', 0)")
	}
	if err != nil {
		return err
	}
	_, err = w.tx.ExecContext(ctx, "UPDATE sqlite_sequence SET seq = seq + ? WHERE name = 'messages'", len(w.tree.Messages))
	return err
}

// now marks a hidden chat.
func (w *treeWriter) now() sql.NullInt64 {
	return sql.NullInt64{Int64: -w.s.now().UnixMilli(), Valid: true}
}

// part stores the messages of a hidden chat from one place up to another, with what hangs under them.
func (w *treeWriter) part(ctx context.Context, from, to int) error {
	rows := treeRows{tx: w.tx}
	if err := w.messages(ctx, &rows, from, to); err != nil {
		return err
	}
	if err := rows.flush(ctx); err != nil {
		return err
	}
	if err := w.hangAll(ctx, from, to); err != nil {
		return err
	}
	return mustTouch(w.tx.ExecContext(ctx, "UPDATE chats SET deleted_ms = ? WHERE id = ? AND deleted_ms < 0", w.now(), w.chat))
}

// hangAll stores what hangs under the messages from one place up to another.
func (w *treeWriter) hangAll(ctx context.Context, from, to int) error {
	for i, m := range w.tree.Messages[from:to] {
		if err := w.hang(ctx, w.at(int64(from+i)+1), m); err != nil {
			return err
		}
	}
	return nil
}

// end makes the chat complete: pictures, leaf and draft, and that it is seen.
func (w *treeWriter) end(ctx context.Context) (backend.Chat, error) {
	if err := w.pictures(ctx); err != nil {
		return backend.Chat{}, err
	}
	_, err := w.tx.ExecContext(ctx, "UPDATE chats SET leaf = ?, deleted_ms = NULL WHERE id = ?", reference(w.at(w.tree.Chat.Leaf)), w.chat)
	if err != nil {
		return backend.Chat{}, err
	}
	if d := w.tree.Draft; d.Text != "" || d.ScrollMessage != 0 || d.ScrollOffset != 0 || len(d.Attachments) > 0 || d.Editing != 0 {
		files, err := attachedTo(d)
		if err != nil {
			return backend.Chat{}, err
		}
		_, err = w.tx.ExecContext(ctx, "INSERT INTO drafts (chat_id, text, scroll_message, scroll_offset, attachments, editing, edited) VALUES (?, ?, ?, ?, ?, ?, ?)",
			w.chat, clean(d.Text), w.at(d.ScrollMessage), float64(d.ScrollOffset), files, w.at(d.Editing), clean(d.Edited))
		if err != nil {
			return backend.Chat{}, err
		}
	}
	return chatIn(ctx, w.tx, w.chat)
}

// treeRow is a message of AddTree on its way into SQLite.
type treeRow struct {
	threadRow
	ID     int64  `json:"id"`
	Chat   int64  `json:"chat"`
	Parent *int64 `json:"parent"`
}

// treeRows gathers messages, and stores many with one statement.
type treeRows struct {
	tx   *sql.Tx
	rows []byte // a JSON array without its end
}

func (r *treeRows) add(ctx context.Context, row treeRow) error {
	text, err := json.Marshal(row)
	if err != nil {
		return err
	}
	if len(r.rows) > 0 && len(r.rows)+len(text) > treeStatement {
		if err := r.flush(ctx); err != nil {
			return err
		}
	}
	r.rows = append(append(r.rows, separator(len(r.rows))), text...)
	return nil
}

// flush stores what was gathered.
func (r *treeRows) flush(ctx context.Context) error {
	if len(r.rows) == 0 {
		return nil
	}
	_, err := r.tx.ExecContext(ctx, `INSERT INTO messages
		(id, chat_id, parent, role, state, model_id, model_name, stop, revision, created_ms, usage, error, text)
		SELECT value ->> 'id', value ->> 'chat', value ->> 'parent', value ->> 'role', value ->> 'state',
		  (SELECT id FROM models WHERE id = value ->> 'model_id'), value ->> 'model_name', value ->> 'stop', 1,
		  value ->> 'created', value ->> 'usage', value ->> 'error', value ->> 'text'
		FROM json_each(?) ORDER BY key`, string(append(r.rows, ']')))
	r.rows = r.rows[:0]
	return err
}

// messages gathers the messages from one place up to another.
func (w *treeWriter) messages(ctx context.Context, rows *treeRows, from, to int) error {
	for i, m := range w.tree.Messages[from:to] {
		i += from
		m.Usage.SeenFrom = w.at(m.Usage.SeenFrom)
		usage, err := jsonText(m.Usage)
		if err != nil {
			return err
		}
		row := treeRow{ID: w.at(int64(i) + 1), Chat: w.chat, threadRow: threadRow{
			Role: m.Role, State: m.State, ModelID: m.ModelID, ModelName: clean(m.ModelName), Stop: m.Stop,
			Created: w.s.orNow(m.Created).Int64, Usage: usage, Error: clean(m.Error), Text: clean(m.Text),
		}}
		if parent := w.at(m.Parent); parent != 0 {
			row.Parent = &parent
		}
		if err := rows.add(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// separator stands before an element of a JSON array that is n bytes long already.
func separator(n int) byte {
	if n == 0 {
		return '['
	}
	return ','
}

// hang stores what hangs under a message, but for its pictures.
func (w *treeWriter) hang(ctx context.Context, id int64, m TreeMessage) error {
	if g := m.Generation; g != nil {
		record := *g
		record.MessageID, record.Tokens = id, nil
		if err := recordPrompt(ctx, w.tx, record); err != nil {
			return err
		}
		tokens, err := packInts(g.Tokens)
		if err != nil {
			return err
		}
		if len(tokens) > 0 {
			if _, err := w.tx.ExecContext(ctx, "INSERT INTO reply_appends (message_id, revision, tokens, text) VALUES (?, 1, ?, '')", id, tokens); err != nil {
				return err
			}
		}
	}
	if m.Generation != nil && len(m.Kept) > 0 {
		list := make([][]backend.TokenAlt, len(m.Generation.Tokens))
		for _, c := range m.Kept {
			if c.Index >= 0 && c.Index < len(list) {
				list[c.Index] = c.Alts
			}
		}
		list = list[:min(len(list), maxChoices)]
		if err := insertAlternatives(ctx, w.tx, id, 0, list); err != nil {
			return err
		}
	}
	if m.Rating != backend.Unrated {
		if _, err := w.tx.ExecContext(ctx, "INSERT INTO ratings (message_id, rating, rated_ms) VALUES (?, ?, ?)", id, int(m.Rating), w.s.nowMillis()); err != nil {
			return err
		}
	}
	if err := attach(ctx, w.tx, id, m.Attachments); err != nil {
		return err
	}
	return w.addSight(ctx, id, m)
}

// pictures stores the pictures of all messages.
func (w *treeWriter) pictures(ctx context.Context) error {
	for i, m := range w.tree.Messages {
		for _, p := range m.Pictures {
			p.MessageID, p.JobID = w.at(int64(i)+1), 0
			if _, err := w.s.insertPicture(ctx, w.tx, p); err != nil {
				return err
			}
		}
	}
	return nil
}
