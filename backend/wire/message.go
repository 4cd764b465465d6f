package wire

import (
	"encoding/json"
	"fmt"
)

// Hello is the child's first frame: who it is and how well it is locked in.
type Hello struct {
	Build       string      `json:"build"` // BuildID of the child's program
	Engine      string      `json:"engine"`
	Confinement Confinement `json:"confinement"`
}

// Confinement says what the system enforces on a child.
type Confinement struct {
	LandlockABI int    `json:"landlock_abi"` // Linux; 0: none; 4 and up: TCP too; 6 and up: signals too
	Seccomp     bool   `json:"seccomp"`      // no sockets of any kind, no changes of metadata
	Why         string `json:"why"`          // one clause when something is missing; "" = all of it works
}

// Full says whether everything that this platform could enforce is enforced.
func (c Confinement) Full() bool { return c.LandlockABI > 0 && c.Seccomp }

func (c Confinement) String() string {
	switch {
	case c.Full():
		return fmt.Sprintf("confined by Landlock %d and seccomp", c.LandlockABI)
	case c.LandlockABI > 0:
		return fmt.Sprintf("confined by Landlock %d only: %s", c.LandlockABI, c.Why)
	case c.Seccomp:
		return "confined by seccomp only: " + c.Why
	}
	return "not confined: " + c.Why
}

// Op names what a request asks for: the methods of engine.Driver and engine.Chat.
type Op string

// The requests. Their bodies are the request types of package engine.
const (
	OpDevices  Op = "devices"
	OpOpen     Op = "open"
	OpRender   Op = "render"
	OpTokenize Op = "tokenize"
	OpGenerate Op = "generate"
	OpLogits   Op = "logits" // answered by Data frames (float32, little-endian) before the Reply
	OpSave     Op = "save"   // answered by Data frames before the Reply
	OpLoad     Op = "load"   // the child asks for each Data frame with a Want
	OpParse    Op = "parse"
	OpAdapt    Op = "adapt" // engine.Adapting; the body is []engine.AdapterWeight

	// Without a model: engine.Templates. OpRender and OpParse serve both.
	OpTemplates Op = "templates" // opens them; the body is Devices
	OpTemplate  Op = "template"
	OpGrammar   Op = "grammar"

	// With an embedding model: engine.Embedder.
	OpEmbedOpen Op = "embed open" // the body is engine.LoadRequest
	OpEmbed     Op = "embed"      // the body is []string; answered by Data frames (float32, little-endian) before the Reply
)

// Request asks the child for something. IDs count from 1.
type Request struct {
	ID   uint64          `json:"id"`
	Op   Op              `json:"op"`
	Body json.RawMessage `json:"body,omitempty"`
}

// Cancel stops the request with this ID.
type Cancel struct {
	ID uint64 `json:"id"`
}

// Reply ends a request. Fault is set when it failed (engine.Fault as JSON).
type Reply struct {
	ID    uint64          `json:"id"`
	Body  json.RawMessage `json:"body,omitempty"`
	Fault json.RawMessage `json:"fault,omitempty"`
}

// EventType says what an Event holds.
type EventType string

// The events of a request.
const (
	EventLoad       EventType = "load" // a number from 0 to 1
	EventEvaluating EventType = "evaluating"
	EventPrompt     EventType = "prompt"
	EventToken      EventType = "token"
)

// Event tells how the running request goes on.
type Event struct {
	Type EventType       `json:"type"`
	Body json.RawMessage `json:"body"`
}

// Tokenize is the body of OpTokenize.
type Tokenize struct {
	Text    string `json:"text"`
	Special bool   `json:"special"`
}

// Template is the body of OpTemplate.
type Template struct {
	Template string `json:"template"`
	Globals  string `json:"globals"` // JSON
}

// Devices is the body of OpDevices and OpTemplates.
type Devices struct {
	PluginDir string `json:"plugin_dir"`
}
