package attach

import (
	"strconv"

	"github.com/ledongthuc/pdf"
)

const maxContent = 32 << 20 // bytes of a page or form, unpacked

// operand is what an operator of a content stream works on (ISO 32000-1, 7.8.2): a number, a text, a name, or a list. Other
// things are kept as empty texts.
type operand struct {
	number float64
	text   string
	name   string
	isText bool
	list   []operand
}

// contentOf reads the bytes of a content stream, or of several that count as one.
func contentOf(v pdf.Value) []byte {
	if v.Kind() != pdf.Array {
		return streamOf(v)
	}
	var all []byte
	for i := range min(v.Len(), 10000) {
		all = append(append(all, streamOf(v.Index(i))...), '\n')
		if len(all) > maxContent {
			break
		}
	}
	return all
}

func streamOf(v pdf.Value) (data []byte) {
	if v.Kind() != pdf.Stream {
		return nil
	}
	defer func() { _ = recover() }() // the library panics on a damaged stream: what came before counts
	r := v.Reader()
	defer r.Close()
	buffer := make([]byte, 64<<10)
	for len(data) <= maxContent {
		n, err := r.Read(buffer)
		data = append(data, buffer[:n]...)
		if err != nil || n == 0 {
			break
		}
	}
	return data
}

// lexer takes a content stream apart. It always goes forward, so that it ends whatever the bytes are.
type lexer struct {
	data []byte
	at   int
}

// interpret calls do for each operator with its operands.
func interpret(data []byte, do func(op string, args []operand)) {
	l := lexer{data: data}
	var args []operand
	for {
		o, op, ok := l.next(0)
		switch {
		case !ok:
			return
		case op == "BI":
			l.skipPicture()
			args = args[:0]
		case op != "":
			do(op, args)
			args = args[:0]
		case len(args) < 64:
			args = append(args, o)
		}
	}
}

func isSpace(c byte) bool {
	return c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == '\f' || c == 0
}

func isDelimiter(c byte) bool {
	switch c {
	case '(', ')', '<', '>', '[', ']', '{', '}', '/', '%':
		return true
	}
	return false
}

// next reads an operand or an operator; false at the end.
func (l *lexer) next(depth int) (o operand, op string, ok bool) {
	for l.at < len(l.data) {
		switch c := l.data[l.at]; {
		case isSpace(c):
			l.at++
		case c == '%':
			for l.at < len(l.data) && l.data[l.at] != '\n' && l.data[l.at] != '\r' {
				l.at++
			}
		case c == '(':
			return operand{text: l.literal(), isText: true}, "", true
		case c == '<' && l.at+1 < len(l.data) && l.data[l.at+1] == '<':
			l.at += 2
			return l.until(">>", depth), "", true
		case c == '<':
			return operand{text: l.hex(), isText: true}, "", true
		case c == '[':
			l.at++
			return l.until("]", depth), "", true
		case c == '/':
			l.at++
			return operand{name: l.word()}, "", true
		case isDelimiter(c):
			l.at++
			if c == '>' && l.at < len(l.data) && l.data[l.at] == '>' {
				l.at++
				return operand{}, ">>", true
			}
			return operand{}, string(c), true
		default:
			w := l.word()
			if c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' {
				n, err := strconv.ParseFloat(w, 64)
				if err == nil {
					return operand{number: n}, "", true
				}
				return operand{}, "", true
			}
			return operand{}, w, true
		}
	}
	return operand{}, "", false
}

// until reads a list up to its end.
func (l *lexer) until(end string, depth int) operand {
	const deepest, longest = 20, 1 << 16
	var list operand
	for depth < deepest {
		o, op, ok := l.next(depth + 1)
		if !ok || op == end {
			break
		}
		if op == "" && len(list.list) < longest {
			list.list = append(list.list, o)
		}
	}
	return list
}

// word reads up to a space or a delimiter, at least one byte.
func (l *lexer) word() string {
	start := l.at
	for l.at < len(l.data) && !isSpace(l.data[l.at]) && !isDelimiter(l.data[l.at]) {
		l.at++
	}
	return string(l.data[start:l.at])
}

// literal reads a text in brackets with its escapes (7.3.4.2).
func (l *lexer) literal() string {
	var out []byte
	depth := 1
	for l.at++; l.at < len(l.data); l.at++ {
		c := l.data[l.at]
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				l.at++
				return string(out)
			}
		case '\\':
			if l.at++; l.at >= len(l.data) {
				return string(out)
			}
			switch c = l.data[l.at]; c {
			case 'n':
				c = '\n'
			case 'r':
				c = '\r'
			case 't':
				c = '\t'
			case 'b':
				c = '\b'
			case 'f':
				c = '\f'
			case '\r':
				if l.at+1 < len(l.data) && l.data[l.at+1] == '\n' {
					l.at++
				}
				continue
			case '\n':
				continue
			case '0', '1', '2', '3', '4', '5', '6', '7':
				n := 0
				for k := 0; k < 3 && l.at < len(l.data) && l.data[l.at] >= '0' && l.data[l.at] <= '7'; k++ {
					n = n*8 + int(l.data[l.at]-'0')
					l.at++
				}
				l.at--
				c = byte(n)
			}
		}
		out = append(out, c)
	}
	return string(out)
}

// hex reads a text in hexadecimal digits (7.3.4.3).
func (l *lexer) hex() string {
	var out []byte
	half, odd := byte(0), false
	for l.at++; l.at < len(l.data); l.at++ {
		c := l.data[l.at]
		var d byte
		switch {
		case c == '>':
			l.at++
			if odd {
				out = append(out, half<<4)
			}
			return string(out)
		case c >= '0' && c <= '9':
			d = c - '0'
		case c >= 'a' && c <= 'f':
			d = c - 'a' + 10
		case c >= 'A' && c <= 'F':
			d = c - 'A' + 10
		default:
			continue
		}
		if odd {
			out = append(out, half<<4|d)
		}
		half, odd = d, !odd
	}
	return string(out)
}

// skipPicture goes behind a picture that stands in the content itself (8.9.7).
func (l *lexer) skipPicture() {
	for l.at+2 < len(l.data) {
		if isSpace(l.data[l.at]) && l.data[l.at+1] == 'E' && l.data[l.at+2] == 'I' && (l.at+3 == len(l.data) || isSpace(l.data[l.at+3])) {
			l.at += 3
			return
		}
		l.at++
	}
	l.at = len(l.data)
}
