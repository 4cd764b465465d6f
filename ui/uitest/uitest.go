// Package uitest holds stand-ins for the services, all in memory, so that the window and its pages run in tests without
// a database and without engines. The fakes behave: what is stored is read back, replies grow when the test says so, and
// errors are returned when the test sets them.
//
// The fakes may be used from several goroutines; their fields may be set before use only.
package uitest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/event"
)

// Chats are conversations in memory.
type Chats struct {
	Now    func() time.Time
	Tell   func(event.Event) // hears what a service would tell on the bus; may be nil
	Refuse error             // Send, Edit, Resume and Regenerate answer with it while it is set

	mu            sync.Mutex
	next          int64
	chats         map[int64]backend.Chat
	messages      map[int64]backend.Message
	texts         map[string]string // of attachments
	drafts        map[int64]backend.Draft
	Manners       map[int64]chat.Manner           // by model
	Verdict       backend.TemplateVerdict         // of every model's template
	Choices       map[int64][]backend.TokenChoice // by message
	Records       map[int64]backend.Generation    // by message
	Stopped       []int64
	Resumed       []int64
	Saved         []backend.Draft
	ShownMessages []int64                 // by ShowMessage
	Tally         map[int64]backend.Tally // by model
	Again         chat.Repetition         // what RunAgain brings
	Kept          []chat.Repetition
	Asked         []chat.AnswerRequest // of Answer
	Chosen        [][2]int64
	Sight         Sight
}

// NewChats returns an empty set of chats.
func NewChats() *Chats {
	return &Chats{
		Now: time.Now, chats: map[int64]backend.Chat{}, messages: map[int64]backend.Message{}, drafts: map[int64]backend.Draft{},
		Manners: map[int64]chat.Manner{}, Choices: map[int64][]backend.TokenChoice{}, Records: map[int64]backend.Generation{},
	}
}

func (c *Chats) tell(e event.Event) {
	if c.Tell != nil {
		c.Tell(e)
	}
}

func (c *Chats) id() int64 { c.next++; return c.next }

// AddChat stores a chat as it is.
func (c *Chats) AddChat(ch backend.Chat) backend.Chat {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch.ID = c.id()
	if ch.Updated.IsZero() {
		ch.Updated = c.Now()
	}
	c.chats[ch.ID] = ch
	return ch
}

// AddMessage stores a message at the end of its chat.
func (c *Chats) AddMessage(m backend.Message) backend.Message {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.addMessage(m)
}

func (c *Chats) addMessage(m backend.Message) backend.Message {
	ch := c.chats[m.ChatID]
	m.ID, m.Parent, m.Siblings, m.Sibling = c.id(), ch.Leaf, 1, 1
	c.messages[m.ID] = m
	ch.Leaf = m.ID
	c.chats[ch.ID] = ch
	return m
}

// Grow adds text to a running reply and tells of it.
func (c *Chats) Grow(id int64, text string) {
	c.mu.Lock()
	m := c.messages[id]
	offset := len(m.Text)
	m.Text += text
	m.Revision++
	c.messages[id] = m
	c.mu.Unlock()
	c.tell(event.MessageGrew{ChatID: m.ChatID, MessageID: id, Revision: m.Revision, Offset: offset, Text: text})
}

// Finish ends a running reply in a state and tells of it.
func (c *Chats) Finish(id int64, state backend.MessageState, words string) {
	c.mu.Lock()
	m := c.messages[id]
	m.State, m.Error = state, words
	c.messages[id] = m
	c.mu.Unlock()
	c.tell(event.MessageChanged{ChatID: m.ChatID, MessageID: id, State: state})
}

// Chats implements pages.Chats.
func (c *Chats) Chats(context.Context) ([]backend.Chat, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []backend.Chat
	for _, ch := range c.chats {
		if ch.Deleted.IsZero() {
			list = append(list, ch)
		}
	}
	slices.SortFunc(list, func(a, b backend.Chat) int {
		if n := b.Updated.Compare(a.Updated); n != 0 {
			return n
		}
		return int(b.ID - a.ID)
	})
	return list, nil
}

// Chat implements pages.Chats.
func (c *Chats) Chat(_ context.Context, id int64) (backend.Chat, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ch, ok := c.chats[id]
	if !ok {
		return ch, fmt.Errorf("chat %d: %w", id, backend.ErrNotFound)
	}
	return ch, nil
}

// Create implements pages.Chats.
func (c *Chats) Create(_ context.Context, ch backend.Chat) (backend.Chat, error) {
	ch = c.AddChat(ch)
	c.tell(event.ChatChanged{ChatID: ch.ID})
	return ch, nil
}

func (c *Chats) change(id int64, f func(*backend.Chat)) error {
	c.mu.Lock()
	ch, ok := c.chats[id]
	if ok {
		f(&ch)
		c.chats[id] = ch
	}
	c.mu.Unlock()
	if !ok {
		return backend.ErrNotFound
	}
	c.tell(event.ChatChanged{ChatID: id})
	return nil
}

// CreateTemporary implements pages.Chats.
func (c *Chats) CreateTemporary(_ context.Context, ch backend.Chat) (backend.Chat, error) {
	c.mu.Lock()
	ch.ID, ch.Created, ch.Updated = backend.FirstTemporaryID+c.id(), c.Now(), c.Now()
	c.chats[ch.ID] = ch
	c.mu.Unlock()
	c.tell(event.ChatChanged{ChatID: ch.ID})
	return ch, nil
}

// Keep implements pages.Chats.
func (c *Chats) Keep(_ context.Context, id int64) (backend.Chat, error) {
	c.mu.Lock()
	ch, ok := c.chats[id]
	if !ok || !backend.IsTemporary(id) {
		c.mu.Unlock()
		return ch, backend.ErrNotFound
	}
	delete(c.chats, id)
	ch.ID = c.id()
	for at := ch.Leaf; at != 0; at = c.messages[at].Parent {
		m := c.messages[at]
		m.ChatID = ch.ID
		c.messages[at] = m
	}
	c.chats[ch.ID] = ch
	c.mu.Unlock()
	c.tell(event.ChatChanged{ChatID: ch.ID})
	return ch, nil
}

// Rename implements pages.Chats.
func (c *Chats) Rename(_ context.Context, id int64, title string) error {
	return c.change(id, func(ch *backend.Chat) { ch.Title = title })
}

// SetModel implements pages.Chats.
func (c *Chats) SetModel(_ context.Context, id, model int64) error {
	return c.change(id, func(ch *backend.Chat) { ch.ModelID = model })
}

// SetSystem implements pages.Chats.
func (c *Chats) SetSystem(_ context.Context, id int64, system string) error {
	return c.change(id, func(ch *backend.Chat) { ch.System = system })
}

// SetSampling implements pages.Chats.
func (c *Chats) SetSampling(_ context.Context, id int64, s *backend.Sampling) error {
	return c.change(id, func(ch *backend.Chat) { ch.Sampling = s })
}

// Manner implements pages.Chats.
func (c *Chats) Manner(_ context.Context, model int64) (chat.Manner, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Manners[model], nil
}

// SetManner implements pages.Chats.
func (c *Chats) SetManner(_ context.Context, model int64, m chat.Manner) error {
	c.mu.Lock()
	c.Manners[model] = m
	c.mu.Unlock()
	c.tell(event.ModelChanged{ModelID: model})
	return nil
}

// SetAlternatives implements pages.Chats.
func (c *Chats) SetAlternatives(_ context.Context, id int64, n int) error {
	return c.change(id, func(ch *backend.Chat) { ch.Alternatives = n })
}

// Alternatives implements pages.Chats.
func (c *Chats) Alternatives(_ context.Context, id int64) ([]backend.TokenChoice, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Choices[id], nil
}

// Branch implements pages.Chats: the new version begins with the tokens that are known.
func (c *Chats) Branch(ctx context.Context, id int64, index int, token int32) (backend.Message, error) {
	m, err := c.Regenerate(ctx, id)
	if err != nil {
		return m, err
	}
	c.mu.Lock()
	for _, k := range c.Choices[id][:index+1] {
		if k.Index == index {
			k.ID = token
		}
		a, _ := k.Chosen()
		m.Text += string(a.Piece())
	}
	c.messages[m.ID] = m
	c.mu.Unlock()
	return m, nil
}

// Generation implements pages.Chats.
func (c *Chats) Generation(_ context.Context, id int64) (backend.Generation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.Records[id]
	if !ok {
		return g, backend.ErrNotFound
	}
	return g, nil
}

// SetAdapters implements pages.Chats.
func (c *Chats) SetAdapters(_ context.Context, id int64, list []backend.AdapterUse) error {
	return c.change(id, func(ch *backend.Chat) { ch.Adapters = list })
}

// Template implements pages.Chats.
func (c *Chats) Template(context.Context, int64) (backend.TemplateVerdict, error) {
	return c.Verdict, nil
}

// Recommended implements pages.Chats.
func (c *Chats) Recommended(context.Context, int64) (backend.Sampling, error) {
	return backend.DefaultSampling(), nil
}

// Transcript implements pages.Chats.
func (c *Chats) Transcript(_ context.Context, chatID int64) ([]backend.Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var path []backend.Message
	for id := c.chats[chatID].Leaf; id != 0; id = c.messages[id].Parent {
		path = append(path, c.messages[id])
	}
	slices.Reverse(path)
	return path, nil
}

// Message implements pages.Chats.
func (c *Chats) Message(_ context.Context, id int64) (backend.Message, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m, ok := c.messages[id]
	if !ok {
		return m, backend.ErrNotFound
	}
	return m, nil
}

// Send implements pages.Chats.
func (c *Chats) Send(_ context.Context, chatID int64, r chat.SendRequest) (chat.Sent, error) {
	if c.Refuse != nil {
		return chat.Sent{}, c.Refuse
	}
	c.mu.Lock()
	user := c.addMessage(backend.Message{ChatID: chatID, Role: backend.RoleUser, Text: r.Text, Attachments: r.Attachments})
	reply := c.addMessage(backend.Message{ChatID: chatID, Role: backend.RoleAssistant, State: backend.MessageRunning})
	ch := c.chats[chatID]
	ch.Updated = c.Now()
	if ch.Title == "" {
		ch.Title = r.Text
	}
	c.chats[chatID] = ch
	c.mu.Unlock()
	c.tell(event.ChatChanged{ChatID: chatID})
	c.tell(event.MessageChanged{ChatID: chatID, MessageID: reply.ID, State: backend.MessageRunning})
	return chat.Sent{User: user, Reply: reply}, nil
}

// Stop implements pages.Chats.
func (c *Chats) Stop(id int64) {
	c.mu.Lock()
	c.Stopped = append(c.Stopped, id)
	c.mu.Unlock()
	c.Finish(id, backend.MessageStopped, "")
}

// Resume implements pages.Chats.
func (c *Chats) Resume(_ context.Context, id int64) error {
	if c.Refuse != nil {
		return c.Refuse
	}
	c.mu.Lock()
	c.Resumed = append(c.Resumed, id)
	c.mu.Unlock()
	c.Finish(id, backend.MessageRunning, "")
	return nil
}

// Regenerate implements pages.Chats.
func (c *Chats) Regenerate(_ context.Context, id int64) (backend.Message, error) {
	if c.Refuse != nil {
		return backend.Message{}, c.Refuse
	}
	c.mu.Lock()
	old := c.messages[id]
	ch := c.chats[old.ChatID]
	m := backend.Message{
		ID: c.id(), ChatID: old.ChatID, Parent: old.Parent, Role: backend.RoleAssistant, State: backend.MessageRunning,
		Sibling: 2, Siblings: 2,
	}
	c.messages[m.ID] = m
	ch.Leaf = m.ID
	c.chats[ch.ID] = ch
	c.mu.Unlock()
	c.tell(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, State: m.State})
	return m, nil
}

// Edit implements pages.Chats.
func (c *Chats) Edit(ctx context.Context, id int64, text string) (chat.Sent, error) {
	c.mu.Lock()
	m := c.messages[id]
	ch := c.chats[m.ChatID]
	if c.Refuse == nil {
		ch.Leaf = m.Parent
		c.chats[ch.ID] = ch
	}
	if m.Role == backend.RoleAssistant && c.Refuse == nil {
		defer c.mu.Unlock()
		m.Text, m.Usage.Edited = text, true
		return chat.Sent{Reply: c.addMessage(m)}, nil
	}
	c.mu.Unlock()
	return c.Send(ctx, m.ChatID, chat.SendRequest{Text: text})
}

// RunAgain implements pages.Chats.
func (c *Chats) RunAgain(ctx context.Context, id int64, tell func(chat.Repetition)) (chat.Repetition, error) {
	if c.Refuse != nil {
		return chat.Repetition{}, c.Refuse
	}
	r := c.Again
	r.Of = id
	tell(r)
	return r, ctx.Err()
}

// KeepRun implements pages.Chats.
func (c *Chats) KeepRun(_ context.Context, r chat.Repetition) (backend.Message, error) {
	c.mu.Lock()
	c.Kept = append(c.Kept, r)
	m := c.messages[r.Of]
	c.mu.Unlock()
	return m, c.Refuse
}

// Answer implements pages.Chats: the new reply stands beside the shown one.
func (c *Chats) Answer(_ context.Context, id int64, q chat.AnswerRequest) (backend.Message, error) {
	if c.Refuse != nil {
		return backend.Message{}, c.Refuse
	}
	c.mu.Lock()
	old := c.messages[id]
	m := backend.Message{ID: c.id(), ChatID: old.ChatID, Parent: old.Parent, Role: backend.RoleAssistant, State: backend.MessageRunning, ModelID: q.ModelID}
	c.messages[m.ID] = m
	c.Asked = append(c.Asked, q)
	c.mu.Unlock()
	c.tell(event.MessageChanged{ChatID: m.ChatID, MessageID: m.ID, State: m.State})
	return m, nil
}

// Choose implements pages.Chats.
func (c *Chats) Choose(_ context.Context, chosen, other int64) error {
	if c.Refuse != nil {
		return c.Refuse
	}
	c.mu.Lock()
	m := c.messages[chosen]
	c.Chosen = append(c.Chosen, [2]int64{chosen, other})
	ch := c.chats[m.ChatID]
	ch.Leaf = chosen
	c.chats[ch.ID] = ch
	c.mu.Unlock()
	c.tell(event.ChatChanged{ChatID: m.ChatID})
	return nil
}

// Rate implements pages.Chats.
func (c *Chats) Rate(_ context.Context, id int64, r backend.Rating) error {
	if c.Refuse != nil {
		return c.Refuse
	}
	c.mu.Lock()
	m := c.messages[id]
	m.Rating = r
	c.messages[id] = m
	c.mu.Unlock()
	c.tell(event.MessageChanged{ChatID: m.ChatID, MessageID: id, State: m.State})
	return nil
}

// Tallies implements pages.Chats.
func (c *Chats) Tallies(context.Context) (map[int64]backend.Tally, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.Tally), nil
}

// ShowSibling implements pages.Chats.
func (c *Chats) ShowSibling(context.Context, int64, int) error { return nil }

// ShowMessage implements pages.Chats.
func (c *Chats) ShowMessage(_ context.Context, messageID int64) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ShownMessages = append(c.ShownMessages, messageID)
	return nil
}

// Draft implements pages.Chats.
func (c *Chats) Draft(_ context.Context, chatID int64) (backend.Draft, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drafts[chatID], nil
}

// SaveDraft implements pages.Chats.
func (c *Chats) SaveDraft(_ context.Context, d backend.Draft) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drafts[d.ChatID] = d
	c.Saved = append(c.Saved, d)
	return nil
}

// ErrRefused is an error for Chats.Refuse.
var ErrRefused = errors.New("refused for a test")
