package prompt

import "strings"

// The marks around reasoning, as the families that write it in plain text agree on.
const (
	openMark  = "<think>"
	closeMark = "</think>"
)

// Kind says what a piece of a reply is.
type Kind uint8

// The kinds of pieces.
const (
	Answer    Kind = iota // what the person asked for
	Reasoning             // what the model thought before
	Mark                  // the marks around reasoning with the white space that belongs to them; not for showing
)

func (k Kind) String() string {
	switch k {
	case Answer:
		return "answer"
	case Reasoning:
		return "reasoning"
	case Mark:
		return "mark"
	}
	return "unknown"
}

// Piece is a part of a reply. The texts of all pieces of a reply, in order, are the reply, byte for byte.
type Piece struct {
	Kind Kind
	Text string
}

// Parts is a reply taken apart. Reasoning is empty where there is none.
type Parts struct {
	Reasoning string
	Answer    string
	Open      bool // the reasoning has begun and not ended
}

// Split takes a whole reply apart. Only a reply that begins with the opening mark (after white space) has reasoning;
// the marks anywhere else are the model's own words.
func Split(text string) Parts {
	var p Parts
	var s Splitter
	for _, piece := range append(s.Write(text), s.Close()...) {
		switch piece.Kind {
		case Reasoning:
			p.Reasoning += piece.Text
		case Answer:
			p.Answer += piece.Text
		case Mark:
		}
	}
	p.Open = s.state == inside
	p.Reasoning = strings.TrimRight(p.Reasoning, " \t\r\n")
	return p
}

// Splitter takes a reply apart while it grows. The zero value is ready. The pieces depend on the text alone and not on
// how it was cut into calls of Write: pieces of the same kind may only be divided differently.
type Splitter struct {
	state state
	held  string // may still turn out to be a mark, or white space that belongs to one
}

type state uint8

const (
	before  state = iota // nothing but white space and perhaps the beginning of the opening mark
	opened               // after the opening mark: white space belongs to it
	inside               // in the reasoning
	closed               // after the closing mark: white space belongs to it
	outside              // in the answer, for good
)

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
	case opened, closed:
		kind = Mark
	case before, outside:
	}
	piece := Piece{kind, s.held}
	s.held = ""
	return []Piece{piece}
}

// step releases one piece if it can; more says whether another step may follow.
func (s *Splitter) step() (piece Piece, more bool) {
	switch s.state {
	case before:
		text := strings.TrimLeft(s.held, space)
		switch {
		case strings.HasPrefix(text, openMark):
			s.state = opened
			return s.release(Mark, len(s.held)-len(text)+len(openMark)), true
		case strings.HasPrefix(openMark, text):
			return Piece{}, false
		}
		s.state = outside
		return Piece{}, true
	case opened, closed:
		blank := len(s.held) - len(strings.TrimLeft(s.held, space))
		if blank < len(s.held) {
			if s.state == opened {
				s.state = inside
			} else {
				s.state = outside
			}
			return s.release(Mark, blank), true
		}
		return s.release(Mark, blank), false
	case inside:
		if i := strings.Index(s.held, closeMark); i >= 0 {
			if i > 0 {
				return s.release(Reasoning, i), true
			}
			s.state = closed
			return s.release(Mark, len(closeMark)), true
		}
		return s.release(Reasoning, len(s.held)-overlap(s.held, closeMark)), false
	case outside:
		return s.release(Answer, len(s.held)), false
	}
	return Piece{}, false
}

const space = " \t\r\n"

func (s *Splitter) release(kind Kind, n int) Piece {
	piece := Piece{kind, s.held[:n]}
	s.held = s.held[n:]
	return piece
}

// overlap is how many bytes at the end of text may be the beginning of mark.
func overlap(text, mark string) int {
	for n := min(len(text), len(mark)-1); n > 0; n-- {
		if strings.HasSuffix(text, mark[:n]) {
			return n
		}
	}
	return 0
}
