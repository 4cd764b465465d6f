package chat

import (
	"context"
	"errors"
	"fmt"

	"loam/backend"
	"loam/backend/engine/release"
	"loam/backend/event"
)

// ErrWhole is a reply that cannot be continued: it is empty, is not over, or follows a grammar to its end.
var ErrWhole = errors.New("there is nothing to continue")

// Continue has a reply that is over go on, as another version beside it. One that reached its limit goes on as if there had
// been none; one that its model ended goes on with another seed, since with the same it would end there again. What a person
// wrote, or another program, goes on from its words. Replies that were cut off are for Resume.
func (s *Service) Continue(ctx context.Context, messageID int64) (backend.Message, error) {
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return m, err
	}
	if m.Role != backend.RoleAssistant || m.State != backend.MessageComplete || m.Text == "" {
		return m, ErrWhole
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return m, err
	}
	defer r.abandon(m.ChatID)
	if r.chat, err = s.store.Chat(ctx, m.ChatID); err != nil {
		return m, err
	}
	if r.path, err = s.pathTo(ctx, m); err != nil {
		return m, err
	}
	record, err := s.store.Generation(ctx, messageID)
	if err != nil && !errors.Is(err, backend.ErrNotFound) {
		return m, err
	}
	if record, err = r.onward(ctx, m, record); err != nil {
		return m, err
	}
	// What an engine would hold back of the text it says again.
	text, _ := release.New(record.Stops).Add([]byte(m.Text))
	reply := backend.Message{
		ChatID: m.ChatID, Parent: m.Parent, Role: backend.RoleAssistant, ModelID: r.model.ID, ModelName: m.ModelName, Text: text,
		Usage: backend.Usage{
			SeenFrom: m.SeenFrom, LeftOut: m.LeftOut, Format: m.Usage.Format, Guessed: m.Usage.Guessed, Thinking: m.Usage.Thinking,
			Begun: &backend.ReplyStart{Tokens: len(record.Tokens), Bytes: len(text)}, Reasoning: m.Usage.Reasoning,
		},
	}
	if reply, err = s.store.BranchReply(ctx, reply, record, messageID, s.owner); err != nil {
		return m, fmt.Errorf("continue: %w", err)
	}
	r.record, r.sampling = &record, record.Sampling
	r.alternatives = bounded(r.chat.Alternatives)
	record.MessageID = reply.ID
	r.start(reply)
	return reply, nil
}

// onward is the record to go on by from the end of m, which was written by that one, if any. It chooses the model.
func (r *run) onward(ctx context.Context, m backend.Message, was backend.Generation) (record backend.Generation, err error) {
	s, most := r.s, was.Sampling.MaxTokens
	g := was.Sampling.Grammar
	bound := g != nil && !g.Lazy || was.Sampling.JSONSchema != ""
	tokens := len(was.Tokens) > 0 && (m.Stop == backend.StopLength || m.Stop == backend.StopEnd)
	if bound && m.Stop != backend.StopLength {
		return record, ErrWhole
	}
	if tokens {
		if r.model, err = s.modelLike(ctx, was.Model, r.chat); err != nil {
			return record, err
		}
		if most > 0 {
			was.Sampling.MaxTokens = len(was.Tokens) + most
		}
		if m.Stop == backend.StopEnd {
			was.Sampling.RandomSeed = true
			was.Sampling = drawSeed(was.Sampling)
		}
		return was, nil
	}
	// From the words: the room for them is planned anew, and any model can do it.
	if r.model, err = s.modelOf(ctx, r.chat); err != nil {
		return record, err
	}
	record.Sampling = s.samplingOf(r.chat, r.model, nil)
	record.Sampling.RandomSeed = true
	record.Sampling = drawSeed(record.Sampling)
	return record, nil
}

// GoBack makes a message the end of what is shown of its chat: what is written next goes on from there. What came after it
// stays beside that.
func (s *Service) GoBack(ctx context.Context, messageID int64) error {
	return s.showEnd(ctx, messageID, false)
}

// GoOn shows the newest of what follows a message again.
func (s *Service) GoOn(ctx context.Context, messageID int64) error {
	return s.showEnd(ctx, messageID, true)
}

func (s *Service) showEnd(ctx context.Context, messageID int64, newest bool) error {
	m, err := s.store.Message(ctx, messageID)
	if err != nil {
		return err
	}
	r, err := s.reserve(m.ChatID) // a running reply is not to vanish from sight
	if err != nil {
		return err
	}
	defer r.abandon(m.ChatID)
	leaf := messageID
	if newest {
		if leaf, err = s.store.LeafBelow(ctx, messageID); err != nil {
			return err
		}
	}
	if err := s.store.SetLeaf(ctx, m.ChatID, leaf); err != nil {
		return err
	}
	s.bus.Deliver(event.ChatChanged{ChatID: m.ChatID})
	return nil
}

// Follows says how many versions of what follows a message there are.
func (s *Service) Follows(ctx context.Context, messageID int64) (int, error) {
	list, err := s.store.Children(ctx, messageID)
	return len(list), err
}
