//go:build !nonative

package llama

import (
	"math"
	"slices"
	"time"
)

// Speculation: where the last tokens were said before, what followed them then is evaluated along with the next token in
// one call, which costs less than those tokens one by one. What is drawn stays what it would have been: each drawn token
// decides whether the guess for it holds, and a size of call is used only while it gives the same bits as single tokens,
// which is checked on the model itself for every window of attention (proof.go).
//
// How much is guessed is a matter of figures: what calls cost on this machine, as measured, and how often what followed
// before has followed again, as counted for every token of the reply, guessed or not.

const (
	gramTokens = 3  // what has to be repeated before a place is followed
	maxPlaces  = 16 // of a gram that are looked at
	maxMatch   = 64 // repeated tokens that are counted
	nearTokens = 8  // after a difference, a text that is written down again goes on within so many tokens

	pays        = 1.05 // expected gain from which a guess is made
	paysProof   = 1.15 // and from which the cost of a proof is worth it
	provenShare = 0.75 // of an unproven size's gain, against those of proven ones: nothing is gained while a proof goes on
	startFunds  = 3    // tokens' time that guesses of a reply may lose before they have gained any
	maxFunds    = 24
	refund      = 0.02 // per token
	proofFunds  = 12   // tokens' time that proofs may take, once for every span
)

// callSizes are the tokens of calls with guesses: the certain one first. Kernels like multiples of four.
var callSizes = [...]int{4, 8, 16, 32}

// speculator guesses the tokens of one reply. It belongs to the goroutine of Generate.
type speculator struct {
	costs  costs
	tokens []int32
	places map[[gramTokens]int32]int // where the token after a gram stands, its newest place
	older  []int                     // the place before, of the gram before a token; 0 = none
	at     int                       // where the next token stands if the text goes on as before; 0 = nowhere
	match  int                       // how many tokens before at are the newest ones
	left   int                       // where a text that was followed went another way; 0 = nowhere near
	since  int                       // tokens since then
	odds   [len(oddsFrom)]odds       // that the token at a place is the next one
	funds  float64                   // tokens' time that guesses may lose
	proofs float64                   // tokens' time that proofs may take

	drafted, confirmed int
}

// oddsFrom are the matches from which other odds are kept, and expectedOdds those before anything was seen.
var (
	oddsFrom     = [...]int{0, gramTokens, 6, 12, 24}
	expectedOdds = [...]float64{0.35, 0.6, 0.85, 0.93, 0.97}
)

// odds counts, the newest tokens mostly.
type odds struct{ held, all float64 }

func (o *odds) note(held bool) {
	const fade = 0.96
	o.held, o.all = o.held*fade, o.all*fade+1
	if held {
		o.held++
	}
}

func newSpeculator(c costs, tokens []int32) *speculator {
	s := &speculator{costs: c, places: map[[gramTokens]int32]int{}, older: []int{0}, funds: startFunds, proofs: proofFunds}
	for _, t := range tokens {
		s.follow(t)
	}
	s.odds = [len(oddsFrom)]odds{} // of the reply alone: a prompt repeats other things
	return s
}

// add takes the next token that is certain.
func (s *speculator) add(token int32) {
	s.follow(token)
	s.funds = min(s.funds+refund, max(s.funds, startFunds))
	s.proofs = min(s.proofs+proofFunds/float64(spanTokens), proofFunds)
}

func (s *speculator) follow(token int32) {
	switch {
	case s.at == 0:
	case s.tokens[s.at] == token:
		s.odds[kind(s.match)].note(true)
		s.at, s.match = s.at+1, min(s.match+1, maxMatch)
	default:
		s.odds[kind(s.match)].note(false)
		if s.match >= gramTokens {
			s.left, s.since = s.at, 0
		}
		s.at, s.match = 0, 0
	}
	s.tokens = append(s.tokens, token)
	n := len(s.tokens)
	place := 0
	if n >= gramTokens {
		gram := [gramTokens]int32(s.tokens[n-gramTokens:])
		place = s.places[gram]
		s.places[gram] = n
	}
	s.older = append(s.older, place)
	if s.match < oddsFrom[2] {
		for range maxPlaces {
			if place == 0 {
				break
			}
			if m := s.alike(place); m > s.match {
				s.at, s.match = place, m
			}
			place = s.older[place]
		}
	}
	s.rejoin(token)
}

// rejoin finds the place of a text that was followed, where only a word of it is another one.
func (s *speculator) rejoin(token int32) {
	if s.left == 0 {
		return
	}
	if s.since++; s.since > nearTokens || s.match >= gramTokens {
		s.left = 0
		return
	}
	if s.at != 0 {
		return
	}
	for at := s.left; at < s.left+nearTokens && at < len(s.tokens)-1; at++ {
		if s.tokens[at] == token {
			s.at, s.match = at+1, 1
			return
		}
	}
}

// alike is how many tokens before a place equal the newest ones.
func (s *speculator) alike(at int) int {
	n := 0
	for n < maxMatch && n < at && s.tokens[at-1-n] == s.tokens[len(s.tokens)-1-n] {
		n++
	}
	return n
}

// kind is which of oddsFrom a match belongs to.
func kind(match int) int {
	k := 0
	for k+1 < len(oddsFrom) && match >= oddsFrom[k+1] {
		k++
	}
	return k
}

// holding is how many of n guessed tokens are expected to hold.
func (s *speculator) holding(n int) float64 {
	const weight = 2 // of what is expected beforehand
	sum, p := 0.0, 1.0
	for i := range n {
		k := kind(s.match + i)
		p *= (s.odds[k].held + weight*expectedOdds[k]) / (s.odds[k].all + weight)
		sum += p
	}
	return sum
}

// use says what may be done with calls of a size.
type use uint8

const (
	useNever use = iota
	useProof     // nobody knows whether they are exact
	useFreely
)

// firstCall is the size that is proven first: it pays most of what guessing can pay, and is soon proven.
const firstCall = 8

// inTurn says whether it is a size's turn to be proven: larger ones cost most and come after those that half of them proved.
func inTurn(call int, of func(call int) use) bool {
	switch {
	case call > firstCall:
		return of(call/2) == useFreely
	case call < firstCall:
		return of(firstCall) != useProof
	}
	return true
}

// guess returns the tokens that may come, at most room of them, in the size that pays most; nil = none.
func (s *speculator) guess(room int, of func(call int) use) []int32 {
	if s.at == 0 || s.funds <= 0 {
		return nil
	}
	best, size := 0.0, 0
	for _, call := range callSizes {
		if call-1 > room {
			break
		}
		price := s.costs.price(call)
		gain, least := (1+s.holding(call-1))/price, pays
		switch of(call) {
		case useNever:
			continue
		case useProof:
			if price > s.proofs || !inTurn(call, of) {
				continue
			}
			gain, least = gain*provenShare, paysProof
		case useFreely:
		}
		if gain > max(best, least) {
			best, size = gain, call
		}
	}
	if size == 0 {
		return nil
	}
	guess := make([]int32, size-1)
	for i := range guess {
		if at := s.at + i; at < len(s.tokens) {
			guess[i] = s.tokens[at]
		} else {
			guess[i] = guess[at-len(s.tokens)] // the text goes round
		}
	}
	return guess
}

// learn notes how a guess came out: how many of its tokens held, and how long the call and its draws took.
func (s *speculator) learn(guessed, held int, took time.Duration) {
	s.drafted, s.confirmed = s.drafted+guessed, s.confirmed+held
	if one := s.costs.median(1); one > 0 {
		cost := took.Seconds() / one
		if s.costs[guessed+1] == nil {
			cost = min(cost, s.costs.price(guessed+1)) // the rest will not be paid again
		}
		s.funds = min(s.funds+float64(held+1)-cost, maxFunds)
	}
	s.costs.note(guessed+1, took)
}

// proved notes what a call cost whose logits were only looked at.
func (s *speculator) proved(call int, took time.Duration) {
	s.costs.note(call, took)
	s.proofs -= s.costs.price(call)
}

// costs is how long calls take, by their tokens, draws included: the newest ones of a loaded model.
type costs map[int]*recent

// recent are the newest measures, in seconds.
type recent struct {
	seconds [9]float64
	n       int
}

// note takes a measure. The first of a size is left out: the engine builds its graph and touches its memory then, and who took
// that for the price would never try again.
func (c costs) note(call int, took time.Duration) {
	r := c[call]
	if r == nil {
		r = &recent{}
		c[call] = r
		if call > 1 {
			return
		}
	}
	r.seconds[r.n%len(r.seconds)] = took.Seconds()
	r.n++
}

// median is that of calls of a size; 0 = not measured.
func (c costs) median(call int) float64 {
	r := c[call]
	if r == nil || r.n == 0 {
		return 0
	}
	list := slices.Clone(r.seconds[:min(r.n, len(r.seconds))])
	slices.Sort(list)
	return list[len(list)/2]
}

// price is what a call costs in calls of one token. Nobody has to have measured it: the nearest size tells.
func (c costs) price(call int) float64 {
	const cheap = 0.3 // of a token more, before anything is measured: dear ones are found out at once
	one := c.median(1)
	if one == 0 {
		return math.Inf(1)
	}
	if m := c.median(call); m > 0 {
		return m / one
	}
	slope := cheap
	for _, other := range callSizes {
		if m := c.median(other); m > 0 {
			slope = (m/one - 1) / float64(other-1)
		}
	}
	return 1 + max(slope, 0)*float64(call-1)
}

// clock is what calls are measured with: the time that the processor computes or, on another device, that passes.
func (g *reply) clock() time.Duration {
	if g.info.Engine.Device == "CPU" {
		if d, ok := computed(); ok {
			return d
		}
	}
	return time.Since(g.start)
}
