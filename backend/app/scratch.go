package app

import (
	"context"
	"errors"
	"fmt"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/backend/instance"
	"loam/backend/library"
	"loam/store"
)

// Scratch are conversations that leave nothing behind: the same service over a store of its own in memory. It uses the App's engines and models.
type Scratch struct {
	Chats *chat.Service
	Bus   *event.Bus // of its own: its messages have numbers of their own

	store *store.Store
}

// Scratch makes one in which chats without a model of their own use m. Close it before the App.
func (a *App) Scratch(ctx context.Context, m backend.Model) (_ *Scratch, err error) {
	s := &Scratch{Bus: event.NewBus()}
	defer func() {
		if err != nil {
			err = fmt.Errorf("begin a chat that is not kept: %w", errors.Join(err, s.Close(ctx)))
		}
	}()
	if s.store, err = store.Open(ctx, store.Options{Memory: true, Logger: a.log}); err != nil {
		return nil, err
	}
	s.Chats = chat.New(chat.Deps{
		Store: s.store, Engines: engines{a}, Models: oneModel{a.Library, m}, Bus: s.Bus, Logger: a.log,
		Owner: instance.Self(), Alive: instance.Alive, Context: a.contextWish, Files: a.files, Reader: a.fileReader(),
		Meaning: nearness{a.Meaning},
	})
	return s, nil
}

// Close ends the replies that run and deletes everything.
func (s *Scratch) Close(ctx context.Context) error {
	var errs []error
	if s.Chats != nil {
		errs = append(errs, s.Chats.Close(ctx))
	}
	s.Bus.Close()
	if s.store != nil {
		errs = append(errs, s.store.Close())
	}
	return errors.Join(errs...)
}

// oneModel makes one model the default.
type oneModel struct {
	*library.Library
	model backend.Model
}

// Default implements chat.Models.
func (o oneModel) Default(context.Context) (backend.Model, error) { return o.model, nil }
