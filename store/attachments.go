package store

import (
	"context"
	"database/sql"
	"encoding/json"

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
