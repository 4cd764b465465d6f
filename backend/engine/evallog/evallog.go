// Package evallog keeps the evaluation log of an engine's KV cache: which tokens are in it and how they were cut into
// evaluation calls. Logits depend, in their last bits, on those cuts, so a reply can be continued exactly only by
// repeating the same calls. A Log also answers what of a cache is still good for the next request.
//
// Every engine driver uses it, the fake one included. It is plain data: no engine, no goroutine; a Log belongs to one
// goroutine.
package evallog

import (
	"errors"
	"fmt"
	"slices"
)

// Log lists the evaluation calls whose results lie in a KV cache, in order. The zero value is an empty cache.
type Log struct {
	tokens []int32
	cuts   []int // tokens per call; they sum to len(tokens)
}

// New makes a log of tokens cut into calls.
func New(tokens []int32, cuts []int) (Log, error) {
	if err := check(len(tokens), cuts, len(tokens)); err != nil {
		return Log{}, err
	}
	return Log{slices.Clone(tokens), slices.Clone(cuts)}, nil
}

// Len is the number of tokens in the cache: the position of the next one.
func (l *Log) Len() int { return len(l.tokens) }

// Calls is the number of evaluation calls.
func (l *Log) Calls() int { return len(l.cuts) }

// Tokens returns a copy of the tokens in evaluation order.
func (l *Log) Tokens() []int32 { return slices.Clone(l.tokens) }

// Cuts returns a copy of the number of tokens of each call.
func (l *Log) Cuts() []int { return slices.Clone(l.cuts) }

// Append records one call that has been evaluated.
func (l *Log) Append(call []int32) {
	if len(call) == 0 {
		return
	}
	l.tokens = append(l.tokens, call...)
	l.cuts = append(l.cuts, len(call))
}

// Keep drops all but the first n calls and returns the number of tokens left.
func (l *Log) Keep(n int) int {
	n = min(n, len(l.cuts))
	sum := 0
	for _, c := range l.cuts[:n] {
		sum += c
	}
	l.cuts, l.tokens = l.cuts[:n], l.tokens[:sum]
	return sum
}

// KeepUpTo drops every call that ends after the first n tokens and returns the number of tokens left. An engine that
// was aborted says how many positions it has; half a call is of no use.
func (l *Log) KeepUpTo(n int) int {
	calls, sum := 0, 0
	for _, c := range l.cuts {
		if sum+c > n {
			break
		}
		sum += c
		calls++
	}
	return l.Keep(calls)
}

// Plan is what has to be done for a request.
type Plan struct {
	Cuts       []int     // the calls of the prompt, the kept ones included; they sum to its length
	KeepCalls  int       // leading calls of the log that stay in the cache
	KeepTokens int       // tokens in them
	Reused     int       // of KeepTokens, those of the prompt
	Calls      [][]int32 // what to evaluate after them, in order: at least one call, because its logits are wanted
}

// aloneAbove is the size of a last call above which its last token is evaluated on its own. "Regenerate" needs logits
// after the same prompt again and so has to repeat the last call: that is cheap then.
const aloneAbove = 64

// Plan plans the evaluation of a prompt and the reply tokens given with it. cuts nil leaves the cuts to it: it keeps the
// longest run of calls that the prompt begins with, whatever their size, and cuts the rest into calls of at most batch
// tokens. Else the calls
// are exactly cuts and then one per reply token, and only calls equal to those are kept.
func (l *Log) Plan(prompt []int32, cuts []int, reply []int32, batch int) (Plan, error) {
	if len(prompt) == 0 {
		return Plan{}, errors.New("evaluation log: no tokens")
	}
	if batch < 1 {
		return Plan{}, fmt.Errorf("evaluation log: calls of %d tokens", batch)
	}
	if cuts != nil {
		if err := check(len(prompt), cuts, batch); err != nil {
			return Plan{}, err
		}
	} else {
		cuts = l.cut(prompt, len(reply), batch)
	}
	p := Plan{Cuts: slices.Clone(cuts)}
	all := slices.Concat(prompt, reply)
	at := 0
	for i := range len(cuts) + len(reply) {
		n := 1
		if i < len(cuts) {
			n = cuts[i]
		}
		last := i == len(cuts)+len(reply)-1
		if !last && p.KeepCalls == i && i < len(l.cuts) && l.cuts[i] == n && slices.Equal(l.tokens[at:at+n], all[at:at+n]) {
			p.KeepCalls, p.KeepTokens = i+1, at+n
		} else {
			p.Calls = append(p.Calls, all[at:at+n])
		}
		at += n
	}
	p.Reused = min(p.KeepTokens, len(prompt))
	return p, nil
}

// cut keeps the calls that the prompt begins with and cuts the rest.
func (l *Log) cut(prompt []int32, replied, batch int) []int {
	var cuts []int
	at := 0
	for _, n := range l.cuts {
		end := at + n
		if end > len(prompt) || !slices.Equal(l.tokens[at:end], prompt[at:end]) {
			break
		}
		if end == len(prompt) && n > 1 && replied == 0 {
			break // this call has to be repeated for its logits: cut it anew, so that it is cheap the next time
		}
		cuts = append(cuts, n)
		at = end
	}
	for rest := len(prompt) - at; rest > 0; {
		n := min(rest, batch)
		if n == rest && n > aloneAbove {
			n--
		}
		cuts = append(cuts, n)
		rest -= n
	}
	return cuts
}

// check says whether cuts cut n tokens into calls of 1 to batch tokens.
func check(n int, cuts []int, batch int) error {
	sum := 0
	for _, c := range cuts {
		if c < 1 || c > batch {
			return fmt.Errorf("evaluation log: a call of %d tokens, allowed are 1 to %d", c, batch)
		}
		if sum += c; sum > n {
			break
		}
	}
	if sum != n {
		return fmt.Errorf("evaluation log: the calls do not add up to %d tokens", n)
	}
	return nil
}
