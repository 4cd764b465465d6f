// Package transfer carries chats out of Loam and into it. It writes chats as JSON Lines (all that is known of them), as
// Markdown and as HTML (what a person reads) and as data to train models with, and takes in its own JSON Lines and the exports of ChatGPT, LM Studio and
// Open WebUI. The window and the command line call it.
//
// A Service may be used from any goroutine; calls run on the caller's and end early with its context. Files appear whole or
// not at all, a chat is taken in whole or not at all, and neither way needs memory for more than one chat or a few short ones
// (writing: for more than a few messages, but for training data). What it reads is not trusted: sizes, depths and counts are bounded.
// The format of Loam's own files stands at formatVersion.
package transfer

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/event"
	"loam/store"
)

// Store is what chats are read from and stored in. *store.Store meets it.
type Store interface {
	Chats(ctx context.Context, q store.ChatQuery) ([]backend.Chat, error)
	ReadTree(ctx context.Context, chatID int64, r store.TreeReader) error
	AddTree(ctx context.Context, t store.Tree) (backend.Chat, error)
	AddTrees(ctx context.Context, trees []store.Tree) ([]backend.Chat, error)
	Models(ctx context.Context, q store.ModelQuery) ([]backend.Model, error)
	Pictures(ctx context.Context, limit, offset int) ([]backend.Picture, error)
}

// Deps is what a Service is made of. Store and Bus are required.
type Deps struct {
	Store    Store
	Bus      *event.Bus
	Pictures string                   // the folder of pictures: files named <sha256>.png
	Files    *attach.Files            // of attachments; nil = they stay where they are
	Title    func(text string) string // names a chat after its first message; nil = chats may stay without a name
	Taken    func()                   // is called when chats were taken in; nil = nobody wants to know
	Version  string                   // of the program, for the files
	Logger   *slog.Logger             // nil = discard
	Now      func() time.Time         // nil = time.Now
}

// Service exports and imports chats.
type Service struct{ d Deps }

// New returns a service.
func New(d Deps) *Service {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.Title == nil {
		d.Title = func(string) string { return "" }
	}
	return &Service{d: d}
}

// ErrNotChats is returned for a file or folder in which there are no chats that Loam can read.
var ErrNotChats = errors.New("there are no chats in it that Loam can read")

// ErrExists is returned where an export would need a folder of a name that is taken.
var ErrExists = errors.New("there is something of that name already")

// Progress tells how far an export or import is. Total is 0 while it is not known.
type Progress struct {
	Chats, Total int
	Title        string // of the chat that was done last
}

// tell calls a progress function that may be nil.
func tell(f func(Progress), p Progress) {
	if f != nil {
		f(p)
	}
}

// modelTable finds models by what files name them.
type modelTable struct {
	byID   map[int64]backend.Model
	bySHA  map[string]int64
	byName map[string]int64
}

func (s *Service) models(ctx context.Context) (modelTable, error) {
	list, err := s.d.Store.Models(ctx, store.ModelQuery{})
	t := modelTable{byID: map[int64]backend.Model{}, bySHA: map[string]int64{}, byName: map[string]int64{}}
	for _, m := range list {
		t.byID[m.ID] = m
		if _, ok := t.bySHA[m.SHA256]; !ok && m.SHA256 != "" {
			t.bySHA[m.SHA256] = m.ID
		}
		if _, ok := t.byName[m.Name]; !ok {
			t.byName[m.Name] = m.ID
		}
	}
	return t, err
}

// ref names a model for a file; nil = none is meant.
func (t modelTable) ref(id int64) *modelRef {
	m, ok := t.byID[id]
	if !ok {
		return nil
	}
	return &modelRef{Name: m.Name, SHA256: m.SHA256}
}

// find is the model of this store that a file names; 0 = it is not here. A hash that is known here by nobody is another
// model, whatever its name.
func (t modelTable) find(r *modelRef) int64 {
	if r == nil {
		return 0
	}
	if r.SHA256 != "" {
		return t.bySHA[r.SHA256]
	}
	return t.byName[r.Name]
}
