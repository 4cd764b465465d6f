// Package kvstate keeps the KV states of chats in files, so that a chat that is opened again goes on without reading all
// of itself. One file per chat and model, a budget for all of them, the least recently used goes first. It is a cache: whatever
// goes wrong costs time and nothing else.
//
// backend/residency saves and loads through it; app wires it and forgets the chats that are deleted. An engine's C code
// trusts the bytes of a state, so a file is used only when it says what it was made with, that is what is running now, and
// a code over all of it (HMAC-SHA-256 with a key of this data folder) proves that this program wrote it. Anything else is
// removed. A Folder may be used from any goroutine, and several processes may share its folder.
package kvstate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"
)

// A file is: magic, the length of the head (u32, little-endian), the head as JSON, the engine's bytes, the code over all
// that.
const (
	magic   = "LOAMKVF\x01"
	maxHead = 16 << 20
	ending  = ".kv"
	partial = ".tmp"
	// reserve is what a state never takes of a disk: the rest is for words.
	reserve = 1 << 30
	// abandoned is the age of a partial file that nobody writes any more.
	abandoned = time.Minute
)

// Head says what a state is.
type Head struct {
	Chat     int64  `json:"chat"`
	Model    string `json:"model"`    // SHA-256 of its file in hex: a chat has one state per model
	Identity string `json:"identity"` // all else that the bits depend on: engine, settings
	Tokens   int    `json:"tokens"`   // that it covers
	Note     []byte `json:"note,omitempty"`
}

// Deps is what a Folder is made of. Dir and Key are required.
type Deps struct {
	Dir    string
	Key    func(ctx context.Context) ([]byte, error) // secret of the data folder
	Budget func(ctx context.Context) int64           // bytes for all states; nil = no limit, 0 = keep none
	Free   func(dir string) int64                    // bytes free on the disk; nil or 0 = not known
	Logger *slog.Logger                              // nil = discard
}

// Folder is the states of one data folder.
type Folder struct {
	d   Deps
	log *slog.Logger

	mu        sync.Mutex
	forgotten map[int64]bool // chats that are gone, should one be saved at this moment
	cleared   int            // how often
}

// Errors of Save that say why nothing was kept.
var (
	ErrTooLarge = errors.New("the state is larger than the room for it")
	ErrNoRoom   = errors.New("the disk is nearly full")
)

// New makes a Folder. Nothing is written before the first Save.
func New(d Deps) *Folder {
	f := &Folder{d: d, log: d.Logger, forgotten: map[int64]bool{}}
	if f.log == nil {
		f.log = slog.New(slog.DiscardHandler)
	}
	return f
}

// path is the file of a state. Its name takes part of a hash for the model: all of it stands in the head.
func (f *Folder) path(chat int64, model string) string {
	sum := sha256.Sum256([]byte(model))
	return filepath.Join(f.d.Dir, fmt.Sprintf("%d-%x%s", chat, sum[:6], ending))
}

// Save keeps what write writes as the state of a chat with a model, in the place of an older one. Others make room for it. When it
// fails, the older one is still there.
func (f *Folder) Save(ctx context.Context, h Head, write func(io.Writer) error) error {
	if err := f.save(ctx, h, write); err != nil {
		return fmt.Errorf("keep the state of chat %d: %w", h.Chat, err)
	}
	return nil
}

func (f *Folder) save(ctx context.Context, h Head, write func(io.Writer) error) (err error) {
	budget := f.budget(ctx)
	if budget == 0 {
		return nil
	}
	f.mu.Lock()
	cleared := f.cleared
	f.mu.Unlock()
	key, err := f.d.Key(ctx)
	if err != nil {
		return err
	}
	head, err := json.Marshal(h)
	if err != nil {
		return err
	}
	if len(head) > maxHead {
		return ErrTooLarge
	}
	if err := os.MkdirAll(f.d.Dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(f.d.Dir, strconv.FormatInt(h.Chat, 10)+"-*"+partial) // for its owner's eyes only
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			tmp.Close()
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	code := hmac.New(sha256.New, key)
	out := &bounded{ctx: ctx, w: io.MultiWriter(tmp, code), most: budget - sha256.Size, free: f.free}
	start := append(binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head))), head...)
	if _, err := out.Write(start); err != nil {
		return err
	}
	if err := write(out); err != nil {
		return err
	}
	// No fsync: a file that a pulled plug leaves in pieces is noticed and costs no more than a missing one.
	if _, err := tmp.Write(code.Sum(nil)); err != nil {
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.forgotten[h.Chat] || f.cleared != cleared {
		return os.Remove(tmp.Name())
	}
	f.makeRoom(budget-out.done-sha256.Size, f.path(h.Chat, h.Model))
	now := time.Now()
	_ = os.Chtimes(tmp.Name(), now, now) // the system's own time of a file is a tick old, and may come before that of a use
	return os.Rename(tmp.Name(), f.path(h.Chat, h.Model))
}

func (f *Folder) budget(ctx context.Context) int64 {
	if f.d.Budget == nil {
		return math.MaxInt64
	}
	return max(0, f.d.Budget(ctx))
}

func (f *Folder) free() int64 {
	if f.d.Free == nil {
		return 0
	}
	return f.d.Free(f.d.Dir)
}

// bounded ends a write that takes more than there is room for, or that nobody waits for any more.
type bounded struct {
	ctx        context.Context
	w          io.Writer
	most, done int64
	looked     int64 // done when the disk was last asked
	free       func() int64
}

func (b *bounded) Write(p []byte) (int, error) {
	const every = 64 << 20
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if int64(len(p)) > b.most-b.done {
		return 0, ErrTooLarge
	}
	if b.done == 0 || b.done-b.looked >= every {
		b.looked = b.done
		if free := b.free(); free > 0 && free < reserve {
			return 0, ErrNoRoom
		}
	}
	n, err := b.w.Write(p)
	b.done += int64(n)
	return n, err
}
