package chat

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/prompt"
)

const (
	progressGap = 33 * time.Millisecond  // between two events of a growing reply
	saveGap     = 250 * time.Millisecond // between two writes of it: what a kill may cost
	// stopGrace is how long a stopped reply waits for the engine's last words before it ends without them.
	stopGrace = 80 * time.Millisecond
	// writeLimit bounds a write that no caller waits for; SQLite itself waits 20 s for another process.
	writeLimit = 25 * time.Second
)

// Why a reply was cancelled.
var (
	errStopped = errors.New("stopped by a person")
	errClosing = errors.New("the program is closing")
	errSealed  = errors.New("the reply has ended")
)

// saveError is a write of the running reply that failed.
type saveError struct{ err error }

func (e *saveError) Error() string { return "save the reply: " + e.err.Error() }
func (e *saveError) Unwrap() error { return e.err }

// run is a reply while it is written. Two goroutines work on it: answer asks the engine, write publishes and stores what
// came, so that neither a slow disk holds up the model nor a hanging engine the words.
type run struct {
	s        *Service
	chat     backend.Chat
	path     []backend.Message // from the root to the message it answers; nil when a record says it all
	model    backend.Model
	sampling backend.Sampling
	adapters []adapter
	record   *backend.Generation // the evaluation log to go on from; nil = from the start

	alternatives int // that are kept per token

	ctx    context.Context
	cancel context.CancelCauseFunc
	more   chan struct{} // room for one: text or tokens came
	done   chan struct{} // closed when the message is not running any more

	mu        sync.Mutex
	reply     backend.Message      // as it was stored last, without its text
	text      strings.Builder      // all of it
	published int                  // bytes of text
	saved     int                  // bytes of text
	tokens    []int32              // generated and not stored yet
	count     int                  // generated in all
	reused    int                  // tokens of the prompt that were in the cache
	alts      [][]backend.TokenAlt // of tokens, not stored yet
	altsFrom  int                  // which token of the reply the first of them belongs to
	engine    *backend.EngineInfo  // that writes
	progress  event.MessageProgress
	sealed    bool      // nothing is taken any more
	began     time.Time // of the request to the engine
	first     time.Time // first token of this run
	last      time.Time
	prompt    prepared // what was asked, for the next turn

	split   prompt.Splitter // of text: when does the reasoning end
	thought time.Duration   // how long the reasoning of this run took, once it has ended
}

// outcome is how the engine's part of a reply ended.
type outcome struct {
	result engine.Result
	parts  *backend.ReplyParts
	err    error
}

// reserve makes the chat busy, so that only one reply is prepared and written in it at a time.
func (s *Service) reserve(chatID int64) (*run, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, fmt.Errorf("start a reply: %w", errClosing)
	}
	if s.busy[chatID] != nil {
		return nil, backend.ErrBusy
	}
	r := &run{s: s, more: make(chan struct{}, 1), done: make(chan struct{})}
	r.ctx, r.cancel = context.WithCancelCause(s.base)
	s.busy[chatID] = r
	s.owned.Add(1) // here and not in start: Close waits for it from now on
	return r, nil
}

// abandon frees the chat again when no reply came of it.
func (r *run) abandon(chatID int64) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	if r.reply.ID == 0 && r.s.busy[chatID] == r {
		delete(r.s.busy, chatID)
		r.cancel(errSealed)
		r.s.owned.Done()
	}
}

// start tells everyone of a reply that is stored as running, and begins to write it. Whoever hears of it can stop it.
func (r *run) start(reply backend.Message) {
	s := r.s
	r.put(reply.Text)
	r.published, r.saved = len(reply.Text), len(reply.Text)
	if r.record != nil {
		r.count = len(r.record.Tokens)
		r.altsFrom = r.count
	}
	r.progress = event.MessageProgress{ChatID: reply.ChatID, MessageID: reply.ID, Phase: event.PhaseQueued}
	s.mu.Lock()
	r.reply = reply
	r.reply.Text = ""
	s.running[reply.ID] = r
	s.mu.Unlock()
	s.bus.Deliver(event.MessageChanged{ChatID: reply.ChatID, MessageID: reply.ID, Revision: reply.Revision, State: reply.State})
	s.bus.Deliver(event.ChatChanged{ChatID: reply.ChatID}) // its leaf
	go r.run()
}

func (r *run) run() {
	defer r.s.owned.Done()
	ended := make(chan outcome, 1)
	r.s.owned.Go(func() { ended <- r.answer() })
	r.finish(r.write(ended))
}

// answer gets an engine and has it write the reply.
func (r *run) answer() outcome {
	s := r.s
	same := false
	need := Need{Model: r.model, Context: s.context(r.ctx)}
	if r.record != nil {
		need.Context, need.Like = r.record.Context, &r.record.Engine
		r.adapters, same = s.recorded(r.ctx, r.record.Adapters)
	}
	if !same {
		var err error
		if r.adapters, err = s.adaptersOf(r.ctx, r.chat); err != nil {
			return outcome{err: err}
		}
	}
	need.Adapters = weights(r.adapters)
	r.report(event.PhaseQueued, 0, 0)
	if r.record == nil {
		if err := r.s.checkTemplate(r.ctx, r.model); err != nil {
			return outcome{err: err}
		}
	}
	e, release, err := s.engines.Acquire(r.ctx, need)
	if err != nil {
		return outcome{err: err}
	}
	defer release()
	r.recall(e)
	q, err := r.ask(e)
	if err != nil {
		return outcome{err: err}
	}
	q.request.Alts = r.alternatives
	r.mu.Lock()
	r.prompt, r.engine = q.prompt, &q.record.Engine
	r.began = time.Now()
	r.mu.Unlock()
	result, err := e.Generate(r.ctx, q.request, func(ev engine.Event) error { return r.take(ev, q) })
	out := outcome{result: result, err: err}
	r.mu.Lock()
	text := r.text.String() + clean(result.Text)
	r.mu.Unlock()
	r.remember(e, out, text)
	if err == nil {
		out.parts = parts(context.WithoutCancel(r.ctx), e, q.prompt, text, result.Stop == backend.StopCancel)
	}
	return out
}

// put adds to the reply's text. r.mu is held, or nobody else knows r yet.
func (r *run) put(text string) {
	r.text.WriteString(text)
	r.split.Write(text)
}

// take takes an event of the engine in.
func (r *run) take(ev engine.Event, q question) error {
	switch ev := ev.(type) {
	case engine.Evaluating:
		q.record.Cuts = ev.Cuts
		r.mu.Lock()
		r.reused = ev.Reused
		r.mu.Unlock()
		if err := r.keepRecord(q); err != nil {
			return err
		}
		r.report(event.PhaseReading, ev.Reused, len(q.request.Prompt)+len(q.request.Reply))
	case engine.Prompt:
		r.report(event.PhaseReading, ev.Done, ev.Total)
	case engine.Token:
		r.mu.Lock()
		defer r.mu.Unlock()
		if r.sealed {
			return errSealed
		}
		r.tokens = append(r.tokens, ev.ID)
		r.prompt.reply = append(r.prompt.reply, ev.ID)
		r.count++
		if r.alternatives > 0 {
			r.alts = append(r.alts, ev.Alts)
		}
		thinks := r.split.Now() == prompt.Reasoning
		r.put(clean(ev.Text))
		r.last = time.Now()
		if r.first.IsZero() {
			r.first = r.last
			r.progress.Phase, r.progress.Done, r.progress.Total = event.PhaseWriting, 0, 0
			r.s.bus.Publish(r.progress)
		}
		if thinks && r.split.Now() != prompt.Reasoning {
			r.thought = r.last.Sub(r.first)
		}
		select {
		case r.more <- struct{}{}:
		default:
		}
	}
	return nil
}

// keepRecord stores the evaluation log before anything is evaluated. One that is replayed as it is, is there already.
func (r *run) keepRecord(q question) error {
	r.mu.Lock()
	sealed := r.sealed
	r.mu.Unlock()
	if sealed {
		return errSealed
	}
	if q.replay {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), writeLimit)
	defer cancel()
	if err := r.s.store.RecordPrompt(ctx, q.record); err != nil {
		return &saveError{err}
	}
	r.mu.Lock()
	r.reply.Note, r.reply.SeenFrom, r.reply.LeftOut = q.note, q.seenFrom, q.leftOut
	r.reply.Usage.Format, r.reply.Usage.Guessed, r.reply.Usage.Thinking = q.format, q.guessed, q.prompt.thinking
	r.mu.Unlock()
	return nil
}

// report publishes what the reply is waiting for.
func (r *run) report(phase event.Phase, done, total int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.sealed {
		return
	}
	r.progress.Phase, r.progress.Done, r.progress.Total = phase, done, total
	r.s.bus.Publish(r.progress)
}

// watchEngine tells the replies that wait for a model how far its load is.
func (s *Service) watchEngine(events []event.Event) {
	for _, ev := range events {
		e, ok := ev.(event.EngineChanged)
		if !ok || e.State != event.EngineLoading {
			continue
		}
		s.mu.Lock()
		runs := make([]*run, 0, len(s.running))
		for _, r := range s.running {
			if r.model.ID == e.ModelID {
				runs = append(runs, r)
			}
		}
		s.mu.Unlock()
		for _, r := range runs {
			r.mu.Lock()
			waits := r.progress.Phase == event.PhaseQueued || r.progress.Phase == event.PhaseLoading
			r.mu.Unlock()
			if waits {
				r.report(event.PhaseLoading, int(e.Load*1000), 1000)
			}
		}
	}
}

// write publishes and stores what the engine writes, each at most once per gap, until it has ended or the reply was
// cancelled and the engine does not say so in time.
func (r *run) write(ended <-chan outcome) outcome {
	publish, save := newPace(progressGap), newPace(saveGap)
	defer publish.timer.Stop()
	defer save.timer.Stop()
	cancelled := r.ctx.Done()
	grace := time.NewTimer(stopGrace)
	grace.Stop()
	defer grace.Stop()
	broken := false
	for {
		select {
		case <-r.more:
			publish.ask()
			if !broken {
				save.ask()
			}
		case <-publish.timer.C:
			publish.ran()
			r.publish()
		case <-save.timer.C:
			save.ran()
			if err := r.save(); err != nil {
				broken = true // what is left is tried once more at the end
				r.cancel(&saveError{err})
			}
		case <-cancelled:
			cancelled = nil
			grace.Reset(stopGrace)
		case <-grace.C:
			return outcome{err: context.Cause(r.ctx)}
		case out := <-ended:
			return out
		}
	}
}

// pace is a timer that fires at most once per gap, and at once when the last time is longer ago.
type pace struct {
	gap   time.Duration
	timer *time.Timer
	armed bool
	last  time.Time
}

func newPace(gap time.Duration) *pace {
	p := &pace{gap: gap, timer: time.NewTimer(gap)}
	p.timer.Stop()
	return p
}

func (p *pace) ask() {
	if !p.armed {
		p.armed = true
		p.timer.Reset(max(0, p.gap-time.Since(p.last)))
	}
}

func (p *pace) ran() { p.armed, p.last = false, time.Now() }

// publish tells the bus what was written since the last time.
func (r *run) publish() {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := r.text.String()[r.published:]
	if text == "" {
		return
	}
	r.s.bus.Publish(event.MessageGrew{
		ChatID: r.reply.ChatID, MessageID: r.reply.ID, Revision: r.reply.Revision,
		Offset: r.published, Text: text, Tokens: r.count,
	})
	r.published += len(text)
}

// save stores what was written since the last time. What could not be stored stays for the next try.
func (r *run) save() error {
	r.mu.Lock()
	tokens, text := r.tokens, r.text.String()[r.saved:]
	r.mu.Unlock()
	if len(tokens) == 0 && text == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.ctx), writeLimit)
	defer cancel()
	revision, err := r.s.store.AppendReply(ctx, r.reply.ID, tokens, text)
	if err != nil {
		return err
	}
	r.mu.Lock()
	r.tokens = r.tokens[len(tokens):]
	r.saved += len(text)
	r.reply.Revision = revision
	r.mu.Unlock()
	r.keepAlternatives(ctx)
	return nil
}

// overlay returns the message as it is now: what is stored of it and what is not yet.
func (r *run) overlay(m backend.Message) backend.Message {
	r.mu.Lock()
	defer r.mu.Unlock()
	m.Text = r.text.String()
	m.State, m.Error, m.Stop = backend.MessageRunning, "", ""
	m.Note, m.SeenFrom, m.LeftOut = r.reply.Note, r.reply.SeenFrom, r.reply.LeftOut
	m.Usage.Format, m.Usage.Guessed = r.reply.Usage.Format, r.reply.Usage.Guessed
	m.Revision = max(m.Revision, r.reply.Revision)
	return m
}
