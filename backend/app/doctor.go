package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"loam/backend"
	"loam/backend/hardware"
	"loam/backend/worker"
)

// probeLimit bounds how long the doctor waits for an engine's child.
const probeLimit = 30 * time.Second

// Doctor looks at the machine and the installation: hardware, what the engine says in a child of its own, the folders,
// the free disk and the database. It starts a child and reads the whole database, so it may take seconds.
func (a *App) Doctor(ctx context.Context) (hardware.Report, error) {
	setup := hardware.Setup{
		PluginDir: pluginDir(a.LibDir),
		Folders: []hardware.Folder{
			{ID: "data", Name: "Data", Path: a.Folders.Data},
			{ID: "models", Name: "Models", Path: a.Folders.Models},
			{ID: "cache", Name: "Cache", Path: a.Folders.Cache},
			{ID: "logs", Name: "Logs", Path: a.Folders.Logs},
		},
	}
	probing, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	probed, err := worker.Probe(probing, a.spec(a.EngineSettings(ctx)))
	setup.Devices, setup.Engine, setup.EngineErr = probed.Devices, probed.Engine, err
	if m, err := a.Library.Default(ctx); err == nil {
		setup.Default = &m
	} else if !errors.Is(err, backend.ErrNoModel) {
		return hardware.Report{}, fmt.Errorf("doctor: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return hardware.Report{}, fmt.Errorf("doctor: %w", err)
	}
	r := hardware.Examine(a.Machine(ctx), setup)
	for _, f := range a.examine(ctx, setup, probed) {
		if !has(r, f.ID) { // the hardware's own words come first
			r.Findings = append(r.Findings, f)
		}
	}
	return r, nil
}

func has(r hardware.Report, id string) bool {
	for _, f := range r.Findings {
		if f.ID == id {
			return true
		}
	}
	return false
}

// examine finds what only the installation as a whole can tell.
func (a *App) examine(ctx context.Context, s hardware.Setup, p worker.Probed) []hardware.Finding {
	list := []hardware.Finding{engineFinding(s), variantFinding(s), a.sandboxFinding(s, p), a.starterFinding(ctx)}
	for _, f := range s.Folders {
		list = append(list, folderFinding(f))
	}
	return append(list, diskFinding(a.Folders.Data), a.storeFinding(ctx))
}

func engineFinding(s hardware.Setup) hardware.Finding {
	f := hardware.Finding{ID: "engine", Title: "Chat engine", State: hardware.OK}
	if s.EngineErr != nil {
		f.State, f.Detail = hardware.Error, "The engine does not start: "+s.EngineErr.Error()+"."
		f.Next = "Install Loam again. If that does not help, its log may say more."
		return f
	}
	f.Detail = fmt.Sprintf("%s %s runs and computes on %s.", s.Engine.Engine, s.Engine.Build, s.Engine.Device)
	return f
}

func variantFinding(s hardware.Setup) hardware.Finding {
	f := hardware.Finding{ID: "variant", Title: "Processor code", State: hardware.OK}
	switch {
	case s.PluginDir == "":
		f.State = hardware.Warn
		f.Detail = "This is a plain build without CPU variants: prompts are read at about an eighth of this processor's speed and replies written at a quarter."
		f.Next = "Build with \"make build\", which puts lib/loam beside the program."
	case s.EngineErr != nil:
		f.State, f.Detail = hardware.Warn, "Not known, because the engine does not start."
	default:
		f.Detail = "The variant " + s.Engine.Variant + " fits this processor best."
	}
	return f
}

func (a *App) sandboxFinding(s hardware.Setup, p worker.Probed) hardware.Finding {
	f := hardware.Finding{ID: "sandbox", Title: "Confinement of engines", State: hardware.OK, Detail: "Engines run in a process that can read the model and write nothing: " + p.Confinement.String() + "."}
	switch {
	case s.EngineErr != nil:
		f.State, f.Detail = hardware.Warn, "Not known, because the engine does not start."
	case !p.Confinement.Full():
		f.State, f.Detail = hardware.Warn, "Engines are not fully confined: "+p.Confinement.String()+"."
		f.Next = "Use model files from places you trust."
	}
	return f
}

func (a *App) starterFinding(ctx context.Context) hardware.Finding {
	f := hardware.Finding{ID: "model", Title: "Chat model", State: hardware.OK}
	m, err := a.Library.Default(ctx)
	switch {
	case err != nil:
		f.State, f.Detail, f.Next = hardware.Warn, "No chat model is installed.", "Drop a GGUF file on the window, or run \"loam models add FILE\"."
	case m.Starter:
		f.Detail = m.Name + " is there. It is the small starter model; larger ones know more."
	default:
		f.Detail = m.Name + " answers in new chats."
	}
	return f
}

func folderFinding(folder hardware.Folder) hardware.Finding {
	f := hardware.Finding{ID: "folder:" + folder.ID, Title: folder.Name + " folder", State: hardware.OK, Detail: folder.Path + " can be written."}
	if err := tryWrite(folder.Path); err != nil {
		f.State, f.Detail = hardware.Error, folder.Path+" cannot be written: "+err.Error()+"."
		f.Next = "Check who owns the folder and whether its disk is full, or choose another one with --data."
	}
	return f
}

func diskFinding(dir string) hardware.Finding {
	const low = 2 << 30
	f := hardware.Finding{ID: "disk", Title: "Free disk", State: hardware.OK}
	switch free := diskFree(dir); {
	case free == 0:
		f.State, f.Detail = hardware.Warn, "How much is free is not known, or nothing is."
	case free < low:
		f.State, f.Detail = hardware.Warn, humanize.IBytes(uint64(free))+" are free, which most models do not fit in."
		f.Next = "Free some space."
	default:
		f.Detail = humanize.IBytes(uint64(free)) + " are free."
	}
	return f
}

func (a *App) storeFinding(ctx context.Context) hardware.Finding {
	f := hardware.Finding{ID: "store", Title: "Database", State: hardware.OK, Detail: "The database is sound."}
	if err := a.Store.IntegrityCheck(ctx); err != nil {
		f.State, f.Detail = hardware.Error, "The database is damaged: "+err.Error()+"."
		f.Next = "Make a copy of the data folder before anything else; the folder backups in it holds older copies."
	}
	return f
}
