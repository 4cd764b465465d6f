package residency

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/worker"
)

// resident is a model in memory.
type resident struct {
	need     Need
	spec     worker.Spec // what was asked for, need included; the planner filled in what it leaves open
	layers   int         // on the graphics card, as it was started
	process  Process
	child    Child        // of KindChat
	pictures PictureChild // of KindPictures
	embedder EmbedChild   // of KindEmbedding
	info     engine.Info  // of others than KindChat only Engine and MemoryBytes
	buried   bool         // its death was counted; guarded by Manager.mu
	ending   bool         // it is being ended on purpose; guarded by Manager.mu
	held     holding      // guarded by Manager.mu
	stopping bool         // a person stopped what it does, and may have to end it for that; guarded by Manager.mu
	proven   string       // whose proofs about calls the child was told; belongs to turn
}

// fingerprint names a model file, to tell whose deaths are counted and whether it was replaced.
type fingerprint struct {
	path       string
	size, time int64
}

func fingerprintOf(m backend.Model) fingerprint {
	return fingerprint{m.Path, m.SizeBytes, m.ModTime.UnixMilli()}
}

// serves says whether a loaded model is good for another need, which would be started with spec. A settings change shows
// in spec. best is what the last load without a wish brought, if there was one.
func (r *resident) serves(n Need, spec worker.Spec, best *backend.EngineInfo) bool {
	have, want := r.spec, spec
	if r.need.Kind != n.Kind || fingerprintOf(r.need.Model) != fingerprintOf(n.Model) || have.Engine != want.Engine || have.NoSandbox != want.NoSandbox {
		return false
	}
	if have.AutoThreads && want.AutoThreads { // a plug that was pulled is no reason to load again
		have.Load.Threads, have.Picture.Threads = want.Load.Threads, want.Picture.Threads
	}
	if n.Kind == KindPictures {
		return reflect.DeepEqual(have.Picture, want.Picture) && contains(have.ReadOnly, want.ReadOnly)
	}
	if c := want.Load.Context; c != 0 && c != have.Load.Context && c != r.info.Context {
		return false
	}
	if !slices.Equal(have.Load.Adapters, want.Load.Adapters) {
		return false
	}
	if n.Like != nil {
		if r.need.Like != nil && equal(*r.need.Like, *n.Like) {
			return true // a second try would bring the same
		}
		return equal(r.info.Engine, *n.Like)
	}
	have.Load.Context, have.Load.Adapters = want.Load.Context, want.Load.Adapters
	if r.need.Like != nil && equal(r.info.Engine, *r.need.Like) && (best == nil || equal(r.info.Engine, *best)) {
		// It was made to equal an earlier run, and is what a free choice would bring: do not throw its cache away.
		e := r.info.Engine
		chosen := []struct{ have, want *string }{
			{&have.Load.Variant, &want.Load.Variant},
			{&have.Load.FlashAttn, &want.Load.FlashAttn},
			{&have.Load.KVType, &want.Load.KVType},
			{&have.Load.Device, &want.Load.Device},
		}
		for i, is := range []string{e.Variant, e.FlashAttn, e.KVType, e.Device} {
			if c := chosen[i]; *c.want == "" || *c.want == is {
				*c.want, *c.have = is, is
			}
		}
	}
	return reflect.DeepEqual(have.Load, want.Load)
}

// contains says whether all of want is in have.
func contains(have, want []string) bool {
	for _, w := range want {
		if !slices.Contains(have, w) {
			return false
		}
	}
	return true
}

// equal compares what bits depend on and a load can choose.
func equal(a, b backend.EngineInfo) bool {
	return a.Engine == b.Engine && a.Device == b.Device && a.Variant == b.Variant && a.FlashAttn == b.FlashAttn && a.KVType == b.KVType
}

// ready returns the model in memory, or brings it there. The caller has the turn.
func (m *Manager) ready(ctx context.Context, n Need) (*resident, error) {
	m.mu.Lock()
	r, closed := m.resident, m.closed
	if print := fingerprintOf(n.Model); print != m.suspect {
		m.suspect, m.deaths, m.last = print, 0, nil
	}
	gaveUp := m.deaths >= maxDeaths
	last := m.last
	m.mu.Unlock()
	if closed {
		return nil, engine.ErrClosed
	}
	spec, err := m.spec(n)
	if err != nil {
		return nil, err
	}
	if r != nil {
		select {
		case <-r.process.Done():
			_ = m.bury(r, r.process.Err()) // nobody asked for anything yet
			gaveUp, last = m.gaveUp()
		default:
			if r.serves(n, spec, m.best) || m.adapt(ctx, r, n, spec) {
				r.sameModel(n.Model)
				return r, nil
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
	}
	if gaveUp {
		c := *last
		c.GaveUp = true
		return nil, fmt.Errorf("load %s: %w", n.Model.Name, &c)
	}
	planned, err := m.makeRoom(n, spec)
	if err != nil {
		return nil, err
	}
	r, err = m.load(ctx, n, spec, planned)
	if err != nil && n.Like != nil && ctx.Err() == nil && !isFinal(err) {
		m.log.Info("The engine of the earlier run cannot be had; taking the best one", "error", err)
		like := n.Like
		n.Like = nil
		if spec, err = m.spec(n); err != nil {
			return nil, err
		}
		if planned, err = m.planned(n, spec, 0, ""); err != nil {
			return nil, err
		}
		n.Like = like // remembered, so that it is not tried again and again
		r, err = m.load(ctx, n, spec, planned)
	}
	return r, err
}

// adapt gives a model in memory other adapters, where these are all that is missing for a need: the weights stay. false = it has to
// be loaded again, and one that failed at it is ended then. The caller has the turn.
func (m *Manager) adapt(ctx context.Context, r *resident, n Need, spec worker.Spec) bool {
	a, ok := r.child.(engine.Adapting)
	if !ok {
		return false
	}
	adapted := &resident{need: r.need, spec: r.spec, info: r.info}
	adapted.spec.Load.Adapters = spec.Load.Adapters
	if !adapted.serves(n, spec, m.best) {
		return false
	}
	m.leave(ctx, r, switchSave) // while its adapters are still those that made it
	if err := a.Adapt(ctx, spec.Load.Adapters); err != nil {
		m.log.Info("The adapters cannot be changed in place", "model", n.Model.Name, "error", err)
		if ctx.Err() != nil {
			m.evict() // nobody knows how far it came
		}
		return false
	}
	r.need.Adapters, r.spec.Load.Adapters = n.Adapters, spec.Load.Adapters
	return true
}

// spec is how a process for a need is started.
func (m *Manager) spec(n Need) (worker.Spec, error) {
	s, err := m.deps.Spec(n)
	if err != nil {
		return s, fmt.Errorf("load %s: %w", n.Model.Name, err)
	}
	if n.Kind == KindPictures {
		s.Picture.Files = n.Files
		s.ReadOnly = append(slices.Clone(s.ReadOnly), n.Reads...)
		return s, nil
	}
	s.Load.Path, s.Load.Adapters = n.Model.Path, n.Adapters
	if n.Context != 0 {
		s.Load.Context = n.Context
	}
	if n.GPULayers != 0 {
		s.Load.GPULayers = n.GPULayers
	}
	if n.Device != "" {
		s.Load.Device = n.Device
	}
	if l := n.Like; l != nil {
		s.Load.Variant, s.Load.FlashAttn, s.Load.KVType, s.Load.Device = l.Variant, l.FlashAttn, l.KVType, l.Device
	}
	return s, nil
}

// isFinal says whether another choice of engine settings could not help.
func isFinal(err error) bool {
	_, crashed := isCrash(err)
	var bad *backend.BadFile
	return crashed || errors.As(err, &bad) || errors.Is(err, engine.ErrOtherBuild) || errors.Is(err, engine.ErrClosed)
}

// makeRoom ends what is in memory and refuses what cannot fit even then. What cannot fit under any circumstances is
// refused before anything is ended. It returns how the process is to be started: with what the planner chose.
func (m *Manager) makeRoom(n Need, spec worker.Spec) (worker.Spec, error) {
	returning, unloads := m.returning(n)
	m.mu.Lock()
	occupied := m.resident != nil
	m.mu.Unlock()
	planned, err := m.planned(n, spec, returning, unloads)
	if err != nil || !occupied {
		return planned, err
	}
	m.evict()
	return m.planned(n, spec, 0, "")
}

// returning is about how many bytes come back when what is in memory makes room for a need, and its name where it is another
// model.
func (m *Manager) returning(n Need) (bytes int64, unloads string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.resident
	if r == nil {
		return 0, ""
	}
	bytes = r.info.MemoryBytes // most of it
	if r.pictures != nil {
		bytes = r.pictures.MemoryBytes() // it reads its weights while it draws
	}
	if r.need.Model.ID != n.Model.ID {
		unloads = r.need.Model.Name
	}
	return bytes, unloads
}

// planned fills in what the settings leave open, or refuses.
func (m *Manager) planned(n Need, spec worker.Spec, returning int64, unloads string) (worker.Spec, error) {
	if m.deps.Plan == nil {
		return spec, m.fits(n, spec.Load.Context, returning)
	}
	p := m.deps.Plan(n, spec.Load, returning, unloads)
	if fatal := p.Fit == backend.LoadFatal; fatal || p.Fit == backend.LoadTight && !p.Choice.Anyway {
		return spec, &backend.DoesNotFit{Model: n.Model.Name, Forecast: p.Forecast, Fatal: fatal}
	}
	if n.Kind != KindChat {
		return spec, nil
	}
	if own := min(n.Model.ContextLength, 4096); p.Context > 0 && (p.Context != own || spec.Load.Context != 0) {
		spec.Load.Context = p.Context // else it is what the engine takes by itself
	}
	if spec.Load.KVType == "" && p.KVType != "f16" {
		spec.Load.KVType = p.KVType
	}
	if p.Device != "" {
		spec.Load.Device, spec.Load.GPULayers = p.Device, p.GPULayers
	}
	return spec, nil
}

func (m *Manager) fits(n Need, contextTokens int, returning int64) error {
	if m.deps.Forecast == nil {
		return nil
	}
	f := m.deps.Forecast(n.Model, contextTokens)
	if f.Free += returning; f.Total == 0 || f.Fits() {
		return nil
	}
	return &backend.DoesNotFit{Model: n.Model.Name, Forecast: f}
}

// load starts a process as it was planned for what spec asks. The caller has the turn, and nothing is in memory.
func (m *Manager) load(ctx context.Context, n Need, spec, planned worker.Spec) (*resident, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(m.base, cancel)()
	about := event.EngineChanged{ModelID: n.Model.ID, Name: n.Model.Name, State: event.EngineLoading}
	m.say(about)
	r, err := m.open(ctx, n, planned, func(done float32) {
		about.Load = done
		m.progress(about)
	})
	if err != nil {
		return nil, m.loadFailed(ctx, n, err)
	}
	r.spec, r.layers = spec, planned.Load.GPULayers
	m.mu.Lock()
	closed := m.closed
	if !closed {
		m.resident = r
		if n.Like == nil {
			m.best = &r.info.Engine
		}
		m.watchers.Add(1)
	}
	m.mu.Unlock()
	if closed {
		_ = r.process.Close() // it was never used
		return nil, engine.ErrClosed
	}
	m.log.Info("Model loaded", "model", n.Model.Name, "engine", r.info.Engine.Engine, "variant", r.info.Engine.Variant,
		"context", r.info.Context, "seconds", r.info.LoadSeconds)
	about.State, about.Load, about.Memory, about.Info = event.EngineReady, 1, r.info.MemoryBytes, r.info.Engine
	if n.Kind == KindChat {
		about.Capabilities = &r.info.Capabilities
	}
	m.say(about)
	go m.watch(r)
	return r, nil
}

// open starts the process that a need asks for.
func (m *Manager) open(ctx context.Context, n Need, spec worker.Spec, progress engine.Progress) (*resident, error) {
	r := &resident{need: n, spec: spec}
	if n.Kind == KindPictures {
		c, err := m.deps.OpenPictures(ctx, spec)
		if err != nil {
			return nil, err
		}
		r.process, r.pictures = c, c
		r.info = engine.Info{Engine: c.Info().Engine, MemoryBytes: c.MemoryBytes()}
		return r, nil
	}
	if n.Kind == KindEmbedding {
		c, err := m.deps.OpenEmbedder(ctx, spec, progress)
		if err != nil {
			return nil, err
		}
		r.process, r.embedder = c, c
		i := c.Embedding()
		r.info = engine.Info{Engine: i.Engine, MemoryBytes: i.MemoryBytes, LoadSeconds: i.LoadSeconds, Context: i.Tokens}
		return r, nil
	}
	c, err := m.deps.Open(ctx, spec, progress)
	if err != nil {
		return nil, err
	}
	r.process, r.child, r.info = c, c, c.Info()
	return r, nil
}

func (m *Manager) loadFailed(ctx context.Context, n Need, err error) error {
	if ctx.Err() != nil {
		m.say(event.EngineChanged{State: event.EngineNone})
		if m.base.Err() != nil {
			return engine.ErrClosed
		}
		return ctx.Err()
	}
	if c, ok := isCrash(err); ok {
		err = m.count(c)
	}
	err = fmt.Errorf("load %s: %w", n.Model.Name, err)
	m.say(event.EngineChanged{ModelID: n.Model.ID, Name: n.Model.Name, State: event.EngineFailed, Error: err.Error()})
	return err
}

// watch waits for the end of a process that somebody may be using or nobody.
func (m *Manager) watch(r *resident) {
	defer m.watchers.Done()
	<-r.process.Done()
	_ = m.bury(r, r.process.Err()) // who was using it is told by the request
}

// evict ends what is in memory. The caller has the turn.
func (m *Manager) evict() {
	m.mu.Lock()
	r := m.resident
	m.mu.Unlock()
	if r != nil && r.child != nil {
		m.leave(m.base, r, leaveSave)
	}
	m.mu.Lock()
	r = m.resident
	if r != nil {
		r.ending = true
		m.resident = nil
	}
	m.mu.Unlock()
	if r == nil {
		return
	}
	if err := r.process.Close(); err != nil {
		m.log.Warn("Engine process does not end", "error", err)
	}
	m.say(event.EngineChanged{State: event.EngineNone})
}

// bury removes a process that died and counts its death, once. It returns the error with what counting brought.
func (m *Manager) bury(r *resident, err error) error {
	crashed, died := isCrash(err)
	m.mu.Lock()
	// A step that does not hear Stop takes its process along. That is no sign that the next picture would end it, too.
	stopped := died && r.stopping && crashed.Cause == engine.CauseHang
	if r.buried || r.ending || stopped || !died {
		gone := stopped && m.resident == r && !m.closed
		if m.resident == r {
			m.resident = nil
		}
		if died && r.buried && m.last != nil && m.deaths >= maxDeaths {
			c := *crashed
			c.GaveUp = true
			err = &c
		}
		m.mu.Unlock()
		if gone {
			m.say(event.EngineChanged{State: event.EngineNone})
		}
		return err
	}
	r.buried = true
	if m.resident == r {
		m.resident = nil
	}
	closed := m.closed
	m.mu.Unlock()
	err = m.count(crashed)
	if !closed {
		m.say(event.EngineChanged{ModelID: r.need.Model.ID, Name: r.need.Model.Name, State: event.EngineDied, Error: err.Error()})
	}
	return err
}

// count adds a death to the row.
func (m *Manager) count(c *engine.Crashed) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deaths++
	m.last = c
	counted := *c
	counted.GaveUp = m.deaths >= maxDeaths
	return &counted
}

// works ends the row of deaths: something came out of the engine.
func (m *Manager) works() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deaths, m.last = 0, nil
}

func (m *Manager) gaveUp() (bool, *engine.Crashed) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.deaths >= maxDeaths, m.last
}
