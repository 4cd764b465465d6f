package transfer

import (
	"bytes"
	"context"
	"io"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/renderer/html"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"

	"loam/backend/markup"
)

// Rendering a text takes time that is quadratic in the length of what is rendered at once, so that a text is cut where
// Markdown has a border: these are the bytes from where on it is, and up to where a stretch without a border is rendered.
const (
	softStretch = 4 << 10
	hardStretch = 16 << 10
)

// grammar is what the window reads with.
var grammar = markup.NewParser(markup.Options{})

// toHTML writes what grammar reads. Links to anything but the web and mail lead nowhere, and pictures of others are not
// loaded: their place shows the words that stand for them.
var toHTML = goldmark.New(
	goldmark.WithParser(grammar),
	goldmark.WithRenderer(renderer.NewRenderer(renderer.WithNodeRenderers(
		util.Prioritized(noPictures{}, 100),
		util.Prioritized(formulas{}, 100),
		util.Prioritized(extension.NewTableHTMLRenderer(), 500),
		util.Prioritized(extension.NewTaskCheckBoxHTMLRenderer(), 500),
		util.Prioritized(extension.NewStrikethroughHTMLRenderer(), 500),
		util.Prioritized(html.NewRenderer(), 1000),
	))),
)

// noPictures writes pictures as words and links only where they lead to the web or to mail.
type noPictures struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (noPictures) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindImage, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			_, err := w.WriteString(" (" + shown(string(n.(*ast.Image).Destination)) + ")")
			return ast.WalkContinue, err
		}
		return ast.WalkContinue, nil
	})
	r.Register(ast.KindAutoLink, autoLink)
	r.Register(ast.KindLink, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		to := string(n.(*ast.Link).Destination)
		if !leadsOut(to) {
			if !entering {
				_, err := w.WriteString(" (" + shown(to) + ")")
				return ast.WalkContinue, err
			}
			return ast.WalkContinue, nil
		}
		tag := "</a>"
		if entering {
			tag = "<a rel=\"noreferrer noopener\" href=\"" + shown(string(util.URLEscape([]byte(to), true))) + "\">"
		}
		_, err := w.WriteString(tag)
		return ast.WalkContinue, err
	})
}

// formulas writes formulas as the window does, with their TeX as what the pointer over them tells.
type formulas struct{}

// RegisterFuncs implements renderer.NodeRenderer.
func (formulas) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(markup.KindFormula, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		tex := string(n.(*markup.Formula).Source)
		words := strings.ReplaceAll(shown(markup.Readable(tex)), "\n", "<br>")
		_, err := w.WriteString("<span class=\"formula\" title=\"" + shown(tex) + "\">" + words + "</span>")
		return ast.WalkSkipChildren, err
	})
}

// autoLink writes an address in angle brackets, or its words where it does not lead out.
func autoLink(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	link := n.(*ast.AutoLink)
	to, label := string(link.URL(source)), shown(string(link.Label(source)))
	if link.AutoLinkType == ast.AutoLinkEmail {
		to = "mailto:" + to
	}
	if leadsOut(to) {
		label = "<a rel=\"noreferrer noopener\" href=\"" + shown(string(util.URLEscape([]byte(to), false))) + "\">" + label + "</a>"
	}
	_, err := w.WriteString(label)
	return ast.WalkContinue, err
}

// leadsOut says whether a link goes where a reader may want to follow it.
func leadsOut(to string) bool {
	to = strings.ToLower(to)
	return strings.HasPrefix(to, "https://") || strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "mailto:")
}

// render writes a message's Markdown as HTML.
func render(ctx context.Context, w io.Writer, words string) error {
	for _, s := range stretches(visible(words)) {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.write(w); err != nil {
			return err
		}
	}
	return nil
}

// stretch is a part of a text that is rendered on its own.
type stretch struct {
	text string
	code bool // it is the inside of a fence at the margin
	lang string
}

func (s stretch) write(w io.Writer) error {
	var b bytes.Buffer
	switch {
	case s.code:
		b.WriteString("<pre><code")
		if s.lang != "" {
			b.WriteString(" class=\"language-" + shown(s.lang) + "\"")
		}
		b.WriteByte('>')
		b.WriteString(shown(s.text))
		b.WriteString("</code></pre>\n")
	case len(s.text) > hardStretch || deep(s.text):
		b.WriteString("<pre class=\"plain\">\n") // the first line feed of a pre is not shown
		b.WriteString(shown(s.text))
		b.WriteString("</pre>\n")
	default:
		source := []byte(s.text)
		if err := toHTML.Renderer().Render(&b, source, grammar.Parse(text.NewReader(source))); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// stretches cuts a text at fences of code at the margin and, where it has become long, at blank lines before a line that
// starts at the margin.
func stretches(words string) []stretch {
	var out []stretch
	begin, at := 0, 0
	blank := true
	cut := func(end int) {
		if strings.TrimSpace(words[begin:end]) != "" {
			out = append(out, stretch{text: words[begin:end]})
		}
		begin = end
	}
	for at < len(words) {
		line := lineAt(words, at)
		if f, ok := opensFence(line); ok {
			cut(at)
			inside, after := f.inside(words, at+len(line))
			out = append(out, stretch{text: inside, code: true, lang: f.lang})
			begin, at, blank = after, after, true
			continue
		}
		margin := !strings.ContainsAny(line[:1], " \t\r\n")
		if blank && margin && at-begin >= softStretch {
			cut(at)
		}
		blank = strings.TrimSpace(line) == ""
		at += len(line)
	}
	cut(len(words))
	return out
}

// lineAt is the line that begins at a place, with its line feed.
func lineAt(words string, at int) string {
	if end := strings.IndexByte(words[at:], '\n'); end >= 0 {
		return words[at : at+end+1]
	}
	return words[at:]
}

// fence is a row of signs that opens code.
type fence struct {
	sign   byte
	length int
	lang   string
}

// opensFence looks for a fence that is no list item's: one with two spaces before it may belong to an item above.
func opensFence(line string) (fence, bool) {
	line = strings.TrimRight(line, "\r\n")
	trimmed := strings.TrimPrefix(line, " ")
	if trimmed == "" || trimmed[0] != '`' && trimmed[0] != '~' {
		return fence{}, false
	}
	f := fence{sign: trimmed[0]}
	rest := strings.TrimLeft(trimmed, trimmed[:1])
	if f.length = len(trimmed) - len(rest); f.length < 3 || f.sign == '`' && strings.Contains(rest, "`") {
		return fence{}, false
	}
	f.lang, _, _ = strings.Cut(strings.TrimSpace(rest), " ")
	return f, true
}

// inside is the code from a place on, and the place behind the fence that ends it.
func (f fence) inside(words string, from int) (code string, after int) {
	for at := from; at < len(words); {
		line := lineAt(words, at)
		trimmed := strings.TrimRight(line, " \t\r\n")
		indent := len(trimmed) - len(strings.TrimLeft(trimmed, " "))
		trimmed = trimmed[indent:]
		if indent < 4 && len(trimmed) >= f.length && strings.Trim(trimmed, string(f.sign)) == "" {
			return words[from:at], at + len(line)
		}
		at += len(line)
	}
	return words[min(from, len(words)):], len(words)
}
