package kvstate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// entry is a file of the folder.
type entry struct {
	path string
	chat int64 // 0 = not a state
	size int64
	used time.Time
}

// list reads the folder. A folder that is not there is empty.
func (f *Folder) list() ([]entry, error) {
	files, err := os.ReadDir(f.d.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var list []entry
	for _, file := range files {
		info, err := file.Info()
		if err != nil || info.IsDir() {
			continue // gone meanwhile, or nothing of ours
		}
		e := entry{path: filepath.Join(f.d.Dir, file.Name()), size: info.Size(), used: info.ModTime()}
		if name, ok := strings.CutSuffix(file.Name(), ending); ok {
			chat, _, _ := strings.Cut(name, "-")
			if id, err := strconv.ParseInt(chat, 10, 64); err == nil && id > 0 {
				e.chat = id
			}
		}
		list = append(list, e)
	}
	return list, nil
}

// isAbandoned says whether a file is the rest of a Save whose process died.
func (e entry) isAbandoned() bool {
	return strings.HasSuffix(e.path, partial) && time.Since(e.used) > abandoned
}

// makeRoom removes what was used longest ago until the others take at most room bytes. f.mu is held.
func (f *Folder) makeRoom(room int64, except string) {
	list, err := f.list()
	if err != nil {
		return
	}
	var used int64
	list = slices.DeleteFunc(list, func(e entry) bool {
		if e.isAbandoned() {
			f.remove(e)
			return true
		}
		if e.chat == 0 || e.path == except {
			return true
		}
		used += e.size
		return false
	})
	slices.SortFunc(list, func(a, b entry) int { return a.used.Compare(b.used) })
	for _, e := range list {
		if used <= room {
			return
		}
		f.remove(e)
		used -= e.size
	}
}

func (f *Folder) remove(e entry) {
	if err := os.Remove(e.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.log.Warn("The state of a chat could not be removed", "chat", e.chat, "error", err)
	}
}

// Forget removes the states of a chat that is gone for good, also one that is being saved at this moment.
func (f *Folder) Forget(chat int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.forgotten[chat] = true
	list, err := f.list()
	for _, e := range list {
		if e.chat != chat {
			continue
		}
		if gone := os.Remove(e.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = cmp.Or(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("remove the states of chat %d: %w", chat, err)
	}
	return nil
}

// Sweep removes what processes that died left behind, the states of chats that exists does not know, and what is over
// the budget.
func (f *Folder) Sweep(ctx context.Context, exists func(chat int64) (bool, error)) error {
	list, err := f.list()
	if err != nil {
		return fmt.Errorf("look through the states of chats: %w", err)
	}
	for _, e := range list {
		if e.isAbandoned() {
			f.remove(e)
		}
		if e.chat == 0 {
			continue
		}
		known, err := exists(e.chat)
		if err != nil {
			return fmt.Errorf("look through the states of chats: %w", err)
		}
		if !known {
			f.remove(e)
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.makeRoom(f.budget(ctx), "")
	return nil
}

// Used says how many bytes the states take, and of how many chats they are.
func (f *Folder) Used() (bytes int64, chats int, err error) {
	list, err := f.list()
	of := map[int64]bool{}
	for _, e := range list {
		bytes += e.size
		if e.chat != 0 {
			of[e.chat] = true
		}
	}
	return bytes, len(of), err
}

// Clear removes all states, also one that is being saved at this moment.
func (f *Folder) Clear() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleared++
	list, err := f.list()
	for _, e := range list {
		if e.chat == 0 && !e.isAbandoned() {
			continue // somebody writes it
		}
		if gone := os.Remove(e.path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
			err = cmp.Or(err, gone)
		}
	}
	if err != nil {
		return fmt.Errorf("remove the states of chats: %w", err)
	}
	return nil
}
