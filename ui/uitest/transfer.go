package uitest

import (
	"context"
	"sync"

	"loam/backend"
	"loam/backend/transfer"
)

// Transfer is a service of exports that only remembers what was asked of it.
type Transfer struct {
	Holds map[string]transfer.Contents // what Inspect finds under a path; nothing else holds chats
	Bad   error                        // Export and Import answer with it while it is set
	Chats *Chats                       // gets what is imported

	mu       sync.Mutex
	Exported []transfer.ExportOptions
	Imported []transfer.ImportOptions
}

// Export implements pages.Transfer.
func (t *Transfer) Export(_ context.Context, o transfer.ExportOptions) (transfer.Exported, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Bad != nil {
		return transfer.Exported{}, t.Bad
	}
	t.Exported = append(t.Exported, o)
	return transfer.Exported{Path: o.Path, Chats: max(len(o.Chats), 1), Messages: 2}, nil
}

// Inspect implements pages.Transfer.
func (t *Transfer) Inspect(_ context.Context, path string, _ func(transfer.Progress)) (transfer.Contents, error) {
	c, ok := t.Holds[path]
	if !ok {
		return c, transfer.ErrNotChats
	}
	return c, nil
}

// Import implements pages.Transfer.
func (t *Transfer) Import(_ context.Context, path string, o transfer.ImportOptions) (transfer.Imported, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.Bad != nil {
		return transfer.Imported{}, t.Bad
	}
	t.Imported = append(t.Imported, o)
	c := t.Holds[path]
	n := c.New
	if o.Copies {
		n += c.There
	}
	out := transfer.Imported{Program: c.Program, Problems: c.Problems}
	for range n {
		out.Chats = append(out.Chats, t.Chats.AddChat(backend.Chat{Title: "Imported"}).ID)
	}
	return out, nil
}
