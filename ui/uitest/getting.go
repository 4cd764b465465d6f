package uitest

import (
	"context"
	"slices"
	"strings"
	"sync"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/hub"
	"loam/backend/outbound"
)

// Getting is a hub and its downloads in memory. Downloads stand still until the test moves them.
type Getting struct {
	Offers  map[string]app.Offer // by repository
	Found   []hub.Found
	Text    string // of every card
	Refuse  error  // Search and LookAt answer with it while it is set
	Unready []backend.Download
	Shut    bool // offline
	Token   string

	mu      sync.Mutex
	Queries []hub.Query
	List    []backend.Download
	Removed []backend.Download
}

// Host implements pages.Getting.
func (*Getting) Host() string { return "huggingface.co" }

// Search implements pages.Getting.
func (g *Getting) Search(_ context.Context, q hub.Query) (hub.Page, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.Queries = append(g.Queries, q)
	if g.Shut {
		return hub.Page{}, outbound.ErrOffline
	}
	if g.Refuse != nil {
		return hub.Page{}, g.Refuse
	}
	var p hub.Page
	for _, f := range g.Found {
		if strings.Contains(strings.ToLower(f.Repo), strings.ToLower(q.Text)) {
			p.Models = append(p.Models, f)
		}
	}
	return p, nil
}

// LookAt implements pages.Getting.
func (g *Getting) LookAt(_ context.Context, repo, _ string) (app.Offer, error) {
	o, ok := g.Offers[repo]
	switch {
	case g.Refuse != nil:
		return app.Offer{}, g.Refuse
	case !ok:
		return app.Offer{}, hub.ErrNotFound
	}
	o.Choices = slices.Clone(o.Choices)
	return o, nil
}

// Card implements pages.Getting.
func (g *Getting) Card(context.Context, string, string) (string, error) { return g.Text, nil }

// Download implements pages.Getting.
func (g *Getting) Download(_ context.Context, r hub.Repo, c hub.Choice) (backend.Download, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	w := (&hub.Hub{}).Want(r, c)
	d := backend.Download{ID: int64(len(g.List) + 1), State: backend.DownloadRunning, Want: w}
	if len(g.List) > 0 {
		d.State = backend.DownloadWaiting
	}
	g.List = append(g.List, d)
	return d, nil
}

// Downloads implements pages.Getting.
func (g *Getting) Downloads(context.Context) ([]backend.Download, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.List), nil
}

// Left implements pages.Getting.
func (g *Getting) Left() []backend.Download { return g.Unready }

// Progress implements pages.Getting.
func (*Getting) Progress(int64) (event.DownloadProgress, bool) {
	return event.DownloadProgress{}, false
}

// Set puts a download into a state.
func (g *Getting) Set(id int64, s backend.DownloadState, why string, model int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for i := range g.List {
		if g.List[i].ID == id {
			g.List[i].State, g.List[i].Error, g.List[i].ModelID = s, why, model
		}
	}
}

// Pause implements pages.Getting.
func (g *Getting) Pause(_ context.Context, id int64) error {
	g.Set(id, backend.DownloadPaused, "", 0)
	return nil
}

// Resume implements pages.Getting.
func (g *Getting) Resume(_ context.Context, id int64) error {
	g.Set(id, backend.DownloadRunning, "", 0)
	return nil
}

// First implements pages.Getting.
func (g *Getting) First(ctx context.Context, id int64) error {
	g.mu.Lock()
	slices.SortStableFunc(g.List, func(a, b backend.Download) int {
		switch id {
		case a.ID:
			return -1
		case b.ID:
			return 1
		}
		return 0
	})
	g.mu.Unlock()
	return g.Resume(ctx, id)
}

// Remove implements pages.Getting.
func (g *Getting) Remove(_ context.Context, id int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.List = slices.DeleteFunc(g.List, func(d backend.Download) bool {
		if d.ID == id {
			g.Removed = append(g.Removed, d)
		}
		return d.ID == id
	})
	return nil
}

// Restore implements pages.Getting.
func (g *Getting) Restore(_ context.Context, id int64) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.Removed {
		if d.ID == id {
			d.State = backend.DownloadPaused
			g.List = append(g.List, d)
		}
	}
	return nil
}

// Dismiss implements pages.Getting.
func (g *Getting) Dismiss(ctx context.Context, id int64) error { return g.Remove(ctx, id) }

// Active implements pages.Getting.
func (g *Getting) Active() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := 0
	for _, d := range g.List {
		if d.State == backend.DownloadRunning || d.State == backend.DownloadWaiting {
			n++
		}
	}
	return n
}

// Offline implements pages.Getting.
func (g *Getting) Offline() (on, forced bool) { return g.Shut, false }

// Requests implements pages.Getting.
func (*Getting) Requests() []outbound.Entry {
	return []outbound.Entry{{ID: "1", Why: "search for models", Method: "GET", Host: "huggingface.co", Path: "/api/models?search=small", Status: 200, Bytes: 4096, Over: true}}
}

// ClearRequests implements pages.Getting.
func (*Getting) ClearRequests() error { return nil }

// TokenFrom implements pages.Getting.
func (g *Getting) TokenFrom(context.Context) string {
	if g.Token != "" {
		return "keyring"
	}
	return ""
}

// SetToken implements pages.Getting.
func (g *Getting) SetToken(_ context.Context, token string) error {
	g.Token = token
	return nil
}
