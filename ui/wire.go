package ui

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"
	"time"

	"loam/backend/app"
	"loam/backend/session"
	"loam/ui/pages"
)

// Wire makes the window's dependencies out of the running program. started is when the process began.
func Wire(a *app.App, started time.Time) Deps {
	return Deps{
		Bus: a.Bus, Chats: a.Chats, Models: a.Library, Engines: a.Engines, Studio: a.Studio, System: a,
		Transfer: a.Transfer,
		Search:   search(a), Crashes: a.Crashes(),
		Folders: pages.Folders{
			Data: a.Folders.Data, Models: a.Folders.Models, Cache: a.Folders.Cache, Config: a.Folders.Config, Logs: a.Folders.Logs,
		},
		About:      pages.About{Version: a.Version, Commit: a.Commit},
		Tray:       session.Tray,
		OpenFolder: openFolder,
		Started:    started,
	}
}

// search finds messages by their words.
func search(a *app.App) pages.Search {
	return func(ctx context.Context, query string, limit int) ([]pages.Found, error) {
		hits, err := a.Chats.Search(ctx, query, limit)
		if err != nil {
			return nil, err
		}
		found := make([]pages.Found, 0, len(hits))
		for _, h := range hits {
			found = append(found, pages.Found{ChatID: h.Chat.ID, MessageID: h.Message.ID, Title: h.Chat.Title, Snippet: h.Snippet})
		}
		return found, nil
	}
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
