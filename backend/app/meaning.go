package app

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"loam/backend"
	"loam/backend/attach"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/meaning"
	"loam/backend/residency"
	"loam/backend/worker"
)

// KeyMeaning is the setting with the model that finds passages by their meaning: the ID of an embedding model, MeaningOff, or
// MeaningAuto (and absent): the one there is.
const (
	KeyMeaning  = "attach.meaning"
	MeaningAuto = 0
	MeaningOff  = -1
)

// What an embedding model takes beside its weights, and how long a load waits for it to go.
const (
	embedMemory = 150 << 20
	roomSpare   = 512 << 20
	roomLimit   = 3 * time.Second
)

// startMeaning makes what finds passages by meaning. Its models are small: they have a manager of their own and are loaded beside
// whatever else is in memory, unless that needs the room.
func (a *App) startMeaning(ctx context.Context) {
	a.embedders = residency.New(residency.Deps{
		Spec: func(n residency.Need) (worker.Spec, error) {
			name, err := a.chatEngineFor(a.base, n)
			s := a.spec(a.EngineSettings(a.base), name)
			// Files are read while a person does something else, so half of the machine is theirs. Small matrices gain little
			// from more threads, and lose much where those wait for each other on a busy machine.
			s.Load.Threads, s.AutoThreads = max(1, s.Load.Threads/2), true
			return s, err
		},
		Forecast: func(m backend.Model, _ int) backend.Forecast {
			return backend.Forecast{
				Weights: m.SizeBytes, Compute: embedMemory, Total: m.SizeBytes + embedMemory, Free: a.deps.Probe(a.base).MemoryFree,
			}
		},
		KeepAlive: a.EngineSettings(ctx).Idle,
		Busy:      a.awake.Hold,
		Logger:    a.log,
	})
	if m, err := a.MeaningModel(ctx); err == nil {
		a.meaningModel.Store(m.ID)
	}
	a.Meaning = meaning.New(meaning.Deps{
		Files: a.files, Model: a.MeaningModel, Acquire: a.acquireEmbedder, Quiet: a.busy.wait, Bus: a.Bus, Logger: a.log,
	})
}

// EmbeddingModels are the installed models that can find passages, the oldest first.
func (a *App) EmbeddingModels(ctx context.Context) ([]backend.Model, error) {
	list, err := a.Library.List(ctx)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(m backend.Model) bool {
		usable := m.State == backend.ModelReady || m.State == backend.ModelUnverified
		return m.Kind != backend.KindEmbedding || m.Format != "gguf" || !usable || !m.Deleted.IsZero()
	})
	slices.SortStableFunc(list, func(x, y backend.Model) int { return x.Added.Compare(y.Added) })
	return list, nil
}

// MeaningModel is the model that finds passages by their meaning now; backend.ErrNoModel = none is installed or wanted.
func (a *App) MeaningModel(ctx context.Context) (backend.Model, error) {
	var chosen int
	if _, err := a.Store.Setting(ctx, KeyMeaning, &chosen); err != nil {
		chosen = MeaningAuto // a bad row is as good as none
	}
	if chosen == MeaningOff {
		return backend.Model{}, backend.ErrNoModel
	}
	list, err := a.EmbeddingModels(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	if len(list) == 0 {
		return backend.Model{}, backend.ErrNoModel
	}
	for _, m := range list {
		if m.ID == int64(chosen) {
			return m, nil
		}
	}
	return list[0], nil
}

// acquireEmbedder loads an embedding model and tells the library what came of it.
func (a *App) acquireEmbedder(ctx context.Context, m backend.Model) (engine.Embedder, func(), error) {
	e, release, err := a.embedders.AcquireEmbedder(ctx, residency.Need{Model: m})
	bad, atFault := errors.AsType[*backend.BadFile](err)
	switch {
	case err == nil && m.State == backend.ModelUnverified:
		engines{a}.note(m, a.Library.MarkVerified(ctx, m.ID))
	case atFault:
		engines{a}.note(m, a.Library.MarkBad(context.WithoutCancel(ctx), m.ID, bad.Reason))
	}
	return e, release, err
}

// makeRoom ends the embedding model where a load of so many bytes needs its memory.
func (a *App) makeRoom(ctx context.Context, need int64) {
	if a.embedders == nil || a.embedders.Memory() == 0 || need+roomSpare < a.deps.Probe(ctx).MemoryFree {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, roomLimit)
	defer cancel()
	a.embedders.Unload(ctx)
}

// meaningChanged has files read anew when another model finds passages than before.
func (a *App) meaningChanged(ctx context.Context) {
	m, err := a.MeaningModel(ctx)
	if err != nil {
		m = backend.Model{}
	}
	if a.meaningModel.Swap(m.ID) == m.ID {
		return
	}
	a.Meaning.ModelChanged()
	if m.ID == 0 {
		a.embedders.Unload(ctx)
	}
}

// watchMeaning is a subscriber of the bus.
func (a *App) watchMeaning(events []event.Event) {
	if slices.ContainsFunc(events, func(e event.Event) bool { _, ok := e.(event.ModelChanged); return ok }) {
		a.meaningChanged(a.base)
	}
}

// nearness is meaning.Service as chats see it.
type nearness struct{ s *meaning.Service }

func (n nearness) Begin(f backend.Attachment) { n.s.Begin(f) }

func (n nearness) Ask(ctx context.Context, question, older string) chat.Nearness {
	if q := n.s.Ask(ctx, question, older); q != nil {
		return q
	}
	return nil // not a nil *meaning.Question in an interface
}

var _ meaning.Files = (*attach.Files)(nil)

// busy counts those who wait for an engine.
type busy struct {
	mu    sync.Mutex
	n     int
	quiet chan struct{} // closed when nobody does; nil = nobody does
}

// begin counts one until end.
func (b *busy) begin() (end func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.n++; b.n == 1 {
		b.quiet = make(chan struct{})
	}
	return sync.OnceFunc(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.n--; b.n == 0 {
			close(b.quiet)
			b.quiet = nil
		}
	})
}

// wait returns when nobody waits for an engine.
func (b *busy) wait(ctx context.Context) error {
	for {
		b.mu.Lock()
		quiet := b.quiet
		b.mu.Unlock()
		if quiet == nil {
			return ctx.Err()
		}
		select {
		case <-quiet:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
