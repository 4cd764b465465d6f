package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime/debug"
	"time"

	"fyne.io/fyne/v2"
	fyneapp "fyne.io/fyne/v2/app"

	"loam/assets"
	"loam/backend"
	"loam/backend/app"
	"loam/backend/event"
	"loam/backend/session"
	"loam/ui"
	"loam/ui/chatview"
	"loam/ui/cli"
	"loam/ui/theme"
)

// appID is the program's name on the desktop; FyneApp.toml has the same.
const appID = "io.loam.desktop"

// collectAt is how much the window's heap may grow, in percent of what lives, before it is collected. Little lives there,
// so collecting early costs next to nothing and saves some twenty megabytes of idle memory.
const collectAt = 40

// closeWithin is how long an engine that does not answer may hold up the end.
const closeWithin = 3 * time.Second

// window shows the window until it is closed. Where another one has the data folder, it gets the files, and this start
// ends.
func window(ctx context.Context, folders app.Folders, files []string, started time.Time) (err error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	log, closeLog := openLog(folders)
	defer closeLog()
	a, handed, err := app.Begin(ctx, app.Deps{Folders: folders, Version: version, Commit: commit, Catalogue: models(), Logger: log, Window: true}, files)
	if handed || errors.Is(err, backend.ErrLocked) {
		return err
	}
	if !screen() {
		if err != nil {
			return err
		}
		return errors.Join(cli.ErrNoScreen, a.Close(ctx))
	}
	opened := session.NewOpened()
	face := fyneapp.NewWithID(appID)
	if err != nil {
		return refuse(face, err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeWithin)
		defer cancel()
		err = errors.Join(err, a.Close(ctx))
	}()
	deps := ui.Wire(a, started)
	deps.Logger = log
	deps.About.Licenses = licences
	w, err := ui.New(face, deps, assets.FS)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, w.Quit)()
	w.Open(files)
	opened.Serve(func(paths []string) { a.Bus.Deliver(event.FilesHanded{Paths: paths}) })
	face.Run()
	return nil
}

// benchUI measures the window's transcript without showing one.
func benchUI(ctx context.Context) ([]backend.Figure, error) {
	look, err := theme.New(assets.FS, theme.Options{Mode: theme.ModeLight})
	if err != nil {
		return nil, err
	}
	fyneapp.NewWithID(appID).Settings().SetTheme(look)
	return chatview.Bench(ctx)
}

// refuse says in a window why there is none, and again on stderr.
func refuse(face fyne.App, why error) error {
	if err := ui.Refuse(face, assets.FS, why); err != nil {
		return errors.Join(why, err)
	}
	face.Run()
	return why
}

// openLog opens the log, or discards it where it cannot be written.
func openLog(folders app.Folders) (*slog.Logger, func()) {
	log, closer, err := app.OpenLog(folders.Logs, slog.LevelInfo)
	if err != nil {
		return slog.New(slog.DiscardHandler), func() {}
	}
	return log, func() {
		if err := closer.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "loam: close the log:", err)
		}
	}
}
