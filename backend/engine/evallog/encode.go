package evallog

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxTokens bounds what UnmarshalBinary accepts: no context is that long.
const maxTokens = 1 << 24

var errFormat = errors.New("evaluation log: damaged")

// MarshalBinary writes the log: the number of calls, their sizes, then the tokens, all as unsigned varints.
func (l *Log) MarshalBinary() ([]byte, error) {
	b := make([]byte, 0, 8+2*len(l.cuts)+4*len(l.tokens))
	b = binary.AppendUvarint(b, uint64(len(l.cuts)))
	for _, c := range l.cuts {
		b = binary.AppendUvarint(b, uint64(c))
	}
	for _, t := range l.tokens {
		b = binary.AppendUvarint(b, uint64(uint32(t)))
	}
	return b, nil
}

// UnmarshalBinary reads what MarshalBinary wrote. It needs memory in proportion to len(b), whatever b claims.
func (l *Log) UnmarshalBinary(b []byte) error {
	next := func() (uint64, error) {
		v, n := binary.Uvarint(b)
		if n <= 0 {
			return 0, errFormat
		}
		b = b[n:]
		return v, nil
	}
	calls, err := next()
	if err != nil {
		return err
	}
	if calls > uint64(len(b)) {
		return fmt.Errorf("%w: %d calls in %d bytes", errFormat, calls, len(b))
	}
	cuts := make([]int, 0, calls)
	sum := uint64(0)
	for range calls {
		c, err := next()
		if err != nil {
			return err
		}
		if c == 0 || c > maxTokens || sum+c > maxTokens {
			return fmt.Errorf("%w: a call of %d tokens", errFormat, c)
		}
		sum += c
		cuts = append(cuts, int(c))
	}
	if sum > uint64(len(b)) {
		return fmt.Errorf("%w: %d tokens in %d bytes", errFormat, sum, len(b))
	}
	tokens := make([]int32, 0, sum)
	for range sum {
		t, err := next()
		if err != nil {
			return err
		}
		if t > 1<<31-1 {
			return fmt.Errorf("%w: token %d", errFormat, t)
		}
		tokens = append(tokens, int32(t))
	}
	if len(b) != 0 {
		return fmt.Errorf("%w: %d bytes too many", errFormat, len(b))
	}
	l.tokens, l.cuts = tokens, cuts
	return nil
}
