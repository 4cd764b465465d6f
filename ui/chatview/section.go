package chatview

import (
	"math/bits"
	"reflect"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"loam/backend/prompt"
	"loam/ui/markdown"
)

// section is a stretch of a reply: what the model thought, what it answers, or the tools it asks for. Reasoning and
// calls are folded into one line until a person opens them.
type section struct {
	kind     prompt.Kind
	text     int // bytes in doc
	doc      markdown.Doc
	calls    []prompt.Call
	args     []markdown.Block // of calls, made when they are unfolded
	unfolded bool
	open     bool // reasoning that has not ended, or a call that is being written

	began, ended time.Time // of reasoning that was seen growing

	at, n int // its pieces in entry.blocks
	known int // of them, how many are the same as long as it is not folded or unfolded
}

// folds says whether the section has a line that folds it.
func (s *section) folds() bool { return s.kind == prompt.Reasoning || s.kind == prompt.Calls }

// blank says whether there is nothing to show.
func (s *section) blank() bool { return s.kind == prompt.Reasoning && s.text == 0 && !s.open }

// blocks are what the section shows under its line.
func (s *section) blocks() []markdown.Block {
	switch {
	case s.folds() && !s.unfolded:
		return nil
	case s.kind == prompt.Calls:
		if s.args == nil {
			s.args = callBlocks(s.calls)
		}
		return s.args
	}
	return s.doc.Blocks()
}

// feed brings the sections of a reply up to date with its text.
func (e *entry) feed(v *View) {
	text, running := e.text.String(), e.item.State == StateRunning
	if !reflect.DeepEqual(e.item.Parts, e.parts) {
		e.restart()
		e.parts = e.item.Parts
	}
	if e.parts != nil {
		e.feedParts(v)
		e.fed = len(text)
		return
	}
	if e.closed && (running || e.fed < len(text)) {
		e.restart() // what was held back at the end may read otherwise now
	}
	if n := len(e.sections); n > 0 && e.sections[n-1].kind == prompt.Calls && e.sections[n-1].open {
		e.cut(v, n-1)
	}
	pieces := e.split.Write(text[e.fed:])
	e.fed = len(text)
	if !running && !e.closed {
		pieces = append(pieces, e.split.Close()...)
		e.closed = true
	}
	for _, p := range pieces {
		e.take(v, p)
	}
	e.endReasoning(v, !running || e.split.Now() != prompt.Reasoning)
	if running && e.split.Now() == prompt.Reasoning && (len(e.sections) == 0 || e.last().kind != prompt.Reasoning) {
		e.grow(v, prompt.Reasoning).open = true
	}
	if running && e.split.Now() == prompt.Calls {
		e.begin(v, prompt.Calls).open = true // until it is read, or turns out to be words
	}
	for i, s := range e.sections {
		e.put(v, i, s)
	}
}

// feedParts makes the sections of a reply that the engine took apart itself.
func (e *entry) feedParts(v *View) {
	if len(e.sections) > 0 {
		for i, s := range e.sections {
			e.put(v, i, s)
		}
		return
	}
	if e.parts.Reasoning != "" {
		e.grow(v, prompt.Reasoning).add(e.parts.Reasoning)
	}
	if strings.TrimSpace(e.parts.Answer) != "" {
		e.grow(v, prompt.Answer).add(e.parts.Answer)
	}
	if len(e.parts.Calls) > 0 {
		e.grow(v, prompt.Calls).calls = e.parts.Calls
	}
	for i, s := range e.sections {
		e.put(v, i, s)
	}
}

func (s *section) add(text string) {
	s.doc.Append(text)
	s.text += len(text)
}

// restart takes the text apart anew. The pieces stay until other ones take their place.
func (e *entry) restart() {
	e.sections, e.split, e.closed, e.fed, e.parts = nil, prompt.Splitter{}, false, 0, nil
}

func (e *entry) last() *section { return e.sections[len(e.sections)-1] }

// take adds a piece of the reply to the section it belongs to.
func (e *entry) take(v *View, p prompt.Piece) {
	switch p.Kind {
	case prompt.Mark:
	case prompt.Calls:
		s := e.grow(v, prompt.Calls)
		s.calls, s.args, s.known = append(s.calls, p.Calls...), nil, 0
	case prompt.Answer:
		if len(e.sections) == 0 || e.last().kind != prompt.Answer {
			if strings.TrimSpace(p.Text) == "" {
				return
			}
		}
		e.grow(v, prompt.Answer).add(p.Text)
	case prompt.Reasoning:
		s := e.grow(v, prompt.Reasoning)
		s.open = true
		s.add(p.Text)
	}
}

// grow returns the last section if it is of a kind, else a new one.
func (e *entry) grow(v *View, kind prompt.Kind) *section {
	if len(e.sections) > 0 && e.last().kind == kind {
		return e.last()
	}
	return e.begin(v, kind)
}

// begin begins a section.
func (e *entry) begin(v *View, kind prompt.Kind) *section {
	s := &section{kind: kind}
	for _, other := range e.sections {
		s.at = other.at + other.n
	}
	s.unfolded = slices.Contains(e.unfolded, len(e.sections))
	if e.item.State == StateRunning {
		s.began = v.now()
	}
	e.sections = append(e.sections, s)
	return s
}

// endReasoning ends it when the next section begins, or the reply does.
func (e *entry) endReasoning(v *View, all bool) {
	for i, s := range e.sections {
		if s.kind == prompt.Reasoning && s.open && (all || i < len(e.sections)-1) {
			s.open = false
			if !s.began.IsZero() {
				s.ended = v.now()
			}
		}
	}
}

// cut takes a section away.
func (e *entry) cut(v *View, i int) {
	s := e.sections[i]
	for k := s.at; k < s.at+s.n; k++ {
		v.drop(&e.blocks[k])
	}
	e.blocks = slices.Delete(e.blocks, s.at, s.at+s.n)
	e.sections = slices.Delete(e.sections, i, i+1)
}

// put brings the pieces of a section up to date. Those that show the same keep their layout.
func (e *entry) put(v *View, index int, s *section) {
	s.at = 0
	if index > 0 {
		before := e.sections[index-1]
		s.at = before.at + before.n
	}
	var blocks []markdown.Block
	stable, head := s.known, 0
	if !s.blank() {
		if s.folds() {
			head = 1
		}
		blocks = s.blocks()
	}
	n := head + len(blocks)
	if index == len(e.sections)-1 { // all that is left over from another state goes
		for i := s.at + n; i < len(e.blocks); i++ {
			v.drop(&e.blocks[i])
		}
		e.blocks = e.blocks[:min(len(e.blocks), max(s.at+n, s.at))]
	} else if n < s.n && s.at+s.n <= len(e.blocks) {
		for i := s.at + n; i < s.at+s.n; i++ {
			v.drop(&e.blocks[i])
		}
		e.blocks = slices.Delete(e.blocks, s.at+n, s.at+s.n)
	} else if n > s.n && s.n > 0 && s.at+s.n <= len(e.blocks) {
		e.blocks = slices.Insert(e.blocks, s.at+s.n, make([]piece, n-s.n)...)
	}
	for i := range n {
		if i > 0 && i < stable && s.at+i < len(e.blocks) {
			continue
		}
		e.set(v, s.at+i, e.pieceOf(v, s, i, head, blocks))
	}
	s.n = n
	s.known = 0
	if s.kind == prompt.Answer || s.unfolded && s.kind == prompt.Reasoning {
		s.known = head + s.doc.Stable()
	}
}

// pieceOf is the i-th piece of a section.
func (e *entry) pieceOf(v *View, s *section, i, head int, blocks []markdown.Block) piece {
	if i < head {
		return piece{block: markdown.Block{Kind: markdown.Rule}, fold: s, label: v.foldLabel(e, s), unfolded: s.unfolded}
	}
	p := piece{block: blocks[i-head]}
	if e.item.State == StateRunning && i-head == len(blocks)-1 {
		p.block.Text = steady(p.block.Text)
	}
	if s.folds() {
		p.quiet = true
		p.block.Containers = append([]markdown.Container{markdown.Quote}, p.block.Containers...)
	}
	return p
}

// steadyLine is the longest line of code that is laid out anew with every frame while it grows, in bytes.
const steadyLine = 16 << 10

// steady leaves out the newest end of code whose last line is endless, so that it is laid out only now and then: a line
// cannot be laid out in part. It is whole when the reply has ended.
func steady(code string) string {
	line := len(code) - strings.LastIndexByte(code, '\n') - 1
	if line <= steadyLine {
		return code
	}
	step := 1 << (bits.Len(uint(line)) - 5) // a sixteenth to a thirty-second of it
	end := len(code) - line%step
	for end < len(code) && end > 0 && !utf8.RuneStart(code[end]) {
		end--
	}
	return code[:end]
}

// set puts a piece in its place, unless the same one is there.
func (e *entry) set(v *View, at int, p piece) {
	if at >= len(e.blocks) {
		e.blocks = append(e.blocks, p)
		e.blocks[at].height = v.guess(e, at)
		return
	}
	have := &e.blocks[at]
	if have.fold == p.fold && have.label == p.label && have.unfolded == p.unfolded && have.quiet == p.quiet && sameBlock(&have.block, &p.block) {
		return
	}
	v.drop(have)
	*have = p
	have.height = v.guess(e, at)
}

// foldLabel is what the line of a folded section says.
func (v *View) foldLabel(e *entry, s *section) string {
	if s.kind == prompt.Calls {
		if s.open {
			return v.words.WritingCall
		}
		return v.words.Calls(callNames(s.calls), callSummary(s.calls))
	}
	took := e.item.Thought
	switch {
	case s.open && !s.began.IsZero():
		return v.words.Thinking(v.now().Sub(s.began))
	case s.open:
		return v.words.Thinking(0)
	case took == 0 && !s.ended.IsZero():
		took = s.ended.Sub(s.began)
	}
	return v.words.Thought(took)
}

// toggle folds or unfolds a section; its line stays where it is.
func (v *View) toggle(m *mount) {
	e := m.key.entry
	s := e.blocks[m.key.piece].fold
	index := slices.Index(e.sections, s)
	if s == nil || index < 0 || s.kind == prompt.Calls && s.open {
		return
	}
	if s.unfolded = !s.unfolded; s.unfolded {
		e.unfolded = append(e.unfolded, index)
	} else {
		e.unfolded = slices.DeleteFunc(e.unfolded, func(i int) bool { return i == index })
	}
	s.known, e.slides = 0, nil // the pieces get other numbers
	for i := index; i < len(e.sections); i++ {
		e.sections[i].known = 0
		e.put(v, i, e.sections[i])
	}
	e.resum(v)
	if v.chosen.from.entry == e || v.chosen.to.entry == e {
		v.chosen = selection{}
	}
	v.researchLater()
	v.follow = false
	v.anchor = place{entry: e.index, piece: m.key.piece, dy: -m.y}
	v.moved()
}

// answer is what a person copies: the reply without what the model thought, or all of it where there is nothing else.
func (e *entry) answer() string {
	text := e.text.String()
	if e.item.Role != RoleAssistant {
		return text
	}
	answer := ""
	if e.item.Parts != nil {
		answer = e.item.Parts.Answer
	} else {
		answer = prompt.Split(text).Answer
	}
	if strings.TrimSpace(answer) == "" {
		return text
	}
	return answer
}
