package markdown

import (
	"bytes"
	"unicode/utf8"
)

// Bounds of a segment in bytes. Each is parsed on its own, in at most quadratic time: they bound the constant.
const (
	softSegment  = 4 << 10  // from here on a segment ends at the next line that starts at the margin
	tableSegment = 64 << 10 // a table may be so long, and nothing may be longer
	codeSegment  = 8 << 10  // code is not parsed; it is cut to be laid out piece by piece while it streams
	longLine     = 8 << 10  // a longer line is cut at the next space,
	longestLine  = 12 << 10 // or here
)

// splitter finds where segments end. It looks at whole lines only (and at lines that are too long), and never at what
// comes after the line in hand, so that its cuts do not depend on how the text arrives.
type splitter struct {
	buf    []byte // the open segment, from its first byte on
	pos    int    // start of the first line in buf that was not looked at
	code   fence  // the fence that the segment consists of; zero = the segment is not code
	more   bool   // the code goes on from the segment before
	inner  fence  // a fence inside a list or quote; zero = none is open
	list   bool   // the segment holds a list, which reaches over blank lines
	table  bool
	blank  bool // the line before was blank
	joins  bool // the segment goes on in the paragraph of the one before, which was cut for its length
	emit   func(segment)
	cutOff bool // the code is being cut for its length
	lang   string
}

// segment is a stretch of text that is parsed on its own.
type segment struct {
	text []byte
	code fence
	more bool   // code: goes on from the segment before
	long bool   // code: cut for its length
	lang string // code that goes on: its language

	joins bool // a paragraph at its beginning goes on from the segment before
}

// fence is the row of signs that opens a code block.
type fence struct {
	sign   byte
	length int
	indent int
}

// add takes more text and emits the segments that end in it.
func (s *splitter) add(text string) {
	s.buf = append(s.buf, text...)
	for s.pos < len(s.buf) {
		rest := s.buf[s.pos:]
		if end := bytes.IndexByte(rest[:min(len(rest), longestLine)], '\n'); end >= 0 && (end < longLine || s.code.sign != 0) {
			s.line(rest[:end])
			continue
		}
		if s.code.sign != 0 {
			end := bytes.IndexByte(rest, '\n')
			if end < 0 {
				return
			}
			s.line(rest[:end])
			continue
		}
		if !s.long(rest) {
			return
		}
	}
}

// line looks at one complete line (without its line feed) and moves on behind it.
func (s *splitter) line(line []byte) {
	next := s.pos + len(line) + 1
	if s.code.sign != 0 {
		s.pos = next
		if closes(line, s.code) {
			s.cut(next)
		} else if s.pos >= codeSegment {
			code, language := s.code, s.lang
			if !s.more {
				language = fenceLang(s.buf, code)
			}
			s.cutOff = true
			s.cut(next)
			s.code, s.more, s.lang = code, true, language
		}
		return
	}
	s.open(line)
	s.pos += len(line) + 1
	if s.code.sign == 0 && s.pos >= tableSegment {
		s.cut(s.pos)
	}
}

// long deals with a line that is too long, complete or not, and reports whether it moved on.
func (s *splitter) long(rest []byte) bool {
	if len(rest) < longLine {
		return false
	}
	end := -1
	if i := bytes.IndexAny(rest[longLine:min(len(rest), longestLine)], " \n"); i >= 0 {
		end = longLine + i + 1
	} else if len(rest) >= longestLine+utf8.UTFMax {
		end = longestLine
		for i := 0; i < utf8.UTFMax && !utf8.RuneStart(rest[end]); i++ {
			end++
		}
	}
	if end < 0 {
		return false
	}
	s.open(rest[:longLine])
	if s.code.sign != 0 { // a fence's info line of this length: take it as it is
		s.code = fence{}
	}
	s.cut(s.pos + end)
	s.joins = true
	return true
}

// open decides whether a segment ends before the line, and what the line does to the open one.
func (s *splitter) open(line []byte) {
	line = line[:min(len(line), longLine)]
	indent, body := margin(line)
	if len(body) == 0 {
		s.blank = true
		return
	}
	f, opens := opensFence(indent, body)
	item := indent <= 3 && isItem(body)
	nested := s.list && indent >= 2
	if s.inner.sign != 0 && s.list && indent == 0 {
		s.inner = fence{} // a list item ends here, and its code with it
	}
	if s.pos > 0 && s.endsBefore(indent, body, opens, item, nested) {
		joins := !s.blank && s.inner.sign == 0
		s.cut(s.pos)
		s.joins = joins
	}
	s.blank = false
	if s.pos == 0 {
		if opens && indent <= 3 {
			s.code = f
			return
		}
		s.list = item
		return
	}
	s.list = s.list || item
	s.table = s.table || isDelimiterRow(body)
	s.innerFence(line)
}

func (s *splitter) endsBefore(indent int, body []byte, opens, item, nested bool) bool {
	if s.inner.sign != 0 {
		return s.pos >= tableSegment
	}
	if s.pos >= softSegment && indent == 0 && !s.table {
		return true
	}
	if indent > 3 || nested {
		return false
	}
	if opens || body[0] == '#' && isHeading(body) {
		return true
	}
	return s.blank && !(s.list && item)
}

// innerFence follows code blocks inside of lists and quotes, so that blank lines in them do not end the segment.
func (s *splitter) innerFence(line []byte) {
	body := bytes.TrimLeft(line, " \t>")
	if isItem(body) {
		body = bytes.TrimLeft(bytes.TrimLeft(body, "-*+0123456789.)"), " \t")
	}
	if s.inner.sign != 0 {
		if closes(body, fence{s.inner.sign, s.inner.length, 0}) {
			s.inner = fence{}
		}
		return
	}
	if f, ok := opensFence(0, body); ok {
		s.inner = f
	}
}

// cut emits the first n bytes as a segment and starts another one.
func (s *splitter) cut(n int) {
	s.emit(segment{text: s.buf[:n], code: s.code, more: s.more, long: s.cutOff, lang: s.lang, joins: s.joins})
	s.buf = s.buf[n:]
	*s = splitter{buf: s.buf, emit: s.emit}
}

// margin returns how many columns a line is indented, and what follows.
func margin(line []byte) (indent int, body []byte) {
	for i, c := range line {
		switch c {
		case ' ':
			indent++
		case '\t':
			indent += 4 - indent%4
		default:
			return indent, bytes.TrimRight(line[i:], " \t\r")
		}
	}
	return indent, nil
}

func opensFence(indent int, body []byte) (fence, bool) {
	if len(body) < 3 || body[0] != '`' && body[0] != '~' {
		return fence{}, false
	}
	n := len(body) - len(bytes.TrimLeft(body, string(body[:1])))
	if n < 3 || body[0] == '`' && bytes.IndexByte(body[n:], '`') >= 0 {
		return fence{}, false
	}
	return fence{sign: body[0], length: n, indent: indent}, true
}

// closes says whether a line ends the code of a fence.
func closes(line []byte, f fence) bool {
	indent, body := margin(line)
	if indent > 3 || len(body) < f.length {
		return false
	}
	for _, c := range body {
		if c != f.sign {
			return false
		}
	}
	return true
}

// isItem says whether text starts like an item of a list. A row like "* * *" counts as one: nothing is lost by that.
func isItem(body []byte) bool {
	digits := 0
	for digits < len(body) && digits < 10 && '0' <= body[digits] && body[digits] <= '9' {
		digits++
	}
	rest := body[digits:]
	if len(rest) == 0 || digits == 10 {
		return false
	}
	sign := rest[0] == '-' || rest[0] == '*' || rest[0] == '+'
	if digits > 0 {
		sign = rest[0] == '.' || rest[0] == ')'
	}
	return sign && (len(rest) == 1 || rest[1] == ' ' || rest[1] == '\t')
}

func isHeading(body []byte) bool {
	rest := bytes.TrimLeft(body, "#")
	return len(body)-len(rest) <= 6 && (len(rest) == 0 || rest[0] == ' ' || rest[0] == '\t')
}

func isDelimiterRow(body []byte) bool {
	return len(bytes.Trim(body, "|-: \t")) == 0 && bytes.IndexByte(body, '-') >= 0 && bytes.IndexByte(body, '|') >= 0
}
