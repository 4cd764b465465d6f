package app

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"loam/backend"
	"loam/backend/engine/kvstate"
	"loam/store"
)

const (
	stateBudget   = 4000 // MB, where nobody chose
	stateKey      = "kv.key"
	stateKeyBytes = 32
)

// newStates makes the keeper of KV states. It writes nothing before a chat's context is saved.
func (a *App) newStates() *kvstate.Folder {
	return kvstate.New(kvstate.Deps{Dir: a.Folders.states(), Key: a.stateKey, Budget: a.StateBudget, Free: diskFree, Logger: a.log})
}

// StateBudget is how many bytes of disk the KV states of chats may take.
func (a *App) StateBudget(ctx context.Context) int64 {
	mb := stateBudget
	if _, err := a.Store.Setting(ctx, KeyStates, &mb); err != nil && ctx.Err() == nil {
		a.log.Warn("A setting could not be read", "key", KeyStates, "error", err)
	}
	return int64(max(0, mb)) * 1_000_000
}

// stateKey is the secret that proves that a state was written with this data folder. It is made when it is first needed.
func (a *App) stateKey(ctx context.Context) ([]byte, error) {
	read := func() ([]byte, error) {
		var text string
		if _, err := a.Store.Setting(ctx, stateKey, &text); err != nil {
			return nil, err
		}
		return hex.DecodeString(text)
	}
	a.keyMu.Lock()
	defer a.keyMu.Unlock()
	if a.key != nil {
		return a.key, nil
	}
	key, err := read()
	if err != nil || len(key) != stateKeyBytes {
		key = make([]byte, stateKeyBytes)
		_, _ = rand.Read(key) // never fails (crypto/rand)
		if err := a.Store.SetSetting(ctx, stateKey, hex.EncodeToString(key)); err != nil {
			return nil, fmt.Errorf("make a key for the states of chats: %w", err)
		}
		if key, err = read(); err != nil { // another process may have made one in the same moment
			return nil, fmt.Errorf("make a key for the states of chats: %w", err)
		}
	}
	a.key = key
	return key, nil
}

// sweepStates removes the KV states of chats that are gone, and what is over the budget.
func (a *App) sweepStates() {
	err := a.states.Sweep(a.base, func(id int64) (bool, error) {
		_, err := a.Store.Chat(a.base, id)
		if errors.Is(err, backend.ErrNotFound) {
			return false, nil
		}
		return true, err
	})
	if err != nil && a.base.Err() == nil {
		a.log.Warn("The states of chats could not be looked through", "error", err)
	}
}

// hashOf is the hash of a model's file, if it is known by now and the file is the one that was loaded.
func (a *App) hashOf(m backend.Model) string {
	now, err := a.Library.Get(context.WithoutCancel(a.base), m.ID)
	if err != nil || now.Path != m.Path || now.SizeBytes != m.SizeBytes || !now.ModTime.Equal(m.ModTime) {
		return ""
	}
	return now.SHA256
}

// Trashed is how many chats are in the trash.
func (a *App) Trashed(ctx context.Context) (int, error) {
	list, err := a.Store.Chats(ctx, store.ChatQuery{Trash: true})
	return len(list), err
}

// EmptyTrash deletes the chats in the trash for good, with all that belongs to them, and returns how many went.
func (a *App) EmptyTrash(ctx context.Context) (int, error) {
	return a.purge(ctx, time.Now().Add(time.Second))
}

// purge deletes the chats that were moved to the trash before a time, and what is kept of them beside the store.
func (a *App) purge(ctx context.Context, before time.Time) (int, error) {
	list, err := a.Store.Chats(ctx, store.ChatQuery{Trash: true})
	if err != nil {
		return 0, err
	}
	files, err := a.Store.AttachedSums(ctx)
	if err != nil {
		return 0, err
	}
	n, err := a.Store.PurgeTrash(ctx, before)
	if err != nil {
		return 0, err
	}
	err = a.Chats.ForgetFiles(ctx, files)
	for _, c := range list {
		if c.Deleted.Before(before) {
			err = errors.Join(err, a.states.Forget(c.ID))
		}
	}
	return n, err
}

// States says how many bytes the KV states of chats take on disk, and of how many chats they are.
func (a *App) States() (bytes int64, chats int, err error) { return a.states.Used() }

// ClearStates removes the KV states of all chats. Their words stay; they are only read anew when a chat goes on.
func (a *App) ClearStates() error { return a.states.Clear() }

// ForgetState removes the KV state of one chat.
func (a *App) ForgetState(chat int64) error { return a.states.Forget(chat) }
