package library

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loam/backend"
)

// watch looks at the files again and again: disks are plugged in and out, and other programs move and finish files.
func (l *Library) watch(every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		if err := l.Recheck(l.ctx); err != nil && l.ctx.Err() == nil {
			l.log.Warn("The models could not be checked", "error", err)
		}
	}
}

// completeParts takes a split model in again whose missing parts are there now.
func (l *Library) completeParts(ctx context.Context, m backend.Model) error {
	f, err := l.look(m.Path)
	var bad *backend.BadFile
	if errors.As(err, &bad) {
		_, err = l.update(ctx, m.ID, func(now *backend.Model) bool {
			was := now.Reason
			now.Reason = bad.Reason
			return was != now.Reason
		})
		return err
	}
	if err != nil {
		return err
	}
	_, err = l.take(ctx, f, AddOptions{})
	return err
}

// doubtful finds a model whose file was written to since it was hashed without changing its size: most often it was only
// touched, or its time was set back by a copy.
func (l *Library) doubtful(ctx context.Context) (m backend.Model, mod time.Time, ok bool) {
	list, err := l.installed(ctx)
	if err != nil {
		return m, mod, false
	}
	l.hashMu.Lock()
	defer l.hashMu.Unlock()
	for _, m := range list {
		if m.State != backend.ModelChanged || m.SHA256 == "" {
			continue
		}
		size, mod, err := measure(partsOf(m))
		if err != nil || size != m.SizeBytes {
			continue
		}
		if s, skipped := l.skip[m.ID]; skipped && s == (stamp{size, mod.UnixMilli()}) {
			continue
		}
		return m, mod, true
	}
	return m, mod, false
}

// resolveDoubt hashes the file again: with the hash that is known the model is what it was.
func (l *Library) resolveDoubt(ctx context.Context, m backend.Model, mod time.Time) error {
	sum, err := l.sum(ctx, partsOf(m))
	if err != nil {
		return fmt.Errorf("compare %s: %w", m.Name, err)
	}
	if sum != m.SHA256 {
		l.hashMu.Lock()
		l.skip[m.ID] = stamp{m.SizeBytes, mod.UnixMilli()}
		l.hashMu.Unlock()
		return nil
	}
	as := m
	as.ModTime = mod
	l.settle(ctx, as)
	state, reason := l.verifiedState(ctx, m)
	now, err := l.update(ctx, m.ID, func(now *backend.Model) bool {
		if now.State != backend.ModelChanged || now.SHA256 != sum {
			return false
		}
		now.ModTime, now.State, now.Reason = mod, state, reason
		return true
	})
	if err != nil {
		return err
	}
	if state == backend.ModelReady {
		return l.store.SetSetting(ctx, perModel(m.ID, "verified"), stampOf(now))
	}
	return nil
}
