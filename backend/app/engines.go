package app

import (
	"context"
	"errors"
	"os"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/hardware"
	"loam/backend/residency"
	"loam/backend/session"
	"loam/backend/worker"
)

// startEngines makes the manager of engine processes. Nothing is loaded before it is needed.
func (a *App) startEngines(ctx context.Context) {
	a.awake = session.NewKeeper(a.deps.Inhibit, a.EngineSettings(ctx).Awake, a.log)
	a.states = a.newStates()
	a.Engines = residency.New(residency.Deps{
		Spec: func(n residency.Need) (worker.Spec, error) {
			if n.Kind == residency.KindPictures {
				return a.pictureSpec(a.EngineSettings(a.base)), nil
			}
			name, err := a.chatEngineFor(a.base, n)
			s := a.spec(a.EngineSettings(a.base), name)
			s.ReadOnly = a.adapterFiles(a.base)
			a.choose(&s.Load, n)
			return s, err
		},
		Plan: a.plan,
		Forecast: func(m backend.Model, contextTokens int) backend.Forecast {
			return hardware.Forecast(m, contextTokens, a.deps.Probe(a.base))
		},
		KeepAlive: a.EngineSettings(ctx).Idle,
		Busy: func() func() {
			awake, busy := a.awake.Hold(), a.busy.begin()
			return func() {
				busy()
				awake()
			}
		},
		Open: func(ctx context.Context, s worker.Spec, progress engine.Progress) (residency.Child, error) {
			a.makeRoom(ctx, sizeOf(s.Load.Path))
			return residency.OpenWorker(ctx, s, progress)
		},
		OpenPictures: func(ctx context.Context, s worker.Spec) (residency.PictureChild, error) {
			a.makeRoom(ctx, sizeOf(s.Picture.Files.Checkpoint)+sizeOf(s.Picture.Files.Diffusion)+sizeOf(s.Picture.Files.T5XXL)+sizeOf(s.Picture.Files.LLM))
			return residency.OpenPictures(ctx, s)
		},
		States: a.states,
		Proofs: &callProofs{a: a},
		Hash:   a.hashOf,
		Bus:    a.Bus,
		Logger: a.log,
	})
}

func (a *App) obeyIdle(ctx context.Context) {
	a.Engines.SetKeepAlive(a.EngineSettings(ctx).Idle)
	a.embedders.SetKeepAlive(a.EngineSettings(ctx).Idle)
}

// sizeOf is how large a file is; 0 = it is not there.
func sizeOf(path string) int64 {
	if info, err := os.Stat(path); err == nil {
		return info.Size()
	}
	return 0
}

// spec says how a chat engine's child is started with these settings. The manager adds the model.
func (a *App) spec(s EngineSettings, name string) worker.Spec {
	load := engine.LoadRequest{
		Context: s.Context, Threads: a.threads(s), Device: s.Device, Variant: s.Variant, FlashAttn: s.FlashAttn, KVType: s.KVType,
		GPULayers: -1, PluginDir: a.chatFolder(name),
	}
	if s.Device == "CPU" {
		load.GPULayers = 0
	}
	return worker.Spec{
		Exe: a.deps.Exe, Args: a.deps.WorkerArgs, Engine: name, Load: load, NoSandbox: a.deps.NoSandbox, Logger: a.log,
		AutoThreads: s.Threads == 0,
	}
}

// adapterFiles are the LoRAs for chats, which a child may be asked to take up while it runs: it can read nothing else later.
func (a *App) adapterFiles(ctx context.Context) []string {
	const enough = 200 // the system keeps a rule for each
	list, err := a.Library.List(ctx)
	if err != nil {
		return nil // they are then loaded with the model, as before
	}
	var files []string
	for _, m := range list {
		if m.Kind != backend.KindAdapter || m.Format != "gguf" || len(files) == enough {
			continue
		}
		f, err := os.Open(m.Path)
		if err != nil {
			continue
		}
		f.Close()
		files = append(files, m.Path)
	}
	return files
}

// engines gives chats their models out of the manager, and tells the library what came of loading them.
type engines struct{ a *App }

// Acquire implements chat.Engines.
func (e engines) Acquire(ctx context.Context, n chat.Need) (engine.Chat, func(), error) {
	c, release, err := e.a.Engines.Acquire(ctx, e.need(ctx, n))
	var bad *backend.BadFile
	switch {
	case err == nil && n.Model.State == backend.ModelUnverified:
		e.note(n.Model, e.a.Library.MarkVerified(ctx, n.Model.ID))
	case errors.As(err, &bad) && e.adapterAtFault(ctx, n, bad):
	case errors.As(err, &bad):
		e.note(n.Model, e.a.Library.MarkBad(context.WithoutCancel(ctx), n.Model.ID, bad.Reason))
	}
	return c, release, err
}

// AcquireIdle implements chat.IdleEngines.
func (e engines) AcquireIdle(ctx context.Context, n chat.Need) (engine.Chat, context.Context, func(), error) {
	return e.a.Engines.AcquireIdle(ctx, e.need(ctx, n))
}

// need is what a chat needs, with the context that a person chose for the model: that goes before the one for all chats, and
// after the one of a run that is continued.
func (e engines) need(ctx context.Context, n chat.Need) residency.Need {
	r := residency.Need{Model: n.Model, Adapters: n.Adapters, Context: n.Context, Like: n.Like}
	if c, err := e.a.ModelChoice(ctx, n.Model.ID); err == nil && c.Context > 0 && n.Like == nil {
		r.Context = c.Context
	}
	return r
}

// adapterAtFault says whether a load failed at a LoRA and not at the model, and puts that aside.
func (e engines) adapterAtFault(ctx context.Context, n chat.Need, bad *backend.BadFile) bool {
	for _, a := range n.Adapters {
		if a.Path != bad.Path {
			continue
		}
		if m, err := e.a.Library.Find(ctx, a.Path); err == nil {
			e.a.log.Info("A LoRA did not fit the model", "model", n.Model.Name, "lora", m.Name, "reason", bad.Reason)
		}
		return true
	}
	return false
}

func (e engines) note(m backend.Model, err error) {
	if err != nil {
		e.a.log.Warn("What came of loading a model could not be kept", "model", m.Name, "error", err)
	}
}
