//go:build !nonative

package llama

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"loam/backend"
	"loam/backend/engine"
)

// What crosses to the engine's template code, in the form of the OpenAI API.
type (
	shimCall struct {
		ID       string `json:"id,omitempty"`
		Type     string `json:"type"`
		Function struct {
			Name      string `json:"name"`
			Arguments string `json:"arguments"`
		} `json:"function"`
	}
	shimMessage struct {
		Role       string     `json:"role"`
		Content    string     `json:"content"`
		Reasoning  string     `json:"reasoning_content,omitempty"`
		ToolCalls  []shimCall `json:"tool_calls,omitempty"`
		ToolCallID string     `json:"tool_call_id,omitempty"`
		Name       string     `json:"name,omitempty"`
	}
	shimTool struct {
		Type     string `json:"type"`
		Function struct {
			Name        string          `json:"name"`
			Description string          `json:"description"`
			Parameters  json.RawMessage `json:"parameters,omitempty"`
		} `json:"function"`
	}
	shimRequest struct {
		Messages   []shimMessage   `json:"messages"`
		Tools      []shimTool      `json:"tools,omitempty"`
		ToolChoice string          `json:"tool_choice,omitempty"`
		Parallel   bool            `json:"parallel_tool_calls,omitempty"`
		JSONSchema json.RawMessage `json:"json_schema,omitempty"`
		Thinking   bool            `json:"enable_thinking"`
		Generation bool            `json:"add_generation_prompt"`
		Continue   bool            `json:"continue_final_message,omitempty"`
		Now        int64           `json:"now,omitempty"`
		Kwargs     map[string]any  `json:"kwargs,omitempty"`
	}
)

func callOf(c engine.ToolCall) shimCall {
	s := shimCall{ID: c.ID, Type: "function"}
	s.Function.Name, s.Function.Arguments = c.Name, c.Arguments
	return s
}

func requestOf(r engine.RenderRequest) shimRequest {
	s := shimRequest{
		ToolChoice: string(r.ToolChoice), Parallel: r.ParallelTools, JSONSchema: r.JSONSchema,
		Thinking: r.Thinking != engine.ThinkingOff, Generation: r.AddGenerationPrompt && !r.Continue, Continue: r.Continue, Now: r.Now,
		Messages: []shimMessage{},
	}
	for _, m := range r.Messages {
		message := shimMessage{Role: string(m.Role), Content: m.Content, Reasoning: m.Reasoning, ToolCallID: m.ToolCallID, Name: m.Name}
		for _, c := range m.ToolCalls {
			message.ToolCalls = append(message.ToolCalls, callOf(c))
		}
		s.Messages = append(s.Messages, message)
	}
	for _, t := range r.Tools {
		tool := shimTool{Type: "function"}
		tool.Function.Name, tool.Function.Description, tool.Function.Parameters = t.Name, t.Description, t.Parameters
		s.Tools = append(s.Tools, tool)
	}
	s.Kwargs = map[string]any{}
	if r.Thinking != engine.ThinkingAuto { // templates ask for it by various names
		s.Kwargs["enable_thinking"] = s.Thinking
		s.Kwargs["thinking"] = s.Thinking
	}
	if r.Effort != "" {
		s.Kwargs["reasoning_effort"] = r.Effort
	}
	return s
}

// renderTemplate renders by r.Template or the model's own; statusUnknown when there is neither.
func renderTemplate(h handle, r engine.RenderRequest) (engine.Rendered, status, error) {
	request, err := json.Marshal(requestOf(r))
	if err != nil {
		return engine.Rendered{}, statusOK, fmt.Errorf("render: %w", err)
	}
	text, st, err := h.renderChat(r.Template, string(request))
	switch {
	case err != nil:
		return engine.Rendered{}, st, templateError(err)
	case st != statusOK:
		return engine.Rendered{}, st, nil
	}
	var out struct {
		engine.Rendered
		Thinks bool `json:"supports_thinking"`
	}
	if err := json.Unmarshal([]byte(text), &out); err != nil {
		return engine.Rendered{}, st, fmt.Errorf("render: %w", err)
	}
	out.Rendered.Format, out.Rendered.Thinks = "jinja", out.Thinks
	return out.Rendered, st, nil
}

// templateError keeps the telling line of what the template code says.
func templateError(err error) error {
	var shim errShim
	if !errors.As(err, &shim) {
		return fmt.Errorf("render: %w", err)
	}
	text := strings.TrimSpace(shim.text)
	if _, after, ok := strings.Cut(text, "\nError: "); ok { // a place in the template comes first
		text = strings.TrimPrefix(after, "Jinja Exception: ")
	}
	line, _, _ := strings.Cut(text, "\n")
	if runes := []rune(line); len(runes) > 300 {
		line = string(runes[:300]) + "…"
	}
	return fmt.Errorf("%w: %s", engine.ErrTemplate, line)
}

// Parse implements engine.Chat.
func (c *chat) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	end, err := c.begin(ctx)
	if err != nil {
		return engine.Parsed{}, err
	}
	defer end()
	return parseReply(ctx, c.h.library, r)
}

func parseReply(ctx context.Context, l library, r engine.ParseRequest) (engine.Parsed, error) {
	if err := ctx.Err(); err != nil {
		return engine.Parsed{}, err
	}
	if len(r.Parser) == 0 {
		return engine.Parsed{}, fmt.Errorf("parse: %w", backend.ErrUnsupported)
	}
	text, st, err := l.parse(string(r.Parser), r.Text, r.Partial)
	switch {
	case err != nil:
		return engine.Parsed{}, fmt.Errorf("%w: %s", engine.ErrNoFit, err.Error())
	case st != statusOK:
		return engine.Parsed{}, fmt.Errorf("parse: %w", backend.ErrUnsupported)
	}
	var m shimMessage
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return engine.Parsed{}, fmt.Errorf("%w: %w", engine.ErrNoFit, err)
	}
	out := engine.Parsed{Content: m.Content, Reasoning: m.Reasoning}
	for _, c := range m.ToolCalls {
		out.ToolCalls = append(out.ToolCalls, engine.ToolCall{ID: c.ID, Name: c.Function.Name, Arguments: c.Function.Arguments})
	}
	return out, nil
}

// OpenTemplates implements engine.TemplateDriver.
func (d driver) OpenTemplates(ctx context.Context, pluginDir string) (engine.Templates, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	l, err := d.open(pluginDir)
	if err != nil {
		return nil, err
	}
	if _, st, _ := l.jinja("", "{}"); st == statusNone {
		return nil, fmt.Errorf("templates: %w", backend.ErrUnsupported)
	}
	return templates{l}, nil
}

// templates is the engine's template code without a model. It cannot be cancelled: whoever runs it ends the process.
type templates struct{ l library }

func (t templates) RenderTemplate(ctx context.Context, template, globals string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	text, _, err := t.l.jinja(template, globals)
	if err != nil {
		return "", templateError(err)
	}
	return text, nil
}

func (t templates) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	if err := ctx.Err(); err != nil {
		return engine.Rendered{}, err
	}
	out, st, err := renderTemplate(handle{library: t.l}, r)
	if err == nil && st != statusOK {
		err = fmt.Errorf("render: no template was given")
	}
	return out, err
}

func (t templates) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	return parseReply(ctx, t.l, r)
}

func (t templates) Grammar(ctx context.Context, schema string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	text, _, err := t.l.schemaToGrammar(schema)
	if err != nil {
		return "", fmt.Errorf("the JSON schema cannot be used: %w", err)
	}
	return text, nil
}

func (templates) Close() error { return nil }
