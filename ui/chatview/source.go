package chatview

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"loam/ui/markdown"
)

// SelectionMarkdown returns the selected text as Markdown. A message of which all is selected is given as it was written; of
// others the blocks are written anew, code byte for byte.
func (v *View) SelectionMarkdown() string {
	s := &v.chosen
	if s.empty() || s.start.entry == nil || s.end.entry == nil {
		return ""
	}
	var parts []string
	for i := s.start.entry.index; i <= s.end.entry.index && i < len(v.entries); i++ {
		e := v.entries[i]
		e.parse(v)
		if part := v.source(e); part != "" {
			parts = append(parts, part)
		}
	}
	return strings.Join(parts, "\n\n")
}

// CopyMarkdown copies the selected text as Markdown and reports whether there was any.
func (v *View) CopyMarkdown() bool {
	text := v.SelectionMarkdown()
	if text == "" {
		return false
	}
	v.copy(text)
	return true
}

// source is what is selected of an entry.
func (v *View) source(e *entry) string {
	w := sourceWriter{verbatim: e.item.Role == RoleUser || e.item.Role == RoleText}
	whole, folded := true, false
	for b := range e.blocks {
		from, to, ok := v.selected(e, b)
		block := &e.blocks[b].block
		if e.blocks[b].fold != nil {
			folded = true
			continue
		}
		if !ok || from > 0 || to < len(blockText(block)) {
			whole = false
		}
		if ok {
			w.block(block, from, to)
		}
	}
	w.endCode()
	if whole && !folded && e.item.Parts == nil {
		return strings.TrimSpace(e.text.String())
	}
	return w.out.String()
}

// sourceWriter writes blocks as Markdown.
type sourceWriter struct {
	out      strings.Builder
	verbatim bool // words as a person typed them
	widths   []int
	last     *markdown.Block // that was written
	code     *strings.Builder
	codeLang string
	codeIn   string // what stands before its lines
}

func (w *sourceWriter) block(b *markdown.Block, from, to int) {
	if b.Kind == markdown.Code && b.Continued && w.code != nil {
		w.code.WriteString("\n" + b.Text[from:to])
		w.last = b
		return
	}
	w.endCode()
	first, rest := w.prefix(b)
	w.separate(b)
	w.last = b
	w.out.WriteString(first)
	switch b.Kind {
	case markdown.Code:
		w.code, w.codeLang, w.codeIn = &strings.Builder{}, b.Lang, rest
		w.code.WriteString(b.Text[from:to])
	case markdown.Table:
		if from > 0 || to < len(blockText(b)) {
			w.lines(escape(strings.ReplaceAll(blockText(b)[from:to], "\t", " ")), rest)
			return
		}
		w.table(b, rest)
	case markdown.Rule:
		w.out.WriteString("---")
	case markdown.Heading:
		w.out.WriteString(strings.Repeat("#", max(b.Level, 1)) + " " + w.inlines(b.Inlines, from, to))
	case markdown.Paragraph:
		text := w.inlines(b.Inlines, from, to)
		if !w.verbatim {
			text = strings.ReplaceAll(text, "\n", "\\\n")
		}
		w.lines(text, rest)
	}
}

// lines writes text whose further lines begin with rest.
func (w *sourceWriter) lines(text, rest string) {
	w.out.WriteString(strings.ReplaceAll(text, "\n", "\n"+rest))
}

// endCode writes the code that was gathered, between fences that do not occur in it.
func (w *sourceWriter) endCode() {
	if w.code == nil {
		return
	}
	text := w.code.String()
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	w.out.WriteString(fence + w.codeLang + "\n" + w.codeIn)
	w.lines(text, w.codeIn)
	w.out.WriteString("\n" + w.codeIn + fence)
	w.code = nil
}

// prefix is what stands before the first line of a block and before the others.
func (w *sourceWriter) prefix(b *markdown.Block) (first, rest string) {
	lists := 0
	for _, c := range b.Containers {
		if c != markdown.Quote {
			lists++
		}
	}
	at := 0
	for _, c := range b.Containers {
		if c == markdown.Quote {
			first, rest = first+"> ", rest+"> "
			continue
		}
		at++
		for len(w.widths) < at {
			w.widths = append(w.widths, 0)
		}
		if at == lists && b.Marker != "" {
			marker := strings.ReplaceAll(b.Marker, "•", "-") + " "
			w.widths = append(w.widths[:at-1], len(marker))
			switch b.Task {
			case markdown.TaskOpen:
				marker += "[ ] "
			case markdown.TaskDone:
				marker += "[x] "
			case markdown.NoTask:
			}
			first += marker
			rest += strings.Repeat(" ", w.widths[at-1])
			continue
		}
		pad := strings.Repeat(" ", w.widths[at-1])
		first, rest = first+pad, rest+pad
	}
	if lists == 0 {
		w.widths = w.widths[:0]
	}
	return first, rest
}

// separate writes what stands between the last block and the next.
func (w *sourceWriter) separate(b *markdown.Block) {
	if w.last == nil {
		return
	}
	switch {
	case w.verbatim && b.Continued && !b.Tight && b.Kind == markdown.Paragraph: // cut inside a line
		return
	case b.Tight, w.verbatim && b.Continued:
		w.out.WriteString("\n")
		return
	}
	between := ""
	for i := 0; i < len(b.Containers) && i < len(w.last.Containers) && b.Containers[i] == markdown.Quote && w.last.Containers[i] == markdown.Quote; i++ {
		between += ">"
	}
	w.out.WriteString("\n" + between + "\n")
}

func (w *sourceWriter) table(b *markdown.Block, rest string) {
	for i, row := range b.Rows {
		if i > 0 {
			w.out.WriteString("\n" + rest)
		}
		w.out.WriteString("|")
		for _, cell := range row {
			text := w.inlines(cell, 0, len(markdown.Plain(cell)))
			w.out.WriteString(" " + strings.ReplaceAll(strings.ReplaceAll(text, "|", "\\|"), "\n", " ") + " |")
		}
		if i > 0 {
			continue
		}
		w.out.WriteString("\n" + rest + "|")
		for _, a := range b.Aligns {
			switch a {
			case markdown.AlignLeft:
				w.out.WriteString(" --- |")
			case markdown.AlignCenter:
				w.out.WriteString(" :-: |")
			case markdown.AlignRight:
				w.out.WriteString(" --: |")
			}
		}
	}
}

// inlines writes the bytes from..to of inlines.
func (w *sourceWriter) inlines(list []markdown.Inline, from, to int) string {
	var out strings.Builder
	for _, in := range list {
		size := len(in.Text)
		a, b := min(max(from, 0), size), min(max(to, 0), size)
		from, to = from-size, to-size
		if a >= b {
			continue
		}
		text := in.Text[a:b]
		if w.verbatim {
			out.WriteString(text)
			continue
		}
		out.WriteString(span(text, in))
	}
	if w.verbatim {
		return out.String()
	}
	return guardStart(out.String())
}

// span is text of one style.
func span(text string, in markdown.Inline) string {
	core := strings.TrimSpace(text) // marks do not work with spaces inside
	if core == "" {
		return text
	}
	at := strings.Index(text, core)
	lead, tail := text[:at], text[at+len(core):]
	if in.Style&markdown.Mono != 0 {
		fence := "`"
		for strings.Contains(core, fence) {
			fence += "`"
		}
		pad := ""
		if strings.HasPrefix(core, "`") || strings.HasSuffix(core, "`") {
			pad = " "
		}
		core = fence + pad + core + pad + fence
	} else {
		core = escape(core)
	}
	for _, m := range []struct {
		style markdown.Style
		mark  string
	}{{markdown.Strike, "~~"}, {markdown.Italic, "*"}, {markdown.Bold, "**"}} {
		if in.Style&m.style != 0 {
			core = m.mark + core + m.mark
		}
	}
	if in.Style&markdown.Linked != 0 && in.Link != "" {
		core = "[" + core + "](<" + strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "").Replace(in.Link) + ">)"
	}
	return lead + core + tail
}

// escape keeps the signs of Markdown from meaning anything.
func escape(text string) string {
	var out strings.Builder
	for i, r := range text {
		switch r {
		case '\\', '`', '*', '[', '<', '$', '~': // not the closing bracket: between \[ and \] stands a formula
			out.WriteByte('\\')
		case '_': // within a word it means nothing
			before, _ := utf8.DecodeLastRuneInString(text[:i])
			after, _ := utf8.DecodeRuneInString(text[i+1:])
			if !wordRune(before) || !wordRune(after) {
				out.WriteByte('\\')
			}
		case '&':
			if next, _ := utf8.DecodeRuneInString(text[i+1:]); next == '#' || wordRune(next) {
				out.WriteByte('\\')
			}
		}
		out.WriteRune(r)
	}
	return out.String()
}

func wordRune(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }

// guardStart keeps lines of words from beginning like other blocks.
func guardStart(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		body := strings.TrimLeft(line, " ")
		if i == 0 && body == line && len(lines) == 1 && !strings.ContainsAny(line, "#>+-=0123456789|") {
			return text
		}
		digits := len(body) - len(strings.TrimLeft(body, "0123456789"))
		switch {
		case body == "":
		case strings.ContainsRune("#>+-=|", rune(body[0])):
			lines[i] = "\\" + body
		case digits > 0 && digits < 10 && digits < len(body) && (body[digits] == '.' || body[digits] == ')'):
			lines[i] = body[:digits] + "\\" + body[digits:]
		default:
			lines[i] = body
		}
	}
	return strings.Join(lines, "\n")
}
