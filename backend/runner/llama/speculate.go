//go:build !nonative

package llama

import (
	"errors"
	"math"
	"slices"
	"time"
)

// Speculation: where the last tokens were said before, what followed them then is evaluated along with the next token in
// one call, which costs little more than the token alone. What is drawn stays what it would have been: each drawn token
// decides whether the guess for it holds, and a size of call is used only while it gives the same bits as single tokens,
// which is checked on the model itself for every window of attention (spanTokens).

const (
	gramTokens = 3   // what has to be repeated before a guess is made
	spanTokens = 256 // llama.cpp pads its attention to so many tokens; kernels change with it at most there
	maxMisses  = 4   // guesses in a row that fail before a pause
	longMatch  = 8   // repeated tokens after which the longest guess is made
)

// guessSizes are how many tokens are guessed at once: with the certain one before them calls of 4, 8 and 16.
var guessSizes = [...]int{3, 7, 15}

// sizeInSpan is a size of call at a place in the context.
type sizeInSpan struct{ size, span int }

// speculator guesses the tokens of one reply. It belongs to the goroutine of Generate.
type speculator struct {
	tokens  []int32
	follows map[[gramTokens]int32]int // where the tokens after a gram stand, its newest place but the last
	level   int                       // into guessSizes
	misses  int
	rest    int // tokens until the next guess
	pause   int // the length of the next pause

	plain, gain        pace
	drafted, confirmed int
}

// pace is the mean time per token, of the newest ones mostly.
type pace struct {
	seconds float64
	count   int
}

func (p *pace) add(d time.Duration, tokens int) {
	p.count++
	s := d.Seconds() / float64(max(tokens, 1))
	if p.count == 1 {
		p.seconds = s
		return
	}
	p.seconds += (s - p.seconds) * max(0.1, 1/float64(p.count))
}

func newSpeculator(tokens []int32) *speculator {
	s := &speculator{follows: map[[gramTokens]int32]int{}, pause: 16}
	for _, t := range tokens {
		s.add(t)
	}
	return s
}

// add takes the next token that is certain.
func (s *speculator) add(token int32) {
	if n := len(s.tokens); n >= gramTokens { // the gram that ends before token is followed by it
		s.follows[[gramTokens]int32(s.tokens[n-gramTokens:])] = n
	}
	s.tokens = append(s.tokens, token)
	if s.rest > 0 {
		s.rest--
	}
}

// guess returns the tokens that may come, at most room of them and as many as allowed agrees to; nil = none.
func (s *speculator) guess(room int, allowed func(n int) bool) []int32 {
	n := len(s.tokens)
	if n < gramTokens || s.rest > 0 || room < guessSizes[0] {
		return nil
	}
	at, ok := s.follows[[gramTokens]int32(s.tokens[n-gramTokens:])]
	if !ok {
		return nil
	}
	level := s.level
	if s.alike(at) >= longMatch {
		level = len(guessSizes) - 1 // a text that is written down again
	}
	for ; level >= 0; level-- {
		if size := guessSizes[level]; size <= room && at+size <= n && allowed(size) {
			return slices.Clone(s.tokens[at : at+size])
		}
	}
	return nil
}

// alike is how many tokens before a place equal the newest ones, as far as longMatch.
func (s *speculator) alike(at int) int {
	n := 0
	for n < longMatch && n < at && s.tokens[at-1-n] == s.tokens[len(s.tokens)-1-n] {
		n++
	}
	return n
}

// learn notes how a guess came out: how many of its tokens held, and how long the call and its draws took.
func (s *speculator) learn(guessed, held int, took time.Duration) {
	s.drafted, s.confirmed = s.drafted+guessed, s.confirmed+held
	s.gain.add(took, held+1)
	switch {
	case held == guessed:
		s.level, s.misses, s.pause = min(s.level+1, len(guessSizes)-1), 0, 16
	case held*2 < guessed:
		s.level = max(s.level-1, 0)
	}
	if held == 0 {
		s.misses++
	}
	// It does not pay: here for now, or at all.
	if s.misses >= maxMisses || s.gain.count >= 6 && s.plain.count >= 4 && s.gain.seconds > 0.95*s.plain.seconds {
		s.rest, s.misses, s.level = s.pause, 0, 0
		s.pause = min(s.pause*4, 1<<20)
		s.gain = pace{}
	}
}

// proof compares what a call of several tokens gave with what its tokens give one by one, as they become certain.
type proof struct {
	key    sizeInSpan
	tokens []int32
	want   [][]float32 // the logits after each of tokens
	next   int
}

// place is the size and span of a call with n guessed tokens.
func (g *reply) place(n int) sizeInSpan { return sizeInSpan{n + 1, (g.log.Len() + n + 1) / spanTokens} }

// guessed evaluates token and the guess of what follows, and returns the guess when its logits may be drawn from; nil = only
// token is in the cache. A size that is not proven yet begins its proof.
func (g *reply) guessed(token int32, guess []int32) ([]int32, status, error) {
	call := append([]int32{token}, guess...)
	key := g.place(len(guess))
	_, known := g.exact[key]
	start := g.log.Len()
	st, err := g.h.eval(call, true)
	if st != statusOK || err != nil {
		g.resync()
		return nil, st, err
	}
	if known {
		g.log.Append(call[:1]) // the rest when it is certain
		return guess, st, nil
	}
	g.proof = &proof{key: key, tokens: call}
	for i := range call {
		l, err := g.h.logits(i, g.info.Vocab)
		if err != nil {
			return nil, st, err
		}
		g.proof.want = append(g.proof.want, l)
	}
	if !g.h.keep(start) {
		g.clear()
		return nil, st, errors.New("speculate: the model cannot drop a tail")
	}
	st, err = g.call(call[:1])
	if st == statusOK && err == nil {
		err = g.prove(token)
	}
	return nil, st, err
}

// prove goes on with a proof after token was evaluated alone.
func (g *reply) prove(token int32) error {
	p := g.proof
	if p == nil {
		return nil
	}
	if p.tokens[p.next] != token { // the guess did not hold: nothing more to compare
		g.proof = nil
		return nil
	}
	l, err := g.h.logits(-1, g.info.Vocab)
	if err != nil {
		return err
	}
	same := slices.EqualFunc(p.want[p.next], l, func(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) })
	if p.next++; same && p.next < len(p.tokens) {
		return nil
	}
	if g.exact == nil {
		g.exact = map[sizeInSpan]bool{}
	}
	g.exact[p.key] = same
	g.proof = nil
	return nil
}
