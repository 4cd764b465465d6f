package chat

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"slices"

	"loam/backend"
	"loam/backend/engine"
)

// question is what an engine is asked, and the record that is kept of it.
type question struct {
	request engine.GenerateRequest
	record  backend.Generation
	replay  bool // record is stored already and stays as it is
	prompt  prepared

	// For the message.
	note     string // one sentence; "" = nothing worth knowing
	format   string
	guessed  bool // the format
	seenFrom int64
	leftOut  int
}

// Notes of replies whose continuation is close to, but not exactly, what it would have been.
const (
	noteOtherEngine = "This answer was continued on another engine or device than it was begun on, so the rest may differ slightly from what it would have been."
	noteOtherModel  = "This answer was continued by another model file than it was begun with."
)

// ask makes the question for this reply: a new one, or the rest of one that was interrupted.
func (r *run) ask(e engine.Chat) (question, error) {
	if r.record == nil {
		return r.askNew(e)
	}
	record, info := *r.record, e.Info()
	r.mu.Lock()
	before := r.reply
	r.mu.Unlock()
	if !sameFile(record.Model, r.model) || !slices.Equal(record.Adapters, refs(r.adapters)) {
		return r.askOther(e)
	}
	q := question{record: record, request: engine.GenerateRequest{
		Prompt: record.Prompt, Cuts: record.Cuts, Reply: record.Tokens, Stops: record.Stops, Sampling: record.Sampling, Speculate: true,
	}, prompt: prepared{tokens: record.Prompt}}
	q.replay = sameEngine(record.Engine, info.Engine) && record.Batch == info.Batch
	if !q.replay {
		q.record.Engine, q.record.Batch, q.record.Context, q.note = info.Engine, info.Batch, info.Context, noteOtherEngine
		q.record.Tokens = nil // those that are stored stay
		q.seenFrom, q.leftOut = before.SeenFrom, before.LeftOut
		q.format, q.guessed = before.Usage.Format, before.Usage.Guessed
		if len(record.Cuts) > 0 && slices.Max(record.Cuts) > info.Batch {
			q.request.Cuts = nil
		}
	}
	return q, nil
}

func (r *run) askNew(e engine.Chat) (question, error) {
	p, note, err := r.withSummary(e)
	if err != nil {
		return question{}, err
	}
	if p.opener != "" {
		r.mu.Lock()
		if r.text.Len() == 0 {
			r.put(p.opener)
		}
		r.mu.Unlock()
	}
	r.follow(p)
	return question{
		request: engine.GenerateRequest{Prompt: p.tokens, Stops: p.stops, Sampling: r.sampling, Speculate: true},
		record:  r.recordOf(e, p),
		prompt:  p, note: note,
		format: p.plan.Format, guessed: p.plan.Notice != "", seenFrom: p.plan.SeenFrom, leftOut: len(p.plan.LeftOut),
	}, nil
}

// askOther continues a reply by another model: its vocabulary and template are other ones, so all that counts is the text.
func (r *run) askOther(e engine.Chat) (question, error) {
	r.mu.Lock()
	text := r.text.String()
	r.mu.Unlock()
	r.sampling = r.record.Sampling
	p, err := r.s.prepare(r.ctx, e, r.model, r.chat, r.path, r.sampling)
	if err != nil {
		return question{}, err
	}
	if p.opener != "" && len(text) >= len(p.opener) && text[:len(p.opener)] == p.opener {
		text = text[len(p.opener):]
	}
	tokens := []int32{}
	if text != "" {
		if tokens, err = e.Tokenize(r.ctx, text, false); err != nil {
			return question{}, err
		}
	}
	r.follow(p)
	r.mu.Lock()
	r.count, r.altsFrom = len(tokens), len(tokens) // the words are the same, the tokens are not
	r.mu.Unlock()
	note := noteOtherModel
	if r.record.Model == (backend.ModelRef{}) { // no model wrote it: Continue of a person's words
		note = ""
		if r.sampling.MaxTokens > 0 {
			r.sampling.MaxTokens += len(tokens)
		}
		r.mu.Lock()
		r.reply.Usage.Begun = &backend.ReplyStart{Tokens: len(tokens), Bytes: len(text)}
		r.mu.Unlock()
	}
	record := r.recordOf(e, p)
	record.Tokens = tokens
	return question{
		request: engine.GenerateRequest{Prompt: p.tokens, Reply: tokens, Stops: p.stops, Sampling: r.sampling},
		record:  record,
		prompt:  p,
		format:  p.plan.Format, guessed: p.plan.Notice != "",
		note: note, seenFrom: p.plan.SeenFrom, leftOut: len(p.plan.LeftOut),
	}, nil
}

// follow takes into the sampler settings what the template asks of a reply, beside what a person chose.
func (r *run) follow(p prepared) {
	r.sampling.Preserved = p.preserved
	if p.grammar != nil {
		r.sampling.Grammar = p.grammar
	}
}

func (r *run) recordOf(e engine.Chat, p prepared) backend.Generation {
	info := e.Info()
	return backend.Generation{
		MessageID: r.reply.ID, Prompt: p.tokens, Stops: p.stops, Sampling: r.sampling,
		Engine: info.Engine, Model: r.model.Ref(), Adapters: refs(r.adapters), Context: info.Context, Batch: info.Batch,
	}
}

// sameFile says whether a model is the one of a record. A hash that is not computed yet says nothing against it.
func sameFile(ref backend.ModelRef, m backend.Model) bool {
	if ref.SHA256 != "" && m.SHA256 != "" {
		return ref.SHA256 == m.SHA256
	}
	return ref.ID == m.ID
}

// sameEngine says whether two engines give the same logits for the same calls. The number of threads plays no part.
func sameEngine(a, b backend.EngineInfo) bool {
	a.Threads, b.Threads = 0, 0
	return a == b
}

// samplingOf is what a reply of a model in a chat is drawn with. wish, if any, comes before the chat's own settings, and
// these before what the model's file recommends.
func (s *Service) samplingOf(c backend.Chat, model backend.Model, wish *backend.Sampling) backend.Sampling {
	switch {
	case wish != nil:
		return *wish
	case c.Sampling != nil:
		return *c.Sampling
	}
	return s.recommended(model)
}

// drawSeed gives a reply with a random seed one of its own, to be stored with it. 31 bits: easy to type again, and no
// value that an engine takes for "random".
func drawSeed(p backend.Sampling) backend.Sampling {
	if p.RandomSeed {
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails (crypto/rand)
		p.Seed = uint64(binary.LittleEndian.Uint32(b[:]) >> 1)
		p.RandomSeed = false
	}
	return p
}

// pathTo returns the messages from the root down to, but without, a message.
func (s *Service) pathTo(ctx context.Context, m backend.Message) ([]backend.Message, error) {
	path, err := s.Transcript(ctx, m.ChatID)
	if err != nil {
		return nil, err
	}
	if i := slices.IndexFunc(path, func(p backend.Message) bool { return p.ID == m.ID }); i >= 0 {
		return path[:i], nil
	}
	path = nil // it is not on the shown path: climb
	for id := m.Parent; id != 0; {
		parent, err := s.Message(ctx, id)
		if err != nil {
			return nil, err
		}
		path = append(path, parent)
		id = parent.Parent
	}
	slices.Reverse(path)
	return path, nil
}
