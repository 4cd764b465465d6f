package chat

import (
	"context"
	"fmt"

	"loam/backend"
	"loam/backend/event"
)

// Remove takes a message out of its chat, with all that follows it, to the trash. The other versions of it stay. What is
// returned takes it back with Unremove. While a reply is being written in the chat, it is backend.ErrBusy.
func (s *Service) Remove(ctx context.Context, messageID int64) (backend.Cut, error) {
	if err := s.settle(ctx, messageID); err != nil {
		return backend.Cut{}, fmt.Errorf("remove: %w", err)
	}
	m, err := s.store.Message(ctx, messageID)
	if err != nil {
		return backend.Cut{}, err
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return backend.Cut{}, err
	}
	defer r.abandon(m.ChatID)
	cut, err := s.store.CutBranch(ctx, messageID, Title(aboutOf(m)))
	if err != nil {
		return cut, fmt.Errorf("remove: %w", err)
	}
	s.moved(cut)
	return cut, nil
}

// Unremove takes back what Remove did. Where that is not possible any more, it is backend.ErrNotFound.
func (s *Service) Unremove(ctx context.Context, c backend.Cut) error {
	r, err := s.reserve(c.ChatID)
	if err != nil {
		return err
	}
	defer r.abandon(c.ChatID)
	if err := s.store.MendBranch(ctx, c); err != nil {
		return fmt.Errorf("take back: %w", err)
	}
	s.moved(c)
	return nil
}

func (s *Service) moved(c backend.Cut) {
	s.bus.Deliver(event.MessageChanged{ChatID: c.ChatID, MessageID: c.Message, State: backend.MessageComplete})
	s.changed(c.ChatID, c.Trash)
}
