package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/hardware"
	"loam/backend/residency"
	"loam/backend/worker"
)

// Bounds of what a person may choose for a load.
const (
	leastContext = 256
	mostContext  = 1 << 22
	devicesFresh = 10 * time.Second // how long what a graphics card told holds
)

func modelChoiceKey(id int64) string { return fmt.Sprintf("model.%d.load", id) }

// ModelChoice is what a person chose for the loads of a model; the zero value leaves all to the planner.
func (a *App) ModelChoice(ctx context.Context, id int64) (backend.LoadChoice, error) {
	var c backend.LoadChoice
	_, err := a.Store.Setting(ctx, modelChoiceKey(id), &c)
	return c, err
}

// SetModelChoice keeps what a person chose for the loads of a model; it holds from its next load on.
func (a *App) SetModelChoice(ctx context.Context, id int64, c backend.LoadChoice) error {
	switch {
	case c.Context != 0 && (c.Context < leastContext || c.Context > mostContext):
		return fmt.Errorf("a context has %d to %d tokens, not %d", leastContext, mostContext, c.Context)
	case !oneOf(c.KVType, "", "f16", "q8_0", "q4_0"):
		return fmt.Errorf("the cache cannot be kept as %q", c.KVType)
	case c.GPULayers != nil && (*c.GPULayers < -1 || *c.GPULayers > 10_000):
		return errors.New("layers on the graphics card are counted from 0; -1 is all of them")
	case c == backend.LoadChoice{}:
		return a.Store.SetSetting(ctx, modelChoiceKey(id), nil)
	}
	return a.Store.SetSetting(ctx, modelChoiceKey(id), c)
}

// choose puts a person's choice for a model into how it is loaded, so that another choice loads it again. A run that is to be
// continued keeps its own.
func (a *App) choose(l *engine.LoadRequest, n residency.Need) {
	if n.Like != nil {
		return
	}
	c, err := a.ModelChoice(a.base, n.Model.ID)
	if err != nil {
		return // a bad row must not keep a model from loading
	}
	if c.KVType != "" {
		l.KVType = c.KVType
	}
	if c.GPULayers != nil && l.Device != "CPU" {
		l.GPULayers = *c.GPULayers
	}
}

// PlanModel says how a model would be loaded now, and why; for pictures as large as given, 0 = the usual size.
func (a *App) PlanModel(ctx context.Context, m backend.Model) (backend.LoadPlan, error) {
	n := residency.Need{Model: m, Context: a.contextWish(ctx)}
	switch m.Kind {
	case backend.KindDiffusion:
		n.Kind = residency.KindPictures
		if _, files, err := a.Library.PictureFiles(ctx, m.ID); err == nil { // else by the main file alone
			n.Files = files
		}
	default:
		if c, err := a.ModelChoice(ctx, m.ID); err == nil && c.Context > 0 {
			n.Context = c.Context
		}
	}
	p, err := a.Engines.PlanLoad(n)
	if err != nil {
		return p, fmt.Errorf("plan the load of %s: %w", m.Name, err)
	}
	if n.Kind == residency.KindPictures { // a load reckons with the smallest picture, a person with a usual one
		p = hardware.Plan(a.wish(n, engine.LoadRequest{}, p.Returning, p.Unloads, usualPicture))
	}
	p.Choice, err = a.ModelChoice(ctx, m.ID)
	return p, err
}

// The sizes that a picture model is judged by, in points a side: 0 = the family's usual size.
const (
	usualPicture = 0
	leastPicture = 256
)

// plan is residency's planner.
func (a *App) plan(n residency.Need, l engine.LoadRequest, returning int64, unloads string) backend.LoadPlan {
	returning += a.embedders.Memory() // it makes room where that is needed
	return hardware.Plan(a.wish(n, l, returning, unloads, leastPicture))
}

// wish gathers what the planner has to know.
func (a *App) wish(n residency.Need, l engine.LoadRequest, returning int64, unloads string, side int) hardware.Wish {
	w := hardware.Wish{
		Load:      hardware.Load{Model: n.Model, Context: l.Context, Batch: l.Batch, KVType: l.KVType, Repack: true},
		Machine:   a.deps.Probe(a.base),
		NoGPU:     l.Device == "CPU" || l.GPULayers == 0 && n.Kind == residency.KindChat,
		PlainKV:   l.FlashAttn == "off",
		Returning: returning, Unloads: unloads, Own: hardware.OwnMemory(),
	}
	if c, err := a.ModelChoice(a.base, n.Model.ID); err == nil {
		w.Choice = c
		if n.Like != nil || n.Context > 0 {
			w.Choice.Context = 0 // it is in the load already, or another one must be
		}
		if n.Like != nil {
			w.Choice.KVType, w.Choice.GPULayers = "", nil
		}
	}
	if n.Like != nil && w.KVType == "" {
		w.KVType = "f16" // what an earlier run had is never quantized now
	}
	if n.Kind == residency.KindPictures {
		w.Picture = &hardware.PictureWish{Parts: partsSize(n), Width: side, Height: side, Flash: a.EngineSettings(a.base).FlashAttn != "off"}
		return w
	}
	w.Devices = a.graphics(w.Machine)
	return w
}

// partsSize is how many bytes the files of a picture model have beside its main one.
func partsSize(n residency.Need) (sum int64) {
	f := n.Files
	for _, path := range []string{f.Checkpoint, f.Diffusion, f.ClipL, f.ClipG, f.T5XXL, f.LLM, f.VAE, f.TAE, f.ControlNet, f.Upscaler} {
		if path == "" || path == n.Model.Path {
			continue
		}
		if info, err := os.Stat(path); err == nil {
			sum += info.Size()
		}
	}
	return sum
}

// graphics are the cards that the chat engine can compute on, with what is free there. It asks an engine's child, so only
// where there is a card and a plug-in for one; the answer holds for a moment.
func (a *App) graphics(m hardware.Machine) []backend.Device {
	if len(m.GPUs) == 0 || !gpuPlugin(a.chatFolder(a.ChatEngine())) {
		return nil
	}
	a.devicesMu.Lock()
	defer a.devicesMu.Unlock()
	if time.Since(a.devicesAt) < devicesFresh {
		return a.devices
	}
	asking, cancel := context.WithTimeout(a.base, probeLimit)
	defer cancel()
	probed, err := worker.Probe(asking, a.spec(a.EngineSettings(a.base), a.ChatEngine()))
	if err != nil {
		a.log.Info("The graphics cards could not be asked", "error", err)
	}
	a.devices, a.devicesAt = probed.Devices, time.Now()
	return a.devices
}

// gpuPlugin says whether a folder of plug-ins has one for graphics cards.
func gpuPlugin(dir string) bool {
	if dir == "" {
		return false
	}
	for _, kind := range []string{"cuda", "vulkan", "hip", "sycl", "metal", "musa", "opencl"} {
		if found, _ := filepath.Glob(filepath.Join(dir, "*ggml-"+kind+"*")); len(found) > 0 {
			return true
		}
	}
	return false
}
