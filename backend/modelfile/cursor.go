package modelfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"loam/backend"
)

// Limits of reading, whatever a file says about itself.
const (
	windowBytes  = 256 << 10 // what one read asks for, and the longest piece that can be looked at whole
	readBudget   = 160 << 20 // all reads of one file together; real headers end below 30 MB
	keptBudget   = 16 << 20  // all text and numbers kept of one header
	maxTemplate  = 1 << 20   // a chat template
	maxText      = 256 << 10 // any other text that is kept
	maxKeyBytes  = 4 << 10
	maxNameBytes = 1 << 10 // a tensor's name
)

// cursor reads forward through a file in windows. It never allocates more than one window, refuses to pass the end of the
// file, and gives up when a header makes it read more than any real one needs.
type cursor struct {
	r      io.ReaderAt
	size   int64
	pos    int64
	window []byte
	at     int64 // file offset of window[0]
	read   int64 // bytes asked of r so far
}

func newCursor(r io.ReaderAt, size int64) *cursor { return &cursor{r: r, size: size} }

func (c *cursor) left() int64 { return c.size - c.pos }

// peek gives the next n bytes without passing them; they are valid until the next call. n <= windowBytes.
func (c *cursor) peek(n int) ([]byte, error) {
	if int64(n) > c.left() {
		return nil, endsInHeader()
	}
	if off := c.pos - c.at; off >= 0 && off+int64(n) <= int64(len(c.window)) {
		return c.window[off : off+int64(n)], nil
	}
	if c.window == nil {
		c.window = make([]byte, 0, min(windowBytes, c.size))
	}
	want := min(int64(cap(c.window)), c.left())
	if c.read += want; c.read > readBudget {
		return nil, faultf("its header is larger than that of any real model: it is damaged, or made to do harm")
	}
	w := c.window[:want]
	if _, err := c.r.ReadAt(w, c.pos); err != nil && !errors.Is(err, io.EOF) {
		return nil, faultf("it cannot be read: %s", osReason(err))
	} else if err != nil {
		return nil, faultf("it became shorter while it was read")
	}
	c.window, c.at = w, c.pos
	return w[:n], nil
}

func (c *cursor) take(n int) ([]byte, error) {
	b, err := c.peek(n)
	if err == nil {
		c.pos += int64(n)
	}
	return b, err
}

// skip passes n bytes without reading them.
func (c *cursor) skip(n int64) error {
	if n < 0 || n > c.left() {
		return endsInHeader()
	}
	c.pos += n
	return nil
}

func (c *cursor) u32() (uint32, error) {
	b, err := c.take(4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(b), nil
}

func (c *cursor) u64() (uint64, error) {
	b, err := c.take(8)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint64(b), nil
}

// faultf makes the error of every reader here: what is wrong with the file, as one clause.
func faultf(format string, args ...any) error {
	return &backend.BadFile{Reason: fmt.Sprintf(format, args...)}
}

func endsInHeader() error {
	return faultf("it ends in the middle of its header: download it again")
}
