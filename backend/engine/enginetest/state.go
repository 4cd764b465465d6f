package enginetest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"loam/backend/engine/evallog"
)

const (
	stateMagic = "LOAMFAKE"
	maxState   = 64 << 20
)

// SaveState writes the evaluation log and the history: all that a real engine's KV cache stands for here.
func (c *chat) SaveState(ctx context.Context, w io.Writer) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := c.trap(AtSave, 0, ""); err != nil {
		return err
	}
	b := binary.LittleEndian.AppendUint64([]byte(stateMagic), c.salt)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(c.history)))
	for _, h := range c.history {
		b = binary.LittleEndian.AppendUint64(b, h)
	}
	log, err := c.log.MarshalBinary()
	if err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	if _, err := w.Write(append(b, log...)); err != nil {
		return fmt.Errorf("save state: %w", err)
	}
	return nil
}

var errState = errors.New("not a state of this model")

// LoadState reads what SaveState wrote; on an error the cache stays as it was.
func (c *chat) LoadState(ctx context.Context, r io.Reader) error {
	if err := c.enter(); err != nil {
		return err
	}
	defer c.leave()
	b, err := io.ReadAll(io.LimitReader(r, maxState))
	if err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	const head = len(stateMagic) + 8 + 4
	if len(b) < head || string(b[:len(stateMagic)]) != stateMagic || binary.LittleEndian.Uint64(b[len(stateMagic):]) != c.salt {
		return fmt.Errorf("load state: %w", errState)
	}
	n := int(binary.LittleEndian.Uint32(b[len(stateMagic)+8:]))
	b = b[head:]
	if n > len(b)/8 {
		return fmt.Errorf("load state: %w", errState)
	}
	history := make([]uint64, n)
	for i := range history {
		history[i] = binary.LittleEndian.Uint64(b[8*i:])
	}
	var log evallog.Log
	if err := log.UnmarshalBinary(b[8*n:]); err != nil {
		return fmt.Errorf("load state: %w", err)
	}
	if log.Calls() != n || log.Len() > c.info.Context {
		return fmt.Errorf("load state: %w", errState)
	}
	c.log, c.history = log, history
	return nil
}
