package chat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/event"
)

// ErrEmpty is returned where there is nothing to send.
var ErrEmpty = errors.New("there is nothing to send")

// SendRequest is a message of a person.
type SendRequest struct {
	Text     string
	Sampling *backend.Sampling // for this reply only; nil = the chat's
	// Alternatives is how many of the likeliest tokens are kept beside each of this reply; 0 = as the chat has it.
	Alternatives int
	// Attachments are the files that go along. What of them the model is shown is decided here, unless Picked says that the
	// person has seen and chosen it.
	Attachments []backend.Attachment
	Picked      bool
	LeaveOut    bool // older messages that no longer fit may be left out, also where the chat is set to ask
}

// Sent is a stored message and the running reply to it.
type Sent struct{ User, Reply backend.Message }

// Send stores a message and an empty reply and has the chat's model write it. It returns as soon as both are stored;
// only a text that may be too long for the model is counted before, which loads the model: it is kept as the chat's
// draft meanwhile, and refused with *TooLong, with *Overflowing where the chat is set to ask, or with *Picking where its files do not fit as a whole. Other refusals: ErrEmpty, backend.ErrBusy, backend.ErrNoModel, *Unusable
// and what the store says. After a refusal nothing has changed.
func (s *Service) Send(ctx context.Context, chatID int64, q SendRequest) (Sent, error) {
	r, err := s.reserve(chatID)
	if err != nil {
		return Sent{}, err
	}
	defer r.abandon(chatID)
	c, err := s.store.Chat(ctx, chatID)
	if err != nil {
		return Sent{}, err
	}
	path, err := s.freePath(ctx, chatID)
	if err != nil {
		return Sent{}, err
	}
	return s.exchange(ctx, r, c, path, q)
}

// Edit stores another version of a message beside it. The old one stays, with all that follows it. A person's message is
// answered anew, a reply is not: of Sent only Reply is set then.
func (s *Service) Edit(ctx context.Context, messageID int64, text string) (Sent, error) {
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return Sent{}, err
	}
	switch {
	case m.Role == backend.RoleAssistant && m.State != backend.MessageRunning:
		return s.rewrite(ctx, m, text)
	case m.Role != backend.RoleUser:
		return Sent{}, fmt.Errorf("edit message %d: it is neither a person's nor a finished reply", messageID)
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return Sent{}, err
	}
	defer r.abandon(m.ChatID)
	c, err := s.store.Chat(ctx, m.ChatID)
	if err != nil {
		return Sent{}, err
	}
	if m.Parent == 0 && (c.Title == Title(aboutOf(m)) || s.isNamed(c.ID, c.Title)) {
		c.Title = "" // it was not named by a person: let it follow the new words
	}
	path, err := s.pathTo(ctx, m)
	if err != nil {
		return Sent{}, err
	}
	return s.exchange(ctx, r, c, path, SendRequest{Text: text, LeaveOut: true, Attachments: m.Attachments, Picked: true})
}

// exchange stores a message below path and starts the reply to it.
func (s *Service) exchange(ctx context.Context, r *run, c backend.Chat, path []backend.Message, q SendRequest) (Sent, error) {
	if strings.TrimSpace(q.Text) == "" && len(q.Attachments) == 0 {
		return Sent{}, ErrEmpty
	}
	model, err := s.modelOf(ctx, c)
	if err != nil {
		return Sent{}, err
	}
	user := backend.Message{ChatID: c.ID, Role: backend.RoleUser, Text: clean(q.Text), Created: s.now(), Attachments: q.Attachments}
	if len(path) > 0 {
		user.Parent = path[len(path)-1].ID
	}
	adapters, err := s.adaptersOf(ctx, c)
	if err != nil {
		return Sent{}, err
	}
	r.chat, r.model, r.sampling = c, model, drawSeed(s.samplingOf(c, model, q.Sampling))
	r.alternatives = bounded(cmp.Or(q.Alternatives, c.Alternatives))
	if len(q.Attachments) > 0 && !q.Picked {
		files, picking, err := r.fitFiles(ctx, path, user)
		if err != nil {
			return Sent{}, fmt.Errorf("send: %w", err)
		}
		if picking != nil {
			return Sent{}, picking
		}
		user.Attachments = files
	}
	if err := r.checkLength(ctx, user); err != nil {
		return Sent{}, err
	}
	if !q.LeaveOut {
		if err := r.askFirst(ctx, path, user); err != nil {
			return Sent{}, err
		}
	}
	user, reply, err := s.store.AddExchange(ctx, user, replyTo(c, model, adapters), s.owner)
	if err != nil {
		return Sent{}, fmt.Errorf("send: %w", err)
	}
	s.bus.Deliver(event.MessageChanged{ChatID: c.ID, MessageID: user.ID, Revision: user.Revision, State: user.State})
	r.path = append(slices.Clip(path), user)
	r.start(reply)
	if len(user.Attachments) > 0 {
		s.IndexSoon()
	}
	if c.Title == "" {
		s.entitle(ctx, c.ID, aboutOf(r.path[0]))
	}
	return Sent{User: user, Reply: reply}, nil
}

func replyTo(c backend.Chat, model backend.Model, adapters []adapter) backend.Message {
	return backend.Message{
		ChatID: c.ID, Role: backend.RoleAssistant, State: backend.MessageRunning, ModelID: model.ID, ModelName: author(model, adapters),
	}
}

// aboutOf is what a message is about: its words, or else its files.
func aboutOf(m backend.Message) string {
	if strings.TrimSpace(m.Text) != "" || len(m.Attachments) == 0 {
		return m.Text
	}
	return m.Attachments[0].Name
}

// entitle names a chat after its first words. A failure costs the name only.
func (s *Service) entitle(ctx context.Context, chatID int64, text string) {
	if title := Title(text); title != "" {
		if err := s.change(ctx, chatID, func(c *backend.Chat) { c.Title = title }); err != nil {
			s.log.Warn("A chat could not be named", "chat", chatID, "error", err)
		}
	}
}

// checkLength refuses a message that does not fit the model even alone. No vocabulary makes more tokens than there are
// bytes, so almost all messages pass without a tokenizer. Stopping the chat ends the wait for one.
func (r *run) checkLength(ctx context.Context, user backend.Message) error {
	s, c := r.s, r.chat
	const template = 256 // tokens that a template may add
	_, most := room(r.contextSize(ctx), r.sampling)
	if len(s.shown(ctx, user))+len(c.System)+template <= most {
		return nil
	}
	if err := r.keepDraft(ctx, user.Text); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.ctx, cancel)()
	if _, err := s.plan(ctx, c, r.model, []backend.Message{user}, r.sampling); err != nil {
		return fmt.Errorf("send: %w", err)
	}
	return nil
}

// contextSize is how many tokens the model will hold, as far as that is known before it is loaded.
func (r *run) contextSize(ctx context.Context) int {
	size := cmp.Or(r.s.context(ctx), 4096)
	if r.model.ContextLength > 0 {
		size = min(size, r.model.ContextLength)
	}
	return size
}

// keepDraft stores what is being sent as the chat's draft, while nobody knows yet whether it can be.
func (r *run) keepDraft(ctx context.Context, text string) error {
	s, id := r.s, r.chat.ID
	draft, err := s.store.Draft(ctx, id)
	if err == nil && draft.Text != text {
		draft.ChatID, draft.Text = id, text
		err = s.store.SaveDraft(ctx, draft)
	}
	if err != nil {
		return fmt.Errorf("keep the draft: %w", err)
	}
	return nil
}

// Regenerate has the message above a reply answered once more, by the chat's model of now. The earlier reply stays
// beside the new one. Given a person's message, it answers that.
func (s *Service) Regenerate(ctx context.Context, messageID int64) (backend.Message, error) {
	return s.answerAgain(ctx, "regenerate", messageID, AnswerRequest{}, s.store.StartReply)
}

// Resume goes on with a reply that was interrupted or stopped, exactly where it ended: the evaluation log is replayed on
// the same model. Where that is not possible any more, Message.Note says so afterwards. A reply that was interrupted
// before the engine began starts over.
func (s *Service) Resume(ctx context.Context, messageID int64) error {
	if err := s.settle(ctx, messageID); err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	m, err := s.Message(ctx, messageID)
	if err != nil {
		return err
	}
	r, err := s.reserve(m.ChatID)
	if err != nil {
		return err
	}
	defer r.abandon(m.ChatID)
	if r.chat, err = s.store.Chat(ctx, m.ChatID); err != nil {
		return err
	}
	r.alternatives = bounded(r.chat.Alternatives)
	if r.path, err = s.pathTo(ctx, m); err != nil {
		return err
	}
	record, err := s.store.Generation(ctx, messageID)
	switch {
	case err == nil:
		r.record, r.sampling = &record, record.Sampling
		r.model, err = s.modelLike(ctx, record.Model, r.chat)
	case errors.Is(err, backend.ErrNotFound):
		if r.model, err = s.modelOf(ctx, r.chat); err == nil {
			r.sampling = drawSeed(s.samplingOf(r.chat, r.model, nil))
		}
	}
	if err != nil {
		return err
	}
	reply, err := s.store.TakeReply(ctx, messageID, s.owner)
	if err != nil {
		return fmt.Errorf("resume: %w", err)
	}
	reply.SeenFrom, reply.LeftOut, reply.Note = m.SeenFrom, m.LeftOut, m.Note
	r.start(reply)
	return nil
}

// modelLike is the model of a record, or the chat's where that is gone.
func (s *Service) modelLike(ctx context.Context, ref backend.ModelRef, c backend.Chat) (backend.Model, error) {
	m, err := s.models.Get(ctx, ref.ID)
	if err == nil && usable(m) == nil {
		return m, nil
	}
	return s.modelOf(ctx, c)
}

// ShowSibling shows the message that stands delta places from this one, among the versions of it, with the newest of
// what follows it. It stays at the first and the last.
func (s *Service) ShowSibling(ctx context.Context, messageID int64, delta int) error {
	m, err := s.store.Message(ctx, messageID)
	if err != nil {
		return err
	}
	var siblings []backend.Message
	if m.Parent == 0 {
		siblings, err = s.store.Roots(ctx, m.ChatID)
	} else {
		siblings, err = s.store.Children(ctx, m.Parent)
	}
	if err != nil {
		return err
	}
	at := slices.IndexFunc(siblings, func(x backend.Message) bool { return x.ID == m.ID })
	to := min(max(at+delta, 0), len(siblings)-1)
	if at < 0 || to == at {
		return nil
	}
	leaf, err := s.store.LeafBelow(ctx, siblings[to].ID)
	if err != nil {
		return err
	}
	if err := s.store.SetLeaf(ctx, m.ChatID, leaf); err != nil {
		return err
	}
	s.bus.Deliver(event.ChatChanged{ChatID: m.ChatID})
	return nil
}

// freePath returns the shown path of a chat in which nobody is writing. A reply whose process died is freed on the way.
func (s *Service) freePath(ctx context.Context, chatID int64) ([]backend.Message, error) {
	path, err := s.Transcript(ctx, chatID)
	if err != nil || len(path) == 0 || path[len(path)-1].State != backend.MessageRunning {
		return path, err
	}
	if _, err := s.Recover(ctx); err != nil {
		return nil, err
	}
	if path, err = s.Transcript(ctx, chatID); err != nil {
		return nil, err
	}
	if path[len(path)-1].State == backend.MessageRunning {
		return nil, backend.ErrBusy // another process writes here
	}
	return path, nil
}
