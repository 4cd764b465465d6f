package chat

import (
	"context"
	"fmt"
	"strings"

	"loam/backend"
	"loam/backend/event"
)

// Rate stores what a person thinks of a finished reply; backend.Unrated takes it back.
func (s *Service) Rate(ctx context.Context, messageID int64, r backend.Rating) error {
	if err := s.store.SetRating(ctx, messageID, r); err != nil {
		return err
	}
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return err
	}
	s.bus.Deliver(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, Revision: m.Revision, State: m.State})
	return nil
}

// rewrite stores another version of a reply beside it, in a person's words. The old one stays, with all that follows it.
func (s *Service) rewrite(ctx context.Context, m backend.Message, text string) (Sent, error) {
	if strings.TrimSpace(text) == "" {
		return Sent{}, ErrEmpty
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return Sent{}, err
	}
	defer r.abandon(m.ChatID)
	reply, err := s.store.AddReply(ctx, backend.Message{
		ChatID: m.ChatID, Parent: m.Parent, Role: backend.RoleAssistant, State: backend.MessageComplete, Stop: backend.StopEnd,
		ModelID: m.ModelID, ModelName: m.ModelName, Text: clean(text), Created: s.now(),
		Usage: backend.Usage{Edited: true, SeenFrom: m.SeenFrom, LeftOut: m.LeftOut},
	}, nil)
	if err != nil {
		return Sent{}, fmt.Errorf("edit message %d: %w", m.ID, err)
	}
	s.bus.Deliver(event.MessageChanged{ChatID: m.ChatID, MessageID: reply.ID, Revision: reply.Revision, State: reply.State})
	s.bus.Deliver(event.ChatChanged{ChatID: m.ChatID}) // its leaf
	return Sent{Reply: withFacts(reply)}, nil
}

// Tallies says of each model that was compared with others how often its reply was chosen.
func (s *Service) Tallies(ctx context.Context) (map[int64]backend.Tally, error) {
	return s.store.Tallies(ctx)
}
