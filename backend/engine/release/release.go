// Package release decides which text of a growing reply may be shown. Tokens are pieces of bytes: a piece can end in the
// middle of a rune, and it can begin what turns out to be a stop string. A Text holds such tails back until they are
// decided. What it has released depends only on the bytes given and on the stop strings, never on how the bytes were cut
// into tokens, so a reply that is continued after a crash goes on exactly where its shown text ended.
//
// Every engine driver uses it, the fake one included. A Text belongs to one goroutine.
package release

import (
	"strings"
	"unicode/utf8"
)

// Text turns the pieces of one reply into released text.
type Text struct {
	stops   []string
	bytes   []byte // an unfinished rune
	held    string // complete runes that may yet become part of a stop string
	stopped bool
}

// New starts a reply. Empty stop strings are ignored.
func New(stops []string) *Text {
	t := &Text{}
	for _, s := range stops {
		if s != "" {
			t.stops = append(t.stops, s)
		}
	}
	return t
}

// Add takes the bytes of the next token and returns what they release. The stop string itself and what follows it in the
// same token are dropped. After stopped, Add returns nothing more. Bytes that are not UTF-8 become U+FFFD, one each.
func (t *Text) Add(piece []byte) (text string, stopped bool) {
	if t.stopped {
		return "", true
	}
	t.bytes = append(t.bytes, piece...)
	t.held += t.decode(false)
	if at := t.find(); at >= 0 {
		t.stopped = true
		text, t.held, t.bytes = t.held[:at], "", nil
		return text, true
	}
	keep := t.undecided()
	text, t.held = t.held[:len(t.held)-keep], t.held[len(t.held)-keep:]
	return text, false
}

// Flush ends the reply: it returns what is held back, an unfinished rune as U+FFFD per byte.
func (t *Text) Flush() string {
	if t.stopped {
		return ""
	}
	text := t.held + t.decode(true)
	t.held, t.stopped = "", true
	return text
}

// Stopped says whether a stop string ended the reply.
func (t *Text) Stopped() bool { return t.stopped }

// decode takes the complete runes out of t.bytes; at the end also what can no longer become one.
func (t *Text) decode(end bool) string {
	var b strings.Builder
	p := t.bytes
	for len(p) > 0 && (end || utf8.FullRune(p)) {
		r, n := utf8.DecodeRune(p)
		b.WriteRune(r) // RuneError for a byte that starts no rune
		p = p[n:]
	}
	t.bytes = append(t.bytes[:0], p...)
	return b.String()
}

// find returns where the released text ends because a stop string is complete, -1 if none is. The stop string that is
// complete first wins (the longer of two that end together): that is the choice a byte-wise reader would make, and
// therefore independent of the cut into tokens.
func (t *Text) find() int {
	begin, end := -1, 0
	for _, s := range t.stops {
		i := strings.Index(t.held, s)
		if i < 0 {
			continue
		}
		if e := i + len(s); begin < 0 || e < end || e == end && i < begin {
			begin, end = i, e
		}
	}
	return begin
}

// undecided is the length of the longest tail of held that a stop string begins with.
func (t *Text) undecided() int {
	longest := 0
	for _, s := range t.stops {
		for n := min(len(s)-1, len(t.held)); n > longest; n-- {
			if t.held[len(t.held)-n:] == s[:n] {
				longest = n
				break
			}
		}
	}
	return longest
}
