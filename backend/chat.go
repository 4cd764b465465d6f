package backend

import "time"

// Role says who speaks in a message.
type Role string

// The roles of a conversation, named as chat templates name them.
const (
	RoleSystem    Role = "system"
	RoleUser      Role = "user"
	RoleAssistant Role = "assistant"
	RoleTool      Role = "tool"
)

// MessageState is the life of a message. Messages of a person are born Complete; replies start Running.
type MessageState uint8

// The states of a message. Only a Running message may grow.
const (
	MessageComplete    MessageState = iota // finished, by the model or by a person
	MessageRunning                         // an owner (process) is producing it right now
	MessageStopped                         // a person pressed Stop; the text is kept
	MessageInterrupted                     // its owner died or its engine crashed; the text is kept, Resume is offered
	MessageFailed                          // no token could be produced; Error says why
)

func (s MessageState) String() string {
	switch s {
	case MessageComplete:
		return "complete"
	case MessageRunning:
		return "running"
	case MessageStopped:
		return "stopped"
	case MessageInterrupted:
		return "interrupted"
	case MessageFailed:
		return "failed"
	}
	return "unknown"
}

// FirstTemporaryID is the lowest number of a chat or message that is kept in memory only. Those on disk stay below it.
const FirstTemporaryID = 1 << 40

// IsTemporary says whether a chat or a message is kept in memory only.
func IsTemporary(id int64) bool { return id >= FirstTemporaryID }

// Chat is a conversation: a tree of messages with a current leaf. IsTemporary(ID) tells one that leaves nothing behind.
type Chat struct {
	ID       int64
	Title    string // the first words of its first message until a person names it; empty before that
	ModelID  int64  // the model chosen for this chat; 0 = the default model
	Leaf     int64  // the message at the end of the shown path; 0 = no message yet
	System   string // system prompt; empty = none
	Sampling *Sampling
	Adapters []AdapterUse // LoRAs that it answers with
	// Alternatives is how many of the likeliest tokens are kept beside each token of its replies; 0 = none.
	Alternatives int
	Overflow     Overflow // what becomes of messages that no longer fit
	Shelf        Shelf    // where it stands in the list
	Created      time.Time
	Updated      time.Time
	Deleted      time.Time // zero = not in the trash
}

// Draft is what is typed in a chat but not sent, and where the transcript was scrolled to.
type Draft struct {
	ChatID        int64
	Text          string
	ScrollMessage int64   // the message at the top edge of the window; 0 = follow the bottom
	ScrollOffset  float32 // device-independent pixels of that message above the edge
	Attachments   []Attachment
	Editing       int64  // a message whose words are being changed; 0 = none
	Edited        string // those words
}

// Cut is a branch that was cut off a chat: a message with all that follows it. It lies in the trash as a chat of its own, so
// that nothing that reads chats has to know of it, and goes for good when other chats there do.
type Cut struct {
	ChatID   int64 // it was cut off
	Message  int64 // its first
	Parent   int64 // of that; 0 = it began the chat
	Leaf     int64 // the chat's before
	Trash    int64 // the chat in the trash that holds it
	Messages int
}

// Message is one node of a chat's tree.
type Message struct {
	ID        int64
	ChatID    int64
	Parent    int64 // 0 = a root
	Role      Role
	Text      string
	State     MessageState
	Error     string // one sentence for a person; set when State is Failed or Interrupted by a crash
	ModelID   int64  // replies: the model that wrote it; 0 when it is no longer known
	ModelName string // replies: its name at that time
	Usage     Usage
	Stop      StopReason
	Note      string // replies: one sentence worth knowing about how it was made, e.g. that a continuation is not exact
	SeenFrom  int64  // replies: the oldest message of the path that the model saw; 0 = it saw the whole path
	LeftOut   int    // replies: how many messages before SeenFrom it did not see
	Revision  int64  // grows with every stored change of this message
	Siblings  int    // how many messages share Parent, this one included
	Sibling   int    // 1-based place among them, by age
	Rating    Rating // replies: a person's thumb
	Pinned    bool   // it stays in the model's sight however long the chat grows
	Choices   bool   // replies: what else could have stood there is kept of at least one token
	// Attachments are the files beside a person's message, with what of them the model is shown.
	Attachments []Attachment
	Created     time.Time
}

// StopReason says why a reply ended.
type StopReason string

// Why a reply ended.
const (
	StopEnd     StopReason = "end"       // the model said it was done
	StopString  StopReason = "stop"      // a stop string appeared
	StopLength  StopReason = "length"    // the reply limit was reached
	StopContext StopReason = "context"   // the context is full
	StopCancel  StopReason = "cancelled" // a person or a caller stopped it
)

// Usage counts what a reply cost.
type Usage struct {
	PromptTokens int           `json:"prompt_tokens"`
	ReusedTokens int           `json:"reused_tokens"` // of PromptTokens, those found in the KV cache
	ReplyTokens  int           `json:"reply_tokens"`
	FirstToken   time.Duration `json:"first_token_ns"` // from the request to the first token
	PromptTime   time.Duration `json:"prompt_ns"`
	ReplyTime    time.Duration `json:"reply_ns"`
	Drafted      int           `json:"drafted,omitempty"`      // tokens that were guessed
	Confirmed    int           `json:"confirmed,omitempty"`    // of Drafted, those that held
	Reasoning    time.Duration `json:"reasoning_ns,omitempty"` // of ReplyTime, what the model thought before it answered

	// What the prompt left out, and how; stored with the counts. Message has the same fields for reading.
	SeenFrom int64  `json:"seen_from,omitempty"`
	LeftOut  int    `json:"left_out,omitempty"`
	Note     string `json:"note,omitempty"`
	Format   string `json:"format,omitempty"`          // how the prompt was written: a named format, or "jinja" for a template
	Guessed  bool   `json:"guessed,omitempty"`         // Format was guessed, because the model's own template was not known
	Template string `json:"template_sha256,omitempty"` // of the template, where Format is "jinja"
	Edited   bool   `json:"edited,omitempty"`          // a person wrote the words of the reply anew
	Thinking string `json:"thinking,omitempty"`        // what the template was told: "on", "off", "low", ...; "" = nothing

	Engine *EngineInfo `json:"engine,omitempty"` // that wrote it

	Begun *ReplyStart `json:"begun,omitempty"` // what stood there before the model wrote: it goes on from another reply's token

	Parts *ReplyParts `json:"parts,omitempty"` // the reply as the engine's parser read it, where its text does not say it itself
}

// ReplyStart is the beginning of a reply that was given to its model.
type ReplyStart struct {
	Tokens int `json:"tokens"`
	Bytes  int `json:"bytes"` // of the text
}

// ReplyParts is a reply taken apart by the engine that knows its format.
type ReplyParts struct {
	Reasoning string      `json:"reasoning,omitempty"`
	Answer    string      `json:"answer,omitempty"`
	Calls     []ReplyCall `json:"calls,omitempty"`
}

// ReplyCall is a model's wish to have a tool run. Arguments is JSON text as the model wrote it.
type ReplyCall struct {
	Name      string `json:"name"`
	Arguments string `json:"arguments"`
}

// Generation is everything that is needed to continue a reply after a crash exactly where it ended, or to run it again:
// the evaluation log. Logits depend on how the text was cut into evaluations, so the cuts are part of it; generated
// tokens are evaluated one per call.
type Generation struct {
	MessageID int64
	Prompt    []int32 // token IDs in evaluation order
	Cuts      []int   // tokens per evaluation call; they sum to len(Prompt)
	Tokens    []int32 // generated so far
	Stops     []string
	Sampling  Sampling
	Engine    EngineInfo
	Model     ModelRef
	Adapters  []AdapterRef // LoRAs that took part
	Context   int          // n_ctx
	Batch     int          // n_batch = n_ubatch
}

// EngineInfo is what must be equal for a bit-equal repetition.
type EngineInfo struct {
	Engine    string `json:"engine"`     // "llama-embedded", "llama-pack", "fake"
	Build     string `json:"build"`      // version of the engine's code
	Device    string `json:"device"`     // "CPU", "CUDA0", ...
	Variant   string `json:"variant"`    // CPU plug-in: "zen4", "haswell", "static", ...
	FlashAttn string `json:"flash_attn"` // "auto", "on", "off"
	KVType    string `json:"kv_type"`    // "f16", "q8_0", ...
	Threads   int    `json:"threads"`    // for information: thread counts do not change logits at one token per call
}

// ModelRef names a model file in receipts, even after the file is gone.
type ModelRef struct {
	ID     int64  `json:"id"`
	Name   string `json:"name"`
	SHA256 string `json:"sha256"` // lower-case hex; empty while it is being computed
}

// Owner is the process that works on a running row. A row whose owner is dead counts as interrupted.
type Owner struct {
	PID       int
	Started   int64 // start time of the process, in the unit its platform gives; tells a reused PID apart
	Boot      string
	Heartbeat time.Time
}
