package chat

import (
	"context"
	"fmt"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/prompt"
)

// Manner is how a person wants a model to be spoken to. The zero value leaves everything to the model's own template.
type Manner struct {
	Format   string `json:"format,omitempty"`   // a named format in place of the model's template
	Thinking string `json:"thinking,omitempty"` // "on", "off"; "" = as the template has it
	Effort   string `json:"effort,omitempty"`   // of thinking, in the template's words; "" = its own
}

func mannerKey(modelID int64) string { return fmt.Sprintf("model.%d.manner", modelID) }

// Manner is how a model is spoken to.
func (s *Service) Manner(ctx context.Context, modelID int64) (Manner, error) {
	var m Manner
	_, err := s.store.Setting(ctx, mannerKey(modelID), &m)
	return m, err
}

// Template says whether a model's chat template can be used, and what it can be told. The first answer about a template takes
// up to two seconds.
func (s *Service) Template(ctx context.Context, modelID int64) (backend.TemplateVerdict, error) {
	m, err := s.models.Get(ctx, modelID)
	if err != nil {
		return backend.TemplateVerdict{}, err
	}
	return s.templates(ctx, m)
}

// BrokenTemplate is a model whose chat template cannot be used. A person can choose a named format for it (Manner).
type BrokenTemplate struct {
	Model  string
	Reason string // one clause
}

func (e *BrokenTemplate) Error() string {
	return fmt.Sprintf("the chat template of %s is broken: %s", e.Model, e.Reason)
}

// checkTemplate refuses a model whose template is broken, unless a person chose a format for it. A template that could
// not be tried is not refused: the engine says what is wrong with it.
func (s *Service) checkTemplate(ctx context.Context, model backend.Model) error {
	manner, err := s.Manner(ctx, model.ID)
	if err != nil || manner.Format != "" {
		return err
	}
	v, err := s.templates(ctx, model)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		s.log.Warn("A chat template could not be tried", "model", model.Name, "error", err)
	case v.State == backend.TemplateBroken:
		return &BrokenTemplate{Model: model.Name, Reason: v.Reason}
	}
	return nil
}

// SetManner changes how a model is spoken to, from its next reply on.
func (s *Service) SetManner(ctx context.Context, modelID int64, m Manner) error {
	var v any = m
	if m == (Manner{}) {
		v = nil
	}
	if err := s.store.SetSetting(ctx, mannerKey(modelID), v); err != nil {
		return err
	}
	s.bus.Deliver(event.ModelChanged{ModelID: modelID})
	return nil
}

// tell puts a manner into a request.
func (m Manner) tell(r *engine.RenderRequest) {
	r.Format, r.Thinking, r.Effort = m.Format, engine.Thinking(m.Thinking), m.Effort
}

// formatTemplate is what engines call a prompt that a model's own template wrote.
const formatTemplate = "jinja"

// told is what the template was told about thinking, for the reply's counts.
func (m Manner) told(format string) string {
	switch {
	case format != formatTemplate:
		return "" // named formats cannot be told
	case m.Thinking == "off" || m.Effort == "":
		return m.Thinking
	}
	return m.Effort
}

// parseLimit bounds what taking a reply apart may cost.
const parseLimit = 2 * time.Second

// parts has a reply taken apart by the parser of its rendering. nil where the text says the same by itself, or does not fit.
func parts(ctx context.Context, e engine.Chat, p prepared, text string, partial bool) *backend.ReplyParts {
	if len(p.parser) == 0 || text == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, parseLimit)
	defer cancel()
	parsed, err := e.Parse(ctx, engine.ParseRequest{Parser: p.parser, Text: strings.TrimPrefix(text, p.opener), Partial: partial})
	if err != nil {
		return nil // it is shown as it is
	}
	out := &backend.ReplyParts{Reasoning: strings.TrimSpace(parsed.Reasoning), Answer: parsed.Content}
	for _, c := range parsed.ToolCalls {
		out.Calls = append(out.Calls, backend.ReplyCall{Name: c.Name, Arguments: c.Arguments})
	}
	plain := prompt.Split(text)
	same := strings.TrimSpace(plain.Reasoning) == out.Reasoning && strings.TrimSpace(plain.Answer) == strings.TrimSpace(out.Answer) &&
		len(plain.Calls) == len(out.Calls)
	unseen := out.Reasoning == "" && plain.Reasoning != "" && len(out.Calls) == 0 // the template hides it from the parser
	if same || unseen {
		return nil
	}
	return out
}
