package chat

import (
	"context"
	"errors"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/prompt"
	"loam/store"
)

// finish stores the end of the reply and tells everyone.
func (r *run) finish(out outcome) {
	r.mu.Lock()
	r.sealed = true
	if out.err == nil && out.result.Stop != backend.StopCancel { // else it is not over, and Resume will bring it
		r.put(clean(out.result.Text))
	}
	f := r.ending(out)
	r.mu.Unlock()
	r.publish()

	r.mu.Lock()
	f.Tokens, f.Text = r.tokens, r.text.String()[r.saved:]
	m := r.reply
	m.Text = r.text.String()
	r.mu.Unlock()

	s := r.s
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), writeLimit)
	defer cancel()
	r.keepAlternatives(ctx)
	stored, err := s.store.FinishReply(ctx, m.ID, f)
	s.mu.Lock()
	if err != nil {
		m.State, m.Stop, m.Usage = f.State, f.Stop, f.Usage
		m.Error = Sentence(&saveError{err})
		s.unsaved[m.ID], s.rest[m.ID] = m, f
	} else {
		m = withFacts(stored)
		if f.State == backend.MessageComplete && f.Stop == backend.StopEnd && r.record == nil {
			s.lastPrompt = spellingOf(r.prompt, m.Text)
		}
	}
	delete(s.running, m.ID)
	delete(s.busy, m.ChatID)
	s.mu.Unlock()
	if err != nil {
		s.log.Error("A reply could not be stored", "message", m.ID, "error", err)
	}
	if out.err != nil && context.Cause(r.ctx) == nil {
		s.log.Error("A reply failed", "message", m.ID, "model", r.model.Name, "error", out.err)
	}
	s.bus.Deliver(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, Revision: m.Revision, State: m.State})
	r.cancel(errSealed)
	close(r.done)
	if err == nil && f.State == backend.MessageComplete {
		s.nameSoon(r.chat.ID, r.path)
	}
}

// ending says in which state the reply is left. r.mu is held.
func (r *run) ending(out outcome) store.Finish {
	f := store.Finish{State: backend.MessageComplete, Stop: out.result.Stop, Usage: out.result.Usage}
	if f.Usage == (backend.Usage{}) && !r.first.IsZero() {
		f.Usage.PromptTokens, f.Usage.ReusedTokens = len(r.prompt.tokens), r.reused
		f.Usage.ReplyTokens = r.count
		f.Usage.FirstToken = r.first.Sub(r.began)
		f.Usage.ReplyTime = r.last.Sub(r.first)
	}
	if f.Usage.Reasoning = r.thought; r.split.Now() == prompt.Reasoning && !r.first.IsZero() {
		f.Usage.Reasoning = r.last.Sub(r.first)
	}
	if before := r.reply.Usage; r.record != nil && len(r.record.Tokens) > 0 {
		f.Usage.Reasoning += before.Reasoning
		// The counts are of the whole reply; so must be the times, or nobody can divide one by the other.
		f.Usage.FirstToken = before.FirstToken
		if before.ReplyTime > 0 {
			f.Usage.ReplyTime += before.ReplyTime
		} else {
			f.Usage.ReplyTime = 0 // the time before a kill is not known
		}
	}
	f.Usage.SeenFrom, f.Usage.LeftOut, f.Usage.Note = r.reply.SeenFrom, r.reply.LeftOut, r.reply.Note
	f.Usage.Format, f.Usage.Guessed, f.Usage.Thinking = r.reply.Usage.Format, r.reply.Usage.Guessed, r.reply.Usage.Thinking
	f.Usage.Parts, f.Usage.Engine, f.Usage.Begun = out.parts, r.engine, r.reply.Usage.Begun
	if f.Usage.Format == formatTemplate {
		f.Usage.Template = r.model.TemplateHash
	}
	cause := context.Cause(r.ctx)
	var save *saveError
	var crash *engine.Crashed
	switch {
	case out.err == nil && f.Stop != backend.StopCancel:
		return f // whatever was asked in the last moment, it is complete
	case errors.As(cause, &save) || errors.As(out.err, &save):
		f.State, f.Error = backend.MessageInterrupted, Sentence(save)
	case errors.Is(cause, errClosing):
		f.State = backend.MessageInterrupted
	case cause != nil || out.err == nil:
		f.State, f.Stop = backend.MessageStopped, backend.StopCancel
	case errors.As(out.err, &crash) || r.text.Len() > 0 || r.count > 0:
		f.State, f.Error = backend.MessageInterrupted, Sentence(out.err)
	default:
		f.State, f.Error = backend.MessageFailed, Sentence(out.err)
	}
	return f
}

// withFacts fills in what a stored message keeps with its counts.
func withFacts(m backend.Message) backend.Message {
	m.SeenFrom, m.LeftOut, m.Note = m.Usage.SeenFrom, m.Usage.LeftOut, m.Usage.Note
	return m
}
