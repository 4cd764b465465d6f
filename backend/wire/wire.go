// Package wire is the language between the window's process and its engine child: frames on two private pipes. A frame
// is a length (u32, little-endian, of what follows the kind), a kind (u8) and a payload: JSON for everything with
// fields, bare bytes for what is big (logits, KV states). backend/worker speaks it on the parent's side, backend/runner
// on the child's.
//
// Both sides distrust each other's bytes: every length is checked against the limit of its kind before memory is taken,
// an unknown kind is an error, and a Reader never returns a partial frame. A Reader belongs to one goroutine; a Writer
// may be used by several, a frame is never torn.
package wire

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Kind says what a frame holds.
type Kind uint8

// The kinds of frames. The child's first frame is a Hello; after it the parent sends one Request at a time and reads
// Events, Data and Wants until the Reply.
const (
	KindHello   Kind = 1 // child: Hello
	KindRequest Kind = 2 // parent: Request
	KindCancel  Kind = 3 // parent: Cancel; ignored when that request is already answered
	KindReply   Kind = 4 // child: Reply, ends a request
	KindEvent   Kind = 5 // child: Event of the running request
	KindData    Kind = 6 // both: bytes of the running request; an empty frame ends the parent's stream
	KindWant    Kind = 7 // child: ready for one more Data frame; no payload
)

// Limits of a payload in bytes.
const (
	MaxJSON = 16 << 20 // a prompt of a million tokens is 7 MB
	MaxData = 1 << 20
)

// Errors of a Reader and a Writer. A stream that ends between two frames is io.EOF, within one io.ErrUnexpectedEOF.
var (
	ErrTooLong = errors.New("frame is longer than its kind allows")
	ErrKind    = errors.New("frame of an unknown kind")
)

const headSize = 5

// limit is the longest payload of a kind.
func limit(k Kind) (int, error) {
	switch k {
	case KindHello, KindRequest, KindCancel, KindReply, KindEvent:
		return MaxJSON, nil
	case KindData:
		return MaxData, nil
	case KindWant:
		return 0, nil
	}
	return 0, fmt.Errorf("%w: %d", ErrKind, uint8(k))
}

// Frame is one frame as it was read. Payload is valid until the next call of Next.
type Frame struct {
	Kind    Kind
	Payload []byte
}

// Decode reads the payload of a JSON frame into v.
func (f Frame) Decode(v any) error {
	if err := json.Unmarshal(f.Payload, v); err != nil {
		return fmt.Errorf("frame of kind %d: %w", uint8(f.Kind), err)
	}
	return nil
}

// Reader reads frames.
type Reader struct {
	r    io.Reader
	head [headSize]byte
	buf  []byte
}

// NewReader returns a Reader of r. It never reads further than the frame that is asked for.
func NewReader(r io.Reader) *Reader { return &Reader{r: r} }

// Next reads one frame. After an error the stream is of no more use.
func (r *Reader) Next() (Frame, error) {
	if _, err := io.ReadFull(r.r, r.head[:]); err != nil {
		return Frame{}, err // io.EOF only when not one byte came
	}
	size, kind := binary.LittleEndian.Uint32(r.head[:4]), Kind(r.head[4])
	most, err := limit(kind)
	if err != nil {
		return Frame{}, err
	}
	if uint64(size) > uint64(most) {
		return Frame{}, fmt.Errorf("%w: %d bytes of kind %d", ErrTooLong, size, uint8(kind))
	}
	if err := r.fill(int(size)); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return Frame{}, err
	}
	return Frame{kind, r.buf[:size]}, nil
}

// fill reads n bytes into the buffer and takes memory only as they come: a length alone costs the other side nothing.
func (r *Reader) fill(n int) error {
	const step = 64 << 10
	for have := 0; have < n; {
		k := min(n-have, max(step, cap(r.buf)-have))
		if have+k > cap(r.buf) {
			grown := make([]byte, have+k, min(max(have+k, 2*cap(r.buf)), max(n, step)))
			copy(grown, r.buf[:have])
			r.buf = grown
		}
		r.buf = r.buf[:have+k]
		m, err := io.ReadFull(r.r, r.buf[have:])
		have += m
		if err != nil {
			return err
		}
	}
	return nil
}

// Writer writes frames, each with one call of Write on the stream below.
type Writer struct {
	mu  sync.Mutex
	w   io.Writer
	buf []byte
}

// NewWriter returns a Writer to w.
func NewWriter(w io.Writer) *Writer { return &Writer{w: w} }

// JSON writes v as a frame of a JSON kind.
func (w *Writer) JSON(k Kind, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("frame of kind %d: %w", uint8(k), err)
	}
	return w.Bytes(k, b)
}

// Bytes writes a frame with this payload.
func (w *Writer) Bytes(k Kind, payload []byte) error {
	most, err := limit(k)
	if err != nil {
		return err
	}
	if len(payload) > most {
		return fmt.Errorf("%w: %d bytes of kind %d", ErrTooLong, len(payload), uint8(k))
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.buf = binary.LittleEndian.AppendUint32(w.buf[:0], uint32(len(payload)))
	w.buf = append(append(w.buf, byte(k)), payload...)
	_, err = w.w.Write(w.buf)
	if cap(w.buf) > 2*MaxData {
		w.buf = nil // one long prompt should not be paid for ever
	}
	return err
}

// Stream returns an io.Writer that cuts what it is given into Data frames.
func (w *Writer) Stream() io.Writer { return stream{w} }

type stream struct{ w *Writer }

func (s stream) Write(p []byte) (int, error) {
	done := 0
	for done < len(p) {
		n := min(len(p)-done, MaxData)
		if err := s.w.Bytes(KindData, p[done:done+n]); err != nil {
			return done, err
		}
		done += n
	}
	return done, nil
}
