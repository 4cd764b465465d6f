package markdown

import "strings"

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
	d.split.emit = func(s segment) {
		d.all = appendSegment(d.all[:d.stable], s)
		d.stable, d.read = len(d.all), 0
	}
	d.split.add(text)
}

// Blocks returns all blocks. The first Stable of them are the same ones in later calls; the slice itself is the
// document's, to be read before the next Append.
func (d *Doc) Blocks() []Block {
	if d.read != len(d.split.buf) {
		tail := segment{text: d.split.buf, code: d.split.code, more: d.split.more}
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
	var para []string
	flush := func() {
		for len(para) > 0 && strings.TrimSpace(para[0]) == "" {
			para = para[1:]
		}
		for len(para) > 0 && strings.TrimSpace(para[len(para)-1]) == "" {
			para = para[:len(para)-1]
		}
		goesOn := false
		for len(para) > 0 { // a long paste is laid out in pieces
			n := min(len(para), verbatimLines)
			out = append(out, Block{Kind: Paragraph, Inlines: []Inline{{Text: strings.Join(para[:n], "\n")}}, Tight: goesOn})
			goesOn = true
			para = para[n:]
		}
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		indent, body := margin([]byte(lines[i]))
		f, ok := opensFence(indent, body)
		if !ok || indent > 3 {
			para = append(para, lines[i])
			continue
		}
		end := i + 1
		for end < len(lines) && !closes([]byte(lines[end]), f) {
			end++
		}
		if end == len(lines) { // never closed: the person's signs, not code
			para = append(para, lines[i])
			continue
		}
		flush()
		code := strings.Join(lines[i+1:end], "\n")
		out = append(out, Block{Kind: Code, Lang: lang(string(body[f.length:])), Text: code})
		i = end
	}
	flush()
	return out
}

// verbatimLines bounds how much of a paste is laid out at once.
const verbatimLines = 400
