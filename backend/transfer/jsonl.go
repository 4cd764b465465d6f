package transfer

import (
	"bytes"
	"context"
	"fmt"
	"io"

	"loam/backend"
	"loam/store"
)

// writeJSONL writes all chats to one file of lines.
func (e *export) writeJSONL(ctx context.Context) error {
	w, err := e.next(chatsFile)
	if err != nil {
		return err
	}
	out := lineWriter{w: w}
	if err := out.line(headLine{Loam: "chats", Version: formatVersion, App: e.d.Version, Exported: e.d.Now().UnixMilli()}); err != nil {
		return err
	}
	for i, c := range e.chats {
		if err := e.writeLines(ctx, &out, c.ID); gone(err) && e.Chats == nil {
			continue
		} else if err != nil {
			return err
		}
		e.wrote(i, c)
	}
	return out.line(endLine{Type: typeEnd, Chats: e.done.Chats, Messages: e.done.Messages})
}

// writeLines writes one chat. What it needs in memory is a few messages and a number for each.
func (e *export) writeLines(ctx context.Context, out *lineWriter, chatID int64) error {
	l := lines{models: e.models, sources: e.sources}
	return e.d.Store.ReadTree(ctx, chatID, store.TreeReader{
		Chat: func(c backend.Chat, d backend.Draft, ids []int64) error {
			l.ids = ids
			e.takeFiles(d.Attachments)
			return out.line(l.chat(c, d))
		},
		Message: func(m store.TreeMessage) error {
			for _, p := range m.Pictures {
				e.take(p)
			}
			e.takeFiles(m.Attachments)
			e.done.Messages++
			return out.line(l.message(m))
		},
	})
}

// lineWriter writes lines of JSON.
type lineWriter struct {
	w io.Writer
	b bytes.Buffer
}

func (l *lineWriter) line(v any) error {
	l.b.Reset()
	if err := appendLine(&l.b, v); err != nil {
		return err
	}
	if l.b.Len() > maxLine {
		return fmt.Errorf("a message is longer than the %d MB that can be read back", maxLine>>20)
	}
	_, err := l.w.Write(l.b.Bytes())
	return err
}
