package modelfile

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// scanner reads JSON of a safetensors header token by token from a cursor, so that memory does not depend on what the
// header holds: texts are cut at a limit while they are read.
type scanner struct {
	c    *cursor
	end  int64 // file offset after the JSON
	text []byte
}

func damagedHeader() error { return faultf("its header is no valid JSON: it is damaged") }

// peek gives the next byte that is not blank, 0 at the end.
func (s *scanner) peek() (byte, error) {
	for s.c.pos < s.end {
		chunk, err := s.c.peek(int(min(4<<10, s.end-s.c.pos)))
		if err != nil {
			return 0, err
		}
		for n, b := range chunk {
			if b != ' ' && b != '\t' && b != '\r' && b != '\n' {
				s.c.pos += int64(n)
				return b, nil
			}
		}
		s.c.pos += int64(len(chunk))
	}
	return 0, nil
}

// expect passes one punctuation mark.
func (s *scanner) expect(mark byte) error {
	b, err := s.peek()
	if err != nil {
		return err
	}
	if b != mark {
		return damagedHeader()
	}
	s.c.pos++
	return nil
}

// more says whether another element follows in a list or object that closes with mark; it passes commas and the mark.
func (s *scanner) more(first bool, mark byte) (bool, error) {
	b, err := s.peek()
	if err != nil {
		return false, err
	}
	switch {
	case b == mark:
		s.c.pos++
		return false, nil
	case first:
		return true, nil
	case b != ',':
		return false, damagedHeader()
	}
	s.c.pos++
	if b, err = s.peek(); err != nil || b == mark {
		return false, damagedHeader()
	}
	return true, nil
}

func (s *scanner) next() (byte, error) {
	if s.c.pos >= s.end {
		return 0, damagedHeader()
	}
	b, err := s.c.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// str reads a text and gives its first most bytes (cut between runes), and whether that is all of it.
func (s *scanner) str(most int) (text string, whole bool, err error) {
	if err := s.expect('"'); err != nil {
		return "", false, err
	}
	s.text, whole = s.text[:0], true
	keep := func(part []byte) { // single bytes of ASCII, cut where the room ends
		if room := most - len(s.text); whole && len(part) > room {
			s.text, whole = append(s.text, part[:room]...), false
		} else if whole {
			s.text = append(s.text, part...)
		}
	}
	put := func(r rune) { // a whole rune or nothing
		if whole = whole && len(s.text)+utf8.RuneLen(r) <= most; whole {
			s.text = utf8.AppendRune(s.text, r)
		}
	}
	for {
		plain, err := s.plain()
		if err != nil {
			return "", false, err
		}
		keep(plain)
		b, err := s.next()
		switch {
		case err != nil:
			return "", false, err
		case b == '"':
			return string(s.text), whole, nil
		case b < 0x20:
			return "", false, damagedHeader()
		case b == '\\':
			r, err := s.escape()
			if err != nil {
				return "", false, err
			}
			put(r)
		case b < utf8.RuneSelf:
			put(rune(b))
		default:
			r, err := s.wide(b)
			if err != nil {
				return "", false, err
			}
			put(r)
		}
	}
}

// plain passes over letters that stand for themselves, in steps that a window holds, and gives them.
func (s *scanner) plain() ([]byte, error) {
	chunk, err := s.c.peek(int(min(4<<10, s.end-s.c.pos)))
	if err != nil {
		return nil, err
	}
	n := 0
	for n < len(chunk) && chunk[n] >= 0x20 && chunk[n] < utf8.RuneSelf && chunk[n] != '"' && chunk[n] != '\\' {
		n++
	}
	s.c.pos += int64(n)
	return chunk[:n], nil
}

// wide reads the rest of a rune of several bytes; broken encoding becomes one replacement rune per byte.
func (s *scanner) wide(first byte) (rune, error) {
	n := 2
	switch {
	case first >= 0xF0:
		n = 4
	case first >= 0xE0:
		n = 3
	}
	if s.c.pos+int64(n-1) > s.end {
		return utf8.RuneError, nil
	}
	rest, err := s.c.peek(n - 1)
	if err != nil {
		return 0, err
	}
	buf := [4]byte{first}
	copy(buf[1:], rest)
	r, size := utf8.DecodeRune(buf[:n])
	if size == n {
		s.c.pos += int64(n - 1)
	}
	return r, nil
}

func (s *scanner) escape() (rune, error) {
	b, err := s.next()
	if err != nil {
		return 0, err
	}
	switch b {
	case '"', '\\', '/':
		return rune(b), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, err := s.hex()
		if err != nil || !utf16.IsSurrogate(r) || s.c.pos+6 > s.end {
			return valid(r), err
		}
		if low, err := s.c.peek(2); err != nil || low[0] != '\\' || low[1] != 'u' {
			return utf8.RuneError, err
		}
		before := s.c.pos
		s.c.pos += 2
		low, err := s.hex()
		whole := utf16.DecodeRune(r, low)
		if err == nil && whole == utf8.RuneError {
			s.c.pos = before // the second one stands for itself
		}
		return valid(whole), err
	}
	return 0, damagedHeader()
}

func valid(r rune) rune {
	if !utf8.ValidRune(r) {
		return utf8.RuneError
	}
	return r
}

func (s *scanner) hex() (rune, error) {
	if s.c.pos+4 > s.end {
		return 0, damagedHeader()
	}
	b, err := s.c.take(4)
	if err != nil {
		return 0, err
	}
	var r rune
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, damagedHeader()
		}
	}
	return r, nil
}

// integer reads a number that must be whole and not negative.
func (s *scanner) integer() (int64, error) {
	if _, err := s.peek(); err != nil {
		return 0, err
	}
	digits := make([]byte, 0, 20)
	for s.c.pos < s.end {
		b, err := s.c.peek(1)
		if err != nil {
			return 0, err
		}
		if b[0] < '0' || b[0] > '9' {
			break
		}
		if len(digits) == 19 {
			return 0, faultf("its header has an impossible number: it is damaged")
		}
		digits = append(digits, b[0])
		s.c.pos++
	}
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil {
		return 0, faultf("its header has something else where a size or place should be: it is damaged")
	}
	return n, nil
}

// object reads an object: each is called after a key (cut at most bytes) and its colon, and reads the value.
func (s *scanner) object(most int, each func(key string) error) error {
	if err := s.expect('{'); err != nil {
		return err
	}
	for first := true; ; first = false {
		more, err := s.more(first, '}')
		if err != nil || !more {
			return err
		}
		key, _, err := s.str(most)
		if err != nil {
			return err
		}
		if err := s.expect(':'); err != nil {
			return err
		}
		if err := each(key); err != nil {
			return err
		}
	}
}

// skipValue passes over a value that nests at most so deep.
func (s *scanner) skipValue(depth int) error {
	b, err := s.peek()
	switch {
	case err != nil:
		return err
	case depth == 0:
		return damagedHeader()
	case b == '"':
		_, _, err := s.str(0)
		return err
	case b == '{':
		return s.object(0, func(string) error { return s.skipValue(depth - 1) })
	case b == '[':
		s.c.pos++
		for first := true; ; first = false {
			more, err := s.more(first, ']')
			if err != nil || !more {
				return err
			}
			if err := s.skipValue(depth - 1); err != nil {
				return err
			}
		}
	}
	for n := 0; ; n++ { // a number or a word
		c, err := s.peekByte()
		if err != nil || n > 64 {
			return damagedHeader()
		}
		if strings.IndexByte("+-.0123456789eEtrufalsn", c) < 0 {
			if n == 0 {
				return damagedHeader()
			}
			return nil
		}
		s.c.pos++
	}
}

// peekByte gives the next byte, 0 at the end.
func (s *scanner) peekByte() (byte, error) {
	if s.c.pos >= s.end {
		return 0, nil
	}
	b, err := s.c.peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}
