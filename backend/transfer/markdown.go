package transfer

import (
	"bytes"
	"io"
	"net/url"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"loam/backend"
	"loam/store"
)

// markdownPage writes a chat as Markdown. The words of a message are Markdown already and stand in the file byte for byte;
// what they leave open (a fence of code, a comment) is closed behind them, so that no message swallows the next.
type markdownPage struct {
	e *export
	w io.Writer
	b bytes.Buffer
}

func (p *markdownPage) flush() error {
	_, err := p.w.Write(p.b.Bytes())
	p.b.Reset()
	return err
}

func (p *markdownPage) begin(c backend.Chat, title string) error {
	p.b.WriteString("# " + escapeHeading(title) + "\n\n")
	if d := dateText(c.Created); d != "" {
		p.b.WriteString("*" + d + "*\n\n")
	}
	if c.System != "" {
		p.b.WriteString("## Instructions\n\n")
		p.words(c.System)
	}
	return p.flush()
}

// words writes a text that ends where it ends.
func (p *markdownPage) words(text string) {
	text = closed(text)
	p.b.WriteString(text)
	if !strings.HasSuffix(text, "\n") {
		p.b.WriteByte('\n')
	}
	p.b.WriteByte('\n')
}

func (p *markdownPage) message(m store.TreeMessage, s spoken) error {
	p.b.WriteString("## " + escapeHeading(s.Who) + "\n\n")
	if s.Reasoning != "" {
		p.b.WriteString("<details>\n<summary>Thinking</summary>\n\n")
		p.words(s.Reasoning)
		p.b.WriteString("</details>\n\n")
	}
	if s.Text != "" {
		p.words(s.Text)
	}
	if names := attachedNames(m); names != "" {
		p.b.WriteString("*" + escapeHeading(names) + "*\n\n")
	}
	for _, c := range s.Calls {
		p.b.WriteString("Used " + escapeHeading(oneLine(c.Name)) + ":\n\n" + fenced(c.Arguments, "json") + "\n")
	}
	if s.End != "" {
		p.b.WriteString("*" + escapeHeading(s.End) + "*\n\n")
	}
	return p.flush()
}

func (p *markdownPage) picture(pic backend.Picture) error {
	p.e.take(pic)
	folder := strings.TrimSuffix(p.e.to.media(), "/")
	p.b.WriteString("![" + escapeHeading(pic.Prompt) + "](" + url.PathEscape(folder) + "/" + pic.SHA256 + ".png)\n\n")
	return p.flush()
}

func (*markdownPage) endMessage() error { return nil }
func (*markdownPage) end() error        { return nil }

// escapeHeading makes a name show as it is written where Markdown would take its signs for marks.
func escapeHeading(name string) string {
	var b strings.Builder
	for _, r := range oneLine(name) {
		if strings.ContainsRune("\\`*_<>#[]~&", r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// fenced puts a text into a fence of code that is longer than any in it.
func fenced(text, lang string) string {
	sign := strings.Repeat("`", max(3, longestRun(text, '`')+1))
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	return sign + lang + "\n" + text + sign + "\n"
}

func longestRun(text string, sign byte) int {
	longest, run := 0, 0
	for i := range len(text) {
		if text[i] != sign {
			run = 0
			continue
		}
		run++
		longest = max(longest, run)
	}
	return longest
}

// blocks reads the blocks of CommonMark and leaves the lines in them alone.
var blocks = parser.NewParser(parser.WithBlockParsers(parser.DefaultBlockParsers()...))

// What a text may be, to be looked at block by block. A longer or deeper one becomes a block of code.
const (
	maxBlocks = 16 << 20
	maxDepth  = 200 // containers that one line can open
)

// closed is a text with what it leaves open closed behind it. Its own bytes stay as they are.
func closed(text string) string {
	if len(text) > maxBlocks || deep(text) {
		return fenced(text, "")
	}
	if ends(text) {
		return text
	}
	line := text
	if !strings.HasSuffix(line, "\n") {
		line += "\n"
	}
	for _, end := range []string{
		strings.Repeat("`", max(3, longestRun(text, '`'))), strings.Repeat("~", max(3, longestRun(text, '~'))),
		"-->", "?>", "]]>", ">", "</pre>",
	} {
		if ends(line + end + "\n") {
			return line + end + "\n"
		}
	}
	return fenced(text, "")
}

// ends says whether a heading behind a text is a heading.
func ends(words string) bool {
	const probe = "probe"
	source := []byte(words + "\n\n## " + probe)
	last, ok := blocks.Parse(text.NewReader(source)).LastChild().(*ast.Heading)
	if !ok || last.Level != 2 || last.Lines().Len() != 1 {
		return false
	}
	line := last.Lines().At(0)
	return string(line.Value(source)) == probe
}

// deep says whether a line of a text may open more containers than are looked at.
func deep(text string) bool {
	for line := range strings.Lines(text) {
		depth := 0
	signs:
		for _, r := range line {
			switch r {
			case ' ', '\t':
				depth++ // two of them indent an item
			case '>', '-', '+', '*':
				depth += 2
			default:
				if r < '0' || r > '9' {
					break signs
				}
			}
		}
		if depth > 2*maxDepth {
			return true
		}
	}
	return false
}
