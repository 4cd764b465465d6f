package attach

import (
	"bytes"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/net/html"
	"golang.org/x/text/encoding/charmap"
)

// Decode makes UTF-8 of a text: UTF-8, UTF-16 by its byte order mark (or its zeros), else Windows-1252, of which Latin-1 is a
// part. Line ends become \n, form feeds blank lines. What is no text is a *backend.BadFile.
func Decode(data []byte) (string, error) {
	var text string
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) && utf8.Valid(data):
		text = string(data[3:])
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		text = utf16Text(data[2:], false)
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		text = utf16Text(data[2:], true)
	default:
		if little, big := zeroSides(data); little || big {
			text = utf16Text(data, big)
			break
		}
		if utf8.Valid(data) {
			text = string(data)
			break
		}
		if isBinary(data) {
			return "", refuse("it is not a text")
		}
		out, err := charmap.Windows1252.NewDecoder().Bytes(data)
		if err != nil {
			return "", refuse("it is not a text")
		}
		text = string(out)
	}
	if isBinary([]byte(text)) {
		return "", refuse("it is not a text")
	}
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	text = strings.ReplaceAll(text, "\f", "\n")
	return strings.ToValidUTF8(text, "\uFFFD"), nil
}

// isBinary says whether bytes hold what no text does: zeros, or many control characters.
func isBinary(data []byte) bool {
	odd := 0
	for _, c := range data {
		switch {
		case c == 0:
			return true
		case c < ' ' && c != '\n' && c != '\r' && c != '\t' && c != '\f' && c != '\v' && c != '\b' && c != 0x1b:
			odd++
		}
	}
	return odd > 2+len(data)/200
}

// zeroSides says whether a text looks like UTF-16 without a mark: almost every second byte of its beginning is zero.
func zeroSides(data []byte) (little, big bool) {
	head := data[:min(len(data), 512)&^1]
	if len(head) < 8 || len(data)%2 != 0 {
		return false, false
	}
	var even, odd int
	for i := 0; i < len(head); i += 2 {
		if head[i] == 0 {
			even++
		}
		if head[i+1] == 0 {
			odd++
		}
	}
	half := len(head) / 2
	return odd*10 > half*8 && even == 0, even*10 > half*8 && odd == 0
}

func utf16Text(data []byte, big bool) string {
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		if big {
			units = append(units, uint16(data[i])<<8|uint16(data[i+1]))
		} else {
			units = append(units, uint16(data[i+1])<<8|uint16(data[i]))
		}
	}
	return string(utf16.Decode(units))
}

// maxTags bounds the work on one page.
const maxTags = 1 << 20

// wordsOfHTML takes the words out of a page, with a line for every block. It goes from tag to tag and builds no tree, so that
// no nesting is too deep.
func wordsOfHTML(page string) string {
	z := html.NewTokenizer(strings.NewReader(page))
	z.SetMaxBuf(1 << 20)
	var out strings.Builder
	skip := "" // the tag whose content is not for readers
	keep := 0  // inside <pre>
	blank := func(lines int) {
		text := out.String()
		for have := len(text) - len(strings.TrimRight(text, "\n")); have < lines && out.Len() > 0; have++ {
			out.WriteByte('\n')
		}
	}
	for range maxTags {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		name, _ := z.TagName()
		tag := string(name)
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			switch tag {
			case "script", "style", "noscript", "template", "svg", "iframe":
				if kind == html.StartTagToken && skip == "" {
					skip = tag
				}
			case "pre":
				keep++
				blank(2)
			case "h1", "h2", "h3", "h4", "h5", "h6":
				blank(2)
				out.WriteString(strings.Repeat("#", int(tag[1]-'0')) + " ")
			case "li":
				blank(1)
				out.WriteString("- ")
			case "td", "th":
				if text := out.String(); text != "" && !strings.HasSuffix(text, "\n") {
					out.WriteString(" | ")
				}
			case "p", "table", "ul", "ol", "dl", "blockquote", "section", "article", "header", "footer", "title":
				blank(2)
			case "div", "br", "tr", "hr", "dt", "dd", "form", "figure", "main", "nav", "aside":
				blank(1)
			}
		case html.EndTagToken:
			switch {
			case tag == skip:
				skip = ""
			case tag == "pre":
				keep = max(keep-1, 0)
				blank(2)
			case tag == "p" || tag == "title" || len(tag) == 2 && tag[0] == 'h' && tag[1] >= '1' && tag[1] <= '6':
				blank(2)
			case tag == "div" || tag == "li" || tag == "tr":
				blank(1)
			}
		case html.TextToken:
			if skip != "" {
				continue
			}
			text := string(z.Text())
			text = html.UnescapeString(text)
			if keep > 0 {
				out.WriteString(text)
				continue
			}
			words := strings.Join(strings.Fields(text), " ")
			if words == "" {
				if text != "" && out.Len() > 0 && !strings.HasSuffix(out.String(), "\n") && !strings.HasSuffix(out.String(), " ") {
					out.WriteByte(' ')
				}
				continue
			}
			if strings.TrimLeft(text, " \t\n\r") != text && out.Len() > 0 && !endsBlank(out.String()) {
				out.WriteByte(' ')
			}
			out.WriteString(words)
			if strings.TrimRight(text, " \t\n\r") != text {
				out.WriteByte(' ')
			}
		case html.ErrorToken, html.CommentToken, html.DoctypeToken:
		}
	}
	text := strings.ReplaceAll(out.String(), "\f", "\n")
	return strings.ToValidUTF8(strings.TrimSpace(strings.ReplaceAll(text, "\x00", "\uFFFD")), "\uFFFD") + "\n"
}

func endsBlank(text string) bool {
	return strings.HasSuffix(text, "\n") || strings.HasSuffix(text, " ")
}
