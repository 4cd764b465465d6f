package engine

import (
	"context"
	"encoding/json"
	"errors"

	"loam/backend"
)

// Message is one turn as a template sees it.
type Message struct {
	Role       backend.Role `json:"role"`
	Content    string       `json:"content"`
	Reasoning  string       `json:"reasoning,omitempty"`    // of a reply: what the model thought before it
	ToolCalls  []ToolCall   `json:"tool_calls,omitempty"`   // of a reply
	ToolCallID string       `json:"tool_call_id,omitempty"` // of a tool's answer: the call it answers
	Name       string       `json:"name,omitempty"`         // of a tool's answer: the tool
}

// Tool is something that a model may call.
type Tool struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Parameters  json.RawMessage `json:"parameters,omitempty"` // JSON schema of the arguments; empty = none
}

// ToolCall is a model's wish to call a tool. Arguments is JSON text as the model wrote it.
type ToolCall struct {
	ID        string `json:"id,omitempty"`
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// ToolChoice says whether a reply calls tools.
type ToolChoice string

// The choices; "" is ToolAuto.
const (
	ToolAuto     ToolChoice = "auto"
	ToolNone     ToolChoice = "none"
	ToolRequired ToolChoice = "required"
)

// Thinking says whether a model should think aloud before it answers, where its template can tell it.
type Thinking string

// The ways of thinking; "" leaves it to the template.
const (
	ThinkingAuto Thinking = ""
	ThinkingOn   Thinking = "on"
	ThinkingOff  Thinking = "off"
)

// RenderRequest asks for the prompt of a conversation. Engines without templates of their own (Capabilities.Templates)
// use Messages, AddGenerationPrompt and Format, and refuse Tools, JSONSchema and Template with backend.ErrUnsupported.
type RenderRequest struct {
	Messages            []Message       `json:"messages"`
	AddGenerationPrompt bool            `json:"add_generation_prompt"`
	Continue            bool            `json:"continue,omitempty"` // the last message is a reply to go on with; no generation prompt then
	Format              string          `json:"format,omitempty"`   // "" = the model's own; else a named format, whatever the template is
	Template            string          `json:"template,omitempty"` // a Jinja template instead of the model's own
	Tools               []Tool          `json:"tools,omitempty"`
	ToolChoice          ToolChoice      `json:"tool_choice,omitempty"`
	ParallelTools       bool            `json:"parallel_tools,omitempty"` // more than one call in a reply
	JSONSchema          json.RawMessage `json:"json_schema,omitempty"`    // the reply has to be JSON of this schema
	Thinking            Thinking        `json:"thinking,omitempty"`
	Effort              string          `json:"effort,omitempty"` // of thinking: "low", "medium", "high", in the template's words; "" = its own
	Now                 int64           `json:"now,omitempty"`    // Unix seconds, for templates that tell the date; 0 = now
}

// Rendered is a prompt ready to be tokenized and evaluated. A reply to it is generated with Stops, Grammar and Preserved
// (as members of backend.Sampling) and taken apart by Parse with Parser.
type Rendered struct {
	Prompt    string           `json:"prompt"`
	Stops     []string         `json:"stops,omitempty"`
	Format    string           `json:"format"` // which format was used; "jinja" = a template
	Notice    string           `json:"notice"` // one sentence when the format had to be guessed; "" = all is well
	AddBOS    bool             `json:"add_bos"`
	Grammar   *backend.Grammar `json:"grammar,omitempty"`
	Preserved []string         `json:"preserved,omitempty"` // control tokens whose text belongs to the reply, for the parser

	GenerationPrompt string          `json:"generation_prompt,omitempty"` // the end of Prompt that begins the reply
	Parser           json.RawMessage `json:"parser,omitempty"`            // opaque; empty = replies are plain text
	Thinks           bool            `json:"thinks,omitempty"`            // the template knows thinking
	ThoughtBegin     string          `json:"thought_begin,omitempty"`     // "<think>"
	ThoughtEnd       string          `json:"thought_end,omitempty"`       // "</think>"
}

// ParseRequest asks what a reply consists of.
type ParseRequest struct {
	Parser  json.RawMessage `json:"parser"` // Rendered.Parser
	Text    string          `json:"text"`
	Partial bool            `json:"partial,omitempty"` // more may follow
}

// Parsed is a reply taken apart.
type Parsed struct {
	Content   string     `json:"content"`
	Reasoning string     `json:"reasoning,omitempty"`
	ToolCalls []ToolCall `json:"tool_calls,omitempty"`
}

// Sentinels of templates and parsers.
var (
	ErrTemplate = errors.New("the model's chat template cannot be used")      // wrapped by what says why
	ErrNoFit    = errors.New("the reply does not fit the model's own format") // show it as it is
)

// Templates works on templates and grammars without a model. A hostile template may end the process that this runs in.
type Templates interface {
	// RenderTemplate runs a bare Jinja template over globals, a JSON object, without any work-around for models. The member
	// "loam_now" (Unix seconds) sets the clock.
	RenderTemplate(ctx context.Context, template, globals string) (string, error)
	// Render is Chat.Render; r.Template is needed.
	Render(ctx context.Context, r RenderRequest) (Rendered, error)
	Parse(ctx context.Context, r ParseRequest) (Parsed, error)
	// Grammar turns a JSON schema into a grammar in GBNF.
	Grammar(ctx context.Context, schema string) (string, error)
	Close() error
}

// TemplateDriver is an engine that knows templates.
type TemplateDriver interface {
	Engine
	OpenTemplates(ctx context.Context, pluginDir string) (Templates, error)
}
