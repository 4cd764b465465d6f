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

// ErrNoRecord is a reply of which nobody knows how it was written: it was edited, comes from another program, or its
// engine never began.
var ErrNoRecord = errors.New("how the reply was written is not known")

// Changed names what is not as it was when a reply was written.
type Changed string

// What may have changed.
const (
	ChangedFile    Changed = "model file"
	ChangedLoRAs   Changed = "loras"
	ChangedWords   Changed = "template" // the template of the model; the prompt that is run is the old one
	ChangedEngine  Changed = "engine"
	ChangedBuild   Changed = "build"
	ChangedDevice  Changed = "device"
	ChangedVariant Changed = "variant"
	ChangedMemory  Changed = "memory"    // flash attention, the types of the KV cache
	ChangedBatch   Changed = "batch"     // the prompt cannot be cut as it was
	ChangedMidway  Changed = "continued" // it was not written in one go to begin with
)

// Change is one such thing with what it was and what it is, where that can be said in a word.
type Change struct {
	What    Changed
	Was, Is string
}

// Repetition is a reply that is run again, so far. Nothing of it is stored.
type Repetition struct {
	Of       int64 // the reply
	Text     string
	Tokens   int      // written so far
	Recorded int      // that the reply has
	Same     int      // of Tokens, those that are the same, from the first on
	Changes  []Change // what is not as it was; known from the first token on

	reply  backend.Message
	record backend.Generation
}

// Identical says whether a repetition that is over has the tokens of the reply and no others.
func (r Repetition) Identical() bool { return r.Same == r.Recorded && r.Tokens == r.Recorded }

// RunAgain writes a finished reply once more by its evaluation log: the same prompt in the same cuts, seed, sampler chain,
// LoRAs and, where it can be had, engine. It runs on the caller's goroutine; tell hears now and then how far it is.
// Nothing is stored. Refusals: ErrNoRecord, backend.ErrBusy while the reply is being written, *Unusable.
func (s *Service) RunAgain(ctx context.Context, messageID int64, tell func(Repetition)) (Repetition, error) {
	ctx, end, err := s.guest(ctx)
	if err != nil {
		return Repetition{}, err
	}
	defer end()
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return Repetition{}, err
	}
	if m.State == backend.MessageRunning {
		return Repetition{}, backend.ErrBusy
	}
	record, err := s.store.Generation(ctx, messageID)
	if errors.Is(err, backend.ErrNotFound) || err == nil && (len(record.Prompt) == 0 || len(record.Tokens) == 0) {
		return Repetition{}, ErrNoRecord
	}
	if err != nil {
		return Repetition{}, err
	}
	a := &again{s: s, tell: tell, was: record, out: Repetition{Of: messageID, Recorded: len(record.Tokens)}}
	r := &run{s: s, sampling: record.Sampling, ctx: ctx, reply: m}
	r.reply.Text = ""
	if begun := m.Usage.Begun; begun != nil && begun.Tokens > 0 && begun.Tokens < len(record.Tokens) && begun.Bytes >= 0 && begun.Bytes <= len(m.Text) {
		a.begun = begun
	} else {
		a.opener = prompt.Opening(m.Text)
	}
	if err := a.prepare(ctx, r, m); err != nil {
		return Repetition{}, err
	}
	if err := a.run(ctx, r, m); err != nil {
		return Repetition{}, fmt.Errorf("run again: %w", err)
	}
	return a.out, nil
}

// guest lets a caller's goroutine use engines: Close ends it and waits for end.
func (s *Service) guest(ctx context.Context) (_ context.Context, end func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return nil, nil, fmt.Errorf("use an engine: %w", errClosing)
	}
	s.owned.Add(1)
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.base, cancel)
	return ctx, sync.OnceFunc(func() {
		stop()
		cancel()
		s.owned.Done()
	}), nil
}

// again is one call of RunAgain.
type again struct {
	s      *Service
	tell   func(Repetition)
	was    backend.Generation
	begun  *backend.ReplyStart // what was given to the model; nil = nothing
	opener string              // the mark that the reply begins with, which may be the template's
	out    Repetition
	tokens []int32
	text   strings.Builder // that the engine released
	same   bool            // all tokens so far
	told   time.Time
}

// prepare finds the model and the LoRAs of the record. Where one of them is another file now, the prompt is written anew:
// its tokens may mean something else there.
func (a *again) prepare(ctx context.Context, r *run, m backend.Message) error {
	s, record := a.s, a.was
	var err error
	if r.model, err = s.models.Get(ctx, record.Model.ID); errors.Is(err, backend.ErrNotFound) {
		return &Unusable{Model: backend.Model{Name: record.Model.Name}, Reason: "it was removed"}
	} else if err != nil {
		return err
	}
	if err := usable(r.model); err != nil {
		return err
	}
	if r.chat, err = s.store.Chat(ctx, m.ChatID); err != nil {
		return err
	}
	if was := m.Usage.Template; was != "" && r.model.TemplateHash != "" && was != r.model.TemplateHash {
		a.change(ChangedWords, "", "")
	}
	if m.Note != "" {
		a.change(ChangedMidway, "", "")
	}
	var same bool
	if r.adapters, same = s.recorded(ctx, record.Adapters); !same {
		a.change(ChangedLoRAs, "", "")
		if r.adapters, err = s.adaptersOf(ctx, r.chat); err != nil {
			return err
		}
	}
	if !sameFile(record.Model, r.model) {
		a.change(ChangedFile, "", "")
		same = false
	}
	if same {
		begin := record
		begin.Tokens, begin.Adapters = nil, refs(r.adapters) // their names may be other ones
		if a.begun != nil {
			begin.Tokens = record.Tokens[:a.begun.Tokens:a.begun.Tokens]
		}
		r.record = &begin
		return nil
	}
	a.begun, a.opener = nil, ""
	if r.path, err = s.pathTo(ctx, m); err != nil {
		return err
	}
	return s.checkTemplate(ctx, r.model)
}

func (a *again) change(what Changed, was, is string) {
	a.out.Changes = append(a.out.Changes, Change{what, was, is})
}

func (a *again) run(ctx context.Context, r *run, m backend.Message) error {
	s := a.s
	e, release, err := s.engines.Acquire(ctx, Need{
		Model: r.model, Adapters: weights(r.adapters), Context: a.was.Context, Like: &a.was.Engine,
	})
	if err != nil {
		return err
	}
	defer release()
	info := e.Info()
	a.compare(info)
	q, err := r.ask(e)
	if err != nil {
		return err
	}
	if r.record == nil {
		a.opener = r.text.String() // what the template opened
	}
	if a.begun != nil {
		a.text.WriteString(m.Text[:a.begun.Bytes])
	}
	a.same = true
	for _, id := range q.request.Reply {
		a.count(id)
	}
	if n := len(a.was.Tokens); m.State != backend.MessageComplete && (q.request.Sampling.MaxTokens == 0 || q.request.Sampling.MaxTokens > n) {
		q.request.Sampling.MaxTokens = n // it was cut off there, and so is this one
	}
	result, err := e.Generate(ctx, q.request, func(ev engine.Event) error {
		switch ev := ev.(type) {
		case engine.Evaluating:
			q.record.Cuts = ev.Cuts
		case engine.Token:
			a.count(ev.ID)
			a.text.WriteString(clean(ev.Text))
			a.say(false)
		}
		return nil
	})
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return err
	}
	a.text.WriteString(clean(result.Text))
	if a.out.Identical() && strings.HasSuffix(m.Text, a.text.String()) {
		a.opener = ""
		a.text.Reset()
		a.text.WriteString(m.Text)
	}
	a.say(true)
	a.keepable(r, m, q, result, info)
	return nil
}

// count takes a token in.
func (a *again) count(id int32) {
	if a.same = a.same && a.out.Tokens < len(a.was.Tokens) && a.was.Tokens[a.out.Tokens] == id; a.same {
		a.out.Same++
	}
	a.out.Tokens++
	a.tokens = append(a.tokens, id)
}

// words is the text so far. The mark that opens the reasoning is the model's own or stands in the prompt.
func (a *again) words() string {
	text, mark := a.text.String(), strings.TrimSpace(a.opener)
	if mark == "" || strings.HasPrefix(text, mark) || strings.HasPrefix(mark, text) {
		return text
	}
	return a.opener + text
}

// say tells how far it is, at most once per gap.
func (a *again) say(now bool) {
	if a.tell == nil || !now && time.Since(a.told) < progressGap {
		return
	}
	a.told = time.Now()
	a.out.Text = a.words()
	a.tell(a.out)
}

// compare finds what is not as it was about the engine.
func (a *again) compare(info engine.Info) {
	was, is := a.was.Engine, info.Engine
	switch {
	case was.Engine != is.Engine:
		a.change(ChangedEngine, was.Engine, is.Engine)
	case was.Build != is.Build:
		a.change(ChangedBuild, was.Build, is.Build)
	}
	if was.Device != is.Device {
		a.change(ChangedDevice, was.Device, is.Device)
	}
	if was.Variant != is.Variant {
		a.change(ChangedVariant, was.Variant, is.Variant)
	}
	if was.FlashAttn != is.FlashAttn || was.KVType != is.KVType {
		a.change(ChangedMemory, "", "")
	}
	if a.was.Batch != info.Batch {
		a.change(ChangedBatch, fmt.Sprint(a.was.Batch), fmt.Sprint(info.Batch))
	}
}

// keepable makes of a run that is over what KeepRun would store.
func (a *again) keepable(r *run, m backend.Message, q question, result engine.Result, info engine.Info) {
	a.out.Text = a.words()
	q.record.Tokens, q.record.Engine = a.tokens, info.Engine
	usage := result.Usage
	usage.Reasoning, usage.Thinking, usage.Format, usage.Guessed = m.Usage.Reasoning, m.Usage.Thinking, m.Usage.Format, m.Usage.Guessed
	usage.Template = m.Usage.Template
	usage.SeenFrom, usage.LeftOut, usage.Engine, usage.Begun = m.SeenFrom, m.LeftOut, &info.Engine, a.begun
	if r.record == nil {
		usage.SeenFrom, usage.LeftOut, usage.Format, usage.Guessed, usage.Thinking = q.seenFrom, q.leftOut, q.format, q.guessed, q.prompt.thinking
		if usage.Template = ""; q.format == formatTemplate {
			usage.Template = r.model.TemplateHash
		}
	}
	state := backend.MessageComplete
	if m.State != backend.MessageComplete && result.Stop == backend.StopLength {
		state = backend.MessageStopped
	}
	if a.out.Text == m.Text {
		usage.Parts = m.Usage.Parts
	}
	a.out.record = q.record
	a.out.reply = backend.Message{
		ChatID: m.ChatID, Parent: m.Parent, Role: backend.RoleAssistant, State: state, Stop: result.Stop, Text: a.out.Text,
		ModelID: r.model.ID, ModelName: author(r.model, r.adapters), Usage: usage,
	}
}

// KeepRun stores a repetition that is over as another version of its reply, and shows it.
func (s *Service) KeepRun(ctx context.Context, r Repetition) (backend.Message, error) {
	if r.reply.ChatID == 0 {
		return backend.Message{}, ErrNoRecord
	}
	held, err := s.reserve(r.reply.ChatID)
	if err != nil {
		return backend.Message{}, err
	}
	defer held.abandon(r.reply.ChatID)
	r.reply.Created = s.now()
	m, err := s.store.AddReply(ctx, r.reply, &r.record)
	if err != nil {
		return m, fmt.Errorf("keep a reply: %w", err)
	}
	s.bus.Deliver(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, Revision: m.Revision, State: m.State})
	s.bus.Deliver(event.ChatChanged{ChatID: m.ChatID})
	return withFacts(m), nil
}
