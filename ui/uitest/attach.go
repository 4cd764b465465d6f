package uitest

import (
	"context"
	"fmt"

	"loam/backend"
	"loam/backend/attach"
)

// Attach implements pages.Chats: it reads the file in this process.
func (c *Chats) Attach(ctx context.Context, chatID int64, path string) (backend.Attachment, error) {
	src, err := attach.Reader{}.Open(ctx, path)
	if err != nil {
		return backend.Attachment{}, err
	}
	a, err := c.AttachText(ctx, chatID, src.Name, src.Doc.Text)
	a.Kind, a.Pages, a.Note = src.Kind, src.Doc.Pages, src.Doc.Note
	return a, err
}

// AttachText implements pages.Chats.
func (c *Chats) AttachText(_ context.Context, _ int64, name, text string) (backend.Attachment, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.texts == nil {
		c.texts = map[string]string{}
	}
	sum := fmt.Sprintf("%064x", len(c.texts)+1)
	c.texts[sum] = text
	return backend.Attachment{Name: name, Kind: backend.AttachPasted, Size: int64(len(text)), SHA256: sum, Text: sum}, nil
}

// LastText is the hash of the text that was attached last.
func (c *Chats) LastText() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprintf("%064x", len(c.texts))
}

// HoldFiles implements pages.Chats.
func (c *Chats) HoldFiles(context.Context, []backend.Attachment) error { return nil }

// AttachedText implements pages.Chats.
func (c *Chats) AttachedText(_ context.Context, a backend.Attachment) (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, ok := c.texts[a.Text]
	if !ok {
		return "", backend.ErrNotFound
	}
	return text, nil
}
