package markdown

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"
)

// Doc is Markdown that grows. The zero value is an empty document.
type Doc struct {
	split  splitter
	all    []Block
	stable int // how many of all belong to finished segments
	read   int // bytes of the open segment that are in all[stable:]
}

// Parse reads a whole document.
func Parse(text string) []Block {
	var d Doc
	d.Append(text)
	return d.Blocks()
}

// Append adds text at the end. It takes time in proportion to the text, except that the last segment is parsed when
// Blocks is called next.
func (d *Doc) Append(text string) {
	if text == "" {
		return
	}
	if len(text) >= longText {
		d.appendLong(text)
		return
	}
	d.split.emit = func(s segment) {
		d.all = appendSegment(d.all[:d.stable], s)
		d.stable, d.read = len(d.all), 0
	}
	d.split.add(text)
}

// longText is from where on the segments of a text are parsed side by side, as when a long reply is opened.
const longText = 64 << 10

// appendLong is Append with as many goroutines as there are processors; segments do not depend on each other.
func (d *Doc) appendLong(text string) {
	var segments []segment
	d.split.emit = func(s segment) { segments = append(segments, s) }
	d.split.add(text)
	parsed := make([][]Block, len(segments))
	var next atomic.Int64
	var parsers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(segments)) {
		parsers.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(segments); i = int(next.Add(1)) - 1 {
				parsed[i] = appendSegment(nil, segments[i])
			}
		})
	}
	parsers.Wait()
	if len(segments) > 0 {
		d.all, d.read = slices.Concat(append([][]Block{d.all[:d.stable]}, parsed...)...), 0
		d.stable = len(d.all)
	}
}

// Blocks returns all blocks. The first Stable of them are the same ones in later calls; the slice itself is the
// document's, to be read before the next Append.
func (d *Doc) Blocks() []Block {
	if d.read != len(d.split.buf) {
		tail := segment{text: d.split.buf, code: d.split.code, more: d.split.more, lang: d.split.lang, joins: d.split.joins}
		d.all = appendSegment(d.all[:d.stable], tail)
		d.read = len(d.split.buf)
	}
	return d.all
}

// Stable returns how many blocks will never change again.
func (d *Doc) Stable() int { return d.stable }

// Verbatim reads text as a person typed it: every character and line end stands, only fenced code is code.
func Verbatim(text string) []Block {
	var out []Block
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	fences := fenceEnds(lines)
	from := 0 // first line of the open paragraph
	for i := 0; i < len(lines); i++ {
		end := fences[i]
		if end == 0 {
			continue
		}
		out = appendVerbatim(out, lines[from:i])
		_, body := margin([]byte(lines[i]))
		info := strings.TrimLeft(string(body), string(body[:1]))
		out = append(out, Block{Kind: Code, Lang: lang(info), Text: strings.Join(lines[i+1:end], "\n")})
		i, from = end, end+1
	}
	return appendVerbatim(out, lines[from:])
}

// fenceTries bounds how often signs that nothing closes make fenceEnds start anew.
const fenceTries = 20

// fenceEnds finds the lines that open code, with the line that closes it. Signs that nothing closes are words.
func fenceEnds(lines []string) map[int]int {
	ends := map[int]int{}
	open, at, tries := fence{}, 0, 0
	for i := 0; i <= len(lines); i++ {
		if i == len(lines) {
			if open.sign == 0 || tries == fenceTries {
				break
			}
			open, i = fence{}, at // nothing closes it: what comes after it is looked at anew
			tries++
			continue
		}
		if len(lines[i]) < 3 || !strings.Contains(lines[i], "```") && !strings.Contains(lines[i], "~~~") {
			continue
		}
		if open.sign != 0 {
			if closes([]byte(lines[i]), open) {
				ends[at] = i
				open = fence{}
			}
			continue
		}
		indent, body := margin([]byte(lines[i][:min(len(lines[i]), longLine)]))
		if f, ok := opensFence(indent, body); ok && indent <= 3 {
			open, at = f, i
		}
	}
	return ends
}

// Bounds of what is laid out at once of a paste.
const (
	verbatimLines = 200
	verbatimBytes = 8 << 10
)

// appendVerbatim adds lines as one paragraph, in pieces where there are many or long ones.
func appendVerbatim(out []Block, lines []string) []Block {
	for len(lines) > 0 && strings.TrimSpace(lines[0]) == "" {
		lines = lines[1:]
	}
	for len(lines) > 0 && strings.TrimSpace(lines[len(lines)-1]) == "" {
		lines = lines[:len(lines)-1]
	}
	first, inLine := true, false
	add := func(text string) {
		out = append(out, Block{Kind: Paragraph, Inlines: []Inline{{Text: text}}, Continued: !first, Tight: !first && !inLine})
		first = false
	}
	for len(lines) > 0 {
		n, size := 0, 0
		for n < len(lines) && n < verbatimLines && size+len(lines[n]) <= verbatimBytes {
			size += len(lines[n]) + 1
			n++
		}
		if n > 0 {
			add(strings.Join(lines[:n], "\n"))
			lines, inLine = lines[n:], false
			continue
		}
		rest := lines[0]
		for rest != "" { // one long line
			cut := cutLine(rest)
			add(rest[:cut])
			rest, inLine = rest[cut:], true
		}
		lines, inLine = lines[1:], false
	}
	return out
}

// cutLine finds where to cut a long line: behind a space, else between two characters.
func cutLine(line string) int {
	if len(line) <= verbatimBytes {
		return len(line)
	}
	if i := strings.LastIndexByte(line[verbatimBytes/2:verbatimBytes], ' '); i >= 0 {
		return verbatimBytes/2 + i + 1
	}
	cut := verbatimBytes
	for i := 0; i < utf8.UTFMax && !utf8.RuneStart(line[cut]); i++ {
		cut--
	}
	return cut
}
