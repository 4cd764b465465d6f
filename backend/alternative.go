package backend

import (
	"bytes"
	"math"
	"strings"
	"unicode/utf8"
)

// Bounds of alternatives.
const (
	MaxAlternatives     = 20 // that are kept per token
	DefaultAlternatives = 8  // where a person only says that they want to see them
)

// TokenAlt is a candidate for one position with its log-probability (natural logarithm) before any sampler.
type TokenAlt struct {
	ID      int32   `json:"id"`
	Text    string  `json:"text"`
	LogProb float32 `json:"logprob"`
	Bytes   []byte  `json:"bytes,omitempty"`   // what it stands for, where that is not whole UTF-8 text by itself
	Control bool    `json:"control,omitempty"` // Text is the name of a control token; it adds no text to a reply
}

// NewTokenAlt makes a candidate of the bytes that a token stands for.
func NewTokenAlt(id int32, piece []byte, logProb float32) TokenAlt {
	a := TokenAlt{ID: id, Text: strings.ToValidUTF8(string(piece), "\uFFFD"), LogProb: logProb}
	if !utf8.Valid(piece) || bytes.IndexByte(piece, 0) >= 0 {
		a.Bytes = append([]byte(nil), piece...)
	}
	return a
}

// Piece is what it adds to a reply.
func (a TokenAlt) Piece() []byte {
	switch {
	case a.Control:
		return nil
	case a.Bytes != nil:
		return a.Bytes
	}
	return []byte(a.Text)
}

// Probability is LogProb as a share, 0 to 1.
func (a TokenAlt) Probability() float64 { return min(math.Exp(float64(a.LogProb)), 1) }

// TokenChoice is one token of a reply with what else could have stood there: the likeliest first, the token itself among
// them.
type TokenChoice struct {
	Index int        `json:"index"` // its place in the reply
	ID    int32      `json:"id"`
	Alts  []TokenAlt `json:"alternatives"`
}

// Chosen is the token itself; false where it is not among the alternatives.
func (c TokenChoice) Chosen() (TokenAlt, bool) {
	for _, a := range c.Alts {
		if a.ID == c.ID {
			return a, true
		}
	}
	return TokenAlt{}, false
}
