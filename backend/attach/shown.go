package attach

import (
	"fmt"
	"strings"

	"loam/backend"
)

// Shown is what a model is shown of a file: all of it or some passages, between marks with its name that the text itself does
// not hold.
func Shown(a backend.Attachment, text string) string {
	tag := "document"
	for n := 2; strings.Contains(text, "</"+tag+">"); n++ {
		tag = fmt.Sprintf("document-%d", n)
	}
	name := strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == '<' || r == '>' {
			return '_'
		}
		return r
	}, a.Name)
	var out strings.Builder
	if !a.Partly {
		fmt.Fprintf(&out, "<%s name=\"%s\">\n%s\n</%s>", tag, name, pagesMarked(a.Kind, strings.TrimSpace(text)), tag)
		return out.String()
	}
	if len(a.Passages) == 0 {
		return ""
	}
	fmt.Fprintf(&out, "<%s name=\"%s\" shown=\"%s of a longer text\">\n", tag, name, count(len(a.Passages), "passage"))
	for _, p := range a.Passages {
		if p.Start < 0 || p.End > len(text) || p.Start >= p.End {
			continue // the text is not the one that they are of
		}
		fmt.Fprintf(&out, "[%s]\n", p.Place())
		if a.Kind == backend.AttachTable && p.From > 1 {
			if head, _, ok := strings.Cut(text, "\n"); ok && len(head) < passageMost {
				out.WriteString(head + "\n")
			}
		}
		out.WriteString(text[p.Start:p.End] + "\n\n")
	}
	fmt.Fprintf(&out, "</%s>", tag)
	return out.String()
}

// pagesMarked puts a line with its number before each page of a whole document, and its name before each file of a folder.
func pagesMarked(kind backend.AttachmentKind, text string) string {
	if kind != backend.AttachPDF && kind != backend.AttachFolder || !strings.Contains(text, "\f") {
		return strings.ReplaceAll(text, "\f", "\n\n")
	}
	var out strings.Builder
	page := 0
	for part := range strings.SplitSeq(text, "\f") {
		page++
		if page > 1 {
			out.WriteString("\n\n")
		}
		if kind == backend.AttachPDF {
			fmt.Fprintf(&out, "[p. %d]\n%s", page, strings.TrimSpace(part))
			continue
		}
		name, words, _ := strings.Cut(part, "\n")
		fmt.Fprintf(&out, "[%s]\n%s", name, strings.TrimRight(words, "\n"))
	}
	return out.String()
}
