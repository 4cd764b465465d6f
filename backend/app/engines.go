package app

import (
	"context"
	"errors"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/engine"
	"loam/backend/hardware"
	"loam/backend/residency"
	"loam/backend/worker"
)

// startEngines makes the manager of engine processes. Nothing is loaded before it is needed.
func (a *App) startEngines(ctx context.Context) {
	a.Engines = residency.New(residency.Deps{
		Spec: func(n residency.Need) (worker.Spec, error) {
			if n.Kind == residency.KindPictures {
				return a.pictureSpec(a.EngineSettings(a.base)), nil
			}
			return a.spec(a.EngineSettings(a.base)), nil
		},
		Forecast: func(m backend.Model, contextTokens int) backend.Forecast {
			return hardware.Forecast(m, contextTokens, hardware.Probe(a.base))
		},
		KeepAlive: a.EngineSettings(ctx).Idle,
		Bus:       a.Bus,
		Logger:    a.log,
	})
}

func (a *App) obeyIdle(ctx context.Context) { a.Engines.SetKeepAlive(a.EngineSettings(ctx).Idle) }

// spec says how an engine's child is started with these settings. The manager adds the model.
func (a *App) spec(s EngineSettings) worker.Spec {
	load := engine.LoadRequest{
		Context: s.Context, Threads: s.Threads, Device: s.Device, Variant: s.Variant, FlashAttn: s.FlashAttn, KVType: s.KVType,
		GPULayers: -1, PluginDir: pluginDir(a.LibDir),
	}
	if s.Device == "CPU" {
		load.GPULayers = 0
	}
	return worker.Spec{
		Exe: a.deps.Exe, Args: a.deps.WorkerArgs, Engine: a.deps.Engine, Load: load, NoSandbox: a.deps.NoSandbox, Logger: a.log,
	}
}

// engines gives chats their models out of the manager, and tells the library what came of loading them.
type engines struct{ a *App }

// Acquire implements chat.Engines.
func (e engines) Acquire(ctx context.Context, n chat.Need) (engine.Chat, func(), error) {
	c, release, err := e.a.Engines.Acquire(ctx, residency.Need{Model: n.Model, Context: n.Context, Like: n.Like})
	var bad *backend.BadFile
	switch {
	case err == nil && n.Model.State == backend.ModelUnverified:
		e.note(n.Model, e.a.Library.MarkVerified(ctx, n.Model.ID))
	case errors.As(err, &bad):
		e.note(n.Model, e.a.Library.MarkBad(context.WithoutCancel(ctx), n.Model.ID, bad.Reason))
	}
	return c, release, err
}

func (e engines) note(m backend.Model, err error) {
	if err != nil {
		e.a.log.Warn("What came of loading a model could not be kept", "model", m.Name, "error", err)
	}
}
