package library

import (
	"context"
	"errors"

	"loam/backend"
)

// Library is the models on disk.
type Library struct{ d Deps }

var errSketch = errors.New("library: being written")

// New opens the library: it continues hashing where it ended and frees the files of models removed long ago.
func New(d Deps) *Library { return &Library{d: d} }

// List gives the installed models: by name, the starter last.
func (l *Library) List(context.Context) ([]backend.Model, error) { return nil, errSketch }

// Get gives one model, removed ones included; backend.ErrNotFound when there never was one.
func (l *Library) Get(context.Context, int64) (backend.Model, error) {
	return backend.Model{}, errSketch
}

// Find gives the installed model that a person means: by id, path, name (any case), or a prefix of exactly one name.
func (l *Library) Find(context.Context, string) (backend.Model, error) {
	return backend.Model{}, errSketch
}

// Add takes in a model file, used where it lies. A file that is known already is returned as it is (and restored if it
// was removed). A folder adds the model files in it and returns the first. Errors about the file are *backend.BadFile.
func (l *Library) Add(context.Context, string, AddOptions) (backend.Model, error) {
	return backend.Model{}, errSketch
}

// AddFolder takes in the model files of a folder.
func (l *Library) AddFolder(context.Context, string, AddOptions) (Folder, error) {
	return Folder{}, errSketch
}

// Remove takes a model off the list. Restore undoes it; the file of an Owned model stays for Deps.Keep.
func (l *Library) Remove(context.Context, int64) error { return errSketch }

// Restore undoes Remove.
func (l *Library) Restore(context.Context, int64) (backend.Model, error) {
	return backend.Model{}, errSketch
}

// FreeNow deletes the file of a removed Owned model at once and forgets the model; others are only forgotten.
func (l *Library) FreeNow(context.Context, int64) error { return errSketch }

// Removed lists the models that can still be restored, newest first.
func (l *Library) Removed(context.Context) ([]backend.Model, error) { return nil, errSketch }

// Rename gives a model another name; names are unique.
func (l *Library) Rename(context.Context, int64, string) (backend.Model, error) {
	return backend.Model{}, errSketch
}

// Recheck looks at every file again: missing, changed, back again.
func (l *Library) Recheck(context.Context) error { return errSketch }

// MarkVerified records that the model loaded: it becomes Ready, and the default if it is the first larger than the
// starter.
func (l *Library) MarkVerified(context.Context, int64) error { return errSketch }

// MarkBad puts a model aside (Quarantined). reason is one clause for a person.
func (l *Library) MarkBad(context.Context, int64, string) error { return errSketch }

// Default is the model of chats that chose none; backend.ErrNoModel when there is no usable one.
func (l *Library) Default(context.Context) (backend.Model, error) {
	return backend.Model{}, errSketch
}

// SetDefault chooses the default model; 0 = by the rule again.
func (l *Library) SetDefault(context.Context, int64) error { return errSketch }

// RecordSpeed keeps the measured speeds of a model on this machine, in tokens per second (0 = not measured).
func (l *Library) RecordSpeed(context.Context, int64, Speed) error { return errSketch }

// MeasuredSpeed gives the speeds measured last; false when the model never ran here.
func (l *Library) MeasuredSpeed(context.Context, int64) (Speed, bool, error) {
	return Speed{}, false, errSketch
}

// Speed is what was measured, in tokens per second.
type Speed struct {
	Prompt float64 `json:"prompt"`
	Reply  float64 `json:"reply"`
}

// Hashing tells how far the background hashing of a model is, 0 to 1; false when it is not being hashed.
func (l *Library) Hashing(int64) (float64, bool) { return 0, false }

// Close ends the background work; hashing continues from its start at the next New.
func (l *Library) Close() error { return nil }
