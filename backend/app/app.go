// Package app puts the services together and owns their lives: main makes one App for the window or for a command, and
// closes it at the end. New opens the store, makes the services over it and takes in the starter model; Close ends them
// in reverse order, so that each still finds what it stands on.
//
// An App may be used from any goroutine. It knows no window and no native code: engines run in children of this program.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/catalogue"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/engine/kvstate"
	"loam/backend/event"
	"loam/backend/fetch"
	"loam/backend/hardware"
	"loam/backend/hub"
	"loam/backend/instance"
	"loam/backend/library"
	"loam/backend/meaning"
	"loam/backend/outbound"
	"loam/backend/residency"
	"loam/backend/session"
	"loam/backend/studio"
	"loam/backend/template"
	"loam/backend/transfer"
	"loam/store"
)

const (
	trashKept  = 30 * 24 * time.Hour // of a chat in the trash
	closeLimit = time.Second         // for an engine to stop writing
)

// Deps is what an App is made of. Only Folders is required.
type Deps struct {
	Folders Folders
	LibDir  string // the installed libraries (lib/loam); "" = FindLib. A folder that is not there costs speed only
	Exe     string // the program that is started as an engine's child; "" = this one
	// WorkerArgs are further arguments of that child, and Engine the chat driver it is asked for; "" = the pack when it is
	// installed, else the embedded engine. Tests put their fake here.
	WorkerArgs []string
	Engine     string
	Pictures   string // the picture driver; "" = the pack when it is installed, else the embedded engine
	NoSandbox  bool
	Logger     *slog.Logger // nil = discard
	Version    string
	Commit     string
	Catalogue  []byte // the catalogue of models that comes with the program; nil = none
	// Places is where to look for models of other programs; the zero value is this system.
	Places library.Places
	// CheckAfter is how long no model must have been in memory before one that was never loaded is checked; 0 = two minutes.
	CheckAfter time.Duration
	// Inhibit keeps the machine awake, and Probe looks at it; nil = the system's own ways.
	Inhibit session.Inhibit
	Probe   func(ctx context.Context) hardware.Machine
	// Network is how other machines are reached, and Secrets where the hub's token is kept; their zero values are the real
	// ways.
	Network outbound.Deps
	Secrets outbound.Secrets
	// Window is set by the process that holds the data folder: it takes the lock, keeps looking after the models and
	// empties the trash. Commands beside it do without.
	Window bool
}

// App is the running program without its face.
type App struct {
	Folders Folders
	LibDir  string
	Version string
	Commit  string

	Bus      *event.Bus
	Store    *store.Store
	Library  *library.Library
	Engines  *residency.Manager
	Chats    *chat.Service
	Meaning  *meaning.Service
	Studio   *studio.Service
	Transfer *transfer.Service
	Net      *outbound.Client
	Hub      *hub.Hub
	Fetch    *fetch.Service

	templates *template.Prober
	states    *kvstate.Folder
	chats     *chatStore
	files     *attach.Files
	embedders *residency.Manager // of embedding models, which stand beside what Engines has
	busy      busy
	shelf     *catalogue.Shelf

	log     *slog.Logger
	deps    Deps
	lock    *instance.Lock // nil beside a window
	unlook  func()         // of the bus
	unwatch func() error   // for crashes; nil = nobody watches
	awake   *session.Keeper

	checking sync.Mutex // one model at a time

	meaningModel atomic.Int64 // that finds passages; 0 = none

	tokens tokens
	left   []backend.Download // that an earlier run did not finish

	keyMu sync.Mutex
	key   []byte // of the KV states; nil = not needed yet; guarded by keyMu

	traitsMu sync.Mutex
	traits   *engine.PictureInfo // of the picture engine; nil = not asked yet; guarded by traitsMu

	devicesMu sync.Mutex
	devices   []backend.Device // graphics cards as an engine last told; guarded by devicesMu
	devicesAt time.Time

	base  context.Context // of the housekeeping; ended by Close
	end   context.CancelFunc
	owned sync.WaitGroup
}

// New opens everything. backend.ErrLocked: another window holds the data folder (give it the files with instance.Hand);
// backend.ErrNewerStore, backend.ErrReadOnly and backend.ErrDiskFull come from the data folder.
func New(ctx context.Context, d Deps) (_ *App, err error) {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Probe == nil {
		d.Probe = hardware.Probe
	}
	if d.LibDir == "" {
		d.LibDir = FindLib(d.Exe)
	}
	a := &App{Folders: d.Folders, LibDir: d.LibDir, Version: d.Version, Commit: d.Commit, log: d.Logger, deps: d}
	a.base, a.end = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(context.WithoutCancel(ctx)))
		}
	}()
	if err := d.Folders.make(); err != nil {
		return nil, err
	}
	if d.Window {
		if a.lock, err = instance.TakeLock(d.Folders.Data); err != nil {
			return nil, err
		}
		a.watchCrashes()
	}
	if a.Store, err = store.Open(ctx, store.Options{Path: d.Folders.database(), Logger: d.Logger}); err != nil {
		return nil, err
	}
	a.Bus = event.NewBus()
	a.Library = library.New(library.Deps{
		Store: a.Store, Dir: d.Folders.Models, Bus: a.Bus, Logger: d.Logger, Passive: !d.Window,
		Free: diskFree, Places: d.Places,
	})
	a.shelf = a.newShelf()
	a.takeStarters(ctx)
	a.startNetwork(ctx)
	if d.Window {
		if a.left, err = a.Fetch.Recover(ctx); err != nil {
			return nil, err
		}
	}
	a.startEngines(ctx)
	a.startTemplates()
	a.files = attach.NewFiles(d.Folders.attachments())
	a.startMeaning(ctx)
	a.chats = newChatStore(a.Store, a.files)
	a.Chats = chat.New(chat.Deps{
		Store: a.chats, Engines: engines{a}, Models: a.Library, Bus: a.Bus, Logger: d.Logger,
		Owner: instance.Self(), Alive: instance.Alive, Context: a.contextWish, Templates: a.TemplateVerdict,
		Files: a.files, Reader: a.fileReader(), Meaning: nearness{a.Meaning},
	})
	if _, err := a.Chats.Recover(ctx); err != nil {
		return nil, err
	}
	a.Studio = studio.New(studio.Deps{
		Store: a.Store, Models: a.Library, Engines: pictures{a}, Bus: a.Bus, Dir: d.Folders.Pictures, Version: d.Version,
		Owner: instance.Self(), Alive: instance.Alive, Logger: d.Logger,
	})
	if _, err := a.Studio.Recover(ctx); err != nil {
		return nil, err
	}
	a.Transfer = transfer.New(transfer.Deps{
		Store: a.Store, Bus: a.Bus, Pictures: d.Folders.Pictures, Files: a.files, Title: chat.Title, Version: d.Version, Logger: d.Logger,
		Taken: a.Chats.IndexSoon,
	})
	a.unlook = a.Bus.Subscribe(0, func(events []event.Event) {
		a.measure(events)
		a.watchMeaning(events)
	})
	if d.Window {
		a.lock.Serve(func(paths []string) { a.Bus.Deliver(event.FilesHanded{Paths: paths}) })
		a.owned.Go(a.tidy)
		a.owned.Go(a.checkIdle)
	}
	return a, nil
}

// tidy does what is due at the start of a window and nobody waits for.
func (a *App) tidy() {
	if err := a.Library.Recheck(a.base); err != nil && a.base.Err() == nil {
		a.log.Warn("The models could not be checked", "error", err)
	}
	if err := a.Library.FirstLook(a.base); err != nil && a.base.Err() == nil {
		a.log.Warn("The folders of other programs could not be looked at", "error", err)
	}
	n, err := a.purge(a.base, time.Now().Add(-trashKept))
	if err != nil && a.base.Err() == nil {
		a.log.Warn("The trash could not be emptied", "error", err)
	}
	if n > 0 {
		a.log.Info("Old chats were removed from the trash", "chats", n)
	}
	a.sweepStates()
	if _, err := a.Chats.CleanFiles(a.base); err != nil && a.base.Err() == nil {
		a.log.Warn("Old attachments could not be removed", "error", err)
	}
	a.Chats.IndexSoon()
}

// fileReader reads what is attached, in children of this program.
func (a *App) fileReader() attach.Reader {
	exe := a.deps.Exe
	if exe == "" {
		exe, _ = os.Executable() // "": files are read here
	}
	return attach.Reader{Exe: exe}
}

// measure keeps how fast models write, from every reply that is long enough to tell, and what engines can do.
func (a *App) measure(events []event.Event) {
	const enough = 16 // tokens
	for _, e := range events {
		if loaded, ok := e.(event.EngineChanged); ok {
			a.learnCapabilities(loaded)
		}
		changed, ok := e.(event.MessageChanged)
		if !ok || changed.State != backend.MessageComplete {
			continue
		}
		m, err := a.Store.Message(a.base, changed.MessageID)
		if err != nil || m.ModelID == 0 || m.Usage.ReplyTokens < enough || m.Usage.ReplyTime <= 0 {
			continue
		}
		speed := library.Speed{Reply: float64(m.Usage.ReplyTokens) / m.Usage.ReplyTime.Seconds()}
		if read := m.Usage.PromptTokens - m.Usage.ReusedTokens; read >= enough && m.Usage.PromptTime > 0 {
			speed.Prompt = float64(read) / m.Usage.PromptTime.Seconds()
		}
		if err := a.Library.RecordSpeed(a.base, m.ModelID, speed); err != nil && a.base.Err() == nil {
			a.log.Debug("A speed could not be kept", "model", m.ModelID, "error", err)
		}
	}
}

// takeStarters takes the installation's starter models in. Doing without one is no reason not to start.
func (a *App) takeStarters(ctx context.Context) {
	s, err := readStarter(a.LibDir, chatStarter)
	if err == nil {
		_, _, err = a.Library.EnsureStarter(ctx, s.path, library.AddOptions{Name: s.Name, Source: s.Source, License: s.License})
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.log.Warn("The starter model could not be taken in", "error", err)
	}
	s, err = readStarter(a.LibDir, pictureStarter)
	if err == nil {
		_, _, err = a.Library.EnsurePictureStarter(ctx, s.path, s.parts, library.AddOptions{Name: s.Name, Source: s.Source, License: s.License})
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		a.log.Warn("The starter for pictures could not be taken in", "error", err)
	}
}

// Machine looks at the machine as it is now.
func (a *App) Machine(ctx context.Context) hardware.Machine { return a.deps.Probe(ctx) }

// Close ends the App: running replies first, so that their words are stored while everything is still there. It takes
// two seconds at most where the disk obeys: one for engines that write, one for the context of the last chat.
func (a *App) Close(ctx context.Context) error {
	var errs []error
	step := func(name string, err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("close %s: %w", name, err))
		}
	}
	a.end()
	if a.Chats != nil {
		// Their words are stored by then; an engine that does not answer is ended by the next step.
		chats, cancel := context.WithTimeout(ctx, closeLimit)
		err := a.Chats.Close(chats)
		cancel()
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			a.log.Warn("An engine did not stop in time", "error", err)
			err = nil
		}
		step("chats", err)
	}
	if a.Studio != nil {
		a.Studio.Close()
	}
	if a.Meaning != nil {
		a.Meaning.Close()
		step("the embedding model", a.embedders.Close())
	}
	if a.Engines != nil {
		step("engines", a.Engines.Close())
	}
	if a.awake != nil {
		a.awake.Close()
	}
	if a.unlook != nil {
		a.unlook()
	}
	a.owned.Wait()
	if a.Fetch != nil {
		step("downloads", a.Fetch.Close())
		a.Net.Close()
	}
	if a.Library != nil {
		step("library", a.Library.Close())
	}
	if a.Bus != nil {
		a.Bus.Close()
	}
	if a.chats != nil {
		step("temporary chats", a.chats.Close())
	}
	if a.Store != nil {
		step("store", a.Store.Close())
	}
	if a.unwatch != nil {
		step("watch for crashes", a.unwatch()) // before another start may begin its own
	}
	if a.lock != nil {
		step("data folder", a.lock.Unlock())
	}
	return errors.Join(errs...)
}

// ModelsFolder says how many bytes the models folder holds and how many are free on its disk; 0 = not known.
func (a *App) ModelsFolder(ctx context.Context) (used, free int64) {
	err := filepath.WalkDir(a.Library.Folder(), func(_ string, e os.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || e.IsDir() {
			return nil // what cannot be read is not counted
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			used += info.Size()
		}
		return nil
	})
	if err != nil {
		used = 0
	}
	return used, diskFree(a.Library.Folder())
}
