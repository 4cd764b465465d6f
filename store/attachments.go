package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"loam/backend"
)

// attachedColumn is the files of a message m as JSON; NULL where it has none.
const attachedColumn = `(SELECT json_group_array(json(f.facts) ORDER BY f.place) FROM attachments f WHERE f.message_id = m.id HAVING count(*) > 0)`

// attach stores the files of a message.
func attach(ctx context.Context, tx *sql.Tx, messageID int64, list []backend.Attachment) error {
	for i, a := range list {
		a.Name = clean(a.Name)
		facts, err := jsonText(a)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, "INSERT INTO attachments (message_id, place, sha256, text_sha256, name, facts) VALUES (?, ?, ?, ?, ?, ?)",
			messageID, i, a.SHA256, a.Text, a.Name, facts)
		if err != nil {
			return err
		}
	}
	return nil
}

// attachedTo is the column of a draft.
func attachedTo(d backend.Draft) (string, error) {
	if len(d.Attachments) == 0 {
		return "[]", nil
	}
	return jsonText(d.Attachments)
}

// AttachedSums are the hashes of all bytes that messages and drafts refer to, also those in the trash.
func (s *Store) AttachedSums(ctx context.Context) (map[string]bool, error) {
	used := map[string]bool{}
	err := s.read(ctx, "list attachments", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, "SELECT sha256, text_sha256, '[]' FROM attachments UNION ALL SELECT '', '', attachments FROM drafts WHERE attachments <> '[]'")
		if err != nil {
			return err
		}
		_, err = collect(rows, func(r oneRow) (struct{}, error) {
			var sum, text, draft string
			err := r.Scan(&sum, &text, &draft)
			used[sum], used[text] = true, true
			var list []backend.Attachment
			if json.Unmarshal([]byte(draft), &list) == nil {
				for _, a := range list {
					used[a.SHA256], used[a.Text] = true, true
				}
			}
			return struct{}{}, err
		})
		return err
	})
	return used, err
}

// withNames adds messages to hits whose files have such names.
func (s *Store) withNames(ctx context.Context, query string, limit int, hits []Hit) ([]Hit, error) {
	if limit <= 0 {
		limit = 50
	}
	var more []Hit
	err := s.read(ctx, "search", func(tx *sql.Tx) (err error) {
		more, err = searchNames(ctx, tx, ask(query), limit)
		return err
	})
	for _, h := range more {
		there := slices.ContainsFunc(hits, func(x Hit) bool { return x.Message.ID == h.Message.ID })
		if !there && len(hits) < limit {
			hits = append(hits, h)
		}
	}
	return hits, err
}

// searchNames finds messages by the names of their files.
func searchNames(ctx context.Context, tx *sql.Tx, q question, limit int) ([]Hit, error) {
	if q.words == "" {
		return nil, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT highlight(search_names, 0, ?, ?), m.id, m.chat_id, coalesce(m.parent, 0), m.role, m.state, coalesce(m.model_id, 0),
		m.model_name, m.created_ms, `+chatColumns+` FROM search_names f CROSS JOIN attachments a ON a.id = f.rowid CROSS JOIN messages m ON m.id = a.message_id
		CROSS JOIN chats c ON c.id = m.chat_id WHERE c.deleted_ms IS NULL AND f.name MATCH ? ORDER BY f.rowid DESC LIMIT ?`, markStart, markEnd, q.words, limit)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row oneRow) (Hit, error) {
		var h Hit
		m := &h.Message
		err := row.Scan(append([]any{
			&h.Snippet, &m.ID, &m.ChatID, &m.Parent, &m.Role, &m.State, &m.ModelID, &m.ModelName, msColumn{&m.Created},
		}, chatFields(&h.Chat)...)...)
		h.Snippet, h.Marks = splitMarks(h.Snippet)
		return h, err
	})
}
