package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"loam/backend"
)

// Finish says how a reply ended. Tokens and Text are what came since the last AppendReply; they are added to what is
// stored, never put in its place.
type Finish struct {
	State  backend.MessageState // any but Running
	Stop   backend.StopReason
	Error  string
	Tokens []int32
	Text   string
	Usage  backend.Usage
}

// AddExchange stores a person's message and the empty running reply below it in one transaction, and makes the reply
// the leaf. A draft that equals the message is cleared with it, also that of an edit.
func (s *Store) AddExchange(ctx context.Context, user, reply backend.Message, owner backend.Owner) (backend.Message, backend.Message, error) {
	err := s.write(ctx, "add exchange", func(tx *sql.Tx) (err error) {
		if user, err = s.insertMessage(ctx, tx, user, sql.NullInt64{}); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE drafts SET text = '', attachments = '[]' WHERE chat_id = ? AND trim(text, char(9, 10, 13, 32)) = trim(?, char(9, 10, 13, 32))",
			user.ChatID, user.Text); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE drafts SET editing = 0, edited = '' WHERE chat_id = ? AND editing <> 0 AND trim(edited, char(9, 10, 13, 32)) = trim(?, char(9, 10, 13, 32))",
			user.ChatID, user.Text); err != nil {
			return err
		}
		reply.ChatID, reply.Parent = user.ChatID, user.ID
		reply, err = s.insertReply(ctx, tx, reply, owner)
		return err
	})
	return user, reply, err
}

// StartReply stores an empty running reply below reply.Parent and makes it the leaf: another answer to the same message.
func (s *Store) StartReply(ctx context.Context, reply backend.Message, owner backend.Owner) (backend.Message, error) {
	err := s.write(ctx, "start reply", func(tx *sql.Tx) (err error) {
		reply, err = s.insertReply(ctx, tx, reply, owner)
		return err
	})
	return reply, err
}

// StartAside is StartReply without making the reply the leaf: what is shown of the chat stays.
func (s *Store) StartAside(ctx context.Context, reply backend.Message, owner backend.Owner) (backend.Message, error) {
	err := s.write(ctx, "start reply", func(tx *sql.Tx) (err error) {
		var leaf sql.NullInt64
		if err := tx.QueryRowContext(ctx, "SELECT leaf FROM chats WHERE id = ?", reply.ChatID).Scan(&leaf); err != nil {
			return err
		}
		if reply, err = s.insertReply(ctx, tx, reply, owner); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE chats SET leaf = ? WHERE id = ?", leaf, reply.ChatID)
		return err
	})
	return reply, err
}

func (s *Store) insertReply(ctx context.Context, tx *sql.Tx, reply backend.Message, owner backend.Owner) (backend.Message, error) {
	ownerID, err := s.ownerID(ctx, tx, owner)
	if err != nil {
		return reply, err
	}
	reply.State = backend.MessageRunning
	return s.insertMessage(ctx, tx, reply, reference(ownerID))
}

// RecordPrompt stores the evaluation log of a reply before its first token. Recording again replaces it (Resume on
// another engine). g.Tokens nil keeps the tokens that are recorded; else they become g.Tokens, and the text stays.
func (s *Store) RecordPrompt(ctx context.Context, g backend.Generation) error {
	return s.write(ctx, "record prompt", func(tx *sql.Tx) error {
		if g.Tokens != nil { // what is known of the tokens before is of other tokens
			if _, err := tx.ExecContext(ctx, "DELETE FROM reply_alternatives WHERE message_id = ?", g.MessageID); err != nil {
				return err
			}
		}
		return recordPrompt(ctx, tx, g)
	})
}

func recordPrompt(ctx context.Context, tx *sql.Tx, g backend.Generation) error {
	texts := make([]string, 5)
	for i, v := range []any{g.Stops, g.Sampling, g.Engine, g.Model, g.Adapters} {
		var err error
		if texts[i], err = jsonText(v); err != nil {
			return err
		}
	}
	prompt, err := packInts(g.Prompt)
	if err != nil {
		return err
	}
	cuts, err := packInts(g.Cuts)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO generations
		(message_id, context, batch, stops, sampling, engine, model, adapters, cuts, prompt) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (message_id) DO UPDATE SET context = excluded.context, batch = excluded.batch, stops = excluded.stops,
		  sampling = excluded.sampling, engine = excluded.engine, model = excluded.model, adapters = excluded.adapters, cuts = excluded.cuts,
		  prompt = excluded.prompt`,
		g.MessageID, g.Context, g.Batch, texts[0], texts[1], texts[2], texts[3], texts[4], cuts, prompt)
	if err != nil || g.Tokens == nil {
		return err
	}
	tokens, err := packInts(g.Tokens)
	if err != nil {
		return err
	}
	return fold(ctx, tx, g.MessageID, tokens)
}

// appendSQL adds an append row to a running reply. Its revision follows the newest one.
const appendSQL = `INSERT INTO reply_appends (message_id, revision, tokens, text)
  SELECT m.id, 1 + max(m.revision, coalesce((SELECT max(a.revision) FROM reply_appends a WHERE a.message_id = m.id), 0)), ?, ?
  FROM messages m WHERE m.id = ? AND m.state = 1
  RETURNING revision`

// AppendReply adds tokens and text to a running reply and returns the message's new revision.
func (s *Store) AppendReply(ctx context.Context, messageID int64, tokens []int32, text string) (revision int64, err error) {
	packed, err := packInts(tokens)
	if err == nil {
		err = s.grow.QueryRowContext(ctx, packed, clean(text), messageID).Scan(&revision)
	}
	if errors.Is(err, sql.ErrNoRows) {
		err = ErrNotRunning
	}
	if err != nil {
		return 0, fmt.Errorf("append to reply: %w", s.translate(err))
	}
	return revision, nil
}

// fold moves the text of the append rows to the message and leaves one append row with all the tokens (or with tokens,
// where they are not nil). What a reader sees as the text and the order of revisions does not change.
func fold(ctx context.Context, tx *sql.Tx, messageID int64, tokens []byte) error {
	rows, err := tx.QueryContext(ctx, "SELECT revision, tokens, text FROM reply_appends WHERE message_id = ? ORDER BY revision", messageID)
	if err != nil {
		return err
	}
	type appended struct {
		revision int64
		tokens   []byte
		text     string
	}
	list, err := collect(rows, func(r oneRow) (a appended, err error) { return a, r.Scan(&a.revision, &a.tokens, &a.text) })
	if err != nil {
		return err
	}
	var revision int64
	var text, all []byte
	for _, a := range list {
		text, all, revision = append(text, a.text...), append(all, a.tokens...), a.revision
	}
	if tokens != nil {
		all = tokens
	}
	if _, err := tx.ExecContext(ctx, "DELETE FROM reply_appends WHERE message_id = ?", messageID); err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE messages SET text = text || ?, revision = 1 + max(revision, ?) WHERE id = ?`,
		string(text), revision, messageID); err != nil {
		return err
	}
	if len(all) == 0 {
		return nil
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO reply_appends (message_id, revision, tokens, text)
		SELECT id, revision, ?, '' FROM messages WHERE id = ?`, all, messageID)
	return err
}

// FinishReply ends a running reply and returns it as it is stored.
func (s *Store) FinishReply(ctx context.Context, messageID int64, f Finish) (m backend.Message, err error) {
	err = s.write(ctx, "finish reply", func(tx *sql.Tx) error {
		if f.State == backend.MessageRunning {
			return errors.New("a reply cannot end as running")
		}
		usage, err := jsonText(f.Usage)
		if err != nil {
			return err
		}
		tokens, err := packInts(f.Tokens)
		if err != nil {
			return err
		}
		// The tail is one more append row; so the end has no way of its own to treat what is there.
		r, err := tx.ExecContext(ctx, `INSERT INTO reply_appends (message_id, revision, tokens, text)
			SELECT m.id, 1 + max(m.revision, coalesce((SELECT max(a.revision) FROM reply_appends a WHERE a.message_id = m.id), 0)), ?, ?
			FROM messages m WHERE m.id = ? AND m.state = 1`, tokens, clean(f.Text), messageID)
		if err := mustTouch(r, err); errors.Is(err, backend.ErrNotFound) {
			return ErrNotRunning
		} else if err != nil {
			return err
		}
		if err := fold(ctx, tx, messageID, nil); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE messages SET state = ?, owner_id = NULL, stop = ?, error = ?, usage = ? WHERE id = ?`,
			int(f.State), string(f.Stop), clean(f.Error), usage, messageID)
		if err != nil {
			return err
		}
		if m, err = messageIn(ctx, tx, messageID); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "UPDATE chats SET updated_ms = max(updated_ms, ?) WHERE id = ?", s.nowMillis(), m.ChatID)
		return err
	})
	return m, err
}

// Generation returns the evaluation log of a reply with all tokens that are stored.
func (s *Store) Generation(ctx context.Context, messageID int64) (g backend.Generation, err error) {
	err = s.read(ctx, "read generation", func(tx *sql.Tx) error {
		g, err = generationIn(ctx, tx, messageID)
		return err
	})
	return g, err
}

func generationIn(ctx context.Context, tx *sql.Tx, messageID int64) (g backend.Generation, err error) {
	var cuts, prompt []byte
	err = tx.QueryRowContext(ctx, `SELECT message_id, context, batch, stops, sampling, engine, model, adapters, cuts, prompt
		FROM generations WHERE message_id = ?`, messageID).Scan(&g.MessageID, &g.Context, &g.Batch, jsonColumn{&g.Stops},
		jsonColumn{&g.Sampling}, jsonColumn{&g.Engine}, jsonColumn{&g.Model}, jsonColumn{&g.Adapters}, &cuts, &prompt)
	if err != nil {
		return g, err
	}
	if g.Cuts, err = unpackInts[int](cuts); err != nil {
		return g, err
	}
	if g.Prompt, err = unpackInts[int32](prompt); err != nil {
		return g, err
	}
	g.Tokens, err = tokensIn(ctx, tx, messageID)
	return g, err
}

// tokensIn are the tokens that are stored of a reply.
func tokensIn(ctx context.Context, tx *sql.Tx, messageID int64) (list []int32, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT tokens FROM reply_appends WHERE message_id = ? ORDER BY revision", messageID)
	if err != nil {
		return nil, err
	}
	blobs, err := collect(rows, func(r oneRow) (b []byte, err error) { return b, r.Scan(&b) })
	if err != nil {
		return nil, err
	}
	for _, b := range blobs {
		tokens, err := unpackInts[int32](b)
		if err != nil {
			return nil, err
		}
		list = append(list, tokens...)
	}
	return list, nil
}
