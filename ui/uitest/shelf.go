package uitest

import (
	"context"
	"slices"
	"time"

	"loam/backend"
)

// SetShelves implements pages.Chats.
func (c *Chats) SetShelves(_ context.Context, shelves map[int64]backend.Shelf) error {
	for id, s := range shelves {
		if err := c.change(id, func(ch *backend.Chat) { ch.Shelf = s.Clean() }); err != nil {
			return err
		}
	}
	return nil
}

// Trash implements pages.Chats.
func (c *Chats) Trash(_ context.Context, ids ...int64) error {
	return c.changeAll(ids, func(ch *backend.Chat) { ch.Deleted = c.Now() })
}

// Restore implements pages.Chats.
func (c *Chats) Restore(_ context.Context, ids ...int64) error {
	return c.changeAll(ids, func(ch *backend.Chat) { ch.Deleted = time.Time{} })
}

// Trashed implements pages.Chats.
func (c *Chats) Trashed(context.Context) ([]backend.Chat, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []backend.Chat
	for _, ch := range c.chats {
		if !ch.Deleted.IsZero() {
			list = append(list, ch)
		}
	}
	slices.SortFunc(list, func(a, b backend.Chat) int { return int(b.ID - a.ID) })
	return list, nil
}

func (c *Chats) changeAll(ids []int64, f func(*backend.Chat)) error {
	for _, id := range ids {
		if err := c.change(id, f); err != nil {
			return err
		}
	}
	return nil
}
