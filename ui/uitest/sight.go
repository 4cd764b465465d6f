package uitest

import (
	"context"
	"slices"

	"loam/backend"
	"loam/backend/chat"
)

// Sight is what Chats says of what a model sees.
type Sight struct {
	Plan          chat.Plan
	Used, Context int // of Fill
	Presets       []chat.Preset
}

// Leave makes a reply one before which the model saw a message and what came after it, and no more.
func (c *Chats) Leave(reply, from int64, leftOut int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.messages[reply]
	m.SeenFrom, m.LeftOut = from, leftOut
	c.messages[reply] = m
}

// Plan implements pages.Chats.
func (c *Chats) Plan(context.Context, int64, string, ...backend.Attachment) (chat.Plan, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Sight.Plan, nil
}

// Fill implements pages.Chats.
func (c *Chats) Fill(context.Context, int64) (used, size int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.Sight.Used, c.Sight.Context, nil
}

// SetPinned implements pages.Chats.
func (c *Chats) SetPinned(ctx context.Context, id int64, on bool) error {
	m, err := c.Message(ctx, id)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	m.Pinned = on
	m.Revision++
	c.messages[id] = m
	return nil
}

// SetOverflow implements pages.Chats.
func (c *Chats) SetOverflow(_ context.Context, id int64, o backend.Overflow) error {
	return c.change(id, func(ch *backend.Chat) { ch.Overflow = o })
}

// Presets implements pages.Chats.
func (c *Chats) Presets(context.Context) ([]chat.Preset, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.Sight.Presets), nil
}

// SavePreset implements pages.Chats.
func (c *Chats) SavePreset(_ context.Context, p chat.Preset) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sight.Presets = append(slices.DeleteFunc(c.Sight.Presets, func(o chat.Preset) bool { return o.Name == p.Name }), p)
	return nil
}

// RemovePreset implements pages.Chats.
func (c *Chats) RemovePreset(_ context.Context, name string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.Sight.Presets = slices.DeleteFunc(c.Sight.Presets, func(o chat.Preset) bool { return o.Name == name })
	return nil
}
