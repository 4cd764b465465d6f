package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"loam/backend"
	"loam/backend/engine/release"
)

// Why a reply cannot go on from another token.
var (
	ErrNoChoice = errors.New("what else could have stood there is not known")
	ErrBound    = errors.New("the reply has to follow a grammar, so none of its tokens can be exchanged")
)

// SetAlternatives says how many of the likeliest tokens are kept beside each token of a chat's replies, from the next one
// on; 0 = none.
func (s *Service) SetAlternatives(ctx context.Context, chatID int64, n int) error {
	return s.change(ctx, chatID, func(c *backend.Chat) { c.Alternatives = bounded(n) })
}

func bounded(n int) int { return min(max(n, 0), backend.MaxAlternatives) }

// Alternatives returns the tokens of a reply with what else could have stood there, as far as that was kept.
func (s *Service) Alternatives(ctx context.Context, messageID int64) ([]backend.TokenChoice, error) {
	return s.store.Alternatives(ctx, messageID)
}

// keepAlternatives stores what came since the last time. They are no words of anybody: where they cannot be stored, the
// reply goes on without them.
func (r *run) keepAlternatives(ctx context.Context) {
	r.mu.Lock()
	first, list := r.altsFrom, r.alts
	r.altsFrom, r.alts = first+len(list), nil
	r.mu.Unlock()
	if len(list) == 0 {
		return
	}
	if err := r.s.store.KeepAlternatives(ctx, r.reply.ID, first, list); err != nil {
		r.s.log.Warn("Alternatives could not be stored", "message", r.reply.ID, "error", err)
	}
}

// Branch writes another version of a reply that begins with its first index tokens and then has another token, one of
// the alternatives that were kept there. It goes on by the same model, settings and seed. Refusals: ErrNoChoice,
// ErrBound, backend.ErrBusy, and what Resume refuses.
func (s *Service) Branch(ctx context.Context, messageID int64, index int, token int32) (backend.Message, error) {
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return m, err
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return m, err
	}
	defer r.abandon(m.ChatID)
	record, err := s.store.Generation(ctx, messageID)
	if errors.Is(err, backend.ErrNotFound) {
		return m, ErrNoChoice
	}
	if err != nil {
		return m, err
	}
	if g := record.Sampling.Grammar; g != nil && !g.Lazy || record.Sampling.JSONSchema != "" {
		return m, ErrBound
	}
	choices, err := s.store.Alternatives(ctx, messageID)
	if err != nil {
		return m, err
	}
	text, err := branched(m, record, choices, index, token)
	if err != nil {
		return m, err
	}
	if r.chat, err = s.store.Chat(ctx, m.ChatID); err != nil {
		return m, err
	}
	if r.path, err = s.pathTo(ctx, m); err != nil {
		return m, err
	}
	if r.model, err = s.modelLike(ctx, record.Model, r.chat); err != nil {
		return m, err
	}
	record.Tokens = append(record.Tokens[:index:index], token)
	reply := backend.Message{
		ChatID: m.ChatID, Parent: m.Parent, Role: backend.RoleAssistant, ModelID: m.ModelID, ModelName: m.ModelName, Text: text,
		Usage: backend.Usage{
			SeenFrom: m.SeenFrom, LeftOut: m.LeftOut, Format: m.Usage.Format, Guessed: m.Usage.Guessed, Thinking: m.Usage.Thinking,
			Begun: &backend.ReplyStart{Tokens: index + 1, Bytes: len(text)},
		},
	}
	if reply, err = s.store.BranchReply(ctx, reply, record, messageID, s.owner); err != nil {
		return m, fmt.Errorf("branch: %w", err)
	}
	r.record, r.sampling = &record, record.Sampling
	r.alternatives = bounded(max(r.chat.Alternatives, len(choices[0].Alts)))
	record.MessageID = reply.ID
	r.start(reply)
	return reply, nil
}

// branched is the text of a reply's first index tokens and another one after them: exactly what an engine would have
// released of them, which is how it goes on.
func branched(m backend.Message, record backend.Generation, choices []backend.TokenChoice, index int, token int32) (string, error) {
	if index < 0 || index >= len(record.Tokens) {
		return "", ErrNoChoice
	}
	whole, part := release.New(record.Stops), release.New(record.Stops)
	var said, text strings.Builder
	known := 0 // tokens whose text is known, from the first on
	for _, c := range choices {
		a, ok := c.Chosen()
		if c.Index != known || !ok {
			break
		}
		released, _ := whole.Add(a.Piece())
		said.WriteString(released)
		if c.Index < index {
			released, _ = part.Add(a.Piece())
			text.WriteString(released)
		}
		known++
	}
	if known <= index {
		return "", ErrNoChoice
	}
	picked, ok := backend.TokenChoice{ID: token, Alts: choices[index].Alts}.Chosen()
	if !ok {
		return "", ErrNoChoice
	}
	released, _ := part.Add(picked.Piece())
	text.WriteString(released)
	// The text may begin with an opening mark that the template wrote for the model.
	if known == len(record.Tokens) && m.State == backend.MessageComplete {
		said.WriteString(whole.Flush())
	}
	opener, rest, found := strings.Cut(m.Text, clean(said.String()))
	if !found || known == len(record.Tokens) && rest != "" || said.Len() == 0 && m.Text != "" {
		return "", ErrNoChoice // the text is of other tokens
	}
	return opener + clean(text.String()), nil
}
