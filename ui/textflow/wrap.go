package textflow

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Wrap lays a flow out in lines. An empty flow has one empty line.
func Wrap(spans []Span, m Measurer, o Options) []Line {
	if o.Tab <= 0 {
		o.Tab = 8
	}
	w := wrapper{m: m, o: o}
	w.line = Line{}
	offset := 0
	for i, s := range spans {
		w.span, w.style = i, s.Style
		w.addSpan(s.Text, offset)
		offset += len(s.Text)
	}
	w.finish(offset)
	if any, fromRight := rightToLeft(spans); any {
		reorder(w.lines, Text(spans), m, fromRight && !o.Break)
	}
	return w.lines
}

// wrapper is the state of one Wrap.
type wrapper struct {
	m     Measurer
	o     Options
	lines []Line
	line  Line // the open one
	x     float32
	solid float32 // x without the spaces at the end
	count int     // pieces on the open line
	span  int
	style Style
	glue  bool // the next word must stay on the line of the one before: a style changes inside the word
	wordX int  // index in line.Runs where the last word starts
	soft  bool // the open line follows a soft break
}

// addSpan adds the words of one span. Words are what stands between two places where a line may break.
func (w *wrapper) addSpan(text string, offset int) {
	c := cutter{state: -1, anywhere: w.o.Break}
	for len(text) > 0 {
		word, rest, must := c.next(text)
		w.addWord(word, offset)
		offset += len(word)
		text = rest
		if must && endsLine(word) {
			w.breakLine(offset, false)
		}
	}
}

// cutter cuts text into unbreakable pieces.
type cutter struct {
	state    int  // of uniseg
	anywhere bool // code: whole lines are pieces
	mixed    int  // so many bytes of the text to come belong to a word that is known not to be ASCII
}

// next cuts off the next unbreakable piece, with the spaces after it. Plain ASCII takes a short way.
func (c *cutter) next(text string) (word, rest string, must bool) {
	if c.mixed <= 0 {
		n, wide := asciiWord(text)
		if n > 0 {
			c.state = -1
			return text[:n], text[n:], text[n-1] == '\n'
		}
		c.mixed = wide + 1
	}
	if c.anywhere {
		n := strings.IndexByte(text, '\n') + 1
		if n == 0 {
			n = len(text)
		}
		c.mixed, c.state = 0, -1
		return text[:n], text[n:], text[n-1] == '\n'
	}
	word, rest, must, c.state = uniseg.FirstLineSegmentInString(text, c.state)
	if cut := strings.IndexAny(word, "\t\n"); cut >= 0 && cut+1 < len(word) {
		word, rest, must, c.state = word[:cut+1], text[cut+1:], word[cut] == '\n', -1
	}
	c.mixed -= len(word)
	return word, rest, must
}

// asciiWord is the length of the ASCII word that text starts with, spaces after it included; 0 where Unicode's rules are
// needed to tell, because of the character at wide.
func asciiWord(text string) (n, wide int) {
	i := 0
	for i < len(text) && text[i] > ' ' && text[i] < utf8.RuneSelf {
		i++
		if c := text[i-1]; c == '-' && i > 1 && i < len(text) && isLetter(text[i]) && isLetter(text[i-2]) {
			return i, 0
		}
	}
	if i < len(text) && text[i] >= utf8.RuneSelf {
		return 0, i
	}
	for i < len(text) && text[i] <= ' ' {
		i++
		if text[i-1] == '\n' || text[i-1] == '\t' {
			break
		}
	}
	return i, 0
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func endsLine(word string) bool {
	c := word[len(word)-1]
	return '\n' <= c && c <= '\r' || c >= utf8.RuneSelf && isLineEnd(word)
}

// inkLen is the length of a word without the spaces and line ends after it.
func inkLen(word string) int {
	n := len(word)
	for n > 0 {
		switch c := word[n-1]; {
		case c == ' ' || '\t' <= c && c <= '\r':
			n--
		case c >= utf8.RuneSelf && isLineEnd(word[:n]):
			_, size := utf8.DecodeLastRuneInString(word[:n])
			n -= size
		default:
			return n
		}
	}
	return 0
}

// isLineEnd says whether text ends with one of Unicode's own line ends.
func isLineEnd(text string) bool {
	r, _ := utf8.DecodeLastRuneInString(text)
	return r == '\u0085' || r == '\u2028' || r == '\u2029'
}

func (w *wrapper) addWord(word string, offset int) {
	ink := word[:inkLen(word)]
	blank := word[len(ink):]
	if ink != "" {
		if !w.glue {
			w.wordX = len(w.line.Runs)
		}
		w.addInk(ink, offset)
	}
	for len(blank) > 0 {
		n := 1
		if blank[0] != '\t' {
			if n = strings.IndexByte(blank, '\t'); n < 0 {
				n = len(blank)
			}
		}
		w.addBlank(blank[:n], offset+len(word)-len(blank))
		blank = blank[n:]
	}
	w.glue = word == ink && ink != "" && !breaksAfter(ink)
}

// breaksAfter says whether a line may break after a piece although no space follows it in its span: where one span ends
// the rules for what comes next are not known, and only a few characters are safe to break after.
func breaksAfter(ink string) bool {
	r, _ := utf8.DecodeLastRuneInString(ink)
	return r == '-' || r >= 0x2E80
}

// longInk is from which length on a piece is not measured whole: it is wider than a line, or full of what has no width.
const longInk = 1024

func (w *wrapper) addInk(ink string, offset int) {
	if len(ink) > longInk {
		if !w.glue && w.x > w.indent() {
			w.breakBeforeWord(offset)
		}
		w.addLong(ink, offset)
		return
	}
	width := w.m.Width(ink, w.style)
	if w.x+width > w.o.Width && w.x > w.indent() {
		w.breakBeforeWord(offset)
	}
	if w.x+width <= w.o.Width {
		w.put(ink, offset, width)
		return
	}
	w.addLong(ink, offset)
}

// breakBeforeWord ends the line before the word that is being added; its parts in other styles move along.
func (w *wrapper) breakBeforeWord(offset int) {
	if !w.glue || w.wordX == 0 {
		if !w.glue {
			w.breakLine(offset, true)
			w.wordX = 0
		}
		return
	}
	moved := append([]Run(nil), w.line.Runs[w.wordX:]...)
	w.line.Runs = w.line.Runs[:w.wordX]
	w.x, w.solid = w.indent(), w.indent()
	for _, r := range w.line.Runs {
		w.x = r.X + r.Width
		if !r.Blank {
			w.solid = w.x
		}
	}
	w.breakLine(moved[0].Start, true)
	for _, r := range moved {
		r.X = w.x
		w.x += r.Width
		w.solid = w.x
		w.line.Runs = append(w.line.Runs, r)
	}
	w.wordX, w.count = 0, len(moved)
}

// addLong adds a piece that is wider than a line, cluster by cluster.
func (w *wrapper) addLong(ink string, offset int) {
	start, width, count := 0, float32(0), 0
	for at := 0; at < len(ink); {
		n := clusterLen(ink[at:])
		step := w.m.Width(ink[at:at+n], w.style)
		full := w.x+width+step > w.o.Width && (at > start || w.x > w.indent())
		if full || count >= maxClusters {
			if at > start {
				w.put(ink[start:at], offset+start, w.m.Width(ink[start:at], w.style))
			}
			w.breakLine(offset+at, true)
			start, width, count = at, 0, 0
		}
		width += step
		count++
		at += n
	}
	if start < len(ink) {
		w.put(ink[start:], offset+start, w.m.Width(ink[start:], w.style))
	}
}

// maxClusterRunes is the longest cluster that is kept whole: real ones (families, flags, Zalgo in moderation) are shorter.
const maxClusterRunes = 32

func clusterLen(s string) int {
	if s[0] < utf8.RuneSelf && (len(s) == 1 || s[1] < utf8.RuneSelf) {
		return 1
	}
	head := s
	if len(head) > maxClusterRunes*utf8.UTFMax {
		head = head[:maxClusterRunes*utf8.UTFMax]
		for len(head) > 0 && !utf8.RuneStart(s[len(head)]) {
			head = head[:len(head)-1]
		}
	}
	if head == "" { // not UTF-8: byte by byte
		return 1
	}
	cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(head, -1)
	n, runes := 0, 0
	for n < len(cluster) && runes < maxClusterRunes {
		_, size := utf8.DecodeRuneInString(cluster[n:])
		n += size
		runes++
	}
	return n
}

func (w *wrapper) put(text string, offset int, width float32) {
	w.line.Runs = append(w.line.Runs, Run{Start: offset, End: offset + len(text), Span: w.span, Style: w.style, X: w.x, Width: width})
	w.x += width
	w.solid = w.x
	w.count++
	if w.count >= maxClusters {
		w.breakLine(offset+len(text), true)
	}
}

func (w *wrapper) addBlank(text string, offset int) {
	if text[len(text)-1] == '\n' {
		text = text[:len(text)-1]
	}
	if text == "" {
		return
	}
	var width float32
	if text == "\t" {
		width = w.o.Tab - mod(w.x, w.o.Tab)
	} else if text[0] == ' ' {
		width = w.m.Width(drawn(text), w.style)
	}
	if w.o.Break && w.x+width > w.o.Width && w.x > w.indent() {
		w.breakLine(offset, true)
	}
	w.line.Runs = append(w.line.Runs, Run{
		Start: offset, End: offset + len(text), Span: w.span, Style: w.style, X: w.x, Width: width, Blank: true, Tab: text == "\t",
	})
	w.x += width
	w.count++
}

// breakLine ends the open line before the byte at offset.
func (w *wrapper) breakLine(offset int, soft bool) {
	w.line.End = offset
	w.line.Width = w.solid
	w.line.Runs = join(w.line.Runs)
	w.lines = append(w.lines, w.line)
	w.line = Line{Start: offset}
	w.soft = soft
	w.x, w.solid, w.count, w.wordX, w.glue = w.indent(), w.indent(), 0, 0, false
}

func (w *wrapper) finish(end int) {
	w.breakLine(end, false)
}

func (w *wrapper) indent() float32 {
	if w.soft {
		return w.o.Hanging
	}
	return 0
}

// join makes one run of neighbours in one style, spaces between them included, so that a line is drawn in few pieces.
func join(runs []Run) []Run {
	out := runs[:0]
	for _, r := range runs {
		if n := len(out) - 1; n >= 0 && out[n].Span == r.Span && out[n].End == r.Start && !out[n].Tab && !r.Tab {
			out[n].End = r.End
			out[n].Width = r.X + r.Width - out[n].X
			out[n].Blank = out[n].Blank && r.Blank
			continue
		}
		out = append(out, r)
	}
	return out
}

func mod(a, b float32) float32 {
	return a - b*float32(int(a/b))
}
