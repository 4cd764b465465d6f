package chat

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/prompt"
)

// view is what a prompt may show of a chat.
type view struct {
	system    string
	turns     [][]backend.Message
	summaries map[int64]string // by the newest message that they tell of
}

// summary is what stands for the turns before one; "" = nothing.
func (v view) summary(from int) string {
	if from == 0 {
		return ""
	}
	turn := v.turns[from-1]
	return v.summaries[turn[len(turn)-1].ID]
}

// request is the chat from a turn on: with the system prompt, what stands for older turns, and those that are pinned.
func (v view) request(from int) engine.RenderRequest {
	system := v.system
	if text := v.summary(from); text != "" {
		system = strings.TrimSpace(system + "\n\n" + summaryLabel + "\n" + text)
	}
	var seen []backend.Message
	for i, turn := range v.turns {
		if i >= from || pinned(turn) {
			seen = append(seen, turn...)
		}
	}
	return prompt.Request(system, seen)
}

// leaves says where the sight begins if it does so at a turn, what is left out then, and what stays as it is pinned.
func (v view) leaves(from int) (first int64, out, pins []int64) {
	if from == 0 {
		return 0, nil, nil
	}
	for _, turn := range v.turns[:from] {
		for _, m := range turn {
			if pinned(turn) {
				pins = append(pins, m.ID)
			} else {
				out = append(out, m.ID)
			}
		}
	}
	return v.turns[from][0].ID, out, pins
}

// pinned says whether a turn stays: a question without its answer, or an answer without its question, would say less.
func pinned(turn []backend.Message) bool {
	for _, m := range turn {
		if m.Pinned {
			return true
		}
	}
	return false
}

// SetPinned keeps a message, with the question or the answer that belongs to it, in the model's sight however long the chat
// grows, or no longer.
func (s *Service) SetPinned(ctx context.Context, messageID int64, on bool) error {
	if err := s.store.SetPinned(ctx, messageID, on); err != nil {
		return err
	}
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return err
	}
	s.bus.Deliver(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, Revision: m.Revision, State: m.State})
	return nil
}

// SetOverflow says what becomes of a chat's older messages that no longer fit.
func (s *Service) SetOverflow(ctx context.Context, chatID int64, o backend.Overflow) error {
	return s.change(ctx, chatID, func(c *backend.Chat) { c.Overflow = o })
}

// SetShelves says where chats stand in the list: all of them, or none.
func (s *Service) SetShelves(ctx context.Context, shelves map[int64]backend.Shelf) error {
	s.changing.Lock() // nobody's change is written over by another's
	defer s.changing.Unlock()
	if err := s.store.SetShelves(ctx, shelves); err != nil {
		return err
	}
	s.changed(slices.Sorted(maps.Keys(shelves))...)
	return nil
}

// Overflowing is a message with which older ones no longer fit, in a chat where the person is to be asked.
type Overflowing struct{ Plan Plan }

func (e *Overflowing) Error() string {
	n := len(e.Plan.LeftOut)
	if n == 1 {
		return "with this message the model would no longer see the oldest one"
	}
	return fmt.Sprintf("with this message the model would no longer see the %d oldest ones", n)
}

// askFirst refuses a message that would push older ones out of sight, where the chat is set to ask. No vocabulary makes
// more tokens than there are bytes, so short chats pass without a tokenizer.
func (r *run) askFirst(ctx context.Context, path []backend.Message, user backend.Message) error {
	c := r.chat
	if c.Overflow != backend.OverflowAsk {
		return nil
	}
	const frame = 64 // tokens that a template may add around a message
	bytes := len(c.System) + len(r.s.shown(ctx, user)) + 4*frame
	known := 0 // messages that the last reply did not see: the person knows
	for _, m := range path {
		bytes += len(r.s.shown(ctx, m)) + frame
		if m.Role == backend.RoleAssistant {
			known = m.LeftOut
		}
	}
	if usual, _ := room(r.contextSize(ctx), r.sampling); bytes <= usual {
		return nil
	}
	if err := r.keepDraft(ctx, user.Text); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	p, err := r.s.plan(ctx, c, r.model, append(path[:len(path):len(path)], user), r.sampling)
	if err != nil {
		return fmt.Errorf("send: %w", err)
	}
	if len(p.LeftOut) > known {
		return &Overflowing{Plan: p}
	}
	return nil
}

// PartKind is what a share of a prompt is.
type PartKind string

// What a prompt is made of.
const (
	PartSystem  PartKind = "system"  // the system prompt
	PartSummary PartKind = "summary" // of what is left out
	PartPinned  PartKind = "pinned"  // messages above the others that are pinned
	PartHistory PartKind = "history" // messages before the newest
	PartNewest  PartKind = "newest"  // the newest message
	PartFile    PartKind = "file"    // an attachment, or passages of it
	PartFormat  PartKind = "format"  // what the template puts around them
)

// Part is a share of a prompt.
type Part struct {
	Kind     PartKind
	Messages int // 0 = it is none
	Tokens   int
	File     *backend.Attachment // of a PartFile
}

// Count is how many tokens a message has, with what is shown of its files and without what the template puts around it.
type Count struct {
	Message backend.Message
	Tokens  int
}

// count takes a plan's prompt apart. The texts are counted with the model's own tokenizer, and what is left is the
// template's.
func (s *Service) count(ctx context.Context, e engine.Chat, model backend.Model, c backend.Chat, path []backend.Message, p *Plan) error {
	out, pins := set(p.LeftOut), set(p.Pinned)
	parts := []Part{{Kind: PartSystem}, {Kind: PartSummary}, {Kind: PartPinned}, {Kind: PartHistory}, {Kind: PartNewest}, {Kind: PartFormat}}
	rest := p.PromptTokens
	add := func(i int, text string, messages int) error {
		n, err := s.counts.of(ctx, e, model, text)
		if err != nil {
			return fmt.Errorf("count tokens: %w", err)
		}
		parts[i].Tokens += n
		parts[i].Messages += messages
		rest -= n
		return nil
	}
	if err := add(0, c.System, 0); err != nil {
		return err
	}
	if err := add(1, p.Summary, 0); err != nil {
		return err
	}
	for i, m := range path {
		kind := 3
		switch {
		case out[m.ID] && m.ID != 0:
			continue
		case pins[m.ID] && m.ID != 0:
			kind = 2
		case i == len(path)-1:
			kind = 4
		}
		text := m.Text
		if m.Role == backend.RoleAssistant {
			text = prompt.Split(text).Answer // models are not shown what they thought
		}
		before := rest
		if err := add(kind, text, 1); err != nil {
			return err
		}
		for _, a := range m.Attachments {
			parts = append(parts, Part{Kind: PartFile, File: &a})
			if err := add(len(parts)-1, s.shownFile(ctx, a), 0); err != nil {
				return err
			}
		}
		p.Messages = append(p.Messages, Count{Message: m, Tokens: before - rest})
	}
	parts = append(append(parts[:5:5], parts[6:]...), parts[5]) // the format last
	parts[len(parts)-1].Tokens = max(rest, 0)
	shown := parts[:0]
	for _, part := range parts {
		if part.Tokens > 0 || part.Messages > 0 || part.File != nil {
			shown = append(shown, part)
		}
	}
	p.Parts = shown
	return nil
}

func set(ids []int64) map[int64]bool {
	m := make(map[int64]bool, len(ids))
	for _, id := range ids {
		m[id] = true
	}
	return m
}

// keptCounts is how many texts are remembered with their tokens.
const keptCounts = 1 << 14

// counts remembers how many tokens texts take in the vocabulary of the last model. The zero value is empty.
type counts struct {
	mu    sync.Mutex
	model string
	known map[[sha256.Size]byte]int
}

// of is how many tokens a text takes in a model's vocabulary.
func (k *counts) of(ctx context.Context, e engine.Chat, model backend.Model, text string) (int, error) {
	if text == "" {
		return 0, nil
	}
	name, key := fmt.Sprint(model.ID, model.SHA256, model.Path), sha256.Sum256([]byte(text))
	k.mu.Lock()
	n, ok := k.known[key]
	ok = ok && k.model == name
	k.mu.Unlock()
	if ok {
		return n, nil
	}
	tokens, err := e.Tokenize(ctx, text, false)
	if err != nil {
		return 0, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.model != name || len(k.known) >= keptCounts || k.known == nil {
		k.model, k.known = name, map[[sha256.Size]byte]int{}
	}
	k.known[key] = len(tokens)
	return len(tokens), nil
}

// Fill says how much of the model's context the chat took when its last reply ended, in tokens; 0, 0 = nobody has looked.
func (s *Service) Fill(ctx context.Context, chatID int64) (used, context int, err error) {
	path, err := s.Transcript(ctx, chatID)
	if err != nil {
		return 0, 0, err
	}
	for i := len(path) - 1; i >= 0; i-- {
		m := path[i]
		if m.Role != backend.RoleAssistant || m.State == backend.MessageRunning || m.Usage.PromptTokens == 0 {
			continue
		}
		g, err := s.store.Generation(ctx, m.ID)
		if err != nil {
			return 0, 0, nil //nolint:nilerr // a reply without a record: it was imported or edited
		}
		return m.Usage.PromptTokens + m.Usage.ReplyTokens, g.Context, nil
	}
	return 0, 0, nil
}
