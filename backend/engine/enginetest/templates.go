package enginetest

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"loam/backend"
	"loam/backend/engine"
)

// parser is what Rendered.Parser of the fake holds.
var parser = json.RawMessage(`"fake"`)

// Parse implements engine.Chat. A thought stands between <think> and </think> at the beginning, a call is a line
// "<tool>name {arguments}". A line that begins with "<broken>" fits nothing.
func (c *chat) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	if err := c.enter(); err != nil {
		return engine.Parsed{}, err
	}
	defer c.leave()
	return parse(ctx, r)
}

func parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	if err := ctx.Err(); err != nil {
		return engine.Parsed{}, err
	}
	if string(r.Parser) != string(parser) {
		return engine.Parsed{}, fmt.Errorf("parse: %w", backend.ErrUnsupported)
	}
	var out engine.Parsed
	text := r.Text
	if rest, ok := strings.CutPrefix(text, "<think>"); ok {
		out.Reasoning, text, _ = strings.Cut(rest, "</think>")
	}
	var plain []string
	for _, line := range strings.Split(text, "\n") {
		if strings.HasPrefix(line, "<broken>") {
			return engine.Parsed{}, fmt.Errorf("parse: %w", engine.ErrNoFit)
		}
		call, ok := strings.CutPrefix(line, "<tool>")
		if !ok {
			plain = append(plain, line)
			continue
		}
		name, arguments, _ := strings.Cut(call, " ")
		out.ToolCalls = append(out.ToolCalls, engine.ToolCall{ID: fmt.Sprint(len(out.ToolCalls) + 1), Name: name, Arguments: arguments})
	}
	out.Content = strings.Join(plain, "\n")
	return out, nil
}

// OpenTemplates implements engine.TemplateDriver: a template is text in which {{ name }} stands for a global, and the words
// "crash", "hang" and "bad" do what they say.
func (driver) OpenTemplates(context.Context, string) (engine.Templates, error) {
	return templates{}, nil
}

type templates struct{}

func (templates) RenderTemplate(ctx context.Context, template, globals string) (string, error) {
	switch template {
	case "crash":
		panic("the template crashed the engine")
	case "hang":
		<-ctx.Done()
		select {} // and goes on: only a kill ends it
	case "bad":
		return "", fmt.Errorf("%w: unexpected end", engine.ErrTemplate)
	}
	var values map[string]any
	if err := json.Unmarshal([]byte(globals), &values); err != nil {
		return "", fmt.Errorf("globals: %w", err)
	}
	for name, v := range values {
		template = strings.ReplaceAll(template, "{{ "+name+" }}", fmt.Sprint(v))
	}
	return template, nil
}

func (t templates) Render(ctx context.Context, r engine.RenderRequest) (engine.Rendered, error) {
	var b strings.Builder
	for _, m := range r.Messages {
		text, err := t.RenderTemplate(ctx, r.Template, `{"role":`+quoted(string(m.Role))+`,"content":`+quoted(m.Content)+`}`)
		if err != nil {
			return engine.Rendered{}, err
		}
		b.WriteString(text)
		if !strings.Contains(text, m.Content) {
			b.WriteString(m.Content) // a real template, which the fake cannot run
		}
	}
	return engine.Rendered{Prompt: b.String(), Format: "jinja", Parser: parser}, nil
}

func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}

func (templates) Parse(ctx context.Context, r engine.ParseRequest) (engine.Parsed, error) {
	return parse(ctx, r)
}

func (templates) Grammar(_ context.Context, schema string) (string, error) {
	if !json.Valid([]byte(schema)) {
		return "", fmt.Errorf("the schema is not JSON")
	}
	return "root ::= [a-z]*", nil
}

func (templates) Close() error { return nil }
