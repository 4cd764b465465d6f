package uitest

import (
	"context"
	"slices"

	"loam/backend"
	"loam/backend/event"
)

// Continue implements pages.Chats: another version that says more.
func (c *Chats) Continue(_ context.Context, id int64) (backend.Message, error) {
	if c.Refuse != nil {
		return backend.Message{}, c.Refuse
	}
	c.mu.Lock()
	m := c.messages[id]
	c.mu.Unlock()
	m.Text += " And more."
	return c.addMessage(m), nil
}

// GoBack implements pages.Chats.
func (c *Chats) GoBack(_ context.Context, id int64) error { return c.show(id, id) }

// GoOn implements pages.Chats.
func (c *Chats) GoOn(_ context.Context, id int64) error { return c.show(id, slices.Max(c.below(id))) }

// Follows implements pages.Chats.
func (c *Chats) Follows(_ context.Context, id int64) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := 0
	for _, m := range c.messages {
		if m.Parent == id {
			n++
		}
	}
	return n, nil
}

// Remove implements pages.Chats.
func (c *Chats) Remove(_ context.Context, id int64) (backend.Cut, error) {
	if c.Refuse != nil {
		return backend.Cut{}, c.Refuse
	}
	c.mu.Lock()
	m := c.messages[id]
	cut := backend.Cut{ChatID: m.ChatID, Message: id, Parent: m.Parent, Leaf: c.chats[m.ChatID].Leaf}
	c.mu.Unlock()
	cut.Messages = len(c.below(id))
	return cut, c.show(id, m.Parent)
}

// Unremove implements pages.Chats.
func (c *Chats) Unremove(_ context.Context, cut backend.Cut) error {
	return c.show(cut.Message, cut.Leaf)
}

// below are a message and what follows it.
func (c *Chats) below(id int64) []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := []int64{id}
	for i := 0; i < len(list); i++ {
		for _, m := range c.messages {
			if m.Parent == list[i] {
				list = append(list, m.ID)
			}
		}
	}
	return list
}

// show makes a message the end of what is shown of another's chat.
func (c *Chats) show(of, leaf int64) error {
	if c.Refuse != nil {
		return c.Refuse
	}
	c.mu.Lock()
	ch := c.chats[c.messages[of].ChatID]
	ch.Leaf = leaf
	c.chats[ch.ID] = ch
	c.mu.Unlock()
	c.tell(event.ChatChanged{ChatID: ch.ID})
	return nil
}
