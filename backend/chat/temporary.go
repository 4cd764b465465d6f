package chat

import (
	"context"
	"errors"

	"loam/backend"
	"loam/backend/event"
)

// Temporaries is a Store that can also keep chats in memory, under numbers for which backend.IsTemporary holds.
type Temporaries interface {
	CreateTemporary(ctx context.Context, c backend.Chat) (backend.Chat, error)
	KeepChat(ctx context.Context, id int64) (backend.Chat, error) // moves one to the disk
}

// CreateTemporary makes a chat that leaves nothing behind: it is in memory only, its context is never saved, search does
// not find it, and it ends with the program.
func (s *Service) CreateTemporary(ctx context.Context, c backend.Chat) (backend.Chat, error) {
	t, ok := s.store.(Temporaries)
	if !ok {
		return backend.Chat{}, backend.ErrUnsupported
	}
	c, err := t.CreateTemporary(ctx, c)
	if err != nil {
		return backend.Chat{}, err
	}
	s.bus.Deliver(event.ChatChanged{ChatID: c.ID})
	return c, nil
}

// Keep turns a temporary chat into a normal one, with all its branches, and returns that. While a reply is being written in
// it, it is backend.ErrBusy.
func (s *Service) Keep(ctx context.Context, chatID int64) (backend.Chat, error) {
	t, ok := s.store.(Temporaries)
	if !ok || !backend.IsTemporary(chatID) {
		return backend.Chat{}, errors.New("keep a chat: it is not temporary")
	}
	r, err := s.reserve(chatID)
	if err != nil {
		return backend.Chat{}, err
	}
	defer r.abandon(chatID)
	c, err := t.KeepChat(ctx, chatID)
	if err != nil {
		return backend.Chat{}, err
	}
	for _, id := range []int64{c.ID, chatID} {
		s.bus.Deliver(event.ChatChanged{ChatID: id})
	}
	s.IndexSoon()
	return c, nil
}
