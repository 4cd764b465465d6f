package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"loam/backend"
)

// AttachedPart is a part of what an attached file says, as the search finds it.
type AttachedPart struct {
	Place backend.Passage
	Text  string
}

// UnindexedText is a text of attachments that no search finds yet.
type UnindexedText struct {
	SHA256 string
	Kind   backend.AttachmentKind
}

// UnindexedTexts lists texts of messages' files that wait for IndexText, those of the newest messages first.
func (s *Store) UnindexedTexts(ctx context.Context, limit int) (list []UnindexedText, err error) {
	err = s.read(ctx, "list unindexed attachments", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT a.text_sha256, min(a.facts ->> 'kind') FROM attachments a
			WHERE a.text_sha256 <> '' AND NOT EXISTS (SELECT 1 FROM attached_texts t WHERE t.sha256 = a.text_sha256 AND t.whole = 1)
			GROUP BY a.text_sha256 ORDER BY max(a.id) DESC LIMIT ?`, limitOrAll(limit))
		if err != nil {
			return err
		}
		list, err = collect(rows, func(r oneRow) (u UnindexedText, err error) { return u, r.Scan(&u.SHA256, &u.Kind) })
		return err
	})
	return list, err
}

// attachedBatch is how many bytes of parts are stored in one transaction, so that nobody else waits long to write.
const attachedBatch = 128 << 10

// IndexText stores the parts of a text for SearchFiles, in several transactions. What an earlier call left half done goes. A
// text that no message has any more is left out, also one that loses its last message meanwhile.
func (s *Store) IndexText(ctx context.Context, sha256 string, parts []AttachedPart) error {
	var id int64
	err := s.write(ctx, "index attachment", func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, "DELETE FROM attached_texts WHERE sha256 = ? AND whole = 0", sha256); err != nil {
			return err
		}
		rows, err := tx.QueryContext(ctx, `INSERT INTO attached_texts (sha256, whole) SELECT ?1, 0
			WHERE EXISTS (SELECT 1 FROM attachments WHERE text_sha256 = ?1) ON CONFLICT DO NOTHING RETURNING id`, sha256)
		if err != nil {
			return err
		}
		_, err = collect(rows, func(r oneRow) (struct{}, error) { return struct{}{}, r.Scan(&id) })
		return err
	})
	for err == nil && id != 0 {
		bytes, n := 0, 0
		for n < len(parts) && bytes < attachedBatch {
			bytes += len(parts[n].Text)
			n++
		}
		last := n == len(parts)
		err = s.write(ctx, "index attachment", func(tx *sql.Tx) error {
			if err := insertParts(ctx, tx, id, parts[:n]); err != nil || !last {
				return err
			}
			_, err := tx.ExecContext(ctx, "UPDATE attached_texts SET whole = 1 WHERE id = ?", id)
			return err
		})
		if last {
			return err
		}
		parts = parts[n:]
	}
	return err
}

// insertParts stores parts of a text, as far as it is still there, with one statement: see AddTrees.
func insertParts(ctx context.Context, tx *sql.Tx, textID int64, parts []AttachedPart) error {
	type row struct {
		Place backend.Passage `json:"place"`
		Text  string          `json:"text"`
	}
	list := make([]row, len(parts))
	for i, p := range parts {
		list[i] = row{p.Place, clean(p.Text)}
	}
	all, err := jsonText(list)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO attached_parts (text_id, place, text) SELECT t.id, value -> 'place', value ->> 'text'
		FROM attached_texts t, json_each(?) WHERE t.id = ? ORDER BY key`, all, textID)
	return err
}

// mostAttached is how many parts of files, the newest first, a search looks at: a word that stands everywhere is not worth more.
const mostAttached = 2000

// SearchFiles finds messages by their files, outside of the trash: first those with files of such names, then those whose
// files say it, the newest first. All words stand in one part of a file, about a page. A file is told once for each message
// that has it. In scripts that have spaces, words match as a whole or as a beginning, not within.
func (s *Store) SearchFiles(ctx context.Context, query string, limit int) (hits []Hit, err error) {
	if limit <= 0 {
		limit = 50
	}
	q := ask(query)
	err = s.read(ctx, "search", func(tx *sql.Tx) error {
		if hits, err = searchNames(ctx, tx, q, limit); err != nil {
			return err
		}
		type file struct {
			message int64
			name    string
		}
		seen := map[file]bool{}
		for _, h := range hits {
			seen[file{h.Message.ID, h.File.Name}] = true
		}
		more, err := searchAttached(ctx, tx, q, limit)
		for _, h := range more {
			if len(hits) < limit && !seen[file{h.Message.ID, h.File.Name}] {
				hits = append(hits, h)
			}
		}
		return err
	})
	return hits, err
}

// fileColumns are those of a hit in a file f of a message m of a chat c.
const fileColumns = `m.id, m.chat_id, coalesce(m.parent, 0), m.role, m.state, coalesce(m.model_id, 0), m.model_name, m.created_ms, f.facts, ` + chatColumns

func scanFileHit(row oneRow, more ...any) (Hit, error) {
	h := Hit{File: &backend.Attachment{}}
	m := &h.Message
	err := row.Scan(append(append(more, &m.ID, &m.ChatID, &m.Parent, &m.Role, &m.State, &m.ModelID, &m.ModelName, msColumn{&m.Created}, jsonColumn{h.File}),
		chatFields(&h.Chat)...)...)
	return h, err
}

// searchNames finds messages by the names of their files.
func searchNames(ctx context.Context, tx *sql.Tx, q question, limit int) ([]Hit, error) {
	if q.words == "" {
		return nil, nil
	}
	rows, err := tx.QueryContext(ctx, `SELECT highlight(search_names, 0, ?, ?), `+fileColumns+`
		FROM search_names n CROSS JOIN attachments f ON f.id = n.rowid CROSS JOIN messages m ON m.id = f.message_id
		CROSS JOIN chats c ON c.id = m.chat_id WHERE c.deleted_ms IS NULL AND n.name MATCH ? ORDER BY n.rowid DESC LIMIT ?`, markStart, markEnd, q.words, limit)
	if err != nil {
		return nil, err
	}
	return collect(rows, func(row oneRow) (Hit, error) {
		var snippet string
		h, err := scanFileHit(row, &snippet)
		h.Snippet, h.Marks = splitMarks(snippet)
		return h, err
	})
}

// searchAttached finds messages by what their files say.
func searchAttached(ctx context.Context, tx *sql.Tx, q question, limit int) ([]Hit, error) {
	var parts string // which parts
	var args []any
	index := "" // whose snippet is shown
	switch {
	case q.words != "":
		index = "search_attached_words"
		parts = "SELECT rowid AS id FROM search_attached_words WHERE text MATCH ?"
		args = append(args, q.words)
		if q.trigrams != "" {
			parts += " AND rowid IN (SELECT rowid FROM search_attached_trigrams WHERE text MATCH ?)"
			args = append(args, q.trigrams)
		}
		parts += " ORDER BY rowid DESC LIMIT ?"
	case q.trigrams != "":
		index = "search_attached_trigrams"
		parts = "SELECT rowid AS id FROM search_attached_trigrams WHERE text MATCH ? ORDER BY rowid DESC LIMIT ?"
		args = append(args, q.trigrams)
	case q.unspaced:
		parts = "SELECT id FROM attached_parts INDEXED BY attached_unspaced WHERE text GLOB '" + unspacedGlob + "' ORDER BY id DESC LIMIT ?"
	default:
		return nil, nil
	}
	match := args
	args = append(args, mostAttached)
	asked := ""
	for _, text := range q.contained {
		asked += ` AND p.text LIKE ? ESCAPE '\'`
		args = append(args, "%"+strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(text)+"%")
	}
	// The first part of each file, by the unique way of SQLite: with min(), the other columns are those of its row.
	rows, err := tx.QueryContext(ctx, `SELECT min(p.id), p.place, `+fileColumns+` FROM (`+parts+`) i CROSS JOIN attached_parts p ON p.id = i.id
		CROSS JOIN attached_texts t ON t.id = p.text_id CROSS JOIN attachments f ON f.text_sha256 = t.sha256 CROSS JOIN messages m ON m.id = f.message_id
		CROSS JOIN chats c ON c.id = m.chat_id WHERE c.deleted_ms IS NULL`+asked+` GROUP BY f.id ORDER BY f.id DESC LIMIT ?`, append(args, limit)...)
	if err != nil {
		return nil, err
	}
	var ids []int64
	hits, err := collect(rows, func(row oneRow) (Hit, error) {
		var id int64
		var place string
		h, err := scanFileHit(row, &id, &place)
		if err == nil {
			h.Place = &backend.Passage{}
			err = json.Unmarshal([]byte(place), h.Place)
		}
		ids = append(ids, id)
		return h, err
	})
	for i := 0; err == nil && i < len(hits); i++ {
		err = hits[i].around(ctx, tx, ids[i], index, match, q)
	}
	return hits, err
}

// around sets the words around a match in a part of a file.
func (h *Hit) around(ctx context.Context, tx *sql.Tx, part int64, index string, match []any, q question) error {
	var text string
	if index == "" {
		if err := tx.QueryRowContext(ctx, "SELECT text FROM attached_parts WHERE id = ?", part).Scan(&text); err != nil {
			return err
		}
		text = cutAround(text, q.contained[0])
	} else {
		err := tx.QueryRowContext(ctx, "SELECT snippet("+index+", 0, ?, ?, '…', ?) FROM "+index+" WHERE text MATCH ? AND rowid = ?",
			markStart, markEnd, map[string]int{"search_attached_words": 24, "search_attached_trigrams": 64}[index], match[0], part).Scan(&text)
		if err != nil {
			return err
		}
	}
	h.Snippet, h.Marks = splitMarks(text)
	return nil
}
