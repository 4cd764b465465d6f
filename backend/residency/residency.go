// Package residency decides which model is in memory. There is one at a time: Acquire hands it out to one caller after
// the other, loads it when it is not there, ends the one that was there before, and says no before a load that cannot
// fit. When the engine's process dies, the next Acquire starts a fresh one, until it has died three times in a row without
// a single token in between: then a person has to say Retry.
//
// backend/chat is the caller, through app; the window watches event.EngineChanged. Everything may be called from any
// goroutine. A Manager owns a goroutine per engine process, which ends with that process, and one timer.
package residency

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/worker"
)

// maxDeaths in a row, without one token in between, are enough.
const maxDeaths = 3

// Need is what somebody wants to work with. Two needs that can be served by the same process are served by it.
type Need struct {
	Kind      Kind
	Model     backend.Model
	Adapters  []engine.AdapterWeight
	Context   int    // tokens; 0 = any
	GPULayers int    // 0 = as Deps.Spec says; -1 = all
	Device    string // "" = as Deps.Spec says
	// Like is the engine of an earlier run that this one should equal, to continue it exactly. Where that is not
	// possible the need is served by the best there is: compare Info().Engine. nil = whichever is best now.
	Like *backend.EngineInfo
	// Files are what a picture model draws with, and Reads what else its process may read, such as the folders of LoRAs.
	Files engine.PictureFiles
	Reads []string
}

// Kind is what an engine is needed for.
type Kind uint8

// The kinds of engines. They share the one place in memory of a Manager.
const (
	KindChat Kind = iota
	KindPictures
	KindEmbedding
)

// Publisher takes what happens to the engine. *event.Bus is one.
type Publisher interface {
	Publish(e event.Event)
	Deliver(e event.Event)
}

// Process is an engine's process.
type Process interface {
	Close() error
	Done() <-chan struct{} // closed when the process has ended
	Err() error            // why, when nobody closed it
}

// Child is a language model in a process of its own. *worker.Chat is one.
type Child interface {
	engine.Chat
	Done() <-chan struct{}
	Err() error
}

// PictureChild is a picture model in a process of its own. *worker.Pictures is one.
type PictureChild interface {
	engine.Imager
	Done() <-chan struct{}
	Err() error
	MemoryBytes() int64
}

// Deps is what a Manager is made of. Spec is required.
type Deps struct {
	// Spec says how to start an engine process for a need: the engine, its plug-ins, the settings. The manager fills in
	// what the Need says.
	Spec func(n Need) (worker.Spec, error)
	// Forecast says what a model will take with a context of so many tokens (0 = the engine's choice) and what is free
	// now. nil = every model is tried. A forecast whose Total is 0 is not known and is no reason to refuse.
	Forecast func(m backend.Model, contextTokens int) backend.Forecast
	// Plan chooses what the settings leave open (context, kind of cache, layers on a graphics card) and judges the load. So many
	// bytes come back when the model named unloads leaves. nil = the engine chooses, and Forecast judges.
	Plan func(n Need, l engine.LoadRequest, returning int64, unloads string) backend.LoadPlan
	// Open starts a process; nil = worker.Open.
	Open func(ctx context.Context, s worker.Spec, progress engine.Progress) (Child, error)
	// OpenPictures starts a process for pictures; nil = worker.OpenPictures.
	OpenPictures func(ctx context.Context, s worker.Spec) (PictureChild, error)
	// OpenEmbedder starts a process for an embedding model; nil = worker.OpenEmbedder.
	OpenEmbedder func(ctx context.Context, s worker.Spec, progress engine.Progress) (EmbedChild, error)
	// KeepAlive is how long an idle model stays; 0 = until another one is needed, below zero = not at all.
	KeepAlive time.Duration
	// Busy hears when somebody begins to use an engine, loading included; what it returns is called at the end. nil =
	// nobody cares.
	Busy   func() (done func())
	States States // nil = contexts end with their processes
	Proofs Proofs // nil = they end with their processes
	// Hash gives the hash of a model's file that was not known when it was loaded; "" = it still is not. nil = never.
	Hash   func(m backend.Model) string
	Bus    Publisher    // nil = nobody listens
	Logger *slog.Logger // nil = no log
}

// Manager keeps at most one model in memory.
type Manager struct {
	deps Deps
	log  *slog.Logger
	turn *turn
	base context.Context // ends with Close
	stop context.CancelFunc
	best *backend.EngineInfo // what the last free choice of an engine brought; belongs to turn
	done func()              // of Deps.Busy; belongs to turn

	watchers sync.WaitGroup

	mu        sync.Mutex
	resident  *resident // what is in memory; changes only in the hands of whoever has the turn, or when it dies
	state     event.EngineChanged
	deaths    int // in a row
	last      *engine.Crashed
	suspect   fingerprint // whose deaths they are
	keepAlive time.Duration
	idle      *time.Timer
	saving    *time.Timer // until the context is saved
	closed    bool
}

// New makes a Manager with nothing in memory.
func New(d Deps) *Manager {
	if d.Open == nil {
		d.Open = OpenWorker
	}
	if d.OpenPictures == nil {
		d.OpenPictures = OpenPictures
	}
	if d.OpenEmbedder == nil {
		d.OpenEmbedder = openEmbedder
	}
	if d.Busy == nil {
		d.Busy = func() func() { return func() {} }
	}
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	base, stop := context.WithCancel(context.Background())
	return &Manager{
		deps: d, log: d.Logger, turn: newTurn(), base: base, stop: stop, keepAlive: d.KeepAlive, state: event.EngineChanged{State: event.EngineNone},
	}
}

// OpenWorker is Deps.Open where nothing else is wished.
func OpenWorker(ctx context.Context, s worker.Spec, progress engine.Progress) (Child, error) {
	c, err := worker.Open(ctx, s, progress)
	if err != nil {
		return nil, err // not a nil *worker.Chat in an interface
	}
	return c, nil
}

// OpenPictures is Deps.OpenPictures where nothing else is wished.
func OpenPictures(ctx context.Context, s worker.Spec) (PictureChild, error) {
	c, err := worker.OpenPictures(ctx, s)
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Acquire waits for its turn, first come first served, and returns the model, loaded. It is the caller's alone until
// release is called; releasing twice does no harm. Errors are *backend.DoesNotFit, *backend.BadFile, *engine.Crashed,
// engine.ErrOtherBuild, engine.ErrClosed, or ctx's.
func (m *Manager) Acquire(ctx context.Context, n Need) (engine.Chat, func(), error) {
	n.Kind = KindChat
	r, err := m.take(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	l := &lease{m: m, r: r}
	return l, m.release(&l.over), nil
}

// AcquirePictures is Acquire for a picture model.
func (m *Manager) AcquirePictures(ctx context.Context, n Need) (engine.Imager, func(), error) {
	n.Kind = KindPictures
	r, err := m.take(ctx, n)
	if err != nil {
		return nil, nil, err
	}
	l := &pictureLease{m: m, r: r}
	return l, m.release(&l.over), nil
}

// take waits for the turn and has the model ready. With an error the turn is given back.
func (m *Manager) take(ctx context.Context, n Need) (*resident, error) {
	if err := m.turn.take(ctx); err != nil {
		return nil, err
	}
	m.stopIdle()
	m.done = m.deps.Busy()
	r, err := m.ready(ctx, n)
	if err != nil {
		m.yield()
	}
	return r, err
}

// release makes the function that gives a lease back.
func (m *Manager) release(over *atomic.Bool) func() {
	return sync.OnceFunc(func() {
		over.Store(true)
		m.yield()
	})
}

// yield ends the use of an engine.
func (m *Manager) yield() {
	m.done()
	m.giveTurn()
}

// Forecast says what a need will take in memory, and what is free. It waits for nobody.
func (m *Manager) Forecast(_ context.Context, n Need) (backend.Forecast, error) {
	if m.deps.Forecast == nil {
		return backend.Forecast{}, backend.ErrUnsupported
	}
	return m.deps.Forecast(n.Model, n.Context), nil
}

// PlanLoad says how a need would be loaded now, and why. It waits for nobody.
func (m *Manager) PlanLoad(n Need) (backend.LoadPlan, error) {
	if m.deps.Plan == nil {
		return backend.LoadPlan{}, backend.ErrUnsupported
	}
	spec, err := m.spec(n)
	if err != nil {
		return backend.LoadPlan{}, err
	}
	returning, unloads := m.returning(n)
	return m.deps.Plan(n, spec.Load, returning, unloads), nil
}

// State is what was last published.
func (m *Manager) State() event.EngineChanged {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.state
}

// Unload waits for its turn and ends the engine's process, so that its memory comes back.
func (m *Manager) Unload(ctx context.Context) {
	if m.turn.take(ctx) != nil {
		return // nobody waits for it any more
	}
	m.stopIdle()
	m.evict()
	m.giveTurn()
}

// Retry forgets the deaths: the next Acquire starts a process again.
func (m *Manager) Retry() {
	m.mu.Lock()
	m.deaths, m.last = 0, nil
	gone := m.resident == nil && (m.state.State == event.EngineDied || m.state.State == event.EngineFailed)
	m.mu.Unlock()
	if gone {
		m.say(event.EngineChanged{State: event.EngineNone})
	}
}

// SetKeepAlive changes how long an idle model stays; 0 = until another one is needed, below zero = not at all.
func (m *Manager) SetKeepAlive(d time.Duration) {
	m.mu.Lock()
	m.keepAlive = d
	m.mu.Unlock()
	m.stopIdle()
	m.startIdle()
}

// Close ends the engine's process and with it whatever is being done there; who waits is turned away. A context that nobody
// uses is saved before.
func (m *Manager) Close() error {
	m.stopIdle()
	if m.turn.try() { // and it is never given back
		m.mu.Lock()
		r := m.resident
		m.mu.Unlock()
		if r != nil && r.child != nil {
			m.leave(m.base, r, closeSave)
		}
	}
	m.mu.Lock()
	m.closed = true
	r := m.resident
	if r != nil {
		r.ending = true
		m.resident = nil
	}
	m.mu.Unlock()
	m.stop()
	m.stopIdle()
	m.turn.close()
	var err error
	if r != nil {
		err = r.process.Close()
		m.say(event.EngineChanged{State: event.EngineNone})
	}
	m.watchers.Wait()
	return err
}

// giveTurn lets the next one in, or starts to count the idle time.
func (m *Manager) giveTurn() {
	if m.turn.give() {
		return
	}
	m.startIdle()
}

func (m *Manager) startIdle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	if m.saving == nil && m.wantsSave() {
		m.saving = time.AfterFunc(idleSave, m.saveIdle)
	}
	if m.idle != nil || m.keepAlive == 0 || m.resident == nil {
		return
	}
	m.idle = time.AfterFunc(max(m.keepAlive, 0), m.unloadIdle)
}

func (m *Manager) stopIdle() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.idle != nil {
		m.idle.Stop()
		m.idle = nil
	}
	if m.saving != nil {
		m.saving.Stop()
		m.saving = nil
	}
}

// unloadIdle runs on the timer's goroutine.
func (m *Manager) unloadIdle() {
	if !m.turn.try() {
		return // somebody came in the same moment
	}
	m.stopIdle()
	m.log.Info("Idle model unloaded")
	m.evict()
	m.giveTurn()
}

// say publishes a state that must arrive.
func (m *Manager) say(s event.EngineChanged) {
	m.mu.Lock()
	m.state = s
	m.mu.Unlock()
	if m.deps.Bus != nil {
		m.deps.Bus.Deliver(s)
	}
}

// progress publishes how far a load is; a later one may stand for it.
func (m *Manager) progress(s event.EngineChanged) {
	m.mu.Lock()
	m.state = s
	m.mu.Unlock()
	if m.deps.Bus != nil {
		m.deps.Bus.Publish(s)
	}
}

// isCrash finds a death in err.
func isCrash(err error) (*engine.Crashed, bool) {
	var c *engine.Crashed
	ok := errors.As(err, &c)
	return c, ok
}
