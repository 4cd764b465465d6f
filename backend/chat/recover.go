package chat

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loam/backend"
	"loam/backend/event"
	"loam/store"
)

const (
	beatGap    = 5 * time.Second // between two heartbeats, while a reply runs, and two tries to store what could not be
	recoverGap = time.Minute     // between two looks for replies of dead processes
)

// Recover marks the running replies of dead processes as interrupted and returns them. Call it once at start; the
// service looks again from time to time, because another process may die at any moment.
func (s *Service) Recover(ctx context.Context) ([]backend.Message, error) {
	list, err := s.store.MarkInterrupted(ctx, func(o backend.Owner) bool { return s.isSelf(o) || s.alive(o) })
	if err != nil {
		return nil, fmt.Errorf("recover replies: %w", err)
	}
	for _, m := range list {
		s.bus.Deliver(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, Revision: m.Revision, State: m.State})
	}
	return list, nil
}

// beat tells that this process is alive while it writes, stores what could not be stored before, tells about the chats that
// another process changed, and looks for the replies of processes that died, until Close.
func (s *Service) beat() {
	beats := time.NewTicker(beatGap)
	defer beats.Stop()
	recovered := time.Now()
	var look store.Look
	for {
		look = s.tellElsewhere(look)
		select {
		case <-s.base.Done():
			return
		case <-beats.C:
		}
		s.mu.Lock()
		writes := len(s.running) > 0
		s.mu.Unlock()
		if writes {
			if err := s.store.Heartbeat(s.base, s.owner); err != nil && s.base.Err() == nil {
				s.log.Warn("The heartbeat could not be stored", "error", err)
			}
		}
		s.settleAll(s.base)
		if time.Since(recovered) >= recoverGap {
			recovered = time.Now()
			if _, err := s.Recover(s.base); err != nil && s.base.Err() == nil {
				s.log.Warn("Replies of dead processes could not be looked for", "error", err)
			}
		}
	}
}

// tellElsewhere tells about the chats that the command line, say, has imported or written since the last look.
func (s *Service) tellElsewhere(last store.Look) store.Look {
	next, ids, err := s.store.ChangedElsewhere(s.base, last)
	if err != nil && s.base.Err() == nil {
		s.log.Warn("What another process changed could not be looked for", "error", err)
	}
	for _, id := range ids {
		s.bus.Deliver(event.ChatChanged{ChatID: id})
	}
	return next
}

// settleAll stores the ends of replies that could not be stored when they ended, and returns how many still cannot.
func (s *Service) settleAll(ctx context.Context) (left int) {
	s.mu.Lock()
	ids := make([]int64, 0, len(s.rest))
	for id := range s.rest {
		ids = append(ids, id)
	}
	s.mu.Unlock()
	for _, id := range ids {
		if err := s.settle(ctx, id); err != nil {
			left++
		}
	}
	return left
}

// settle stores the end of one such reply. Where nothing is left to store it does nothing.
func (s *Service) settle(ctx context.Context, messageID int64) error {
	s.mu.Lock()
	f, found := s.rest[messageID]
	kept := s.unsaved[messageID]
	delete(s.rest, messageID) // while it is being stored; so it is stored once
	s.mu.Unlock()
	if !found {
		return nil
	}
	m, err := s.store.FinishReply(ctx, messageID, f)
	if errors.Is(err, store.ErrNotRunning) { // somebody took this process for dead
		if _, err = s.store.TakeReply(ctx, messageID, s.owner); err == nil {
			m, err = s.store.FinishReply(ctx, messageID, f)
		}
	}
	s.mu.Lock()
	if err != nil && !errors.Is(err, backend.ErrNotFound) {
		s.rest[messageID] = f
		s.mu.Unlock()
		return err
	}
	delete(s.unsaved, messageID)
	s.mu.Unlock()
	if err != nil {
		s.log.Warn("A reply was deleted before its end could be stored", "message", messageID)
		return err
	}
	s.bus.Deliver(event.MessageChanged{ChatID: kept.ChatID, MessageID: messageID, Revision: m.Revision, State: m.State})
	return nil
}

// Close stops the running replies, which stay interrupted with all their words so that Resume is offered, stores what
// could not be stored before, and ends the service. ctx bounds the wait for an engine that does not answer.
func (s *Service) Close(ctx context.Context) error {
	s.mu.Lock()
	s.closing = true
	runs := make([]*run, 0, len(s.busy))
	for _, r := range s.busy {
		runs = append(runs, r)
	}
	s.mu.Unlock()
	for _, r := range runs {
		r.cancel(errClosing)
	}
	s.endBase()
	s.unwatch()
	ended := make(chan struct{})
	go func() { // ends with the last goroutine that the service owns
		s.owned.Wait()
		close(ended)
	}()
	var err error
	select {
	case <-ended:
	case <-ctx.Done():
		err = fmt.Errorf("close chats: %w", ctx.Err())
	}
	if left := s.settleAll(context.WithoutCancel(ctx)); left > 0 {
		err = errors.Join(err, fmt.Errorf("close chats: the ends of %d replies could not be stored", left))
	}
	return err
}
