// Package event is the typed bus between the services and whoever watches them (the window, the command line, tests).
// It keeps two promises. Publish: the event may be merged with others of its key and arrives at most so often; the
// publisher never waits. Deliver: the event arrives, in order, and the publisher never waits for that either. Events are
// hints with an id and a revision; the store is the truth.
package event

import (
	"strconv"

	"loam/backend"
)

// Event is something that happened. Key groups events that may be merged: while a subscriber has not taken a published
// event yet, the next one with the same key is merged into it.
type Event interface {
	Key() Key
	// Merge returns one event that says what older and the receiver say together. It is only called with an older event
	// of the same Key.
	Merge(older Event) Event
}

// Key identifies what an event is about.
type Key struct {
	Topic string
	ID    int64
}

// MessageGrew tells that a running reply has more text. Text is what was added since Offset (bytes of the message's
// text before it). The store is the truth: a late subscriber reads the message and skips what it already has.
type MessageGrew struct {
	ChatID, MessageID int64
	Revision          int64
	Offset            int
	Text              string
	Tokens            int // reply tokens so far
}

// MessageProgress tells how far the evaluation of the prompt is, in tokens.
type MessageProgress struct {
	ChatID, MessageID int64
	Done, Total       int
	Phase             Phase
}

// Phase says what a reply is waiting for.
type Phase string

// The phases before the first token.
const (
	PhaseQueued  Phase = "queued"
	PhaseLoading Phase = "loading" // Done and Total are per mille of the load
	PhaseReading Phase = "reading"
	PhaseWriting Phase = "writing"

	PhaseSummarising Phase = "summarising" // Done and Total are messages
)

// MessageChanged tells that a message was added or reached another state. Always delivered.
type MessageChanged struct {
	ChatID, MessageID int64
	Revision          int64
	State             backend.MessageState
}

// ChatChanged tells that a chat's row (title, leaf, model, trash) changed, or that it is new. Always delivered.
type ChatChanged struct{ ChatID int64 }

// ModelChanged tells that a model was added, removed, verified or quarantined. Always delivered.
type ModelChanged struct{ ModelID int64 }

// ModelProgress tells how far the background hashing of a model file is, in bytes.
type ModelProgress struct{ ModelID, Done, Total int64 }

// ModelsBrought tells how many of the models of other programs were taken in.
type ModelsBrought struct{ Done, Total int }

// ModelCopied tells how far the copying of a model into the models folder is, in bytes. Over: it ended, one way or the
// other.
type ModelCopied struct {
	ModelID, Done, Total int64
	Over                 bool
}

// DownloadChanged tells that a download came, went, or reached another state; 0 = the order of several. Always delivered.
type DownloadChanged struct{ DownloadID int64 }

// DownloadProgress tells how far a download is, in bytes.
type DownloadProgress struct {
	DownloadID, Done, Total int64
	PerSecond               int64  // 0 = not known yet
	Note                    string // what it waits for, as a clause; "" = nothing
}

// EngineChanged tells what is loaded. Always delivered.
type EngineChanged struct {
	ModelID int64 // 0 = nothing is loaded
	Name    string
	State   EngineState
	Load    float32 // 0 to 1 while loading
	Memory  int64   // bytes; 0 = not known
	Info    backend.EngineInfo
	Error   string // one sentence; set in EngineDied and EngineFailed

	Capabilities *backend.Capabilities // of a chat model that is ready; nil else
}

// EngineState is the life of the loaded model.
type EngineState string

// The states of an engine.
const (
	EngineNone    EngineState = "none"
	EngineLoading EngineState = "loading"
	EngineReady   EngineState = "ready"
	EngineDied    EngineState = "died"
	EngineFailed  EngineState = "failed" // a load failed
)

// FilesHanded tells that another start of the program handed its files over, or only asked for the window (no files).
type FilesHanded struct{ Paths []string }

// Key implements Event.
func (e MessageGrew) Key() Key { return Key{"message.grew", e.MessageID} }

// Key implements Event.
func (e MessageProgress) Key() Key { return Key{"message.progress", e.MessageID} }

// Key implements Event.
func (e MessageChanged) Key() Key { return Key{"message.changed", e.MessageID} }

// Key implements Event.
func (e ChatChanged) Key() Key { return Key{"chat.changed", e.ChatID} }

// Key implements Event.
func (e ModelChanged) Key() Key { return Key{"model.changed", e.ModelID} }

// Key implements Event.
func (e ModelProgress) Key() Key { return Key{"model.progress", e.ModelID} }

// Key implements Event.
func (e ModelsBrought) Key() Key { return Key{"models.brought", 0} }

// Merge implements Event.
func (e ModelsBrought) Merge(Event) Event { return e }

// Key implements Event.
func (e ModelCopied) Key() Key { return Key{"model.copied", e.ModelID} }

// Key implements Event.
func (e DownloadChanged) Key() Key { return Key{"download.changed", e.DownloadID} }

// Merge implements Event: both say the same.
func (e DownloadChanged) Merge(Event) Event { return e }

// Key implements Event.
func (e DownloadProgress) Key() Key { return Key{"download.progress", e.DownloadID} }

// Merge implements Event: the newer one stands.
func (e DownloadProgress) Merge(Event) Event { return e }

// Key implements Event.
func (e EngineChanged) Key() Key { return Key{"engine.changed", 0} }

// Key implements Event.
func (e FilesHanded) Key() Key { return Key{"files.handed", 0} }

// Merge implements Event: the texts follow each other.
func (e MessageGrew) Merge(older Event) Event {
	o := older.(MessageGrew)
	e.Text, e.Offset = o.Text+e.Text, o.Offset
	return e
}

// Merge implements Event: the newer one stands.
func (e MessageProgress) Merge(Event) Event { return e }

// Merge implements Event: the newer one stands.
func (e MessageChanged) Merge(Event) Event { return e }

// Merge implements Event: both say the same.
func (e ChatChanged) Merge(Event) Event { return e }

// Merge implements Event: both say the same.
func (e ModelChanged) Merge(Event) Event { return e }

// Merge implements Event: the newer one stands.
func (e ModelProgress) Merge(Event) Event { return e }

// Merge implements Event.
func (e ModelCopied) Merge(Event) Event { return e }

// Merge implements Event: the newer one stands.
func (e EngineChanged) Merge(Event) Event { return e }

// Merge implements Event: no file is lost.
func (e FilesHanded) Merge(older Event) Event {
	e.Paths = append(append([]string(nil), older.(FilesHanded).Paths...), e.Paths...)
	return e
}

// MeaningState is how far a file is in being read for its meaning.
type MeaningState string

// The states; "" = nothing is known, and words alone find passages.
const (
	MeaningNone    MeaningState = ""
	MeaningWaiting MeaningState = "waiting" // for a reply to end
	MeaningReading MeaningState = "reading"
	MeaningReady   MeaningState = "ready"
	MeaningStopped MeaningState = "stopped" // by a person
	MeaningFailed  MeaningState = "failed"
)

// FileMeaning tells how far the passages of an attached file are in being read for their meaning. Every state but reading is
// always delivered.
type FileMeaning struct {
	Text, Name  string // the SHA-256 of the file's words, and its name
	State       MeaningState
	Done, Total int    // passages
	Model       string // that reads them
	Error       string // of MeaningFailed
}

// Key implements Event.
func (e FileMeaning) Key() Key {
	id, _ := strconv.ParseInt(e.Text[:min(len(e.Text), 15)], 16, 64) // of something else than a hash: 0, which merges more
	return Key{"meaning", id}
}

// Merge implements Event.
func (e FileMeaning) Merge(Event) Event { return e }
