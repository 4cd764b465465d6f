// Package engine declares what Loam asks of an inference engine: the Chat interface, its requests, events and errors.
// Drivers (backend/runner/...) implement it inside the worker child; backend/worker implements it again in the window's
// process by sending frames to that child; enginetest holds a fake and one conformance suite for all of them.
//
// A Chat is one loaded model with one context. Its methods are called one at a time, except Close and the cancelling of
// a context.Context, which may happen from any goroutine. Every method obeys ctx: text stops within 100 ms.
package engine

import (
	"context"
	"io"

	"loam/backend"
)

// LoadRequest says which file to load and how.
type LoadRequest struct {
	Path      string          `json:"path"`
	Adapters  []AdapterWeight `json:"adapters,omitempty"`
	Context   int             `json:"context"`              // n_ctx in tokens; 0 = min(the model's own, 4096)
	Batch     int             `json:"batch"`                // n_batch = n_ubatch; 0 = 512
	Threads   int             `json:"threads"`              // 0 = physical cores less one (at least one)
	GPULayers int             `json:"gpu_layers"`           // -1 = all
	Device    string          `json:"device"`               // "" = automatic, else a Device.Name
	FlashAttn string          `json:"flash_attn,omitempty"` // "" = "auto", "on", "off"
	KVType    string          `json:"kv_type,omitempty"`    // "" = "f16", "q8_0", "q4_0"
	PluginDir string          `json:"plugin_dir,omitempty"` // folder of CPU and GPU plug-ins; "" = none: the slow built-in code
	Variant   string          `json:"variant,omitempty"`    // "" = the best CPU variant, else exactly this one (tests, exact resume)
}

// AdapterWeight is a LoRA for a chat model with its strength (0 = off, 1 = as trained).
type AdapterWeight struct {
	Path   string  `json:"path"`
	Weight float32 `json:"weight"`
}

// Info describes a loaded model.
type Info struct {
	Engine        backend.EngineInfo   `json:"engine"`
	Capabilities  backend.Capabilities `json:"capabilities"`
	Context       int                  `json:"context"` // n_ctx really used
	Batch         int                  `json:"batch"`
	ContextTrain  int                  `json:"context_train"`
	Vocab         int                  `json:"vocab"`
	Template      string               `json:"template"`       // the file's own template
	NamedFormat   string               `json:"named_format"`   // the built-in format recognised for it; "" = none
	MemoryBytes   int64                `json:"memory_bytes"`   // resident size of the child after loading
	LoadSeconds   float64              `json:"load_seconds"`   //
	RecommendText string               `json:"recommend_text"` // sampling settings found in the file, as JSON; "" = none
}

// GenerateRequest asks for a reply to a tokenized prompt.
//
// The engine keeps the longest part of its KV cache that equals a prefix of Prompt and ends on a border between two
// evaluation calls, evaluates the rest in calls of at most Info.Batch tokens, and reports the cuts in an Evaluating
// event before the first of them. With Cuts given, it replays exactly those calls instead (it may keep cached calls only
// when the log of the cache begins with the same ones). Reply tokens, given or generated, are evaluated one per call.
type GenerateRequest struct {
	Prompt   []int32          `json:"prompt"`
	Cuts     []int            `json:"cuts,omitempty"`  // nil = free choice; else they sum to len(Prompt)
	Reply    []int32          `json:"reply,omitempty"` // tokens of this reply that were generated before an interruption
	Stops    []string         `json:"stops,omitempty"`
	Sampling backend.Sampling `json:"sampling"` // Seed is used as it is; MaxTokens counts Reply in
	Alts     int              `json:"alts,omitempty"`
	// Speculate lets the engine guess tokens from what was said before, where that changes nothing but the speed.
	Speculate bool `json:"speculate,omitempty"`
	// Proofs are what earlier replies found out (Result.Proofs), those of other processes too: of the same model, adapters,
	// engine, settings and threads. What they say is not found out again.
	Proofs []CallProof `json:"proofs,omitempty"`
}

// CallProof says whether calls of several tokens give the bits of single tokens, as found out on the model itself. Only then
// guessed tokens are evaluated in such calls.
type CallProof struct {
	Call  int  `json:"call"` // tokens
	Span  int  `json:"span"` // of the context: the engine's unit of attention, from 0
	Exact bool `json:"exact"`
}

// Event is what Generate reports while it runs: Evaluating once, Prompt zero or more times, Token per token.
type Event interface{ event() }

// Evaluating tells the evaluation log of the prompt before anything is evaluated.
type Evaluating struct {
	Cuts   []int `json:"cuts"`
	Reused int   `json:"reused"` // leading tokens whose KV was kept
}

// Prompt tells how far the evaluation of the prompt (and of the given Reply) is, in tokens.
type Prompt struct {
	Done  int `json:"done"`
	Total int `json:"total"`
}

// Token is one generated token. Text is what it releases: complete runes that no longer can become part of a stop
// string; it may be empty. What is held back is a function of the reply's tokens and the stops alone, so an engine that is
// given Reply tokens releases the rest of their text with the next token.
type Token struct {
	ID   int32              `json:"id"`
	Text string             `json:"text"`
	Alts []backend.TokenAlt `json:"alts,omitempty"`
}

func (Evaluating) event() {}
func (Prompt) event()     {}
func (Token) event()      {}

// Result ends a reply. A cancelled ctx is not an error: Stop is StopCancel then and what was generated counts.
type Result struct {
	Stop  backend.StopReason `json:"stop"`
	Text  string             `json:"text"` // released at the end, after the last Token event; often empty
	Usage backend.Usage      `json:"usage"`
	// Proofs are what this reply found out, for GenerateRequest.Proofs of later ones.
	Proofs []CallProof `json:"proofs,omitempty"`
}

// Chat is a loaded language model.
type Chat interface {
	Info() Info
	Render(ctx context.Context, r RenderRequest) (Rendered, error)
	// Parse takes a reply apart by the parser of its rendering; backend.ErrUnsupported from engines that have none.
	Parse(ctx context.Context, r ParseRequest) (Parsed, error)
	// Tokenize splits text into token IDs. special parses control tokens in text and adds what the vocabulary adds.
	Tokenize(ctx context.Context, text string, special bool) ([]int32, error)
	// Generate calls emit on one goroutine, in order. An error from emit stops the reply and is returned.
	Generate(ctx context.Context, r GenerateRequest, emit func(Event) error) (Result, error)
	// Logits evaluates like Generate but returns the logits after the last token instead of drawing one: float32, one
	// per vocabulary entry. For tests of exactness.
	Logits(ctx context.Context, r GenerateRequest) ([]float32, error)
	// SaveState writes the KV cache with its evaluation log; LoadState reads it back. The bytes are only for the same
	// model file, engine build and settings.
	SaveState(ctx context.Context, w io.Writer) error
	LoadState(ctx context.Context, r io.Reader) error
	Close() error
}

// Adapting is a Chat that can change its adapters without loading the model again. Its cache is empty afterwards. With a
// *backend.BadFile nothing has changed; after another error it is of no use any more.
type Adapting interface {
	Adapt(ctx context.Context, list []AdapterWeight) error
}

// Keeping is a Chat whose KV cache belongs to a conversation and can outlive its process. Chats are named by their IDs.
type Keeping interface {
	// Recall makes the cache that of a chat, from disk where it is not and a good state is there, and returns what Keep was
	// told of it. The cache of another chat is kept before. 0 = nobody's: nothing of what follows is kept. Without a state
	// the cache stays as it is. It never fails: the worst is that more has to be evaluated.
	Recall(ctx context.Context, chat int64) (note []byte)
	// Keep says that the cache is a chat's now, and how many tokens of it are worth keeping. It is saved when nobody waits
	// for the engine, and before it is given up.
	Keep(chat int64, tokens int, note []byte)
	// Holds says whether the cache is a chat's at this moment.
	Holds(chat int64) bool
}

// Progress tells how much of a load is done, 0 to 1.
type Progress func(done float32)

// Engine is what a worker child is started with: a Driver or a PictureDriver.
type Engine interface {
	// Name is the engine's name as in backend.EngineInfo.Engine.
	Name() string
	// Devices lists what the engine can compute on, without loading a model.
	Devices(ctx context.Context, pluginDir string) ([]backend.Device, backend.EngineInfo, error)
}

// Driver opens language models.
type Driver interface {
	Engine
	// OpenChat loads a model. Cancelling ctx ends the load. Errors are *backend.BadFile where the file is at fault.
	OpenChat(ctx context.Context, r LoadRequest, progress Progress) (Chat, error)
}
