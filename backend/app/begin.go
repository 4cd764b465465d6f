package app

import (
	"context"
	"errors"
	"time"

	"loam/backend"
	"loam/backend/instance"
)

// How long a data folder may stay locked by a process that takes no files, and how often is looked again: one that was
// killed holds its lock until the system has taken it down, which takes a moment on a busy machine.
const (
	lockedFor   = 4 * time.Second
	lockedAgain = 150 * time.Millisecond
)

// Begin is New for a window. Where another one has the data folder, it gets the files, and handed says so: there is
// nothing to do then. backend.ErrLocked: the folder is held by a process that answers nobody.
func Begin(ctx context.Context, d Deps, files []string) (a *App, handed bool, err error) {
	for start := time.Now(); ; {
		if a, err = New(ctx, d); !errors.Is(err, backend.ErrLocked) {
			return a, false, err
		}
		hand := instance.Hand(ctx, d.Folders.Data, files)
		if hand == nil {
			return nil, true, nil
		}
		if time.Since(start) > lockedFor {
			return nil, false, errors.Join(err, hand)
		}
		select {
		case <-time.After(lockedAgain):
		case <-ctx.Done():
			return nil, false, context.Cause(ctx)
		}
	}
}
