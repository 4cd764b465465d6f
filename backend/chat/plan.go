package chat

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/prompt"
)

// Plan says what of a chat goes into the model's context for the next reply, in tokens. Nothing is ever cut inside a
// turn: what does not fit is left out in whole turns, the oldest first, and the system prompt always stays.
type Plan struct {
	Model        backend.Model
	Context      int // how many tokens the model holds
	Reserved     int // of them kept free for the reply
	PromptTokens int
	SeenFrom     int64   // the oldest message that is in; 0 = all are
	LeftOut      []int64 // the messages that are not in, the oldest first
	Pinned       []int64 // the messages above SeenFrom that are in, because they are pinned
	Summary      string  // what stands for those that are left out; "" = nothing
	Summarise    bool    // it is to be written before the reply
	Parts        []Part  // of PromptTokens; only Service.Plan counts them
	Messages     []Count // of the messages that are in, as they follow each other; only Service.Plan counts them
	Format       string  // how the prompt is written: a named format, or "jinja" for the model's own template
	Notice       string  // one sentence when the prompt's format had to be guessed
}

// TooLong is a message that does not fit the model's context, even alone.
type TooLong struct {
	Tokens  int  // of the message with the system prompt
	Context int  // what the model holds
	Room    int  // what of it a prompt may take
	Pinned  bool // pinned messages are among Tokens
}

func (e *TooLong) Error() string {
	with := "the system prompt"
	if e.Pinned {
		with += " and the pinned messages"
	}
	return fmt.Sprintf("the message is too long: it takes %d tokens with %s, and %d of the model's %d are there for it",
		e.Tokens, with, e.Room, e.Context)
}

// Is makes a TooLong one of the engine's own kind.
func (e *TooLong) Is(target error) bool { return target == engine.ErrPromptTooLong }

// prepared is a prompt with its plan.
type prepared struct {
	plan   Plan
	text   string  // the rendered prompt
	words  literal // the rendered prompt with what of it is plain text
	tokens []int32
	reply  []int32 // what was generated to it
	stops  []string

	grammar   *backend.Grammar
	preserved []string
	parser    json.RawMessage // of replies; empty = they are plain text
	thinking  string          // what the template was told about it

	unsummed []backend.Message // the messages whose summary is wanted and not written yet, with all above them

	opener string // the reply begins with this text, which the template wrote for the model
}

// Plan says what would happen to text, sent in this chat now. It needs the model's own tokenizer, so it loads the model
// where it is not loaded, and waits for a reply that is being written. An empty text plans the chat as it stands.
//
// files go along with text; those that do not fit as a whole are planned with the passages that would be picked.
func (s *Service) Plan(ctx context.Context, chatID int64, text string, files ...backend.Attachment) (Plan, error) {
	c, err := s.store.Chat(ctx, chatID)
	if err != nil {
		return Plan{}, err
	}
	model, err := s.modelOf(ctx, c)
	if err != nil {
		return Plan{}, err
	}
	path, err := s.Transcript(ctx, chatID)
	if err != nil {
		return Plan{}, err
	}
	if strings.TrimSpace(text) != "" || len(files) > 0 {
		path = append(path, backend.Message{ChatID: chatID, Role: backend.RoleUser, Text: text, Attachments: files})
	}
	return s.plan(ctx, c, model, path, s.samplingOf(c, model, nil))
}

func (s *Service) plan(ctx context.Context, c backend.Chat, model backend.Model, path []backend.Message, sampling backend.Sampling) (Plan, error) {
	if err := s.checkTemplate(ctx, model); err != nil {
		return Plan{}, err
	}
	adapters, err := s.adaptersOf(ctx, c)
	if err != nil {
		return Plan{}, err
	}
	e, release, err := s.engines.Acquire(ctx, Need{Model: model, Adapters: weights(adapters), Context: s.context(ctx)})
	if err != nil {
		return Plan{}, err
	}
	defer release()
	if n := len(path); n > 0 && path[n-1].ID == 0 && len(path[n-1].Attachments) > 0 && !slices.ContainsFunc(path[n-1].Attachments, isPartly) {
		path = slices.Clone(path)
		newest := &path[n-1]
		newest.Attachments, _, err = s.fitFilesOn(ctx, e, model, c, path[:n-1], *newest, slices.Clone(newest.Attachments), sampling)
		if err != nil {
			return Plan{}, err
		}
	}
	p, err := s.prepare(ctx, e, model, c, path, sampling)
	if err != nil {
		return p.plan, err
	}
	err = s.count(ctx, e, model, c, path, &p.plan)
	return p.plan, err
}

func isPartly(a backend.Attachment) bool { return a.Partly }

// room is how many tokens of a context a prompt may take: usual leaves space for a reply of some length, most for a
// short one. The first decides about older turns, the second about the newest message.
func room(context int, sampling backend.Sampling) (usual, most int) {
	reserve := min(context/4, 1024)
	if sampling.MaxTokens > 0 {
		reserve = min(sampling.MaxTokens, context/2)
	}
	return context - reserve, context - min(reserve, 128, context/8)
}

// prepare renders and counts the prompt for the reply below path, and leaves turns out until it fits.
func (s *Service) prepare(ctx context.Context, e engine.Chat, model backend.Model, c backend.Chat, path []backend.Message, sampling backend.Sampling) (prepared, error) {
	info := e.Info()
	usual, most := room(info.Context, sampling)
	turns := prompt.Turns(s.withFiles(ctx, path))
	if len(turns) == 0 && strings.TrimSpace(c.System) == "" {
		return prepared{plan: Plan{Model: model, Context: info.Context, Reserved: info.Context - usual}}, nil
	}
	v := view{system: c.System, turns: turns}
	spare := 0
	if c.Overflow == backend.OverflowSummarise {
		var err error
		if v.summaries, err = s.store.Summaries(ctx, c.ID); err != nil {
			return prepared{}, err
		}
		spare = summarySpare(usual)
	}
	from := lastCut(turns)
	p, err := s.render(ctx, e, model, v, from)
	if err != nil {
		return p, err
	}
	grewAgain := from > 0 && len(p.tokens) < usual/2 // the model holds more than it did
	if len(p.tokens) > usual || grewAgain {
		// A summary of what a new cut leaves out is still to be written: room is kept for it.
		bare := view{system: v.system, turns: turns}
		if from, p, err = s.fit(ctx, e, model, bare, usual*3/4-spare); err == nil && v.summary(from) != "" {
			p, err = s.render(ctx, e, model, v, from)
		}
		if err != nil {
			return p, err
		}
	}
	p.plan.SeenFrom, p.plan.LeftOut, p.plan.Pinned = v.leaves(from)
	if len(p.tokens) > most {
		return p, &TooLong{Tokens: len(p.tokens), Context: info.Context, Room: most, Pinned: len(p.plan.Pinned) > 0}
	}
	p.plan.Model, p.plan.Context, p.plan.Reserved, p.plan.PromptTokens = model, info.Context, info.Context-usual, len(p.tokens)
	if p.plan.Summary = v.summary(from); p.plan.Summary == "" && spare > 0 && len(p.plan.LeftOut) > 0 {
		p.unsummed, p.plan.Summarise = slices.Concat(turns[:from]...), true
	}
	s.joinLast(ctx, e, &p, most)
	return p, nil
}

// lastCut is the turn at which the sight of the last reply of the path began. Staying there as long as it fits keeps the
// prompt's beginning as it was, so that the engine has to read only what is new.
func lastCut(turns [][]backend.Message) int {
	for i := len(turns) - 1; i >= 0; i-- {
		for j := len(turns[i]) - 1; j >= 0; j-- {
			m := turns[i][j]
			if m.Role != backend.RoleAssistant || m.Text == "" {
				continue
			}
			if m.SeenFrom == 0 {
				return 0 // and no message that is not stored yet, whose number is 0 too
			}
			at := slices.IndexFunc(turns, func(t []backend.Message) bool { return t[0].ID == m.SeenFrom })
			return max(at, 0)
		}
	}
	return 0
}

// fit finds the most of the newest whole turns that take at most limit tokens, at least the last one. The limit lies
// below what would just fit, so that the next turns do not move the cut again and again.
func (s *Service) fit(ctx context.Context, e engine.Chat, model backend.Model, v view, limit int) (from int, p prepared, err error) {
	low, high := 0, len(v.turns)-1 // the answer lies in [low, high]; high always counts as good
	var best prepared
	for low < high {
		middle := (low + high) / 2
		if p, err = s.render(ctx, e, model, v, middle); err != nil {
			return 0, p, err
		}
		if len(p.tokens) <= limit {
			high, best = middle, p
		} else {
			low = middle + 1
		}
	}
	if low == len(v.turns)-1 { // it was taken for good without a look
		best, err = s.render(ctx, e, model, v, low)
	}
	return low, best, err
}

// render renders a chat as the model sees it from a turn on.
func (s *Service) render(ctx context.Context, e engine.Chat, model backend.Model, v view, from int) (prepared, error) {
	manner, err := s.Manner(ctx, model.ID)
	if err != nil {
		return prepared{}, err
	}
	return s.renderAs(ctx, e, model, manner, v.request(from))
}

// renderAs renders a request to a model that is spoken to in some manner.
func (s *Service) renderAs(ctx context.Context, e engine.Chat, model backend.Model, manner Manner, request engine.RenderRequest) (prepared, error) {
	manner.tell(&request)
	hidden, err := s.guard.conceal(ctx, e, model, &request)
	if err != nil {
		return prepared{}, fmt.Errorf("look for control tokens: %w", err)
	}
	rendered, err := e.Render(ctx, request)
	if err != nil {
		return prepared{}, fmt.Errorf("render the prompt: %w", err)
	}
	words := hidden.reveal(rendered.Prompt)
	tokens, err := words.tokenize(ctx, e)
	if err != nil {
		return prepared{}, fmt.Errorf("tokenize the prompt: %w", err)
	}
	return prepared{
		plan: Plan{Notice: rendered.Notice, Format: rendered.Format}, text: words.text, words: words, tokens: tokens,
		stops: rendered.Stops, opener: prompt.OpensReasoning(words.text),
		grammar: rendered.Grammar, preserved: rendered.Preserved, parser: rendered.Parser, thinking: manner.told(rendered.Format),
	}, nil
}

// modelOf is the model that answers in a chat.
func (s *Service) modelOf(ctx context.Context, c backend.Chat) (backend.Model, error) {
	var m backend.Model
	var err error
	if c.ModelID == 0 {
		m, err = s.models.Default(ctx)
	} else {
		m, err = s.models.Get(ctx, c.ModelID)
	}
	if errors.Is(err, backend.ErrNotFound) {
		return m, &Unusable{Reason: "it was removed"}
	}
	if err != nil {
		return m, err
	}
	return m, usable(m)
}

// Unusable is a model that cannot answer.
type Unusable struct {
	Model  backend.Model
	Reason string // one clause
}

func (e *Unusable) Error() string {
	if e.Model.Name == "" {
		return "the model of this chat cannot be used: " + e.Reason
	}
	return e.Model.Name + " cannot be used: " + e.Reason
}

func usable(m backend.Model) error {
	reason := m.Reason
	switch {
	case !m.Deleted.IsZero():
		reason = "it was removed"
	case m.Kind == backend.KindEmbedding:
		reason = "it finds passages in files by their meaning, and does not chat"
	case m.Kind != backend.KindChat:
		reason = fmt.Sprintf("it is not a chat model but of the kind %q", m.Kind)
	case m.State == backend.ModelReady, m.State == backend.ModelUnverified, m.State == "":
		return nil
	case reason == "":
		reason = "it is " + string(m.State)
	}
	return &Unusable{Model: m, Reason: reason}
}
