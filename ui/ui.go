package ui

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/event"
	"loam/ui/pages"
	"loam/ui/theme"
)

// Bus is where the window hears what happens; *event.Bus is one.
type Bus interface {
	Subscribe(minGap time.Duration, f func([]event.Event)) (cancel func())
}

// Deps is what a window is made of.
type Deps struct {
	Bus     Bus
	Chats   pages.Chats
	Models  pages.Models
	Engines pages.Engines
	Studio  pages.Studio
	System  pages.System
	Crashes Crashes      // nil = nobody keeps any
	Search  pages.Search // nil = only names of chats are searched
	// SearchFiles finds files of messages; nil = they are not searched.
	SearchFiles pages.Search
	// Transfer carries chats out and in; nil = nobody does.
	Transfer pages.Transfer
	// Getting finds models elsewhere and downloads them; nil = nobody does.
	Getting pages.Getting
	// Meaning reads attached files for what they mean; nil = nobody does.
	Meaning pages.Meaning
	Folders pages.Folders
	About   pages.About
	// Tray says whether the desktop shows icons of programs; nil = it does not. It may take a moment.
	Tray func() bool
	// OpenFolder shows a folder in the system's file manager.
	OpenFolder func(path string) error
	Logger     *slog.Logger
	Started    time.Time // of the process; for the measure of the first frame
}

// UI is the window.
type UI struct {
	app   fyne.App
	deps  Deps
	log   *slog.Logger
	files fs.FS // typefaces, icons, the guide
	theme *theme.Theme

	dispatch *dispatcher
	tasks    runner
	now      func() time.Time
	cancel   func() // of the bus

	window   fyne.Window
	root     *root
	notices  *notices
	float    *floating
	keys     fyne.ShortcutHandler
	state    state
	saving   func() // cancels the waiting store of the state
	page     pages.Page
	chats    *pages.ChatsPage
	pictures *pages.PicturesPage
	models   *pages.ModelsPage
	setting  *pages.SettingsPage
	guide    *pages.GuidePage
	card     *pages.DropCard // what came of the last drop; nil = none is shown
	rail     map[pages.Page]railButton
	leaving  leaving
	closed   bool
}

// runner is how slow work gets off the window's goroutine; tests run it directly.
type runner interface {
	run(lane string, work task)
	after(d time.Duration, f func()) (cancel func())
	close(grace time.Duration)
}

// eventGap is how often published events reach the window at most: once per frame.
const eventGap = 16 * time.Millisecond

// New makes a window that is not shown yet. assets hold typefaces and icons (package assets).
func New(app fyne.App, d Deps, assets fs.FS) (*UI, error) {
	th, err := theme.New(assets, theme.Options{})
	if err != nil {
		return nil, fmt.Errorf("make the window: %w", err)
	}
	u := &UI{app: app, deps: d, log: d.Logger, files: assets, theme: th, now: time.Now, rail: map[pages.Page]railButton{}}
	if u.log == nil {
		u.log = slog.New(slog.DiscardHandler)
	}
	keepStill(app)
	keepFilesWhole()
	u.dispatch = newDispatcher(doOnWindow, u.handle)
	u.tasks = newTasks(u.dispatch.post)
	if b, err := fs.ReadFile(assets, "app/loam.png"); err == nil {
		app.SetIcon(fyne.NewStaticResource("loam.png", b))
	}
	return u, nil
}

// Open shows the window and hands it files as if they were dropped. It must be called once, before the app runs.
func (u *UI) Open(paths []string) {
	u.state = u.loadState()
	u.applyLook()
	u.window = u.app.NewWindow("Loam")
	u.window.SetMaster()
	u.window.SetPadded(false)
	u.build()
	u.watchFirstFrame()
	u.window.SetContent(u.root)
	u.app.Settings().AddListener(func(fyne.Settings) {
		// Not at once: Fyne forgets its pictures of the old colours after it told us.
		u.dispatch.post(u.root.relook)
	})
	u.window.Resize(fyne.NewSize(u.state.Width, u.state.Height))
	u.window.SetOnDropped(func(_ fyne.Position, uris []fyne.URI) { u.dropped(uris) })
	u.window.SetCloseIntercept(u.closeWindow)
	u.shortcuts()
	if u.deps.Bus != nil {
		u.cancel = u.deps.Bus.Subscribe(eventGap, u.dispatch.events)
	}
	u.show(u.state.page())
	if u.state.Chat != 0 {
		u.chats.Reopen(u.state.Chat)
	} else {
		u.chats.NewChat(0)
	}
	u.window.Show()
	u.offerReport()
	u.offerTray()
	if len(paths) > 0 {
		u.addFiles(paths)
	}
}

// Close stores what is not stored yet and closes the window. What runs elsewhere gets a moment to end.
func (u *UI) Close() {
	if u.closed {
		return
	}
	u.closed = true
	u.float.close() // what is written in it is taken
	u.window.Hide()
	u.chats.Flush()
	u.pictures.Flush()
	u.storeState()
	if u.cancel != nil {
		u.cancel()
	}
	u.tasks.close(closeGrace)
	u.dispatch.close()
	u.window.Close()
}

// closeGrace is how long unfinished work may hold the window's end up: a reply must stop within a second.
const closeGrace = 800 * time.Millisecond

// handle takes an event on the window's goroutine.
func (u *UI) handle(e event.Event) {
	switch e := e.(type) {
	case event.FilesHanded:
		u.comeBack()
		if len(e.Paths) > 0 {
			u.addFiles(e.Paths)
		}
		return
	case event.EngineChanged:
		u.engineChanged(e)
	}
	u.chats.Handle(e)
	u.pictures.Handle(e)
	u.models.Handle(e)
	u.setting.Handle(e)
}

// build makes the pages and what lies around and over them.
func (u *UI) build() {
	u.notices = newNotices(u)
	u.root = newRoot(u)
	u.float = &floating{ui: u}
	env := host{u}.env()
	u.chats = pages.NewChatsPage(env, u.chatOpened)
	u.chats.SetSidebarShown(!u.state.SidebarHidden)
	u.pictures = pages.NewPicturesPage(env, func(share float32) { u.rail[pages.PagePictures].SetProgress(share) })
	u.models = pages.NewModelsPage(env)
	u.models.Progress = func(share float32) { u.rail[pages.PageModels].SetProgress(share) }
	u.setting = pages.NewSettingsPage(env)
	u.guide = pages.NewGuidePage(env, u.files)
	u.root.build()
	u.pictures.Start()
	u.models.AskForLeft()
}

// show brings a page to the front.
func (u *UI) show(p pages.Page) {
	if u.page == p {
		return
	}
	starting := u.page == ""
	u.page = p
	u.float.close()
	for name, b := range u.rail {
		b.SetSelected(name == p)
	}
	switch p {
	case pages.PagePictures:
		u.root.setPage(u.pictures.Body())
		u.pictures.Shown()
	case pages.PageModels:
		u.models.Reload()
		u.root.setPage(u.models.Body())
	case pages.PageSettings:
		u.root.setPage(u.setting.Body())
		u.setting.Examine()
	case pages.PageGuide:
		u.root.setPage(u.guide.Body())
		u.guide.Shown()
	default:
		u.root.setPage(u.chats.Body())
		if !starting {
			u.chats.FocusComposer() // at the start the chat that is opened says where the focus goes
		}
	}
	u.notices.relayout()
	u.touchState()
}

// chatOpened remembers which chat is open, at once: the next start may come after a crash.
func (u *UI) chatOpened(id int64) {
	if backend.IsTemporary(id) {
		id = 0 // the next start will not find it
	}
	if u.state.Chat != id {
		u.state.Chat = id
		u.storeState()
	}
}

// load is Host.Load.
func (u *UI) load(lane string, work func(context.Context) func()) { u.tasks.run(lane, work) }
