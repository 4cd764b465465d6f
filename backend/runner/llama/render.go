//go:build !nonative

package llama

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/engine"
)

// fallbackFormat renders conversations of models whose template is not recognised: most of them understand it.
const fallbackFormat = "chatml"

// Render implements engine.Chat: by the model's template where the engine runs templates and no named format is asked for,
// else by the engine's named formats.
func (c *chat) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	end, err := c.begin(ctx)
	if err != nil {
		return engine.Rendered{}, err
	}
	defer end()
	if err := ctx.Err(); err != nil {
		return engine.Rendered{}, err
	}
	if c.jinja && r.Format == "" {
		out, st, err := renderTemplate(c.h, r)
		if err != nil || st == statusOK {
			out.AddBOS = c.addBOS
			return out, err
		}
		// The file brings no template: a named format has to do.
	}
	if len(r.Tools) > 0 || len(r.JSONSchema) > 0 || r.Template != "" {
		return engine.Rendered{}, fmt.Errorf("render: tools, JSON schemas and templates: %w", backend.ErrUnsupported)
	}
	return c.renderNamed(r)
}

func (c *chat) renderNamed(r engine.RenderRequest) (engine.Rendered, error) {
	out := engine.Rendered{Format: r.Format, AddBOS: c.addBOS}
	prompt, st, err := c.format(r.Format, r.Messages, r.AddGenerationPrompt)
	if err != nil {
		return engine.Rendered{}, fmt.Errorf("render: %w", err)
	}
	switch {
	case st == statusUnknown && r.Format != "":
		return engine.Rendered{}, fmt.Errorf("render: there is no format %q", r.Format)
	case st == statusUnknown:
		out.Format, out.Notice = fallbackFormat, c.notice()
		if prompt, _, err = c.format(fallbackFormat, r.Messages, r.AddGenerationPrompt); err != nil {
			return engine.Rendered{}, fmt.Errorf("render: %w", err)
		}
	case r.Format == "":
		out.Format = c.info.NamedFormat
	}
	if c.addBOS && c.bos != "" {
		prompt = strings.TrimPrefix(prompt, c.bos) // Tokenize adds it
	}
	out.Prompt = prompt
	if out.Stops, err = c.stops(r.Format, out.Format); err != nil {
		return engine.Rendered{}, fmt.Errorf("render: %w", err)
	}
	return out, nil
}

func (c *chat) notice() string {
	if strings.TrimSpace(c.info.Template) == "" {
		return "This model file brings no chat template, so Loam guesses ChatML; answers may be odd."
	}
	return "The built-in engine does not know this model's chat template, so Loam guesses ChatML; answers may be odd."
}

// format renders by the named format, "" being the model's own.
func (c *chat) format(format string, messages []engine.Message, addGeneration bool) (string, status, error) {
	roles, texts := make([]string, len(messages)), make([]string, len(messages))
	for i, m := range messages {
		roles[i], texts[i] = string(m.Role), cText(m.Content)
	}
	return c.h.format(format, roles, texts, addGeneration)
}

// cText makes a text fit for C: a NUL byte would end it.
func cText(s string) string { return strings.ReplaceAll(s, "\x00", "\uFFFD") }

// stops finds what ends a reply in a format. It renders one and looks at what follows its text: when that does not begin
// with an end-of-generation token of this vocabulary, the model may write it out instead.
func (c *chat) stops(asked, used string) ([]string, error) {
	const mark = "\u241F" // a rune that no format uses
	if asked == "" && used == fallbackFormat && c.info.NamedFormat == "" {
		asked = fallbackFormat
	}
	text, st, err := c.format(asked, []engine.Message{{Role: backend.RoleUser, Content: "x"}, {Role: backend.RoleAssistant, Content: mark}}, false)
	if err != nil || st != statusOK {
		return nil, err
	}
	_, after, found := strings.Cut(text, mark)
	after = strings.TrimSpace(after)
	if !found || after == "" {
		return nil, nil
	}
	tokens, err := c.h.tokenize(after, false, true)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(tokens[:min(1, len(tokens))], c.h.isEnd) {
		return nil, nil
	}
	return []string{after}, nil
}
