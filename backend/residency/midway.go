package residency

import (
	"context"
	"slices"
	"time"

	"loam/backend"
	"loam/backend/engine"
)

// When the context of a reply that is still being written is saved, so that a death costs little of a long one: where both
// what was computed since the last time and how much that is of the whole are worth it, and the reply hardly waits for it. With the
// part of all, what is written for one reply in the course of time stays within a few times its last size.
const (
	midwayAfter  = 20 * time.Second // of computing
	midwayGrown  = 8                // the eighth part of all tokens
	midwayWait   = 30               // times as long as the last save took
	midwaySave   = 10 * time.Second // the longest one
	midwayTokens = 32               // between two looks at the clock, at the least
)

// midway is a reply that is written in pieces. Between two of them the engine is free to write its context out; to whom the reply
// goes the border is not seen.
type midway struct {
	l      *lease
	r      engine.GenerateRequest // of the next piece
	most   int                    // tokens that the reply may have; 0 = any number
	cuts   []int
	tokens []int32 // of the reply
	usage  backend.Usage
	proofs []engine.CallProof
	piece  int           // how many there were
	since  time.Time     // the last save, or the beginning
	saved  int           // tokens on disk
	took   time.Duration // the last save
}

// savesMidway says whether the context of a reply can be saved while it is being written. Samplers that remember more than tokens
// would have to write all of it again after every piece.
func (l *lease) savesMidway(r engine.GenerateRequest) bool {
	s := r.Sampling
	remembers := s.Temperature > 0 && (s.Mirostat > 0 || s.AdaptiveTarget > 0)
	return l.chat != 0 && l.m.deps.States != nil && l.r.info.Capabilities.State && !remembers
}

// generate is the child's Generate. l.chat is whose conversation the context holds.
func (l *lease) generate(ctx context.Context, r engine.GenerateRequest, emit func(engine.Event) error) (engine.Result, error) {
	if !l.savesMidway(r) {
		return l.r.child.Generate(ctx, r, emit)
	}
	w := &midway{l: l, r: r, most: r.Sampling.MaxTokens, tokens: slices.Clone(r.Reply), since: time.Now()}
	if held := l.m.held(l.r); held.chat == l.chat {
		w.saved = held.saved
	}
	length := midwayTokens
	for {
		began, from := time.Now(), len(w.tokens)
		end := from + length
		w.r.Sampling.MaxTokens = end
		if w.most > 0 {
			w.r.Sampling.MaxTokens = min(w.most, end)
		}
		out, err := l.r.child.Generate(ctx, w.r, func(e engine.Event) error { return w.take(e, emit) })
		w.add(out)
		if err != nil || out.Stop != backend.StopLength || len(w.tokens) < end || w.most > 0 && w.most <= end {
			out.Usage, out.Proofs = w.usage, w.proofs
			return out, err
		}
		if took := time.Since(began); w.piece > 1 && took > 0 { // the first one read the prompt
			length = max(midwayTokens, int(float64(len(w.tokens)-from)*midwayAfter.Seconds()/took.Seconds()))
		}
		w.save(ctx)
		w.r.Cuts, w.r.Reply, w.r.Proofs = w.cuts, w.tokens, slices.Concat(r.Proofs, w.proofs)
	}
}

// take passes on what is new.
func (w *midway) take(e engine.Event, emit func(engine.Event) error) error {
	switch e := e.(type) {
	case engine.Evaluating:
		if w.piece > 0 {
			return nil
		}
		w.cuts = e.Cuts
	case engine.Prompt:
		if w.piece > 0 {
			return nil
		}
	case engine.Token:
		w.tokens = append(w.tokens, e.ID)
	}
	return emit(e)
}

// add counts a piece in.
func (w *midway) add(out engine.Result) {
	u := out.Usage
	if w.piece > 0 {
		u.PromptTokens, u.ReusedTokens, u.PromptTime, u.FirstToken = w.usage.PromptTokens, w.usage.ReusedTokens, w.usage.PromptTime, w.usage.FirstToken
		u.ReplyTime += w.usage.ReplyTime
		u.Drafted += w.usage.Drafted
		u.Confirmed += w.usage.Confirmed
	}
	w.usage = u
	w.proofs = append(w.proofs, out.Proofs...)
	w.piece++
}

// save writes the context to disk where that is worth it.
func (w *midway) save(ctx context.Context) {
	l, tokens, now := w.l, len(w.r.Prompt)+len(w.tokens), time.Now()
	if now.Sub(w.since) < max(midwayAfter, midwayWait*w.took) || (tokens-w.saved)*midwayGrown < tokens {
		return
	}
	l.m.hold(l.r, holding{chat: l.chat, tokens: tokens, dirty: true, saved: w.saved})
	limited, cancel := context.WithTimeout(ctx, midwaySave)
	defer cancel()
	l.m.save(limited, l.r)
	w.since, w.took = time.Now(), time.Since(now)
	if held := l.m.held(l.r); !held.dirty {
		w.saved = held.saved
	}
}
