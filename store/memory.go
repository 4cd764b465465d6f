package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/hex"
	"net/url"

	"loam/backend"
)

// A store in memory is a database of SQLite's memdb, which the connections of this process share by its name. It writes no
// file, not even for sorting: what is in it is for nobody to find later. Its chats and messages have numbers from
// backend.FirstTemporaryID on, so that they cannot be taken for those of a file.

func memoryName() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return "/loam-" + hex.EncodeToString(b[:])
}

func memoryDSN(name, txlock string, pragmas ...string) string {
	q := url.Values{"vfs": {"memdb"}, "_txlock": {txlock}, "_pragma": append(pragmas, busy, "temp_store(2)")}
	return (&url.URL{Scheme: "file", OmitHost: true, Path: name, RawQuery: q.Encode()}).String()
}

func (s *Store) writerDSN() string {
	if s.memory {
		return memoryDSN(s.path, "immediate", "foreign_keys(1)", "journal_mode(MEMORY)", "secure_delete(1)")
	}
	return writerDSN(s.path)
}

func (s *Store) readerDSN() string {
	if s.memory {
		return memoryDSN(s.path, "deferred", "query_only(1)")
	}
	return readerDSN(s.path)
}

// startNumbers gives chats and messages their first numbers.
func (s *Store) startNumbers(ctx context.Context) error {
	return s.write(ctx, "begin a store in memory", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO sqlite_sequence (name, seq) VALUES ('chats', ?1), ('messages', ?1)", backend.FirstTemporaryID-1)
		return err
	})
}

// CopyModel takes in a model of another store under its own number, so that chats can name it. One that is there stays.
func (s *Store) CopyModel(ctx context.Context, m backend.Model) error {
	return s.write(ctx, "copy model", func(tx *sql.Tx) error {
		values, err := modelValues(m)
		if err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO models (name, kind, family, format, quant, size_bytes, sha256, license, path, state,
			  reason, parameters, context_length, template_sha256, source, starter, owned, shape, modified_ms, template, added_ms, id)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
			append(values, s.orNow(m.Added), m.ID)...)
		return err
	})
}

// TreeOf reads a chat with all its branches, as AddTree takes it. A reply that is being written is backend.ErrBusy.
func (s *Store) TreeOf(ctx context.Context, chatID int64) (Tree, error) {
	var t Tree
	places := map[int64]int64{}
	err := s.ReadTree(ctx, chatID, TreeReader{
		Chat: func(c backend.Chat, d backend.Draft, ids []int64) error {
			for i, id := range ids {
				places[id] = int64(i) + 1
			}
			t.Chat, t.Draft = c, d
			t.Chat.Leaf, t.Draft.ScrollMessage, t.Draft.Editing = places[c.Leaf], places[d.ScrollMessage], places[d.Editing]
			return nil
		},
		Message: func(m TreeMessage) error {
			if m.State == backend.MessageRunning {
				return backend.ErrBusy
			}
			m.Parent, m.Usage.SeenFrom = places[m.Parent], places[m.Usage.SeenFrom]
			t.Messages = append(t.Messages, m)
			return nil
		},
	})
	return t, err
}
