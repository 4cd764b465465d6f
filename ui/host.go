package ui

import (
	"context"
	"errors"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"loam/ui/dialogs"
	"loam/ui/pages"
	"loam/ui/widgets"
	"loam/ui/words"
)

// host is the window as its pages see it.
type host struct{ ui *UI }

var _ pages.Host = host{}

// env is what pages and the drop card are made of.
func (h host) env() pages.Env {
	d := h.ui.deps
	return pages.Env{
		Host: h, Chats: d.Chats, Models: d.Models, Engines: d.Engines, Studio: d.Studio, System: d.System,
		Search: d.Search, SearchFiles: d.SearchFiles, Commands: h.ui.commands, Transfer: d.Transfer, Getting: d.Getting, Folders: d.Folders, About: d.About,
		Meaning: d.Meaning,
	}
}

// Load implements pages.Host.
func (h host) Load(lane string, work func(context.Context) func()) { h.ui.load(lane, work) }

// After implements pages.Host.
func (h host) After(d time.Duration, f func()) (cancel func()) { return h.ui.tasks.after(d, f) }

// Now implements pages.Host.
func (h host) Now() time.Time { return h.ui.now() }

// Canvas implements pages.Host.
func (h host) Canvas() fyne.Canvas { return h.ui.window.Canvas() }

// Window implements pages.Host.
func (h host) Window() fyne.Window { return h.ui.window }

// Focus implements pages.Host.
func (h host) Focus(o fyne.Focusable) { h.ui.window.Canvas().Focus(o) }

// Notify implements pages.Host.
func (h host) Notify(n widgets.Notice) { h.ui.notices.notify(n) }

// Dismiss implements pages.Host.
func (h host) Dismiss(key string) { h.ui.notices.dismiss(key) }

// Fail implements pages.Host.
func (h host) Fail(err error, retry func()) { h.ui.fail(err, retry) }

// Sentence implements pages.Host.
func (h host) Sentence(err error) (text, next string) { return h.ui.sentence(err) }

// Undone implements pages.Host.
func (h host) Undone(u widgets.Undo) { h.ui.notices.undone(u) }

// Copy implements pages.Host.
func (h host) Copy(text string) { h.ui.copy(text) }

// OpenFolder implements pages.Host.
func (h host) OpenFolder(path string) {
	h.ui.load("desktop", func(context.Context) func() {
		if h.ui.deps.OpenFolder == nil {
			return nil
		}
		if err := h.ui.deps.OpenFolder(path); err != nil {
			return func() {
				h.ui.copy(path)
				h.ui.notices.notify(widgets.Notice{
					Key: "folder", Tone: widgets.ToneWarn, Details: err.Error(),
					Text: "No file manager answered. The path is on the clipboard: " + path,
				})
			}
		}
		return nil
	})
}

// Popover implements pages.Host.
func (h host) Popover(content, anchor fyne.CanvasObject, width float32) {
	h.ui.float.popover(content, anchor, width)
}

// Dialog implements pages.Host.
func (h host) Dialog(content fyne.CanvasObject) { h.ui.float.dialog(content) }

// DialogUntil implements pages.Host.
func (h host) DialogUntil(content fyne.CanvasObject, closed func()) {
	h.ui.float.dialog(content)
	h.ui.float.closed = closed
}

// ClosePopover implements pages.Host.
func (h host) ClosePopover() { h.ui.float.close() }

// Menu implements pages.Host.
func (h host) Menu(items []*fyne.MenuItem, at fyne.Position) { h.ui.float.menu(items, at) }

// Go implements pages.Host.
func (h host) Go(p pages.Page) { h.ui.show(p) }

// NewChatWith implements pages.Host.
func (h host) NewChatWith(modelID int64) {
	h.ui.show(pages.PageChats)
	h.ui.chats.NewChat(modelID)
}

// ShowPictures implements pages.Host.
func (h host) ShowPictures(query string, id int64) {
	h.ui.show(pages.PagePictures)
	h.ui.pictures.Find(query, id)
}

// DrawWith implements pages.Host.
func (h host) DrawWith(modelID int64) {
	h.ui.show(pages.PagePictures)
	h.ui.pictures.UseModel(modelID)
}

// Offer implements pages.Host.
func (h host) Offer(path string) { h.ui.addFiles([]string{path}) }

// LookAround implements pages.Host.
func (h host) LookAround() { h.ui.models.LookAround() }

// ChooseFile implements pages.Host.
func (h host) ChooseFile(title, confirm string, endings []string, take func(path string)) {
	h.ui.fileDialog(title, confirm, endings, take)
}

// ShowFiles implements pages.Host.
func (h host) ShowFiles(d *dialog.FileDialog) { h.ui.showDialog(d) }

// AddFiles implements pages.Host.
func (h host) AddFiles() { h.ui.chooseFile() }

// Guide implements pages.Host.
func (h host) Guide(link string) { h.ui.openGuide(link) }

// Learn implements pages.Host.
func (h host) Learn(err error) {
	_, _, learn := words.Explain(err)
	h.ui.openGuide(learn)
}

// Licenses implements pages.Host.
func (h host) Licenses() {
	text := ""
	if f := h.ui.deps.About.Licenses; f != nil {
		text = f()
	}
	h.ui.float.dialog(dialogs.Licenses(text, h.ui.float.close, h.ui.copy))
}

// Tip implements pages.Host.
func (h host) Tip(text string, at fyne.CanvasObject) {
	if text == "" {
		h.ui.root.HideTip()
		return
	}
	h.ui.root.ShowTip(text, at)
}

// Relaid implements pages.Host.
func (h host) Relaid() {
	if h.ui.chats != nil {
		h.ui.notices.relayout()
	}
}

// Shown implements pages.Host.
func (h host) Shown(p pages.Page) bool { return h.ui.page == p }

// Narrow implements pages.Host.
func (h host) Narrow() bool {
	return h.ui.root.Size().Width < narrowBelow*max(h.ui.state.look.Scale, 1)
}

// Look implements pages.Host.
func (h host) Look() pages.Look { return h.ui.state.look }

// SetLook implements pages.Host.
func (h host) SetLook(l pages.Look) { h.ui.setLook(l) }

// narrowBelow is the width at text size 100 % under which the sidebar gives its room up.
const narrowBelow = 900

func (u *UI) copy(text string) { u.app.Clipboard().SetContent(text) }

// sentence says what an error means.
func (u *UI) sentence(err error) (text, next string) { return words.Sentence(err) }

// fail shows what an error means with a button for the next step. Work that was cancelled because the window closes is
// no news.
func (u *UI) fail(err error, retry func()) {
	if err == nil || u.closed || errors.Is(err, context.Canceled) {
		return
	}
	text, next, learn := words.Explain(err)
	n := widgets.Notice{Tone: widgets.ToneError, Text: text, Learn: func() { u.openGuide(learn) }}
	if d := err.Error(); d != text {
		n.Details = d
	}
	if n.Do = u.step(next, retry); n.Do != nil {
		n.Action = next
		if next == "" {
			n.Action = words.NextTryAgain
		}
	}
	u.log.Warn("Shown to the person", "err", err)
	u.notices.notify(n)
}

// step is what the button of an error's next step does, nil where there is none.
func (u *UI) step(next string, retry func()) func() {
	switch next {
	case words.NextAddModel, words.NextAddFile, words.NextOtherFiles:
		return u.chooseFile
	case words.NextModels:
		return func() { u.show(pages.PageModels) }
	case words.NextSettings, words.NextOnline:
		return func() { u.show(pages.PageSettings) }
	case words.NextFolder:
		return func() { host{u}.OpenFolder(u.deps.Folders.Data) }
	}
	return retry
}
