package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/library"
	"loam/backend/residency"
	"loam/backend/worker"
)

// How models are checked that nobody has used yet, while nobody uses the machine for anything here.
const (
	checkContext = 256              // tokens; enough to see that it loads
	checkAfter   = 2 * time.Minute  // of a window in which no model was in memory
	checkPause   = 30 * time.Second // between two models
	checkLargest = 8 << 30          // bytes; larger ones wait for their first use
	checkLimit   = 5 * time.Minute  // for one model
)

// CheckModel reads a model's header again and has an engine open it in a confined process of its own, beside whatever is
// loaded. A model that passes is verified; one whose file is at fault is put aside, with the reason in its row. An error
// says why it could not be checked now, and leaves the row as it was.
func (a *App) CheckModel(ctx context.Context, id int64) (backend.Model, error) {
	a.checking.Lock()
	defer a.checking.Unlock()
	if err := a.Library.RecheckModel(ctx, id); err != nil {
		return backend.Model{}, err
	}
	m, err := a.Library.Get(ctx, id)
	if err != nil {
		return m, err
	}
	if m.State != backend.ModelReady && m.State != backend.ModelUnverified && m.State != backend.ModelQuarantined {
		return m, nil // its row says what is the matter
	}
	ctx, cancel := context.WithTimeout(ctx, checkLimit)
	defer cancel()
	err = a.probe(ctx, m)
	var bad *backend.BadFile
	var crash *engine.Crashed
	switch {
	case err == nil:
		err = a.Library.MarkVerified(ctx, id)
	case errors.As(err, &bad):
		err = a.Library.MarkBad(ctx, id, bad.Reason)
	case errors.As(err, &crash) && fileAtFault(crash.Cause):
		err = a.Library.MarkBad(ctx, id, fmt.Sprintf("the engine stopped when it loaded it (%s)", crash.Cause))
	}
	if err != nil {
		return m, fmt.Errorf("check %s: %w", m.Name, err)
	}
	return a.Library.Get(ctx, id)
}

// fileAtFault says whether a death speaks against the file rather than against the machine or the moment.
func fileAtFault(c engine.Cause) bool {
	switch c {
	case engine.CauseBadFile, engine.CauseAssertion, engine.CauseUnknown, engine.CauseHang:
		return true
	case engine.CauseMemory, engine.CauseGPU, engine.CauseKilled:
	}
	return false
}

// probe opens a model as its engine would. Files that are used only along with others are judged by their header.
func (a *App) probe(ctx context.Context, m backend.Model) error {
	if _, err := a.Library.Inspect(ctx, m.Path); err != nil {
		return err
	}
	settings := a.EngineSettings(ctx)
	switch m.Kind {
	case backend.KindChat:
		if f := hardware.Forecast(m, checkContext, hardware.Probe(ctx)); f.Total > 0 && !f.Fits() {
			return &backend.DoesNotFit{Model: m.Name, Forecast: f}
		}
		name, err := a.chatEngineFor(ctx, residency.Need{Model: m})
		if err != nil {
			return err
		}
		spec := a.spec(settings, name)
		spec.Load.Path, spec.Load.Context = m.Path, checkContext
		c, err := worker.Open(ctx, spec, nil)
		if err != nil {
			return err
		}
		return c.Close()
	case backend.KindDiffusion:
		_, files, err := a.Library.PictureFiles(ctx, m.ID)
		var parts *library.MissingParts
		if errors.As(err, &parts) {
			return nil // nothing is known against it; opening waits for its parts
		}
		if err != nil {
			return err
		}
		spec := a.pictureSpec(settings)
		spec.Picture.Files = files
		c, err := worker.OpenPictures(ctx, spec)
		if err != nil {
			return err
		}
		return c.Close()
	case backend.KindAdapter, backend.KindProjector, backend.KindEmbedding, backend.KindTextEncoder, backend.KindVAE,
		backend.KindLoRA, backend.KindControlNet, backend.KindUpscaler, backend.KindReranker, backend.KindGuard,
		backend.KindTextual, backend.KindImageAdapter, backend.KindUnknown:
	}
	return nil
}

// checkIdle checks models that were never loaded, one at a time, while no model is in memory and the machine is not on
// battery. A load that somebody asks for ends the check of the moment.
func (a *App) checkIdle() {
	wait := a.deps.CheckAfter
	if wait == 0 {
		wait = checkAfter
	}
	tried := map[int64]time.Time{} // the file's time; a file that changes is tried again
	for {
		select {
		case <-a.base.Done():
			return
		case <-time.After(wait):
		}
		m, ok := a.unchecked(tried)
		if !ok {
			continue
		}
		tried[m.ID] = m.ModTime
		ctx, cancel := context.WithCancel(a.base)
		stop := a.Bus.Subscribe(0, func(events []event.Event) {
			for _, e := range events {
				if changed, is := e.(event.EngineChanged); is && changed.State == event.EngineLoading {
					cancel()
				}
			}
		})
		if _, err := a.CheckModel(ctx, m.ID); err != nil && a.base.Err() == nil {
			a.log.Info("A model could not be checked ahead of its use", "model", m.ID, "error", err)
			if ctx.Err() != nil {
				delete(tried, m.ID)
			}
		}
		stop()
		cancel()
		wait = min(wait, checkPause)
	}
}

// unchecked finds a model to check now; false when there is none, or the machine has better things to do.
func (a *App) unchecked(tried map[int64]time.Time) (backend.Model, bool) {
	if a.Engines.State().State != event.EngineNone {
		return backend.Model{}, false
	}
	list, err := a.Library.List(a.base)
	if err != nil {
		return backend.Model{}, false // said elsewhere
	}
	machine := hardware.Probe(a.base)
	if machine.OnBattery {
		return backend.Model{}, false
	}
	for _, m := range list {
		known, done := tried[m.ID]
		if m.State != backend.ModelUnverified || done && known.Equal(m.ModTime) || m.SizeBytes > checkLargest ||
			m.Kind != backend.KindChat && m.Kind != backend.KindDiffusion {
			continue
		}
		if f := hardware.Forecast(m, checkContext, machine); machine.MemoryFree > 0 && f.Needed() > machine.MemoryFree/2 {
			continue
		}
		return m, true
	}
	return backend.Model{}, false
}
