package transfer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"time"
)

// The bounds of what is read.
const (
	maxLine     = 256 << 20 // a line of ours, or a chat of another program, in bytes
	maxNesting  = 1000      // brackets in brackets
	maxMessages = 500_000   // of one chat
	maxFiles    = 200_000   // that an archive or folder is looked through for
	maxFolders  = 8         // folders in folders
	maxRead     = 16 << 30  // bytes of one import after unpacking
	maxPicture  = 256 << 20 // bytes
	maxIndex    = 64 << 20  // of an archive's list of files, in bytes
)

// What can be wrong with a piece of a file. After errTooLong and errTooDeep reading goes on behind the piece.
var (
	errTooLong = fmt.Errorf("it is longer than %d MB", maxLine>>20)
	errTooDeep = errors.New("it is nested too deeply")
	errCut     = errors.New("the file ends in the middle of it")
	errNoJSON  = errors.New("it is no JSON")
)

// values reads JSON values out of a stream one at a time: the elements of an array, or values that follow each other. It
// looks for their ends only; whether they are JSON is for a decoder to say.
type values struct {
	r       *bufio.Reader
	array   bool
	started bool
	limit   int
	buf     []byte
}

func newValues(r *bufio.Reader) *values { return &values{r: r, limit: maxLine} }

// next returns the next value; it holds until the next call. io.EOF means that there is none.
func (v *values) next() ([]byte, error) {
	c, err := v.skip()
	if err != nil {
		return nil, err
	}
	if !v.started {
		v.started = true
		if c == '[' {
			v.array = true
			if c, err = v.skip(); err != nil {
				return nil, cutOff(err)
			}
		}
	} else if v.array && c == ',' {
		if c, err = v.skip(); err != nil {
			return nil, cutOff(err)
		}
	}
	if v.array && c == ']' {
		return nil, io.EOF
	}
	return v.value(c)
}

// cutOff is the end of a file where there should be more.
func cutOff(err error) error {
	if errors.Is(err, io.EOF) {
		return errCut
	}
	return err
}

// skip returns the next byte that is no white space.
func (v *values) skip() (byte, error) {
	for {
		c, err := v.r.ReadByte()
		if err != nil {
			return 0, err
		}
		if c != ' ' && c != '\t' && c != '\n' && c != '\r' {
			return c, nil
		}
	}
}

// value reads to the end of the value that begins with c.
func (v *values) value(c byte) ([]byte, error) {
	v.buf = v.buf[:0]
	var problem error
	keep := func(c byte) {
		if len(v.buf) >= v.limit {
			problem = errTooLong
			return
		}
		v.buf = append(v.buf, c)
	}
	depth, inString := 0, false
	for {
		keep(c)
		switch {
		case inString && c == '\\':
			next, err := v.r.ReadByte()
			if err != nil {
				return nil, cutOff(err)
			}
			keep(next)
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			if depth++; depth > maxNesting && problem == nil {
				problem = errTooDeep
			}
		case c == '}' || c == ']':
			depth--
		}
		if !inString && depth <= 0 {
			if c == '}' || c == ']' || c == '"' {
				break
			}
			// A number or a word ends before what cannot be part of it.
			following, err := v.r.Peek(1)
			if err != nil || bytes.IndexByte([]byte(" \t\r\n,]}[{\""), following[0]) >= 0 {
				break
			}
		}
		var err error
		if c, err = v.r.ReadByte(); err != nil {
			return nil, cutOff(err)
		}
	}
	if problem != nil {
		return nil, problem
	}
	return v.buf, nil
}

// lineReader reads lines of bounded length.
type lineReader struct {
	r   *bufio.Reader
	buf []byte
}

// next returns the next line without its end; it holds until the next call. A line that is too long is skipped.
func (l *lineReader) next() ([]byte, error) {
	l.buf = l.buf[:0]
	tooLong := false
	for {
		part, err := l.r.ReadSlice('\n')
		if tooLong = tooLong || len(l.buf)+len(part) > maxLine; !tooLong {
			l.buf = append(l.buf, part...)
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && !errors.Is(err, io.EOF):
			return nil, err
		case err != nil && len(l.buf) == 0 && !tooLong:
			return nil, io.EOF
		case tooLong:
			return nil, errTooLong
		}
		return bytes.TrimRight(l.buf, "\r\n"), nil
	}
}

// loose is a JSON object of another program. What is missing or of another type than was expected reads as empty: one odd
// field must not cost a chat.
type loose map[string]json.RawMessage

func object(raw json.RawMessage) loose {
	var o loose
	if len(raw) == 0 || json.Unmarshal(raw, &o) != nil {
		return nil
	}
	return o
}

func (o loose) object(key string) loose { return object(o[key]) }

func (o loose) list(key string) []json.RawMessage {
	var list []json.RawMessage
	if raw := o[key]; len(raw) == 0 || json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

func (o loose) text(key string) string {
	s, _ := plainText(o[key])
	return s
}

func (o loose) number(key string) float64 {
	var n float64
	if raw := o[key]; len(raw) == 0 || json.Unmarshal(raw, &n) != nil {
		return 0
	}
	return n
}

func (o loose) count(key string) int {
	if n := o.number(key); n > 0 && n < math.MaxInt32 {
		return int(n)
	}
	return 0
}

// flag is a boolean; second is whether it is there.
func (o loose) flag(key string) (value, there bool) {
	raw := o[key]
	if len(raw) == 0 || json.Unmarshal(raw, &value) != nil || string(raw) == "null" {
		return false, false
	}
	return value, true
}

// plainText is a JSON string.
func plainText(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 || raw[0] != '"' || json.Unmarshal(raw, &s) != nil {
		return "", false
	}
	return s, true
}

// seconds is a length of time in seconds.
func seconds(n float64) time.Duration {
	if n <= 0 || n > 1e9 || math.IsNaN(n) {
		return 0
	}
	return time.Duration(n * float64(time.Second))
}

// moment is a time that another program wrote in seconds or in milliseconds; zero where it says none or nonsense.
func moment(n float64) time.Time {
	if math.IsNaN(n) || n <= 0 || n > latestMillis {
		return time.Time{}
	}
	if n < 1e11 { // as milliseconds that would be before 1974, as seconds it is before the year 5138
		n *= 1000
	}
	return fromMillis(int64(math.Round(n)))
}
