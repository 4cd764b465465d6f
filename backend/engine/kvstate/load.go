package kvstate

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

var (
	errDamaged = errors.New("it is damaged, or not of this data folder")
	errForeign = errors.New("it was made with another engine or other settings")
)

// Load hands the state of a chat with a model to read, if there is a good one made with identity, and says whether read took
// it. A file that is not good, and one that read fails on, is removed; after an end of ctx it stays.
func (f *Folder) Load(ctx context.Context, chat int64, model, identity string, read func(Head, io.Reader) error) (found bool, err error) {
	path := f.path(chat, model)
	err = f.load(ctx, path, func(h Head, r io.Reader) error {
		if h.Chat != chat || h.Model != model || h.Identity != identity {
			return errForeign
		}
		return read(h, r)
	})
	switch {
	case err == nil:
		now := time.Now()
		_ = os.Chtimes(path, now, now) // the order of going, no more
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	}
	f.log.Info("The state of a chat is not used", "chat", chat, "error", err)
	if gone := os.Remove(path); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, gone)
	}
	return false, fmt.Errorf("use the state of chat %d: %w", chat, err)
}

// load checks a file, all of it, and then hands out the engine's part.
func (f *Folder) load(ctx context.Context, path string, use func(Head, io.Reader) error) error {
	before, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !before.Mode().IsRegular() {
		return errDamaged // not opened: it could wait for ever
	}
	if before.Size() > f.budget(ctx) {
		return ErrTooLarge
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	key, err := f.d.Key(ctx)
	if err != nil {
		return err
	}
	h, body, err := check(ctx, file, key)
	if err != nil {
		return err
	}
	return use(h, &ctxReader{ctx, body})
}

// check reads a file once from end to end. Memory follows what is there, whatever the lengths claim.
func check(ctx context.Context, file *os.File, key []byte) (h Head, body *io.SectionReader, err error) {
	info, err := file.Stat()
	if err != nil {
		return h, nil, err
	}
	const start = int64(len(magic)) + 4
	end := info.Size() - sha256.Size
	var lead [start]byte
	if end < start {
		return h, nil, errDamaged
	}
	if _, err := file.ReadAt(lead[:], 0); err != nil {
		return h, nil, err
	}
	size := int64(binary.LittleEndian.Uint32(lead[len(magic):]))
	if !bytes.HasPrefix(lead[:], []byte(magic)) || size > maxHead || size > end-start {
		return h, nil, errDamaged
	}
	code := hmac.New(sha256.New, key)
	if _, err := io.CopyBuffer(code, &ctxReader{ctx, io.NewSectionReader(file, 0, end)}, make([]byte, 1<<20)); err != nil {
		return h, nil, err
	}
	var want [sha256.Size]byte
	if _, err := file.ReadAt(want[:], end); err != nil {
		return h, nil, err
	}
	if !hmac.Equal(want[:], code.Sum(nil)) {
		return h, nil, errDamaged
	}
	head := make([]byte, size)
	if _, err := file.ReadAt(head, start); err != nil {
		return h, nil, err
	}
	if err := json.Unmarshal(head, &h); err != nil {
		return h, nil, errDamaged
	}
	return h, io.NewSectionReader(file, start+size, end-start-size), nil
}

// ctxReader ends a long read when ctx ends.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (r *ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
