//go:build !nonative

package llama

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"

	"loam/backend/engine/evallog"
)

// A saved state is: stateMagic, then three parts (what it was made with, the evaluation log, the engine's own bytes), each
// a u64 length (little-endian) and as many bytes, then the CRC-32C of all that, u32. The engine's bytes are checked
// before the engine sees them: it trusts them.
const stateMagic = "LOAMKV\x00\x01"

// maxStatePart bounds a part that is read into memory before its sum is known: 64 GiB, more than any cache here.
const maxStatePart = 1 << 36

var errState = errors.New("the saved state is damaged")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// SaveState implements engine.Chat.
func (c *chat) SaveState(ctx context.Context, w io.Writer) error {
	end, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	log, err := c.log.MarshalBinary()
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	sum := crc32.New(castagnoli)
	out := io.MultiWriter(&ctxWriter{ctx, w}, sum)
	write := func(err error, parts ...[]byte) error {
		for _, p := range parts {
			if err == nil {
				_, err = out.Write(p)
			}
		}
		return err
	}
	part := func(err error, b []byte) error {
		return write(err, binary.LittleEndian.AppendUint64(nil, uint64(len(b))), b)
	}
	err = part(part(write(nil, []byte(stateMagic)), []byte(c.print())), log)
	if err == nil && c.log.Len() > 0 {
		err = c.h.state(func(b []byte) error { return part(nil, b) })
	} else {
		err = part(err, nil) // an empty cache has no bytes
	}
	if err = write(err, binary.LittleEndian.AppendUint32(nil, sum.Sum32())); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

// ctxWriter ends a long write when ctx ends.
type ctxWriter struct {
	ctx context.Context
	w   io.Writer
}

func (w *ctxWriter) Write(p []byte) (n int, err error) {
	const step = 1 << 20
	for len(p) > 0 {
		if err := w.ctx.Err(); err != nil {
			return n, err
		}
		m, err := w.w.Write(p[:min(step, len(p))])
		n += m
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}

// LoadState implements engine.Chat. When it fails, the cache is as it was, or empty.
func (c *chat) LoadState(ctx context.Context, r io.Reader) error {
	end, err := c.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	log, state, err := readState(ctx, r, c.print())
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	if log.Len() > c.info.Context {
		return fmt.Errorf("load state: it holds %d tokens and the context has room for %d", log.Len(), c.info.Context)
	}
	c.clear()
	if log.Len() == 0 {
		return nil
	}
	if err := c.h.setState(state); err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	if c.h.pos() != log.Len() {
		c.clear()
		return fmt.Errorf("load state: %w", errState)
	}
	c.log = log
	return nil
}

// readState reads and checks a saved state. Memory grows with what is really read, whatever the lengths claim.
func readState(ctx context.Context, r io.Reader, print string) (evallog.Log, []byte, error) {
	sum := crc32.New(castagnoli)
	in := io.TeeReader(&ctxReader{ctx, r}, sum)
	magic := make([]byte, len(stateMagic))
	if _, err := io.ReadFull(in, magic); err != nil {
		return evallog.Log{}, nil, damaged(err)
	}
	if string(magic) != stateMagic {
		return evallog.Log{}, nil, errState
	}
	made, err := readPart(in)
	if err != nil {
		return evallog.Log{}, nil, err
	}
	if string(made) != print {
		return evallog.Log{}, nil, errors.New("it was saved with another model or other settings")
	}
	logBytes, err := readPart(in)
	if err != nil {
		return evallog.Log{}, nil, err
	}
	state, err := readPart(in)
	if err != nil {
		return evallog.Log{}, nil, err
	}
	if err := checkSum(&ctxReader{ctx, r}, sum); err != nil {
		return evallog.Log{}, nil, err
	}
	var log evallog.Log
	if err := log.UnmarshalBinary(logBytes); err != nil {
		return evallog.Log{}, nil, err
	}
	return log, state, nil
}

func checkSum(r io.Reader, sum hash.Hash32) error {
	var b [4]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return damaged(err)
	}
	if binary.LittleEndian.Uint32(b[:]) != sum.Sum32() {
		return errState
	}
	return nil
}

func readPart(r io.Reader) ([]byte, error) {
	var b [8]byte
	if _, err := io.ReadFull(r, b[:]); err != nil {
		return nil, damaged(err)
	}
	n := binary.LittleEndian.Uint64(b[:])
	if n > maxStatePart {
		return nil, errState
	}
	var buf bytes.Buffer
	if _, err := io.CopyN(&buf, r, int64(n)); err != nil {
		return nil, damaged(err)
	}
	return buf.Bytes(), nil
}

// damaged tells a state that ends too early from a reader that failed.
func damaged(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errState
	}
	return err
}

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
