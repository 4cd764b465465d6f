package chat

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rivo/uniseg"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/prompt"
)

// KeyTitles is the setting that lets models name chats: bool, absent = true.
const KeyTitles = "chat.titles"

// A chat is named by its model once the first exchange is over: nobody must wait for it.
const (
	nameTokens = 24 // that a model may take for a title
	nameAsk    = "Give our conversation a short title of two to six words, in its language. Answer with the title only."
)

// nameAfter is when a name is tried for after the reply, and again where the engine was not free.
var nameAfter = []time.Duration{time.Second, 4 * time.Second, 15 * time.Second, time.Minute}

// errNoName is a model that has no title to offer.
var errNoName = errors.New("the model made no title")

// nameSoon has the model name a chat whose first exchange is over, unless a person named it.
func (s *Service) nameSoon(chatID int64, path []backend.Message) {
	idle, ok := s.engines.(IdleEngines)
	if !ok || backend.IsTemporary(chatID) || len(path) != 1 || path[0].Role != backend.RoleUser {
		return
	}
	first := Title(aboutOf(path[0]))
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing || first == "" {
		return
	}
	s.owned.Go(func() {
		for _, wait := range nameAfter {
			select {
			case <-time.After(wait):
			case <-s.base.Done():
				return
			}
			again, err := s.name(idle, chatID, first)
			if err != nil && s.base.Err() == nil {
				s.log.Debug("A chat was not named by its model", "chat", chatID, "error", err)
			}
			if !again {
				return
			}
		}
	})
}

// name asks the model for a title; again = it may be tried later.
func (s *Service) name(idle IdleEngines, chatID int64, first string) (again bool, err error) {
	on := true
	if _, err := s.store.Setting(s.base, KeyTitles, &on); err != nil || !on {
		return false, err
	}
	c, err := s.store.Chat(s.base, chatID)
	if err != nil || c.Title != first || !c.Deleted.IsZero() {
		return false, err
	}
	model, err := s.modelOf(s.base, c)
	if err != nil {
		return false, err
	}
	adapters, err := s.adaptersOf(s.base, c)
	if err != nil {
		return false, err
	}
	path, err := s.store.Path(s.base, chatID)
	if err != nil {
		return false, err
	}
	e, ctx, release, err := idle.AcquireIdle(s.base, Need{Model: model, Adapters: weights(adapters), Context: s.context(s.base)})
	if err != nil {
		return true, err
	}
	defer release()
	k, ok := e.(engine.Keeping)
	if !ok || !e.Info().Capabilities.TrimKV || !k.Holds(chatID) {
		return false, nil // it would cost another chat its context, or this one
	}
	k.Recall(ctx, chatID)
	title, err := s.askName(ctx, e, c, model, path)
	if ctx.Err() != nil {
		return true, nil // somebody came
	}
	if err != nil {
		return false, err
	}
	s.changing.Lock()
	defer s.changing.Unlock()
	if err := s.store.SetTitle(s.base, chatID, first, title); err != nil {
		if errors.Is(err, backend.ErrNotFound) {
			err = nil // a person was faster
		}
		return false, err
	}
	s.mu.Lock()
	s.named[chatID] = title
	s.mu.Unlock()
	s.bus.Deliver(event.ChatChanged{ChatID: chatID})
	return false, nil
}

// isNamed says whether a title was made by a model, in this run of the program.
func (s *Service) isNamed(chatID int64, title string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return title != "" && s.named[chatID] == title
}

// askName goes on with the conversation, so that only the question is read, and takes the answer out of it again.
func (s *Service) askName(ctx context.Context, e engine.Chat, c backend.Chat, model backend.Model, path []backend.Message) (string, error) {
	manner, err := s.Manner(ctx, model.ID)
	if err != nil {
		return "", err
	}
	manner.Thinking, manner.Effort = "off", ""
	ask := backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: nameAsk}
	p, err := s.renderAs(ctx, e, model, manner, prompt.Request(c.System, append(slices.Clip(s.withFiles(ctx, path)), ask)))
	if err != nil {
		return "", err
	}
	p.plan.Model = model
	most := e.Info().Context - nameTokens
	s.joinLast(ctx, e, &p, most)
	if len(p.tokens) > most {
		return "", errNoName
	}
	var text strings.Builder
	sampling := backend.Sampling{MaxTokens: nameTokens}
	out, err := e.Generate(ctx, engine.GenerateRequest{Prompt: p.tokens, Stops: p.stops, Sampling: sampling}, func(ev engine.Event) error {
		if t, ok := ev.(engine.Token); ok {
			text.WriteString(t.Text)
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	text.WriteString(out.Text)
	title, ok := titleFrom(clean(text.String()))
	if !ok || out.Stop == backend.StopLength && !strings.Contains(strings.TrimSpace(text.String()), "\n") {
		return "", errNoName
	}
	return title, nil
}

var (
	nameLabel = regexp.MustCompile(`(?i)^(conversation |chat )?title\s*:\s*`)
	nameTalk  = regexp.MustCompile(`(?i)^(sure|certainly|of course|okay|ok,|here('s| is| are)|i('m| am| would|'d| can|'ll)?\b|as an? |the title|this conversation|you |yes\b|no\b)`)
	nameMarks = regexp.MustCompile("[<>{}\\[\\]|`*_#\\\\=]|https?:|\\$")
)

// titleFrom takes a title out of what a model answered; false where it is none: too long, with markup, or talk.
func titleFrom(text string) (string, bool) {
	line := ""
	for l := range strings.Lines(strings.TrimSpace(prompt.Split(text).Answer)) {
		line = strings.TrimSpace(l)
		break
	}
	line = strings.Join(strings.Fields(nameLabel.ReplaceAllString(strings.TrimSpace(strings.Trim(line, "#* \t")), "")), " ")
	line = strings.TrimRight(strings.Trim(line, "\"'“”„«»‘’ "), ".!,;: ")
	line = strings.Trim(line, "\"'“”„«»‘’ ")
	words := len(strings.Fields(line))
	switch {
	case line == "", words > 9, uniseg.StringWidth(line) > titleWidth, uniseg.StringWidth(line) < 3:
		return "", false
	case nameMarks.MatchString(line), nameTalk.MatchString(line):
		return "", false
	}
	return line, true
}
