package prompt

import "strings"

// Kind says what a piece of a reply is.
type Kind uint8

// The kinds of pieces.
const (
	Answer    Kind = iota // what the person asked for
	Reasoning             // what the model thought before
	Mark                  // the marks around reasoning with the white space that belongs to them; not for showing
	Calls                 // calls of tools, with their marks
)

func (k Kind) String() string {
	switch k {
	case Answer:
		return "answer"
	case Reasoning:
		return "reasoning"
	case Mark:
		return "mark"
	case Calls:
		return "calls"
	}
	return "unknown"
}

// Piece is a part of a reply. The texts of all pieces of a reply, in order, are the reply, byte for byte.
type Piece struct {
	Kind  Kind
	Text  string
	Calls []Call // of a piece of the kind Calls: at least one
}

// Parts is a reply taken apart. What it does not have is empty.
type Parts struct {
	Reasoning string
	Answer    string
	Calls     []Call
	Open      bool // the reasoning has begun and not ended
}

// Split takes a whole reply apart. Only a reply that begins with an opening mark (after white space) has reasoning; the
// marks anywhere else are the model's own words. What looks like the call of a tool and is none is part of the answer.
func Split(text string) Parts {
	var p Parts
	var s Splitter
	for _, piece := range append(s.Write(text), s.Close()...) {
		switch piece.Kind {
		case Reasoning:
			p.Reasoning += piece.Text
		case Answer:
			p.Answer += piece.Text
		case Calls:
			p.Calls = append(p.Calls, piece.Calls...)
		case Mark:
		}
	}
	p.Open = s.state == inside
	p.Reasoning = strings.TrimRight(p.Reasoning, space)
	return p
}

// marks stand around a stretch of a reply. Without an end it reaches to the end of the reply.
type marks struct {
	open, end string
	after     string // may follow the end and belongs to it
}

// The marks that model families write around what they think.
var reasoningMarks = []marks{
	{open: "<think>", end: "</think>"},       // DeepSeek, Qwen, GLM, SmolLM3 and most others
	{open: "<thinking>", end: "</thinking>"}, //
	{open: "<thought>", end: "</thought>"},   //
	{open: "<reasoning>", end: "</reasoning>"},
	{open: "[THINK]", end: "[/THINK]"},                    // Mistral
	{open: "<seed:think>", end: "</seed:think>"},          // Seed-OSS
	{open: "◁think▷", end: "◁/think▷"},                    // Kimi
	{open: "<|START_THINKING|>", end: "<|END_THINKING|>"}, // Command
	{open: "<|channel>thought", end: "<channel|>"},        // Gemma
	{ // gpt-oss
		open: "<|channel|>analysis<|message|>", end: "<|end|>", after: "<|start|>assistant<|channel|>final<|message|>",
	},
}

// The marks that model families write around calls of tools.
var callMarks = []marks{
	{open: "<tool_call>", end: "</tool_call>"}, // Hermes, Qwen
	{open: "<function=", end: "</function>"},   // Llama
	{open: "[TOOL_CALLS]"},                     // Mistral
	{open: "<|tool_call|>"},                    // Granite
	{open: "<|python_tag|>"},                   // Llama
}

// Splitter takes a reply apart while it grows. The zero value is ready. The pieces depend on the text alone and not on
// how it was cut into calls of Write: pieces of the same kind may only be divided differently.
type Splitter struct {
	state   state
	mark    *marks // of the stretch that is open, or was open last
	held    string // may still turn out to be a mark, or white space that belongs to one, or is a call without its end
	scanned int    // bytes of held in which no end begins
	fence   fence  // in the answer: code is the model's words, marks or not
}

type state uint8

const (
	before  state = iota // nothing but white space and perhaps the beginning of the opening mark
	opened               // after the opening mark: white space belongs to it
	inside               // in the reasoning
	closed               // after the closing mark: white space and what may follow belong to it
	outside              // in the answer
	calling              // in the call of a tool
)

// Now says what is being written.
func (s *Splitter) Now() Kind {
	switch s.state {
	case opened, inside:
		return Reasoning
	case calling:
		return Calls
	case before, closed, outside:
	}
	return Answer
}

// Write takes the next part of the reply and returns the pieces that are certain now.
func (s *Splitter) Write(chunk string) []Piece {
	s.held += chunk
	var out []Piece
	for {
		piece, more := s.step()
		if piece.Text != "" {
			out = append(out, piece)
		}
		if !more {
			return out
		}
	}
}

// Close returns what was held back, at the end of the reply.
func (s *Splitter) Close() []Piece {
	if s.held == "" {
		return nil
	}
	kind := Answer
	switch s.state {
	case inside:
		kind = Reasoning
	case opened:
		kind = Mark
	case closed:
		if strings.TrimLeft(s.held, space) == "" {
			kind = Mark
		}
	case calling:
		if s.mark.end == "" {
			return []Piece{s.call(len(s.held))}
		}
	case before, outside:
	}
	return []Piece{s.release(kind, len(s.held))}
}

// step releases one piece if it can; more says whether another step may follow.
func (s *Splitter) step() (piece Piece, more bool) {
	switch s.state {
	case before:
		return s.begin()
	case opened:
		blank := len(s.held) - len(strings.TrimLeft(s.held, space))
		if blank < len(s.held) {
			s.state = inside
		}
		return s.release(Mark, blank), s.state == inside
	case closed:
		return s.afterEnd()
	case inside:
		if i := strings.Index(s.held, s.mark.end); i >= 0 {
			if i > 0 {
				return s.release(Reasoning, i), true
			}
			s.state = closed
			return s.release(Mark, len(s.mark.end)), true
		}
		return s.release(Reasoning, len(s.held)-overlap(s.held, s.mark.end)), false
	case outside:
		return s.answer()
	case calling:
		if s.mark.end == "" {
			return Piece{}, false
		}
		from := max(s.scanned, len(s.mark.open))
		if i := strings.Index(s.held[min(from, len(s.held)):], s.mark.end); i >= 0 {
			return s.call(from + i + len(s.mark.end)), true
		}
		s.scanned = max(len(s.held)-len(s.mark.end)+1, 0)
		return Piece{}, false
	}
	return Piece{}, false
}

// begin looks for the mark that opens the reasoning.
func (s *Splitter) begin() (Piece, bool) {
	text := strings.TrimLeft(s.held, space)
	waits := false
	for i := range reasoningMarks {
		m := &reasoningMarks[i]
		if strings.HasPrefix(text, m.open) {
			s.state, s.mark = opened, m
			return s.release(Mark, len(s.held)-len(text)+len(m.open)), true
		}
		waits = waits || strings.HasPrefix(m.open, text)
	}
	if waits {
		return Piece{}, false
	}
	s.state = outside
	return Piece{}, true
}

// afterEnd takes what belongs to the closing mark.
func (s *Splitter) afterEnd() (Piece, bool) {
	text := strings.TrimLeft(s.held, space)
	blank := len(s.held) - len(text)
	after := s.mark.after
	switch {
	case text == "" && after == "":
		return s.release(Mark, blank), false
	case after != "" && strings.HasPrefix(text, after):
		s.state = outside
		return s.release(Mark, blank+len(after)), true
	case after != "" && strings.HasPrefix(after, text):
		return Piece{}, false
	}
	s.state = outside
	return s.release(Mark, blank), true
}

// answer releases words up to the next call of a tool.
func (s *Splitter) answer() (Piece, bool) {
	certain := len(s.held)
	for i := 0; i < len(s.held); i++ {
		if c := s.held[i]; c != '<' && c != '[' {
			continue
		}
		rest := s.held[i:]
		for k := range callMarks {
			m := &callMarks[k]
			if strings.HasPrefix(rest, m.open) {
				if i > 0 { // the words before it first: they say whether this is code
					return s.release(Answer, i), true
				}
				if s.fence.open {
					return s.release(Answer, 1), true
				}
				s.state, s.mark, s.scanned = calling, m, 0
				return Piece{}, true
			}
			if strings.HasPrefix(m.open, rest) {
				certain = min(certain, i)
			}
		}
	}
	return s.release(Answer, certain), false
}

// call releases the first n bytes as a call, or as words where they are none.
func (s *Splitter) call(n int) Piece {
	body := s.held[len(s.mark.open) : n-len(s.mark.end)]
	if s.mark.open == "<function=" {
		body = s.held[:n]
	}
	s.state, s.scanned = outside, 0
	calls, ok := parseCalls(body)
	if !ok {
		return s.release(Answer, n)
	}
	p := s.release(Calls, n)
	p.Calls = calls
	return p
}

func (s *Splitter) release(kind Kind, n int) Piece {
	piece := Piece{Kind: kind, Text: s.held[:n]}
	s.held = s.held[n:]
	if kind == Answer {
		s.fence.read(piece.Text)
	}
	return piece
}

const space = " \t\r\n"

// overlap is how many bytes at the end of text may be the beginning of mark.
func overlap(text, mark string) int {
	for n := min(len(text), len(mark)-1); n > 0; n-- {
		if strings.HasSuffix(text, mark[:n]) {
			return n
		}
	}
	return 0
}

// fence knows whether text that was read byte by byte ends inside a fenced block of code.
type fence struct {
	open  bool
	begun bool // there is something but blanks and backticks on the line
	ticks int  // backticks at the beginning of the line
}

func (f *fence) read(text string) {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			f.begun, f.ticks = false, 0
		case c == '`' && !f.begun:
			if f.ticks++; f.ticks == 3 {
				f.open = !f.open
			}
		case c == ' ' && f.ticks == 0:
		default:
			f.begun = true
		}
	}
}
