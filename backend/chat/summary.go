package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/prompt"
)

// A summary stands for the messages that no longer fit. It is written by the chat's own model before the reply that needs
// it, bit by bit where there is much to tell: each bit is stored when it is done, and the next one goes on from it.
const (
	summaryTokens = 256 // that a summary may take
	summaryLabel  = "What was said before, in short:"
	summaryAsk    = "Summarise this conversation for somebody who has to go on with it. Keep names, numbers, dates, decisions, wishes and open " +
		"questions. Leave out courtesies. Write in the language of the conversation, at most 150 words, and nothing but the summary."
)

// NoteNoSummary stands in a reply's Note where a summary was wanted and the model wrote none.
const NoteNoSummary = "The model wrote no summary of the older messages, so they are left out."

// errNoSummary is a model that has nothing to say of what it read.
var errNoSummary = errors.New("the model wrote no summary")

// summarySpare is the room that is kept for a summary, in tokens.
func summarySpare(usual int) int { return min(summaryTokens+32, usual/4) }

// summarise writes what stands for messages and stores it, all above the first of them included. The messages are a path
// from the root. report gets how many of them are told of.
func (s *Service) summarise(ctx context.Context, e engine.Chat, model backend.Model, chatID int64, path []backend.Message, report func(done, total int)) error {
	known, err := s.store.Summaries(ctx, chatID)
	if err != nil {
		return err
	}
	start, before := 0, ""
	for i, m := range path {
		if text := known[m.ID]; text != "" {
			start, before = i+1, text
		}
	}
	manner, err := s.Manner(ctx, model.ID)
	if err != nil {
		return err
	}
	manner.Thinking, manner.Effort = "off", ""
	limit := e.Info().Context - min(summaryTokens, e.Info().Context/4)
	for start < len(path) {
		report(start, len(path))
		p, n, err := s.summaryPrompt(ctx, e, model, manner, before, path[start:], limit)
		if err != nil {
			return err
		}
		var text strings.Builder
		out, err := e.Generate(ctx, engine.GenerateRequest{
			Prompt: p.tokens, Stops: p.stops, Sampling: backend.Sampling{MaxTokens: e.Info().Context - limit},
		}, func(ev engine.Event) error {
			if t, ok := ev.(engine.Token); ok {
				text.WriteString(t.Text)
			}
			report(start, len(path)) // again and again: who has just begun to look wants to know, too
			return nil
		})
		if err != nil {
			return fmt.Errorf("summarise: %w", err)
		}
		if out.Stop == backend.StopCancel {
			return context.Cause(ctx)
		}
		text.WriteString(out.Text)
		before = strings.TrimSpace(prompt.Split(clean(text.String())).Answer)
		if before == "" {
			return errNoSummary
		}
		start += n
		if err := s.store.AddSummary(ctx, path[start-1].ID, before); err != nil {
			return fmt.Errorf("keep the summary: %w", err)
		}
	}
	return nil
}

// summaryPrompt asks for a summary of as many messages of path as fit, at least one. Of a single one that is too long the
// beginning and the end are shown.
func (s *Service) summaryPrompt(ctx context.Context, e engine.Chat, model backend.Model, manner Manner, before string, path []backend.Message, limit int) (best prepared, n int, err error) {
	try := func(n, bytes int) (prepared, bool, error) {
		ask := backend.Message{Role: backend.RoleUser, Text: summaryAsk + "\n\n" + retell(before, path[:n], bytes)}
		p, err := s.renderAs(ctx, e, model, manner, prompt.Request("", []backend.Message{ask}))
		return p, err == nil && len(p.tokens) <= limit, err
	}
	low, high := 0, len(path) // path[:low] fits
	for low < high {
		middle := (low + high + 1) / 2
		p, ok, err := try(middle, 0)
		if err != nil {
			return p, 0, err
		}
		if ok {
			low, best = middle, p
		} else {
			high = middle - 1
		}
	}
	if low > 0 {
		return best, low, nil
	}
	for bytes := len(path[0].Text) / 2; bytes >= 64; bytes /= 2 {
		p, ok, err := try(1, bytes)
		if err != nil || ok {
			return p, 1, err
		}
	}
	return best, 0, errNoSummary
}

// retell writes messages down for a summary. bytes is how much of each may be shown; 0 = all.
func retell(before string, path []backend.Message, bytes int) string {
	var b strings.Builder
	if before != "" {
		b.WriteString(summaryLabel + "\n" + before + "\n\n")
	}
	for _, m := range path {
		text, name := m.Text, "Person"
		if m.Role == backend.RoleAssistant {
			text, name = prompt.Split(text).Answer, "Assistant"
		}
		if bytes > 0 && len(text) > bytes {
			text = strings.ToValidUTF8(text[:bytes/2], "") + "\n[…]\n" + strings.ToValidUTF8(text[len(text)-bytes/2:], "")
		}
		fmt.Fprintf(&b, "%s: %s\n\n", name, strings.TrimSpace(text))
	}
	return strings.TrimSpace(b.String())
}

// withSummary prepares the prompt, and has a summary written before where the chat wants one and it is not there yet.
func (r *run) withSummary(e engine.Chat) (p prepared, note string, err error) {
	prepare := func() (prepared, error) {
		return r.s.prepare(r.ctx, e, r.model, r.chat, r.path, r.sampling)
	}
	if p, err = prepare(); err != nil || len(p.unsummed) == 0 {
		return p, "", err
	}
	err = r.s.summarise(r.ctx, e, r.model, r.chat.ID, p.unsummed, func(done, total int) { r.report(event.PhaseSummarising, done, total) })
	if errors.Is(err, errNoSummary) {
		return p, NoteNoSummary, nil
	}
	if err != nil {
		return p, "", err
	}
	p, err = prepare()
	return p, "", err
}
