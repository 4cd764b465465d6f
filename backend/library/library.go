// Package library keeps the models on disk: it takes files in after modelfile has said what they are, finds them again,
// notices when they vanish or change, computes their SHA-256 in the background, and chooses the default model. Files are
// used where they lie; only those inside the models folder are the library's own and may ever be deleted by it, and that
// only some time after a person removed the model, so that every removal can be undone.
//
// It is called by app, chat, residency (verified or not) and the command line. A Library may be used from any goroutine.
// It owns one hashing goroutine and one timer goroutine, both ended by Close.
package library

import (
	"log/slog"
	"time"

	"loam/backend"
	"loam/backend/event"
)

// Bus is where the library announces changes.
type Bus interface {
	Publish(event.Event)
	Deliver(event.Event)
}

// Deps is what a Library is made of.
type Deps struct {
	Store  Store
	Dir    string // the models folder; files inside are Owned
	Bus    Bus    // nil = nobody listens
	Logger *slog.Logger
	Now    func() time.Time // nil = time.Now
	// Keep is how long the file of a removed Owned model is kept; 0 = ten minutes.
	Keep time.Duration
}

// AddOptions says more about a file than its bytes do.
type AddOptions struct {
	Starter bool
	Name    string // "" = made from the header or the file's name
	Source  string // where it came from, for a person
	License string // "" = what the header says
}

// Folder is what came of adding a folder.
type Folder struct {
	Models  []backend.Model
	Refused []error // *backend.BadFile, one per model file that could not be taken in
}
