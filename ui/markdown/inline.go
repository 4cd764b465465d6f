package markdown

import (
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	extast "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/util"

	"loam/backend/markup"
)

// inlines collects the styled text of a block.
func (c *converter) inlines(n ast.Node) []Inline {
	var w inlineWriter
	c.inline(&w, n, 0, "")
	return w.finish()
}

// inlineWriter joins what looks the same.
type inlineWriter struct {
	out  []Inline
	buf  []byte // text of the last inline of out
	open bool
}

func (w *inlineWriter) put(text string, style Style, link string) {
	if text == "" {
		return
	}
	if n := len(w.out) - 1; !w.open || w.out[n].Style != style || w.out[n].Link != link {
		w.flush()
		w.out = append(w.out, Inline{Style: style, Link: link})
		w.open = true
	}
	w.buf = append(w.buf, text...)
}

func (w *inlineWriter) flush() {
	if w.open {
		w.out[len(w.out)-1].Text = string(w.buf)
		w.buf, w.open = w.buf[:0], false
	}
}

// finish returns the inlines without line breaks at the end, which would only draw an empty line.
func (w *inlineWriter) finish() []Inline {
	w.flush()
	for n := len(w.out) - 1; n >= 0; n-- {
		w.out[n].Text = strings.TrimRight(w.out[n].Text, "\n")
		if w.out[n].Text != "" {
			break
		}
		w.out = w.out[:n]
	}
	return withBareLinks(w.out)
}

func (c *converter) inline(w *inlineWriter, parent ast.Node, style Style, link string) {
	for n := parent.FirstChild(); n != nil; n = n.NextSibling() {
		switch n := n.(type) {
		case *ast.Text:
			value := n.Segment.Value(c.source)
			if n.IsRaw() {
				w.put(string(value), style, link)
			} else {
				w.put(unescape(string(value)), style, link)
			}
			// CommonMark leaves a soft break to the renderer. Models end the lines of poems, addresses and lists of facts
			// with one, and never fill paragraphs to a column.
			if n.HardLineBreak() || n.SoftLineBreak() {
				w.put("\n", style, link)
			}
		case *ast.String:
			w.put(string(n.Value), style, link)
		case *ast.CodeSpan:
			c.codeSpan(w, n, style, link)
		case *markup.Formula:
			w.put(markup.Readable(string(n.Source)), style|Formula, link)
		case *ast.Emphasis:
			s := Italic
			if n.Level >= 2 {
				s = Bold
			}
			c.inline(w, n, style|s, link)
		case *extast.Strikethrough:
			c.inline(w, n, style|Strike, link)
		case *ast.Link:
			c.inline(w, n, style|Linked, unescape(string(n.Destination)))
		case *ast.Image:
			before := len(w.out)
			target := unescape(string(n.Destination))
			c.inline(w, n, style|Linked|Picture, target)
			if len(w.out) == before {
				w.put(target, style|Linked|Picture, target)
			}
		case *ast.AutoLink:
			target := string(n.URL(c.source))
			if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(target), "mailto:") {
				target = "mailto:" + target
			}
			w.put(string(n.Label(c.source)), style|Linked, target)
		case *extast.TaskCheckBox: // told by Block.Task
		default:
			c.inline(w, n, style, link)
		}
	}
}

func (c *converter) codeSpan(w *inlineWriter, n ast.Node, style Style, link string) {
	var b strings.Builder
	for t := n.FirstChild(); t != nil; t = t.NextSibling() {
		if s, ok := t.(*ast.Text); ok {
			b.WriteString(strings.ReplaceAll(string(s.Segment.Value(c.source)), "\n", " "))
		}
	}
	w.put(b.String(), style|Mono, link)
}

// withBareLinks marks the addresses that stand in plain words.
func withBareLinks(inlines []Inline) []Inline {
	var out []Inline
	for i, in := range inlines {
		text := in.Text
		for in.Link == "" && in.Style&Mono == 0 {
			start, end := bareLink(text)
			if end == 0 {
				break
			}
			if out == nil {
				out = append(make([]Inline, 0, len(inlines)+2), inlines[:i]...)
			}
			if start > 0 {
				out = append(out, Inline{Text: text[:start], Style: in.Style})
			}
			target := text[start:end]
			if strings.HasPrefix(target, "www.") {
				target = "https://" + target
			}
			out = append(out, Inline{Text: text[start:end], Style: in.Style | Linked, Link: target})
			text = text[end:]
		}
		if out != nil && text != "" {
			out = append(out, Inline{Text: text, Style: in.Style, Link: in.Link})
		}
	}
	if out == nil {
		return inlines
	}
	return out
}

// bareLink finds the first address in text that is not marked up; end is 0 where there is none.
func bareLink(text string) (start, end int) {
	for start < len(text) {
		i := strings.IndexAny(text[start:], "hw")
		if i < 0 {
			return 0, 0
		}
		start += i
		head := 0
		for _, scheme := range []string{"https://", "http://", "www."} {
			if strings.HasPrefix(text[start:], scheme) {
				head = len(scheme)
			}
		}
		if head == 0 || start > 0 && isWordByte(text[start-1]) {
			start++
			continue
		}
		if end = linkEnd(text, start+head); end > start+head {
			return start, end
		}
		start += head
	}
	return 0, 0
}

// linkEnd finds where an address ends: before spaces and "<", and before the punctuation of the sentence around it.
func linkEnd(text string, from int) int {
	end, open := from, 0
	for end < len(text) && text[end] > ' ' && text[end] != '<' && text[end] != '"' && text[end] < utf8.RuneSelf {
		switch text[end] {
		case '(':
			open++
		case ')':
			open--
		}
		if open < 0 {
			break
		}
		end++
	}
	for end > from && strings.IndexByte(".,:;!?'*_~", text[end-1]) >= 0 {
		end--
	}
	return end
}

func isWordByte(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= utf8.RuneSelf
}

// unescape resolves backslashes and entities in one pass, so that "\&amp;" stays "&amp;".
func unescape(s string) string {
	if !strings.ContainsAny(s, "\\&") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && util.IsPunct(s[i+1]):
			i++
			b.WriteByte(s[i])
		case s[i] == '&':
			end := strings.IndexByte(s[i:min(len(s), i+40)], ';')
			if end < 0 {
				b.WriteByte('&')
				continue
			}
			entity := []byte(s[i : i+end+1])
			resolved := util.ResolveEntityNames(util.ResolveNumericReferences(entity))
			b.Write(resolved)
			i += end
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
