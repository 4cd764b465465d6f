package library

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"loam/backend"
	"loam/backend/event"
)

const (
	hashChunk = 1 << 20
	hashSave  = 4 << 30  // how far hashing gets before its state is stored
	hashWorth = 16 << 20 // how much must be new for its state to be stored when it is stopped
)

// hashJob is one model being hashed.
type hashJob struct {
	cancel context.CancelFunc
	done   int64
	total  int64
}

// hashState is unfinished hashing of a file with this stamp: the bytes done and the state of the hash after them.
type hashState struct {
	Stamp stamp  `json:"stamp"`
	Done  int64  `json:"done"`
	State []byte `json:"state"`
}

// Hashing tells how far the background hashing of a model is, 0 to 1; false when it is not being hashed.
func (l *Library) Hashing(id int64) (float64, bool) {
	l.hashMu.Lock()
	defer l.hashMu.Unlock()
	job, ok := l.hashing[id]
	if !ok || job.total == 0 {
		return 0, ok
	}
	return float64(job.done) / float64(job.total), true
}

func (l *Library) cancelHash(id int64) {
	l.hashMu.Lock()
	defer l.hashMu.Unlock()
	if job, ok := l.hashing[id]; ok {
		job.cancel()
	}
}

// SHA256 gives the hash of a model's file, computing it now where it is not known: lower-case hex, of all parts in order.
func (l *Library) SHA256(ctx context.Context, id int64) (string, error) {
	m, err := l.store.Model(ctx, id)
	if err != nil || m.SHA256 != "" {
		return m.SHA256, err
	}
	return l.hashModel(ctx, m)
}

// hashAll hashes every model that has no hash yet, one at a time, until Close. It runs on a thread of its own that gives
// way to everything else, unless the library is eager.
func (l *Library) hashAll() {
	if !l.eager {
		giveWay()
	}
	for {
		m, ok := l.unhashed(l.ctx)
		if !ok {
			if m, mod, ok := l.doubtful(l.ctx); ok {
				if err := l.resolveDoubt(l.ctx, m, mod); err != nil && l.ctx.Err() == nil {
					l.hashMu.Lock()
					l.skip[m.ID] = stamp{m.SizeBytes, mod.UnixMilli()}
					l.hashMu.Unlock()
					l.log.Warn("Could not compare a model", "model", m.ID, "error", err)
				}
				continue
			}
			select {
			case <-l.ctx.Done():
				return
			case <-l.wake:
			}
			continue
		}
		if _, err := l.hashModel(l.ctx, m); err != nil && l.ctx.Err() == nil {
			l.hashMu.Lock()
			l.skip[m.ID] = stampOf(m)
			l.hashMu.Unlock()
			if !errors.Is(err, context.Canceled) {
				l.log.Warn("Could not hash a model", "model", m.ID, "error", err)
			}
		}
	}
}

// unhashed finds the oldest model to hash.
func (l *Library) unhashed(ctx context.Context) (backend.Model, bool) {
	if ctx.Err() != nil {
		return backend.Model{}, false
	}
	list, err := l.installed(ctx)
	if err != nil {
		if ctx.Err() == nil {
			l.log.Error("Could not look for models to hash", "error", err)
		}
		return backend.Model{}, false
	}
	l.hashMu.Lock()
	defer l.hashMu.Unlock()
	list = slices.DeleteFunc(list, func(m backend.Model) bool {
		s, skipped := l.skip[m.ID]
		return m.SHA256 != "" || m.State == backend.ModelMissing || m.State == backend.ModelIncomplete ||
			m.State == backend.ModelChanged || skipped && s == stampOf(m)
	})
	if len(list) == 0 {
		return backend.Model{}, false
	}
	return slices.MinFunc(list, func(a, b backend.Model) int { return a.Added.Compare(b.Added) }), true
}

// hashModel hashes the file of a model and stores the result, provided that the file did not change meanwhile.
func (l *Library) hashModel(ctx context.Context, m backend.Model) (string, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	job := &hashJob{cancel: cancel, total: m.SizeBytes}
	l.hashMu.Lock()
	l.hashing[m.ID] = job
	l.hashMu.Unlock()
	defer func() {
		l.hashMu.Lock()
		defer l.hashMu.Unlock()
		if l.hashing[m.ID] == job {
			delete(l.hashing, m.ID)
		}
	}()
	parts := partsOf(m)
	if size, mod, err := measure(parts); err != nil || (stamp{size, mod.UnixMilli()}) != stampOf(m) {
		return "", fmt.Errorf("hash %s: its file is gone or changed: %w", m.Name, errors.Join(l.RecheckModel(ctx, m.ID), err))
	}
	sum, err := l.resume(ctx, m, parts, job)
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", m.Name, err)
	}
	if size, mod, err := measure(parts); err != nil || (stamp{size, mod.UnixMilli()}) != stampOf(m) {
		return "", fmt.Errorf("hash %s: its file changed while it was read: %w", m.Name, errors.Join(l.RecheckModel(ctx, m.ID), err))
	}
	_, err = l.update(ctx, m.ID, func(now *backend.Model) bool {
		if stampOf(*now) != stampOf(m) || now.Path != m.Path {
			return false
		}
		now.SHA256 = sum
		return true
	})
	return sum, err
}

// resume hashes the parts from where an earlier run ended. When it is cancelled it stores how far it came.
func (l *Library) resume(ctx context.Context, m backend.Model, parts []string, job *hashJob) (string, error) {
	key := perModel(m.ID, "hash")
	h := sha256.New()
	var old hashState
	found, err := l.store.Setting(ctx, key, &old)
	if err != nil {
		return "", err
	}
	done := int64(0)
	if found && old.Stamp == stampOf(m) && old.Done <= m.SizeBytes {
		if err := h.(encoding.BinaryUnmarshaler).UnmarshalBinary(old.State); err == nil {
			done = old.Done
		} else {
			h.Reset()
		}
	}
	save := func(at int64) {
		state, err := h.(encoding.BinaryMarshaler).MarshalBinary()
		if err == nil {
			err = l.store.SetSetting(context.WithoutCancel(ctx), key, hashState{stampOf(m), at, state})
		}
		if err != nil {
			l.log.Warn("Could not store how far hashing came", "model", m.ID, "error", err)
		}
	}
	saved := done
	fed, err := hashParts(ctx, h, parts, done, func(at int64) {
		l.hashMu.Lock()
		job.done = at
		l.hashMu.Unlock()
		if l.bus != nil {
			l.bus.Publish(event.ModelProgress{ModelID: m.ID, Done: at, Total: m.SizeBytes})
		}
		if at-saved >= hashSave {
			save(at)
			saved = at
		}
	})
	if err != nil {
		if ctx.Err() != nil && fed-saved >= hashWorth {
			save(fed)
		}
		return "", err
	}
	if found || saved > 0 {
		if err := l.store.SetSetting(ctx, key, nil); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// sum hashes files that have no entry yet.
func (l *Library) sum(ctx context.Context, parts []string) (string, error) {
	h := sha256.New()
	if _, err := hashParts(ctx, h, parts, 0, func(int64) {}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// hashParts feeds the files, one after the other, from byte skip of them all on. It tells how far it is between
// two writes to h, and returns of how many bytes h is the hash, also when it fails.
func hashParts(ctx context.Context, h hash.Hash, parts []string, skip int64, progress func(fed int64)) (int64, error) {
	buf := make([]byte, hashChunk)
	var before int64 // bytes of the parts before this one
	fed := skip
	for _, part := range parts {
		size, err := hashPart(ctx, h, part, max(0, skip-before), buf, func(n int) {
			fed += int64(n)
			progress(fed)
		})
		if err != nil {
			return fed, err
		}
		before += size
	}
	progress(fed)
	return fed, nil
}

// hashPart feeds one file from byte skip on and gives its whole size.
func hashPart(ctx context.Context, h hash.Hash, path string, skip int64, buf []byte, fed func(n int)) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if skip >= info.Size() {
		return info.Size(), nil
	}
	if _, err := f.Seek(skip, io.SeekStart); err != nil {
		return 0, err
	}
	for {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		fed(n)
		switch {
		case errors.Is(err, io.EOF):
			return info.Size(), nil
		case err != nil:
			return 0, err
		}
	}
}
