//go:build !nonative

package llama

import (
	"errors"
	"math"
	"slices"

	"loam/backend/engine"
)

// spanTokens is what llama.cpp pads its attention to: the kernels, and how threads share them, change at most there.
const spanTokens = 256

// sizeInSpan is a size of call at a place in the context.
type sizeInSpan struct{ size, span int }

// exactness is what is known about calls of several tokens of a loaded model. The zero value knows nothing.
type exactness struct {
	known        map[sizeInSpan]bool // whether they give the bits of single tokens
	proven, lost int
}

func (e *exactness) note(key sizeInSpan, same bool) {
	if e.known == nil {
		e.known = map[sizeInSpan]bool{}
	}
	e.known[key] = same
	if same {
		e.proven++
	} else {
		e.lost++
	}
}

// learn takes what earlier replies found out. What does not fit is left aside; what is known already stays.
func (e *exactness) learn(list []engine.CallProof, contextTokens int) {
	for _, p := range list {
		key := sizeInSpan{p.Call, p.Span}
		if _, known := e.known[key]; known || !slices.Contains(callSizes[:], p.Call) || p.Span < 0 || p.Span > contextTokens/spanTokens {
			continue
		}
		e.note(key, p.Exact)
	}
}

// hopeless says that trying further is: some kernels never agree.
func (e *exactness) hopeless() bool { return e.lost >= 2 && e.proven < e.lost }

// proof compares what a call of several tokens gave with what its tokens give one by one, as they become certain.
type proof struct {
	key    sizeInSpan
	tokens []int32
	want   [][]float32 // the logits after each of tokens
	next   int
}

// place is where a call of so many tokens would come to lie; ok when it lies in one span.
func (g *reply) place(call int) (key sizeInSpan, ok bool) {
	first, last := g.log.Len()/spanTokens, (g.log.Len()+call-1)/spanTokens
	return sizeInSpan{call, last}, first == last
}

// use is what is known about calls of a size, here.
func (g *reply) use(call int) use {
	key, ok := g.place(call)
	exact, known := g.exact.known[key]
	switch {
	case !ok, known && !exact, !known && g.exact.hopeless():
		return useNever
	case !known:
		return useProof
	}
	return useFreely
}

// guessed evaluates token and the guess of what follows, and returns the guess when its logits may be drawn from; nil = only
// token is in the cache. A size that is not proven yet begins its proof.
func (g *reply) guessed(s *speculator, token int32, guess []int32) ([]int32, status, error) {
	call := append([]int32{token}, guess...)
	key, _ := g.place(len(call))
	proven := g.exact.known[key]
	start, began := g.log.Len(), g.clock()
	st, err := g.h.eval(call, true)
	if st != statusOK || err != nil {
		g.resync()
		return nil, st, err
	}
	if proven {
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
	s.proved(len(call), g.clock()-began)
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
	g.exact.note(p.key, same)
	g.proofs = append(g.proofs, engine.CallProof{Call: p.key.size, Span: p.key.span, Exact: same})
	g.proof = nil
	return nil
}
