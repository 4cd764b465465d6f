package ui

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"time"
	"unicode/utf8"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/backend/hub"
	"loam/backend/session"
	"loam/ui/pages"
)

// Wire makes the window's dependencies out of the running program. started is when the process began.
func Wire(a *app.App, started time.Time) Deps {
	return Deps{
		Bus: a.Bus, Chats: a.Chats, Models: a.Library, Engines: a.Engines, Studio: a.Studio, System: a,
		Transfer: a.Transfer,
		Getting:  getting{a},
		Meaning:  a.Meaning,
		Search:   search(a), SearchFiles: searchFiles(a), Crashes: a.Crashes(),
		Folders: pages.Folders{
			Data: a.Folders.Data, Models: a.Folders.Models, Cache: a.Folders.Cache, Config: a.Folders.Config, Logs: a.Folders.Logs,
		},
		About:      pages.About{Version: a.Version, Commit: a.Commit},
		Tray:       session.Tray,
		OpenFolder: openFolder,
		Started:    started,
	}
}

// getting is the hub and the downloads as the window sees them.
type getting struct{ *app.App }

func (g getting) Host() string { return g.Hub.Host() }

func (g getting) Search(ctx context.Context, q hub.Query) (hub.Page, error) {
	return g.Hub.Search(ctx, q)
}

func (g getting) Card(ctx context.Context, repo, commit string) (string, error) {
	return g.Hub.Card(ctx, repo, commit)
}

func (g getting) Downloads(ctx context.Context) ([]backend.Download, error) { return g.Fetch.List(ctx) }

func (g getting) Left() []backend.Download { return g.DownloadsLeft() }

func (g getting) Progress(id int64) (event.DownloadProgress, bool) { return g.Fetch.Progress(id) }

func (g getting) Pause(ctx context.Context, id int64) error { return g.Fetch.Pause(ctx, id) }

func (g getting) Resume(ctx context.Context, id int64) error { return g.Fetch.Resume(ctx, id) }

func (g getting) First(ctx context.Context, id int64) error { return g.Fetch.First(ctx, id) }

func (g getting) Remove(ctx context.Context, id int64) error { return g.Fetch.Remove(ctx, id) }

func (g getting) Restore(ctx context.Context, id int64) error { return g.Fetch.Restore(ctx, id) }

func (g getting) Dismiss(ctx context.Context, id int64) error { return g.Fetch.Dismiss(ctx, id) }

func (g getting) Active() int { return g.Fetch.Active() }

// search finds messages by their words.
func search(a *app.App) pages.Search {
	return func(ctx context.Context, query string, limit int) ([]pages.Found, error) {
		hits, err := a.Chats.Search(ctx, query, limit)
		return foundIn(hits), err
	}
}

// searchFiles finds messages by the names and the words of their files.
func searchFiles(a *app.App) pages.Search {
	return func(ctx context.Context, query string, limit int) ([]pages.Found, error) {
		hits, err := a.Chats.SearchFiles(ctx, query, limit)
		return foundIn(hits), err
	}
}

func foundIn(hits []chat.Hit) []pages.Found {
	found := make([]pages.Found, 0, len(hits))
	for _, h := range hits {
		found = append(found, pages.Found{
			ChatID: h.Chat.ID, MessageID: h.Message.ID, Title: h.Chat.Title, Snippet: aroundMatch(h.Snippet, h.Marks), File: h.File, Place: h.Place,
		})
	}
	return found
}

// beforeMatch is how many letters of a row stand before what was found, so that it is in sight in a narrow one.
const beforeMatch = 12

// aroundMatch cuts a snippet so that it begins shortly before its first match, with a whole word.
func aroundMatch(snippet string, marks [][2]int) string {
	if len(marks) == 0 || marks[0][0] > len(snippet) {
		return snippet
	}
	before := snippet[:marks[0][0]]
	from := len(before)
	for range beforeMatch {
		_, n := utf8.DecodeLastRuneInString(before[:from])
		from -= n
	}
	if from == 0 {
		return snippet
	}
	if gap := strings.IndexByte(before[from:], ' '); gap >= 0 {
		from += gap + 1
	} else {
		from = len(before)
	}
	return "…" + snippet[from:]
}

// openFolder asks the system's file manager to show a folder.
func openFolder(path string) error {
	name := "xdg-open"
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name = "explorer"
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := exec.CommandContext(ctx, name, path).Run(); err != nil {
		return fmt.Errorf("open %s with %s: %w", path, name, err)
	}
	return nil
}
