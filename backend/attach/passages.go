package attach

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"loam/backend"
)

// Sizes of passages in bytes. About 250 tokens hold a thought with its reasons, and some of them fit a small model.
const (
	passageBytes = 1000
	passageMost  = 1500
)

// block is lines that belong together.
type block struct {
	start, end int  // of the text
	opens      bool // it begins something: a heading, a function
}

// Split cuts a text into passages at its headings, functions and paragraphs. No passage crosses a page or a file, together they
// are all of the text but blank lines between them, in its order.
func Split(kind backend.AttachmentKind, text string) []backend.Passage {
	var out []backend.Passage
	at, page := 0, 0
	for at <= len(text) {
		end := strings.IndexByte(text[at:], '\f')
		if end < 0 {
			end = len(text)
		} else {
			end += at
		}
		page++
		where := backend.Passage{}
		from, ofFile := at, kind
		switch kind {
		case backend.AttachPDF:
			where.Page = page
		case backend.AttachFolder:
			if nl := strings.IndexByte(text[at:end], '\n'); nl >= 0 {
				where.File, from = text[at:at+nl], at+nl+1
			}
			ofFile = KindOf(where.File)
		default:
		}
		out = splitPage(out, ofFile, text, from, end, where)
		at = end + 1
		if len(out) > maxPassages {
			return out[:maxPassages]
		}
	}
	return out
}

// splitPage adds the passages of a page or a file.
func splitPage(out []backend.Passage, kind backend.AttachmentKind, text string, from, end int, where backend.Passage) []backend.Passage {
	line, counted := 1, from // the number of the line that begins at or before counted
	add := func(start, stop int) {
		for start < stop && (text[start] == '\n' || text[start] == ' ' && strings.TrimSpace(text[start:lineEnd(text, start, stop)]) == "") {
			start = min(lineEnd(text, start, stop)+1, stop)
		}
		for stop > start && isBlank(text[stop-1]) {
			stop--
		}
		if start == stop {
			return
		}
		p := where
		p.Start, p.End = start, stop
		line += strings.Count(text[counted:start], "\n")
		counted = start
		p.From, p.To = line, line+strings.Count(text[start:stop], "\n")
		out = append(out, p)
	}
	start, stop := from, from
	for _, b := range blocks(kind, text, from, end) {
		size := stop - start
		if size > 0 && (size+b.end-b.start > passageMost || b.opens && size >= passageBytes/3 || size >= passageBytes) {
			add(start, stop)
			start = b.start
		}
		stop = b.end
		for stop-start > passageMost {
			cut := cutAt(text, start, start+passageBytes, start+passageMost)
			add(start, cut)
			start = cut
		}
	}
	add(start, stop)
	return out
}

// Sizes of pieces in bytes: what a paragraph or a sentence or two say is not drowned by what else stands in a passage.
const (
	pieceLeast = 60 // of a paragraph; a shorter one, such as a heading, goes with the next
	pieceUsual = 200
	pieceMost  = 400
)

// Pieces are the parts of a passage whose meanings are compared, each by itself: together they are all of it.
func Pieces(text string, p backend.Passage) []string {
	var out []string
	at := p.Start
	for {
		rest := text[at:p.End]
		cut := len(rest)
		if len(rest) > pieceLeast {
			if i := strings.Index(rest[pieceLeast:], "\n\n"); i >= 0 {
				cut = pieceLeast + i + 2
			}
		}
		if cut > pieceMost {
			cut = cutAt(text, at, at+pieceUsual, at+pieceMost) - at
		}
		if cut == len(rest) || strings.TrimSpace(rest[cut:]) == "" {
			return append(out, rest)
		}
		out = append(out, rest[:cut])
		at += cut
	}
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

func lineEnd(text string, at, end int) int {
	if i := strings.IndexByte(text[at:end], '\n'); i >= 0 {
		return at + i
	}
	return end
}

var (
	headingLine = regexp.MustCompile(`^(#{1,6} |\d+(\.\d+)*\.? +\p{Lu}|(?i:chapter|section|part|appendix|kapitel|abschnitt) [\dIVXA-Z]+\b)`)
	defLine     = regexp.MustCompile(`^(func|type|def|class|fn|pub|impl|struct|enum|interface|public|private|protected|static|export|async|function|module|package|trait|object|data|sub|create|CREATE|@\w+|template|namespace|void|int|const|var|let)\b`)
)

// blocks are the paragraphs of a text, or the functions of code, with the blank lines after them.
func blocks(kind backend.AttachmentKind, text string, from, end int) []block {
	var out []block
	cur := block{start: from, end: from}
	fenced, blank := false, false
	flush := func() {
		if cur.end > cur.start {
			out = append(out, cur)
		}
		cur = block{start: cur.end, end: cur.end}
	}
	for at := from; at < end; {
		stop := min(lineEnd(text, at, end)+1, end)
		l := text[at:stop]
		words := strings.TrimSpace(l)
		opens := false
		switch kind {
		case backend.AttachCode:
			top := l[0] != ' ' && l[0] != '\t' && l[0] != '}' && l[0] != ')'
			opens = top && defLine.MatchString(l)
			if told := !blank && cur.end > cur.start && commented(text[cur.start:cur.end]); !told && opens || blank && words != "" && top {
				flush() // what stands above a function tells of it
			}
		case backend.AttachTable:
			if cur.end-cur.start > passageBytes/4 {
				flush()
			}
		default:
			if strings.HasPrefix(words, "```") || strings.HasPrefix(words, "~~~") {
				fenced = !fenced
			}
			opens = !fenced && len(words) < 120 && headingLine.MatchString(words)
			if opens || blank && words != "" && !fenced {
				flush()
			}
		}
		cur.opens = cur.opens || opens && (cur.start == cur.end || kind == backend.AttachCode)
		cur.end = stop
		blank = words == ""
		at = stop
	}
	flush()
	return out
}

// commented says whether a text is nothing but comments and decorations of what follows.
func commented(text string) bool {
	for l := range strings.Lines(text) {
		l = strings.TrimSpace(l)
		if l == "" {
			return false
		}
		if !strings.HasPrefix(l, "//") && !strings.HasPrefix(l, "#") && !strings.HasPrefix(l, "/*") && !strings.HasPrefix(l, "*") && !strings.HasPrefix(l, "--") && !strings.HasPrefix(l, "@") {
			return false
		}
	}
	return text != ""
}

// cutAt finds where a long block is cut between two places: after a line, a sentence, a word, at last between two runes.
func cutAt(text string, start, from, to int) int {
	part := text[from:to]
	if i := strings.LastIndexByte(part, '\n'); i >= 0 {
		return from + i + 1
	}
	for _, mark := range []string{". ", "! ", "? ", "。", "; ", ", "} {
		if i := strings.LastIndex(part, mark); i >= 0 {
			return from + i + len(mark)
		}
	}
	if i := strings.LastIndexByte(part, ' '); i >= 0 {
		return from + i + 1
	}
	for to > start+1 && !utf8.RuneStart(text[to]) {
		to--
	}
	return to
}

// CutNear finds where a text is cut so that about n bytes stand before: after a line, a sentence or a word.
func CutNear(text string, n int) int {
	if len(text) <= n {
		return len(text)
	}
	return cutAt(text, 0, n/2, n)
}

// FirstWords are the beginning of a passage on one line, at most n runes.
func FirstWords(text string, n int) string {
	var out strings.Builder
	for f := range strings.FieldsSeq(text) {
		if out.Len() > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(f)
		if utf8.RuneCountInString(out.String()) > n {
			return string([]rune(out.String())[:n]) + "…"
		}
	}
	return out.String()
}
