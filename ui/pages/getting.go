package pages

import (
	"context"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/hub"
	"loam/backend/outbound"
)

// Getting finds models on the hub and downloads them; the window's wiring makes one out of the running program.
type Getting interface {
	// Host is the hub as a person knows it: "huggingface.co".
	Host() string
	Search(ctx context.Context, q hub.Query) (hub.Page, error)
	LookAt(ctx context.Context, repo, revision string) (app.Offer, error)
	Card(ctx context.Context, repo, commit string) (string, error)

	Download(ctx context.Context, r hub.Repo, c hub.Choice) (backend.Download, error)
	Downloads(ctx context.Context) ([]backend.Download, error)
	// Left lists what an earlier run did not finish.
	Left() []backend.Download
	Progress(id int64) (event.DownloadProgress, bool)
	Pause(ctx context.Context, id int64) error
	Resume(ctx context.Context, id int64) error
	First(ctx context.Context, id int64) error
	Remove(ctx context.Context, id int64) error
	Restore(ctx context.Context, id int64) error
	Dismiss(ctx context.Context, id int64) error
	// Active is how many downloads run or wait in this window.
	Active() int

	// Offline says whether nothing is asked of other machines, and whether the environment insists on it.
	Offline() (on, forced bool)
	Requests() []outbound.Entry
	ClearRequests() error
	TokenFrom(ctx context.Context) string
	SetToken(ctx context.Context, token string) error
}

// The settings of the network; app reads them.
const (
	keyOffline = app.KeyOffline
	keyProxy   = app.KeyProxy
	keyRate    = app.KeyRate
)
