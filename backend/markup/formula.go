package markup

import (
	"bytes"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
)

// longestFormula bounds how far the end of a formula is looked for, so that a flood of openers costs linear time.
const longestFormula = 1000

// Formula is a stretch of TeX between $...$, $$...$$, \(...\) or \[...\].
type Formula struct {
	ast.BaseInline
	Source []byte // without its signs
}

// KindFormula is the kind of a Formula.
var KindFormula = ast.NewNodeKind("Formula")

// Kind implements ast.Node.
func (*Formula) Kind() ast.NodeKind { return KindFormula }

// Dump implements ast.Node.
func (f *Formula) Dump(source []byte, level int) {
	ast.DumpHelper(f, source, level, map[string]string{"source": string(f.Source)}, nil)
}

// formulaParser keeps formulas away from Markdown, which would take their underscores and stars for emphasis.
type formulaParser struct{}

func (formulaParser) Trigger() []byte { return []byte{'$', '\\'} }

func (formulaParser) Parse(_ ast.Node, block text.Reader, _ parser.Context) ast.Node {
	line, _ := block.PeekLine()
	opener, closer := formulaSigns(line)
	if opener == "" {
		return nil
	}
	back, place := block.Position()
	var whole []byte
	for len(whole) <= longestFormula {
		line, _ := block.PeekLine()
		if line == nil {
			break
		}
		from := max(len(opener)-len(whole), 0)
		if end := formulaEnd(line, from, closer, opener == "$"); end >= 0 {
			whole = append(whole, line[:end+len(closer)]...)
			source := bytes.TrimSpace(whole[len(opener) : len(whole)-len(closer)])
			if len(source) == 0 || len(whole) > longestFormula {
				break
			}
			block.Advance(end + len(closer))
			return &Formula{Source: source}
		}
		if opener == "$" { // stays in its line: prices stand in others
			break
		}
		whole = append(whole, line...)
		block.AdvanceLine()
	}
	block.SetPosition(back, place)
	return nil
}

// formulaSigns says which signs open a formula at the start of line, and which close it.
func formulaSigns(line []byte) (opener, closer string) {
	switch {
	case bytes.HasPrefix(line, []byte("$$")):
		return "$$", "$$"
	case bytes.HasPrefix(line, []byte(`\(`)):
		return `\(`, `\)`
	case bytes.HasPrefix(line, []byte(`\[`)):
		return `\[`, `\]`
	case len(line) > 1 && line[0] == '$' && line[1] > ' ' && line[1] != '$':
		return "$", "$"
	}
	return "", ""
}

// formulaEnd finds the closing signs in a line. A lone $ closes only behind a sign and not before a digit: "$5 and $6" are prices.
func formulaEnd(line []byte, from int, closer string, lone bool) int {
	line = line[:min(len(line), longestFormula+from)]
	for i := from; i+len(closer) <= len(line); i++ {
		if line[i] == '\\' && closer[0] != '\\' {
			i++ // what follows is TeX's
			continue
		}
		if !bytes.HasPrefix(line[i:], []byte(closer)) {
			if line[i] == '\\' {
				i++
			}
			continue
		}
		if !lone {
			return i
		}
		next := byte(' ')
		if i+1 < len(line) {
			next = line[i+1]
		}
		if line[i-1] <= ' ' || '0' <= next && next <= '9' {
			return -1
		}
		return i
	}
	return -1
}
