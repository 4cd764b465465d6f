// Package library keeps the models on disk: it takes files in after modelfile has said what they are, finds them again,
// notices when they vanish or change, computes their SHA-256 in the background, and chooses the default model. Files are
// used where they lie; only those inside the models folder are the library's own and may ever be deleted by it, and that
// only some time after a person removed the model, so that every removal can be undone.
//
// It is called by app, chat, residency (verified or not) and the command line. A Library may be used from any goroutine.
// It owns three goroutines, which hash, free removed files and look whether files came or went; Close ends them.
package library

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"loam/backend"
	"loam/backend/event"
)

// LicenseUnknown stands where neither the file nor its source names a licence.
const LicenseUnknown = "not stated"

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
	// Small is up to which size a file is hashed while it is added; larger ones are hashed later. 0 = 128 MB.
	Small int64
	// Passive starts no background work: for short command-line calls beside a window.
	Passive bool
	// Eager hashes in the background without giving way to other programs: a test on a busy machine would wait for minutes.
	Eager bool
	// Free says how many bytes may be written to the disk of a folder; 0 = not known. nil = nobody knows.
	Free func(dir string) int64
	// Places is where to look for models of other programs; the zero value is this system.
	Places Places
	// Watch is how often the files are looked at again; 0 = every minute.
	Watch time.Duration
}

// Library is the models on disk.
type Library struct {
	store Store
	dir   atomic.Pointer[string] // the models folder, without symbolic links where it exists
	bus   Bus
	log   *slog.Logger
	now   func() time.Time
	keep  time.Duration
	small int64
	free  func(dir string) int64

	places  Places
	passive bool
	eager   bool
	ctx     context.Context // of the background work
	end     context.CancelFunc
	owned   sync.WaitGroup
	wake    chan struct{} // there may be something to hash; room for one
	rewind  chan struct{} // there may be something to free; room for one

	mu sync.Mutex // one change of rows at a time

	moving atomic.Bool                 // the models folder is being moved
	usual  string                      // the models folder before any move
	link   func(from, to string) error // os.Link, except in tests of other disks
	atStep func(what string) error     // of a move, for tests that crash in the middle; nil = nothing

	hashMu  sync.Mutex
	hashing map[int64]*hashJob // under way
	copying map[int64]context.CancelFunc
	skip    map[int64]stamp // could not be read, until the file changes

	fitMu sync.Mutex
	fits  map[fitKey]LoRAFit // comparisons of headers that were made
}

// New opens the library: it continues hashing where it ended and frees the files of models removed long ago.
func New(d Deps) *Library {
	l := &Library{
		store: d.Store, bus: d.Bus, log: d.Logger, now: d.Now, keep: d.Keep, small: d.Small,
		passive: d.Passive, eager: d.Eager,
		wake: make(chan struct{}, 1), rewind: make(chan struct{}, 1), hashing: map[int64]*hashJob{}, skip: map[int64]stamp{},
		copying: map[int64]context.CancelFunc{}, free: d.Free, places: d.Places, fits: map[fitKey]LoRAFit{},
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	if l.now == nil {
		l.now = time.Now
	}
	if l.keep == 0 {
		l.keep = 10 * time.Minute
	}
	if l.small == 0 {
		l.small = 128 << 20
	}
	l.link = os.Link
	l.setFolder(d.Dir)
	l.usual = l.Folder()
	l.findFolder(d.Dir)
	l.ctx, l.end = context.WithCancel(context.Background())
	if !l.passive {
		l.recoverMove(l.ctx)
		l.owned.Go(l.hashAll)
		l.owned.Go(l.freeOld)
		if d.Watch == 0 {
			d.Watch = time.Minute
		}
		l.sweep()
		l.owned.Go(func() { l.watch(d.Watch) })
	}
	return l
}

// Close ends the background work and waits for it. Hashing goes on from there at the next New.
func (l *Library) Close() error {
	l.end()
	l.owned.Wait()
	return nil
}

func (l *Library) changed(id int64) {
	if l.bus != nil {
		l.bus.Deliver(event.ModelChanged{ModelID: id})
	}
}

// nudge wakes a background goroutine; it never waits.
func nudge(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// owns says whether a path (without symbolic links) lies in the models folder.
func (l *Library) owns(path string) bool {
	dir := l.Folder()
	if dir == "" {
		return false
	}
	rel, err := filepath.Rel(dir, path)
	return err == nil && filepath.IsLocal(rel) && rel != "."
}

// usable says whether a model may be offered for chats.
func usable(m backend.Model) bool {
	return m.Kind == backend.KindChat && (m.State == backend.ModelReady || m.State == backend.ModelUnverified)
}
