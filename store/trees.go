package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"loam/backend"
)

// TreeMessage is a message with all that hangs under it. Siblings and Sibling are not set.
type TreeMessage struct {
	backend.Message
	Generation *backend.Generation   // the record of a reply; nil = there is none
	Kept       []backend.TokenChoice // what else could have stood there, of the tokens of Generation
	Pictures   []backend.Picture     // not those in the trash
	Summary    string                // what stands for this message and all above it; "" = nothing
}

// TreeReader takes what ReadTree finds, in this order.
type TreeReader struct {
	Chat    func(c backend.Chat, d backend.Draft, ids []int64) error // ids are those of the messages that follow, ascending
	Message func(m TreeMessage) error                                // parents come before their children, siblings by age
	End     func() error                                             // nil = nothing is to be done
	Shown   bool                                                     // only the branch that is shown
	Light   bool                                                     // without records and pictures
}

// treePage is how many messages ReadTree holds at a time.
const treePage = 32

const treeColumns = `m.id, m.chat_id, coalesce(m.parent, 0), m.role, m.state, m.error, coalesce(m.model_id, 0),
  m.model_name, m.usage, m.stop, m.created_ms, m.revision,
  coalesce((SELECT r.rating FROM ratings r WHERE r.message_id = m.id), 0),
  EXISTS (SELECT 1 FROM pins p WHERE p.message_id = m.id),
  coalesce((SELECT y.text FROM summaries y WHERE y.message_id = m.id), ''),
  ` + attachedColumn + `,
  CASE m.state WHEN 1 THEN m.text || coalesce((SELECT group_concat(a.text, '' ORDER BY a.revision) FROM reply_appends a
    WHERE a.message_id = m.id), '') ELSE m.text END`

func scanTreeMessage(row oneRow) (t TreeMessage, err error) {
	m := &t.Message
	err = row.Scan(&m.ID, &m.ChatID, &m.Parent, &m.Role, &m.State, &m.Error, &m.ModelID, &m.ModelName, jsonColumn{&m.Usage},
		&m.Stop, msColumn{&m.Created}, &m.Revision, &m.Rating, &m.Pinned, &t.Summary, jsonColumn{&m.Attachments}, &m.Text)
	m.Note, m.SeenFrom, m.LeftOut = m.Usage.Note, m.Usage.SeenFrom, m.Usage.LeftOut
	return t, err
}

// ReadTree reads a chat with all its branches, page by page in one transaction: what r takes belongs together, whatever is
// written meanwhile, and but for the IDs only a page is in memory. An error of r ends the reading.
func (s *Store) ReadTree(ctx context.Context, chatID int64, r TreeReader) error {
	return s.read(ctx, "read chat", func(tx *sql.Tx) error {
		c, err := chatIn(ctx, tx, chatID)
		if err != nil {
			return err
		}
		d, ids, err := treeHead(ctx, tx, c, r.Shown)
		if err != nil {
			return err
		}
		if r.Chat != nil {
			if err := r.Chat(c, d, ids); err != nil {
				return err
			}
		}
		for page := range slices.Chunk(ids, treePage) {
			if err := r.page(ctx, tx, page); err != nil {
				return err
			}
		}
		if r.End != nil {
			return r.End()
		}
		return nil
	})
}

// page reads the messages of some ascending IDs.
func (r TreeReader) page(ctx context.Context, tx *sql.Tx, ids []int64) error {
	list, err := jsonText(ids)
	if err != nil {
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+treeColumns+" FROM messages m WHERE m.id IN (SELECT value FROM json_each(?)) ORDER BY m.id", list)
	if err != nil {
		return err
	}
	page, err := collect(rows, scanTreeMessage)
	if err != nil {
		return err
	}
	for _, m := range page {
		if !r.Light {
			if err := hang(ctx, tx, &m); err != nil {
				return err
			}
		}
		if err := r.Message(m); err != nil {
			return err
		}
	}
	return nil
}

// treeHead reads the draft of a chat and the IDs of its messages, all of them or those that are shown.
func treeHead(ctx context.Context, tx *sql.Tx, c backend.Chat, shown bool) (d backend.Draft, ids []int64, err error) {
	d.ChatID = c.ID
	err = tx.QueryRowContext(ctx, "SELECT text, scroll_message, scroll_offset, nullif(attachments, '[]'), editing, edited FROM drafts WHERE chat_id = ?", c.ID).
		Scan(&d.Text, &d.ScrollMessage, &d.ScrollOffset, jsonColumn{&d.Attachments}, &d.Editing, &d.Edited)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return d, nil, err
	}
	query, id := "SELECT id FROM messages WHERE chat_id = ? ORDER BY id", c.ID
	if shown {
		query, id = `WITH RECURSIVE up (id) AS (
			SELECT id FROM messages WHERE id = ?
			UNION ALL SELECT p.parent FROM up JOIN messages p ON p.id = up.id WHERE p.parent IS NOT NULL)
			SELECT id FROM up ORDER BY id`, c.Leaf
	}
	rows, err := tx.QueryContext(ctx, query, id)
	if err != nil {
		return d, nil, err
	}
	ids, err = collect(rows, func(r oneRow) (id int64, err error) { return id, r.Scan(&id) })
	return d, ids, err
}

// hang reads what hangs under a message.
func hang(ctx context.Context, tx *sql.Tx, m *TreeMessage) error {
	g, err := generationIn(ctx, tx, m.ID)
	switch {
	case err == nil:
		m.Generation = &g
		kept, err := choicesIn(ctx, tx, m.ID, g.Tokens)
		if err != nil {
			return err
		}
		if len(kept) > 0 {
			m.Kept = kept
		}
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	rows, err := tx.QueryContext(ctx, "SELECT "+pictureColumns+" FROM pictures WHERE message_id = ? AND deleted_ms IS NULL ORDER BY id", m.ID)
	if err != nil {
		return err
	}
	m.Pictures, err = collect(rows, scanPicture)
	return err
}

// Tree is a chat with all its branches on its way into the store. Its messages are called by their places: the first is 1.
// Parent, the chat's Leaf, Usage.SeenFrom and the draft's ScrollMessage and Editing name them so, and a parent stands before its
// children. IDs of models, adapters and source pictures are those of this store; a model that it does not have becomes none.
type Tree struct {
	Chat     backend.Chat // a zero Created or Updated means now; Deleted is not looked at
	Draft    backend.Draft
	Messages []TreeMessage
}

// check finds what would not be a tree.
func (t Tree) check() error {
	n := int64(len(t.Messages))
	if t.Chat.Leaf < 0 || t.Chat.Leaf > n {
		return fmt.Errorf("its leaf %d is none of its %d messages", t.Chat.Leaf, n)
	}
	for i, m := range t.Messages {
		if m.Parent < 0 || m.Parent > int64(i) {
			return fmt.Errorf("message %d has the parent %d", i+1, m.Parent)
		}
		if m.State == backend.MessageRunning {
			return fmt.Errorf("message %d is running", i+1)
		}
		if m.Rating < backend.ThumbsDown || m.Rating > backend.ThumbsUp {
			return fmt.Errorf("message %d has the rating %d", i+1, m.Rating)
		}
	}
	return nil
}
