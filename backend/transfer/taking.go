package transfer

import (
	"context"
	"errors"
	"fmt"

	"loam/backend/event"
	"loam/store"
)

// Import takes chats in. Each comes whole or not at all; what cannot be read is counted and left out. Where it ends early
// (an error of the store, the end of ctx) the chats that came before stay, and are told beside the error.
func (s *Service) Import(ctx context.Context, path string, o ImportOptions) (Imported, error) {
	var done Imported
	t := taking{s: s, o: o, done: &done}
	err := s.read(ctx, path, &done.Program, &done.Problems, func(k *known, f *found) error {
		return t.take(ctx, k, f)
	})
	if ctx.Err() == nil {
		err = errors.Join(err, t.store(ctx)) // what came before the error
	}
	if len(done.Chats) > 0 && s.d.Taken != nil {
		s.d.Taken()
	}
	if err != nil {
		return done, fmt.Errorf("import chats: %w", named(path, err))
	}
	return done, nil
}

// How many messages, and how many bytes of them, are stored together: enough that the store's work for each time does not
// count, and few enough that nobody who writes meanwhile waits for it.
const (
	togetherMessages = 2500
	togetherBytes    = 5 << 19
)

// taking is an import: it gathers chats and stores many of them at once.
type taking struct {
	s     *Service
	o     ImportOptions
	done  *Imported
	media media

	trees           []store.Tree
	newer           []bool // of trees: they stand beside an older state of themselves
	messages, bytes int    // of trees
}

// take takes one chat.
func (t *taking) take(ctx context.Context, k *known, f *found) error {
	verdict, err := k.look(ctx, f)
	if err != nil {
		return err
	}
	if verdict == isThere && !t.o.Copies {
		t.done.There++
		t.tell(t.s.title(f))
		return nil
	}
	t.media.service, t.media.from = t.s, k.media
	if err := t.media.bring(ctx, f, t.done); err != nil {
		return err
	}
	f.Chat.Title = t.s.title(f)
	bytes := 0
	for _, m := range f.Messages {
		bytes += len(m.Text)
	}
	if t.messages+len(f.Messages) > togetherMessages || t.bytes+bytes > togetherBytes {
		if err := t.store(ctx); err != nil {
			return err
		}
	}
	t.trees, t.newer = append(t.trees, f.Tree), append(t.newer, verdict == isNewer)
	t.messages, t.bytes = t.messages+len(f.Messages), t.bytes+bytes
	return nil
}

func (t *taking) tell(title string) {
	tell(t.o.Progress, Progress{Chats: len(t.done.Chats) + t.done.There, Title: title})
}

// store stores what was gathered. Where that fails as a whole it is done one by one, up to the chat at which it fails.
func (t *taking) store(ctx context.Context) error {
	trees, newer := t.trees, t.newer
	t.trees, t.newer, t.messages, t.bytes = nil, nil, 0, 0
	if len(trees) > 1 {
		list, err := t.s.d.Store.AddTrees(ctx, trees)
		if err == nil {
			for i, c := range list {
				t.stored(c.ID, c.Title, newer[i])
			}
			return nil
		}
	}
	for i, tree := range trees {
		c, err := t.s.d.Store.AddTree(ctx, tree)
		if err != nil {
			return err
		}
		t.stored(c.ID, c.Title, newer[i])
	}
	return nil
}

// stored counts and tells about a chat that is stored.
func (t *taking) stored(id int64, title string, newer bool) {
	t.done.Chats = append(t.done.Chats, id)
	if newer {
		t.done.Newer++
	}
	t.s.d.Bus.Deliver(event.ChatChanged{ChatID: id})
	t.tell(title)
}
