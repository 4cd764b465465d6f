package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/hardware"
	"loam/backend/worker"
)

// probeLimit bounds how long the doctor waits for an engine's child.
const probeLimit = 30 * time.Second

// Doctor looks at the machine and the installation: hardware, what the engine says in a child of its own, how that child
// is confined, the folders and their disks, the default model and the database. It starts a child and reads the whole
// database, so it may take seconds.
func (a *App) Doctor(ctx context.Context) (hardware.Report, error) {
	setup := hardware.Setup{
		PluginDir: filepath.Join(a.LibDir, "chat"), // also when it is not there: that is where it was looked for
		Folders: []hardware.Folder{
			{ID: "data", Name: "Data folder", Path: a.Folders.Data},
			{ID: "models", Name: "Models folder", Path: a.Library.Folder()},
			{ID: "cache", Name: "Cache folder", Path: a.Folders.Cache},
			{ID: "logs", Name: "Log folder", Path: a.Folders.Logs},
		},
	}
	for _, f := range setup.Folders {
		_ = os.MkdirAll(f.Path, 0o700) // the finding says what is wrong with it
	}
	probing, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	probed, err := worker.Probe(probing, a.spec(a.EngineSettings(ctx), a.ChatEngine()))
	setup.Devices, setup.Engine, setup.EngineErr = probed.Devices, probed.Engine, err
	if dir := a.chatFolder(a.ChatEngine()); dir != "" {
		setup.PluginDir = dir
	}
	if m, err := a.Library.Default(ctx); err == nil {
		setup.Default = &m
	} else if !errors.Is(err, backend.ErrNoModel) {
		return hardware.Report{}, fmt.Errorf("doctor: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return hardware.Report{}, fmt.Errorf("doctor: %w", err)
	}
	r := hardware.Examine(a.Machine(ctx), setup)
	if setup.EngineErr == nil {
		r.Findings = append(r.Findings, sandboxFinding(probed))
	}
	r.Findings = append(r.Findings, a.packFinding(probed.Engine, err), a.pictureFinding(ctx), a.storeFinding(ctx), a.versionFinding(probed.Engine))
	return r, nil
}

func sandboxFinding(p worker.Probed) hardware.Finding {
	f := hardware.Finding{ID: "sandbox", Title: "Confinement of engines", State: hardware.OK}
	f.Detail = "Engines can read their model and write nothing: " + p.Confinement.String() + "."
	if !p.Confinement.Full() {
		f.State, f.Detail = hardware.Warn, "Engines are not fully locked in: "+p.Confinement.String()+"."
		f.Next = "Use model files from places you trust only."
	}
	return f
}

// packFinding says which chat engine answers. Without the pack chats work, so that is a warning.
func (a *App) packFinding(e backend.EngineInfo, err error) hardware.Finding {
	f := hardware.Finding{ID: "chat-pack", Title: "Chat pack", State: hardware.OK}
	switch {
	case a.ChatEngine() == ChatPack && err != nil:
		f.State, f.Detail = hardware.Error, "The chat pack does not start: "+strings.TrimSuffix(err.Error(), ".")+"."
		f.Next = "Install Loam again with its folder lib, or choose the built-in engine in a model's settings."
	case a.ChatEngine() == ChatPack:
		f.Detail = "The chat pack answers (" + e.Build + "); the built-in engine remains for models that it is chosen for."
	default:
		f.State = hardware.Warn
		f.Detail = "The built-in engine answers, because the chat pack is not installed: models of newer kinds do not run, templates are recognised by name only, and tool calls are not understood."
		f.Next = "Install the chat pack: make setup builds it."
	}
	return f
}

// pictureFinding asks the picture engine in a child of its own whether it runs here. Pictures are not all of Loam: what is
// wrong with them is a warning.
func (a *App) pictureFinding(ctx context.Context) hardware.Finding {
	f := hardware.Finding{ID: "pictures", Title: "Picture engine", State: hardware.OK}
	spec := a.pictureSpec(a.EngineSettings(ctx))
	spec.Load.PluginDir = spec.Picture.PluginDir
	probing, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	p, err := worker.Probe(probing, spec)
	embedded := spec.Engine == engineEmbedded
	switch {
	case err != nil:
		f.State, f.Detail = hardware.Warn, "Pictures cannot be drawn: "+strings.TrimSuffix(err.Error(), ".")+"."
		f.Next = "Install Loam again with its folder lib."
		if errors.Is(err, backend.ErrUnsupported) {
			f.Next = "Install the picture pack, which runs on every processor."
		}
	case embedded:
		f.State = hardware.Warn
		f.Detail = "The built-in engine draws (" + p.Engine.Build + "), because the picture pack is not installed: it knows SD 1, 2 and XL only, without previews."
		f.Next = "Install the picture pack for more models, previews and a Stop that acts at once."
	default:
		f.Detail = "The picture pack draws (" + p.Engine.Build + ") on " + p.Engine.Device
		if p.Engine.Variant != "" {
			f.Detail += ", with the CPU code " + p.Engine.Variant
		}
		f.Detail += "."
	}
	return f
}

func (a *App) storeFinding(ctx context.Context) hardware.Finding {
	f := hardware.Finding{ID: "store", Title: "Database", State: hardware.OK, Detail: "The database is sound."}
	if err := a.Store.IntegrityCheck(ctx); err != nil {
		f.State, f.Detail = hardware.Error, "The database is damaged: "+err.Error()+"."
		f.Next = "Copy the data folder before anything else; its folder \"backups\" may hold older copies of the database."
	}
	return f
}

// versionFinding names what the program is made of, for whoever looks for the cause of something.
func (a *App) versionFinding(e backend.EngineInfo) hardware.Finding {
	f := hardware.Finding{ID: "versions", Title: "Versions", State: hardware.OK}
	parts := []string{"Loam " + a.Version, runtime.Version()}
	if e.Build != "" {
		parts = append(parts, e.Build)
	}
	if b, ok := debug.ReadBuildInfo(); ok {
		for _, m := range b.Deps {
			switch m.Path {
			case "fyne.io/fyne/v2", "modernc.org/sqlite":
				parts = append(parts, m.Path+" "+m.Version)
			}
		}
	}
	f.Detail = strings.Join(parts, ", ") + "."
	return f
}
