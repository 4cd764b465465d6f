package markdown

import (
	"bytes"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"loam/backend/markup"
)

// grammar is the whole of it; linkless and plain are for segments that are full of what costs.
var (
	grammar   = markup.NewParser(markup.Options{})
	linkless  = markup.NewParser(markup.Options{NoLinks: true})
	plain     = markup.NewParser(markup.Options{NoLinks: true, NoEmphasis: true})
	linkSigns = []byte("](")
)

// linksPerSegment is how many links a segment of softSegment bytes may seem to hold. Each costs the parser a look at
// everything behind it, so a flood of them is shown as it is written.
const linksPerSegment = 600

// appendSegment parses one segment.
func appendSegment(out []Block, s segment) []Block {
	if s.code.sign != 0 {
		return append(out, codeSegmentBlock(s))
	}
	source := shallow(bytes.Clone(s.text)) // goldmark's nodes point into it
	c := converter{source: source, out: out}
	p := grammar
	switch {
	case !emphatic(source):
		p = plain
	case bytes.Count(source, linkSigns) > linksPerSegment*(1+len(source)/softSegment):
		p = linkless
	}
	first := len(out)
	c.blocks(p.Parse(text.NewReader(source)), nil)
	if s.joins && len(c.out) > first && source[0] != '\n' {
		if b := &c.out[first]; b.Kind == Paragraph && len(b.Containers) == 0 {
			b.Tight = true
		}
	}
	return c.out
}

// codeSegmentBlock reads a segment that is one fenced code block, closed or still open.
func codeSegmentBlock(s segment) Block {
	b := Block{Kind: Code, Lang: s.lang, Continued: s.more, Continues: s.long}
	body := string(s.text)
	if !s.more {
		b.Lang = fenceLang(s.text, s.code)
		_, body, _ = strings.Cut(body, "\n")
	}
	last := body[strings.LastIndexByte(strings.TrimSuffix(body, "\n"), '\n')+1:]
	if !s.long && (closes([]byte(strings.TrimSuffix(last, "\n")), s.code) || unfinishedFence(last, s.code)) {
		body = body[:len(body)-len(last)]
	}
	if s.code.indent > 0 {
		body = unindent(body, s.code.indent)
	}
	b.Text = strings.TrimSuffix(body, "\n")
	return b
}

// unfinishedFence says whether the last line looks like a closing fence of which not all signs have arrived: showing it
// as code for a moment would flicker.
func unfinishedFence(last string, f fence) bool {
	return last != "" && strings.Trim(last, string(f.sign)) == ""
}

func unindent(code string, columns int) string {
	lines := strings.SplitAfter(code, "\n")
	for i, l := range lines {
		n := 0
		for n < columns && n < len(l) && l[n] == ' ' {
			n++
		}
		lines[i] = l[n:]
	}
	return strings.Join(lines, "")
}

// fenceLang is the language that a fence names, which code begins with.
func fenceLang(code []byte, f fence) string {
	info, _, _ := bytes.Cut(code, []byte("\n"))
	_, trimmed := margin(info)
	return lang(string(trimmed[min(len(trimmed), f.length):]))
}

func lang(info string) string {
	name, _, _ := strings.Cut(strings.TrimSpace(info), " ")
	return strings.ToLower(strings.Trim(name, "{}."))
}

// converter turns goldmark's tree into the flat list.
type converter struct {
	source []byte
	out    []Block
	marker string // of the list item whose first block comes next
	tight  bool   // the next block stands close to the one before
	bare   bool   // an item was opened and has no block yet
}

func (c *converter) add(b Block, in []Container) {
	b.Containers = in
	b.Marker, c.marker = c.marker, ""
	b.Tight, c.tight = c.tight, false
	c.bare = false
	c.out = append(c.out, b)
}

func (c *converter) blocks(parent ast.Node, in []Container) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Heading:
			c.add(Block{Kind: Heading, Level: n.Level, Inlines: c.inlines(n)}, in)
		case *ast.ThematicBreak:
			c.add(Block{Kind: Rule}, in)
		case *ast.FencedCodeBlock:
			c.add(Block{Kind: Code, Lang: lang(string(n.Language(c.source))), Text: c.lines(n)}, in)
		case *ast.CodeBlock:
			c.add(Block{Kind: Code, Text: c.lines(n)}, in)
		case *ast.Blockquote:
			c.blocks(n, within(in, Quote))
		case *ast.List:
			c.list(n, in)
		case *extast.Table:
			c.add(c.table(n), in)
		default: // paragraphs, and the text of tight items
			c.paragraph(n, in)
		}
	}
}

func (c *converter) paragraph(n ast.Node, in []Container) {
	b := Block{Kind: Paragraph}
	if box, ok := n.FirstChild().(*extast.TaskCheckBox); ok {
		b.Task = TaskOpen
		if box.IsChecked {
			b.Task = TaskDone
		}
	}
	b.Inlines = c.inlines(n)
	c.add(b, in)
}

func within(in []Container, inner Container) []Container {
	if len(in) >= MaxDepth {
		return in
	}
	return append(in[:len(in):len(in)], inner)
}

func (c *converter) list(list *ast.List, in []Container) {
	kind := Bullets
	if list.IsOrdered() {
		kind = Numbers
	}
	inside := within(in, kind)
	number := list.Start
	for item := list.FirstChild(); item != nil; item = item.NextSibling() {
		first := c.marker != ""
		marker := "•"
		if kind == Numbers {
			marker = strconv.Itoa(number) + string(list.Marker)
			number++
		}
		if first { // the first block of an item is a list: both markers stand on one line
			marker = c.marker + " " + marker
		}
		c.marker = marker
		c.tight = list.IsTight && (item.PreviousSibling() != nil || len(in) > 0 && isList(in[len(in)-1]) && !first)
		c.bare = true
		c.blocks(item, inside)
		if c.bare { // an empty item still shows its marker
			c.add(Block{Kind: Paragraph}, inside)
		}
	}
	c.marker, c.tight = "", false
}

func isList(k Container) bool { return k != Quote }

// lines returns the text of a code block, tabs and all.
func (c *converter) lines(n ast.Node) string {
	var b strings.Builder
	lines := n.Lines()
	for i := range lines.Len() {
		s := lines.At(i)
		b.Write(s.Value(c.source))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (c *converter) table(t *extast.Table) Block {
	b := Block{Kind: Table}
	for _, a := range t.Alignments {
		switch a {
		case extast.AlignCenter:
			b.Aligns = append(b.Aligns, AlignCenter)
		case extast.AlignRight:
			b.Aligns = append(b.Aligns, AlignRight)
		case extast.AlignLeft, extast.AlignNone:
			b.Aligns = append(b.Aligns, AlignLeft)
		}
	}
	for row := t.FirstChild(); row != nil; row = row.NextSibling() {
		cells := make([]Cell, 0, len(b.Aligns))
		for cell := row.FirstChild(); cell != nil && len(cells) < len(b.Aligns); cell = cell.NextSibling() {
			cells = append(cells, Cell(c.inlines(cell)))
		}
		for len(cells) < len(b.Aligns) {
			cells = append(cells, nil)
		}
		b.Rows = append(b.Rows, cells)
	}
	return b
}
