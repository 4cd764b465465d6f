package hub

import (
	"strings"

	"golang.org/x/net/html"
)

// Readable makes Markdown that can be shown of a card: its head (between lines of dashes) is cut off, and of HTML the words,
// links and breaks stay. Code is left as it is.
func Readable(card string) string {
	card = strings.ReplaceAll(strings.ReplaceAll(card, "\r\n", "\n"), "\x00", "")
	card = body(card)
	var out, text strings.Builder
	fence := ""
	flush := func() {
		out.WriteString(withoutHTML(text.String()))
		text.Reset()
	}
	for line := range strings.Lines(card) {
		trimmed := strings.TrimLeft(line, " ")
		switch {
		case fence == "" && (strings.HasPrefix(trimmed, "```") || strings.HasPrefix(trimmed, "~~~")):
			flush()
			fence = trimmed[:3]
			out.WriteString(line)
		case fence != "":
			out.WriteString(line)
			if strings.HasPrefix(trimmed, fence) {
				fence = ""
			}
		default:
			text.WriteString(line)
		}
	}
	flush()
	return strings.TrimSpace(squeeze(out.String()))
}

// body is a card without its head.
func body(card string) string {
	rest, ok := strings.CutPrefix(strings.TrimLeft(card, "\ufeff \n"), "---\n")
	if !ok {
		return card
	}
	if strings.HasPrefix(rest, "---\n") {
		return rest[4:]
	}
	if _, after, ok := strings.Cut(rest, "\n---\n"); ok {
		return after
	}
	if strings.HasSuffix(rest, "\n---") {
		return ""
	}
	return card
}

// hidden are elements whose words are not meant to be read.
var hidden = map[string]bool{"style": true, "script": true, "svg": true, "iframe": true, "video": true, "audio": true, "head": true, "title": true}

// withoutHTML takes the tags out of Markdown.
func withoutHTML(text string) string {
	if !strings.Contains(text, "<") {
		return text
	}
	z := html.NewTokenizer(strings.NewReader(text))
	var out strings.Builder
	var links []string
	skip := 0
	for {
		kind := z.Next()
		if kind == html.ErrorToken {
			if skip == 0 {
				out.Write(z.Raw()) // a bracket that begins no tag
			}
			return out.String()
		}
		raw := string(z.Raw())
		if kind == html.TextToken {
			if skip == 0 {
				out.WriteString(raw)
			}
			continue
		}
		if kind == html.CommentToken || kind == html.DoctypeToken {
			continue
		}
		if strings.HasPrefix(raw, "<http") || strings.HasPrefix(raw, "<mailto:") { // a link in Markdown
			out.WriteString(raw)
			continue
		}
		t := z.Token()
		if hidden[t.Data] {
			switch kind { //nolint:exhaustive // a tag is one of these
			case html.StartTagToken:
				skip++
			case html.EndTagToken:
				skip = max(0, skip-1)
			}
			continue
		}
		if skip == 0 {
			tag(&out, t, kind, &links)
		}
	}
}

// tag writes what stands for a tag in Markdown.
func tag(out *strings.Builder, t html.Token, kind html.TokenType, links *[]string) {
	end := kind == html.EndTagToken
	switch t.Data {
	case "br", "p", "div", "center", "tr", "table", "ul", "ol", "section", "details", "summary", "hr":
		out.WriteString("\n")
		if t.Data != "br" && t.Data != "tr" {
			out.WriteString("\n")
		}
	case "li":
		if !end {
			out.WriteString("\n- ")
		}
	case "td", "th":
		out.WriteString(" ")
	case "h1", "h2", "h3", "h4", "h5", "h6":
		if end {
			out.WriteString("\n\n")
		} else {
			out.WriteString("\n\n" + strings.Repeat("#", int(t.Data[1]-'0')) + " ")
		}
	case "b", "strong":
		out.WriteString("**")
	case "code", "kbd":
		out.WriteString("`")
	case "img":
		if alt := short(attribute(t, "alt"), 120); alt != "" {
			out.WriteString("(picture: " + alt + ")")
		}
	case "a":
		if !end {
			href := attribute(t, "href")
			if !strings.HasPrefix(href, "https://") && !strings.HasPrefix(href, "http://") || strings.ContainsAny(href, " ()<>\n") {
				href = ""
			}
			*links = append(*links, href)
			if href != "" {
				out.WriteString("[")
			}
			return
		}
		if n := len(*links); n > 0 {
			if href := (*links)[n-1]; href != "" {
				out.WriteString("](" + href + ")")
			}
			*links = (*links)[:n-1]
		}
	}
}

func attribute(t html.Token, key string) string {
	for _, a := range t.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// squeeze leaves one empty line where there are many, and takes the indent off lines that HTML had indented to code.
func squeeze(text string) string {
	var out strings.Builder
	empty := 0
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			if empty++; empty > 1 {
				continue
			}
			line = "\n"
		} else {
			empty = 0
		}
		out.WriteString(line)
	}
	return out.String()
}
