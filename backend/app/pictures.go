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
	"loam/backend/residency"
	"loam/backend/worker"
)

// The picture drivers and the folders of their libraries in lib/loam.
const (
	enginePack     = "sd-pack"
	engineEmbedded = "sd-embedded"
	folderPack     = "picture"
	folderEmbedded = "picture-embedded"
)

// pictureStop is how long a step may go on after Stop; then its process is ended, which takes up to 0.4 s where it has
// gigabytes to give back. A picture stops within a second.
const pictureStop = 500 * time.Millisecond

// PictureEngine says which picture engine draws here: the pack where it is installed, else the embedded one.
func (a *App) PictureEngine() string {
	if a.deps.Pictures != "" {
		return a.deps.Pictures
	}
	if a.LibDir != "" && isFolder(filepath.Join(a.LibDir, folderPack)) {
		return enginePack
	}
	return engineEmbedded
}

// pictureSpec says how a picture engine's child is started with these settings. The manager adds the model.
func (a *App) pictureSpec(s EngineSettings) worker.Spec {
	name := a.PictureEngine()
	dir, variant := "", ""
	switch name {
	case enginePack:
		dir = filepath.Join(a.LibDir, folderPack)
		if _, err := os.Stat(filepath.Join(dir, "libggml-cpu-"+s.Variant+".so")); err == nil { // the chat engine may know others
			variant = s.Variant
		}
	case engineEmbedded:
		dir = filepath.Join(a.LibDir, folderEmbedded)
	}
	return worker.Spec{
		Exe: a.deps.Exe, Args: a.deps.WorkerArgs, Engine: name, NoSandbox: a.deps.NoSandbox, Logger: a.log,
		CancelGrace: pictureStop, AutoThreads: s.Threads == 0,
		Picture: engine.PictureLoad{
			Threads: a.threads(s), Device: s.Device, PluginDir: dir, Variant: variant,
			// Without it, attention over a large picture is one node of seconds that hears no Stop and takes gigabytes;
			// packaging/native/picturebench has the figures.
			FlashAttn: s.FlashAttn != "off",
		},
	}
}

// PictureTraits says what the picture engine that draws here can do, without a model. The first call asks it in a child of
// its own; later ones remember.
func (a *App) PictureTraits(ctx context.Context) (engine.PictureInfo, error) {
	a.traitsMu.Lock()
	defer a.traitsMu.Unlock()
	if a.traits != nil {
		return *a.traits, nil
	}
	spec := a.pictureSpec(a.EngineSettings(ctx))
	spec.Load.PluginDir = spec.Picture.PluginDir
	asking, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	p, err := worker.Probe(asking, spec)
	if err != nil {
		return engine.PictureInfo{}, fmt.Errorf("ask the picture engine: %w", err)
	}
	a.traits = &p.Pictures
	return p.Pictures, nil
}

// pictures gives the studio its models out of the manager.
type pictures struct{ a *App }

// AcquirePictures implements studio.Engines. The engine may read every installed LoRA, so that another one does not cost
// another load.
func (p pictures) AcquirePictures(ctx context.Context, m backend.Model, files engine.PictureFiles) (engine.Imager, func(), error) {
	n := residency.Need{Model: m, Files: files}
	list, err := p.a.Library.List(ctx)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range list {
		if l.Kind == backend.KindLoRA && l.State != backend.ModelMissing {
			n.Reads = append(n.Reads, l.Path)
		}
	}
	im, release, err := p.a.Engines.AcquirePictures(ctx, n)
	var bad *backend.BadFile
	switch {
	case err == nil && m.State == backend.ModelUnverified:
		engines(p).note(m, p.a.Library.MarkVerified(ctx, m.ID))
	case errors.As(err, &bad):
		engines(p).note(m, p.a.Library.MarkBad(context.WithoutCancel(ctx), m.ID, bad.Reason))
	}
	return im, release, err
}
