package pages

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/dialog"
	"fyne.io/fyne/v2/storage"

	"loam/backend"
	"loam/backend/transfer"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// exportForm is a format as a person chooses it.
type exportForm struct {
	format      transfer.Format
	name, about string
}

var exportForms = []exportForm{
	{transfer.JSONL, "Everything (JSONL)", "All of it, to be imported again."},
	{transfer.Markdown, "Markdown", "What is shown, as text with marks."},
	{transfer.HTML, "Web page (HTML)", "What is shown, for any browser."},
	{transfer.Training, "Training data (JSONL)", "Replies with a thumb up or edited ones, as messages to train a model with."},
}

// exportMenu is the entry of a chat's menu that leads to the formats.
func exportMenu(env Env, c backend.Chat) *fyne.MenuItem {
	item := fyne.NewMenuItem("Export…", nil)
	item.Icon = theme.Icon(theme.IconDownload)
	var forms []*fyne.MenuItem
	for _, f := range exportForms {
		forms = append(forms, fyne.NewMenuItem(f.name, func() { exportChat(env, c, f.format) }))
	}
	item.ChildMenu = fyne.NewMenu("", forms...)
	return item
}

// exportChat asks where a chat should go, and writes it there.
func exportChat(env Env, c backend.Chat, f transfer.Format) {
	c.Title = chatTitle(c)
	d := dialog.NewFileSave(func(w fyne.URIWriteCloser, err error) {
		if err != nil {
			env.Host.Fail(err, func() { exportChat(env, c, f) })
			return
		}
		if w == nil {
			return // given up
		}
		to := w.URI().Path()
		_ = w.Close() // only its name is wanted
		exportTo(env, transfer.ExportOptions{Format: f, Chats: []int64{c.ID}, Path: to})
	}, env.Host.Window())
	d.SetFileName(transfer.FileName(c, f))
	d.SetTitleText("Export “" + widgets.Shorten(c.Title, 260, measureBody) + "”")
	d.SetConfirmText("Export")
	env.Host.ShowFiles(d)
}

// exportAll asks for a folder, and writes all chats into it.
func exportAll(env Env, f transfer.Format) {
	d := dialog.NewFolderOpen(func(dir fyne.ListableURI, err error) {
		if err != nil {
			env.Host.Fail(err, func() { exportAll(env, f) })
			return
		}
		if dir == nil {
			return // given up
		}
		exportTo(env, transfer.ExportOptions{Format: f, Path: dir.Path()})
	}, env.Host.Window())
	d.SetTitleText("Export all chats into a folder")
	d.SetConfirmText("Export here")
	env.Host.ShowFiles(d)
}

// exportTo writes chats and says where they are. A file that was there stays as it is until all of it is written.
func exportTo(env Env, o transfer.ExportOptions) {
	var done transfer.Exported
	long(env, "Exporting", func(ctx context.Context, progress func(transfer.Progress)) (err error) {
		o.Progress = progress
		done, err = env.Transfer.Export(ctx, o)
		return err
	}, func(err error) {
		if errors.Is(err, context.Canceled) {
			env.Host.Notify(widgets.Notice{Key: transferNotice, Text: "The export was stopped. Nothing was written."})
			return
		}
		if err != nil {
			env.Host.Fail(err, func() { exportTo(env, o) })
			return
		}
		text := "Exported " + count(done.Chats, "chat") + " to " + done.Path + "."
		if o.Format == transfer.Training {
			text = "Exported " + replies(done.Replies) + " of " + count(done.Chats, "chat") + " to " + done.Path + "."
		}
		if done.Missing > 0 {
			text += " The files of " + count(done.Missing, "picture") + " are gone, so they are not in it."
		}
		dir := filepath.Dir(done.Path)
		if i, err := os.Stat(done.Path); err == nil && i.IsDir() {
			dir = done.Path
		}
		env.Host.Notify(widgets.Notice{
			Key: transferNotice, Tone: widgets.ToneSuccess, Text: text,
			Action: "Open folder", Do: func() { env.Host.OpenFolder(dir) },
		})
	})
}

const (
	transferNotice = "transfer"
	longAfter      = 300 * time.Millisecond // before it says that it works
	longTick       = 250 * time.Millisecond
)

// long does work on chats that may take long elsewhere: it shows how far it is, with a button that stops it.
func long(env Env, doing string, work func(ctx context.Context, progress func(transfer.Progress)) error, done func(error)) {
	var mu sync.Mutex
	var at transfer.Progress
	longWork(env, transferNotice, "transfer", func() string {
		mu.Lock()
		defer mu.Unlock()
		switch {
		case at.Total > 0:
			return doing + " " + count0(uint64(at.Chats)) + " of " + count(at.Total, "chat") + "…"
		case at.Chats > 0:
			return doing + ": " + count(at.Chats, "chat") + "…"
		}
		return doing + " chats…"
	}, func(ctx context.Context) error {
		return work(ctx, func(p transfer.Progress) {
			mu.Lock()
			defer mu.Unlock()
			at = p
		})
	}, done)
}

// longWork does work that may take long in a lane of its own: a notice says how far it is, in say's words, with a button that
// stops it. say is called on the window's goroutine while work runs.
func longWork(env Env, notice, lane string, say func() string, work func(ctx context.Context) error, done func(error)) {
	ctx, cancel := context.WithCancel(context.Background())
	over := false
	var tick func()
	tick = func() {
		if over {
			return
		}
		env.Host.Notify(widgets.Notice{Key: notice, Text: say(), Keep: true, Action: "Stop", Do: cancel})
		env.Host.After(longTick, tick)
	}
	env.Host.After(longAfter, tick)
	env.Host.Load(lane, func(host context.Context) func() {
		defer context.AfterFunc(host, cancel)() // the window closes
		err := work(ctx)
		return func() {
			over = true
			cancel()
			env.Host.Dismiss(notice)
			done(err)
		}
	})
}

// chatFiles are the rows of the settings about chats as files.
func (p *SettingsPage) chatFiles() []fyne.CanvasObject {
	var out *widgets.Button
	out = widgets.NewButton("Export all chats", widgets.KindPlain, func() {
		var rows []fyne.CanvasObject
		for _, f := range exportForms {
			rows = append(rows, widgets.NewChoiceRow(f.name, f.about, false, func() {
				p.env.Host.ClosePopover()
				exportAll(p.env, f.format)
			}))
		}
		p.env.Host.Popover(container.New(widgets.Column{Gap: 2}, rows...), out, 400)
	})
	in := widgets.NewButton("Import", widgets.KindPlain, func() { importChats(p.env) })
	out.Small, in.Small = true, true
	return []fyne.CanvasObject{
		line("Take them along", "All that are not in the trash: to keep, to read, or for another machine.", out),
		line("Bring chats in", "Exports of Loam, ChatGPT, LM Studio and Open WebUI. A folder can be dropped on the window.", in),
	}
}

// importChats asks for a file and shows its card, as if it had been dropped.
func importChats(env Env) {
	d := dialog.NewFileOpen(func(r fyne.URIReadCloser, err error) {
		if err != nil {
			env.Host.Fail(err, func() { importChats(env) })
			return
		}
		if r == nil {
			return // given up
		}
		path := r.URI().Path()
		_ = r.Close() // only its name is wanted
		env.Host.Offer(path)
	}, env.Host.Window())
	d.SetFilter(storage.NewExtensionFileFilter([]string{".jsonl", ".json", ".zip"}))
	d.SetTitleText("Import chats")
	d.SetConfirmText("Look at it")
	env.Host.ShowFiles(d)
}

// mayHoldChats says whether it is worth to look for chats in a dropped file.
func mayHoldChats(path string, kind sniff) bool {
	ending := strings.ToLower(filepath.Ext(path))
	switch kind {
	case sniffFolder:
		return true
	case sniffText:
		return ending == ".json" || ending == ".jsonl"
	case sniffModel:
		return ending == ".zip"
	case sniffPicture, sniffDocument:
	}
	return false
}
