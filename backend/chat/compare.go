package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/event"
)

// AnswerRequest says who answers a message once more, and how.
type AnswerRequest struct {
	ModelID  int64             // 0 = the chat's
	Sampling *backend.Sampling // nil = as the chat would
}

// Answer has the message above a reply answered once more, by any model and settings, without showing the new reply: it
// stands beside the others, and Choose or ShowSibling brings it up. Refusals are those of Regenerate.
func (s *Service) Answer(ctx context.Context, messageID int64, q AnswerRequest) (backend.Message, error) {
	return s.answerAgain(ctx, "answer", messageID, q, s.store.StartAside)
}

// answerAgain has the message above a reply answered once more; begin stores the new reply.
func (s *Service) answerAgain(ctx context.Context, verb string, messageID int64, q AnswerRequest,
	begin func(context.Context, backend.Message, backend.Owner) (backend.Message, error),
) (backend.Message, error) {
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return backend.Message{}, err
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return backend.Message{}, err
	}
	defer r.abandon(m.ChatID)
	c, err := s.store.Chat(ctx, m.ChatID)
	if err != nil {
		return backend.Message{}, err
	}
	model, err := s.modelOf(ctx, c)
	if q.ModelID != 0 && (err != nil || q.ModelID != model.ID) {
		c.ModelID, c.Sampling, c.Adapters = q.ModelID, nil, nil // those are for the chat's own model
		model, err = s.modelOf(ctx, c)
	}
	if err != nil {
		return backend.Message{}, err
	}
	path, err := s.pathTo(ctx, m)
	if err != nil {
		return backend.Message{}, err
	}
	if m.Role == backend.RoleUser {
		path = append(slices.Clip(path), m)
	}
	if len(path) == 0 {
		return backend.Message{}, fmt.Errorf("%s message %d: it answers nothing", verb, messageID)
	}
	adapters, err := s.adaptersOf(ctx, c)
	if err != nil {
		return backend.Message{}, err
	}
	r.chat, r.model, r.path, r.sampling = c, model, path, drawSeed(s.samplingOf(c, model, q.Sampling))
	r.alternatives = bounded(c.Alternatives)
	reply := replyTo(c, model, adapters)
	reply.Parent = path[len(path)-1].ID
	if reply, err = begin(ctx, reply, s.owner); err != nil {
		return backend.Message{}, fmt.Errorf("%s: %w", verb, err)
	}
	r.start(reply)
	return reply, nil
}

// Choose shows one of two replies to the same message, with the newest of what follows it. Where two models wrote them,
// it counts for the one and against the other; a reply without words, or one that is still being written, counts for
// nobody, and nothing of a temporary chat is kept.
func (s *Service) Choose(ctx context.Context, chosen, other int64) error {
	a, err := s.Message(ctx, chosen)
	if err != nil {
		return err
	}
	b, err := s.Message(ctx, other)
	if err != nil && !errors.Is(err, backend.ErrNotFound) {
		return err
	}
	if a.Role != backend.RoleAssistant || b.ID != 0 && (b.ChatID != a.ChatID || b.Parent != a.Parent || b.ID == a.ID) {
		return fmt.Errorf("choose message %d over %d: they are not two replies to one message", chosen, other)
	}
	leaf, err := s.store.LeafBelow(ctx, chosen)
	if err != nil {
		return err
	}
	if err := s.store.SetLeaf(ctx, a.ChatID, leaf); err != nil {
		return err
	}
	s.bus.Deliver(event.ChatChanged{ChatID: a.ChatID})
	if backend.IsTemporary(a.ChatID) || a.ModelID == b.ModelID || a.ModelID == 0 || b.ModelID == 0 || !said(a) || !said(b) {
		return nil
	}
	if err := s.store.AddComparison(ctx, a.ModelID, b.ModelID); err != nil {
		return err
	}
	for _, id := range []int64{a.ModelID, b.ModelID} {
		s.bus.Deliver(event.ModelChanged{ModelID: id}) // its tally
	}
	return nil
}

// said says whether a reply is over and has words.
func said(m backend.Message) bool {
	return (m.State == backend.MessageComplete || m.State == backend.MessageStopped) && strings.TrimSpace(m.Text) != ""
}
