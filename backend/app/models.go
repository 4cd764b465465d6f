package app

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/bill"
	"loam/backend/catalogue"
	"loam/backend/hardware"
	"loam/backend/hub"
	"loam/backend/instance"
	"loam/backend/library"
	"loam/backend/worker"
)

// catalogues makes the shelf of catalogues. Without the built-in one Loam does without recommendations.
func (a *App) newShelf() *catalogue.Shelf {
	dir := filepath.Join(a.Folders.Config, "catalogues")
	s, err := catalogue.NewShelf(a.deps.Catalogue, dir)
	if err != nil {
		a.log.Error("The catalogue cannot be read", "error", err)
		s, _ = catalogue.NewShelf(nil, dir)
	}
	return s
}

// Catalogues lists the catalogues of models, the one that comes with Loam first. An error tells of files that cannot be
// read, beside the others.
func (a *App) Catalogues(context.Context) ([]catalogue.Catalogue, error) { return a.shelf.All() }

// AddCatalogue takes in a catalogue from a file; one of the same name is replaced.
func (a *App) AddCatalogue(_ context.Context, path string) (catalogue.Catalogue, error) {
	return a.shelf.Add(path)
}

// RemoveCatalogue takes one away that was added, and returns the way back.
func (a *App) RemoveCatalogue(_ context.Context, name string) (undo func() error, err error) {
	return a.shelf.Remove(name)
}

// Recommendation is a model of a catalogue with how it would run here.
type Recommendation struct {
	Entry     catalogue.Entry
	Fit       hardware.Fit
	Installed bool
}

// Recommend lists the models of the catalogues of one kind with how they would run on this machine: those that run well
// first, the most able of them at the top, and people's own catalogues before ours.
func (a *App) Recommend(ctx context.Context, kind backend.ModelKind) ([]Recommendation, error) {
	entries, broken := a.shelf.Models()
	if broken != nil {
		a.log.Warn("A catalogue cannot be read", "error", broken)
	}
	installed, err := a.Library.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("recommend models: %w", err)
	}
	machine, measured := a.Machine(ctx), a.measured(ctx, installed)
	var list []Recommendation
	for _, e := range entries {
		if e.Kind != kind {
			continue
		}
		r := Recommendation{Entry: e, Installed: slices.ContainsFunc(installed, func(m backend.Model) bool { return isEntry(e, m) })}
		r.Fit = entryFit(e, machine, measured)
		list = append(list, r)
	}
	slices.SortStableFunc(list, func(x, y Recommendation) int {
		return better(machine, x) - better(machine, y)
	})
	return list, nil
}

// entryFit says how a model of a catalogue would run. Pictures are drawn in steps: of them only the memory is judged.
func entryFit(e catalogue.Entry, m hardware.Machine, measured []hardware.Measured) hardware.Fit {
	size, exact := e.Size()
	if !exact && size == 0 && e.MinMemory > 0 { // a set without sizes: what it needs in all is known
		f := hardware.Fit{Needed: e.MinMemory, Leaves: m.MemoryFree - e.MinMemory, Verdict: hardware.RunsGood}
		if e.MinMemory > m.MemoryTotal+m.MemoryTotal/10 {
			f.Verdict = hardware.RunsNot
		}
		return f
	}
	c := hardware.Candidate{Bytes: size}
	if e.Active > 0 && e.Parameters > 0 {
		c.Active = int64(float64(size) * float64(e.Active) / float64(e.Parameters))
	}
	f := hardware.FitOf(c, m, measured)
	if e.Kind != backend.KindChat {
		f.Tokens = 0
		if f.Verdict == hardware.RunsSlow {
			f.Verdict = hardware.RunsGood
		}
	}
	return f
}

// better orders recommendations, the smaller number first: what runs well beside everything else, the able before the small;
// then what is slow or tight, the small first. Of picture models the small come first where there is no GPU.
func better(m hardware.Machine, r Recommendation) int {
	rank := r.Entry.Rank
	if rank == 0 {
		rank = 1 << 10
	}
	own := 0
	if r.Entry.Catalogue != "Loam" {
		own = -1 << 12
	}
	switch r.Fit.Verdict {
	case hardware.RunsGood:
		switch {
		case r.Fit.Needed > m.MemoryTotal/2:
		case r.Entry.Kind == backend.KindDiffusion && len(m.GPUs) == 0: // a processor draws with the small ones, or for very long
			return own + rank
		default:
			return own - rank
		}
		return own + 1<<13 + rank
	case hardware.RunsSlow:
		return own + 1<<14 + rank
	case hardware.RunsTight, hardware.RunsUnknown:
		return own + 1<<15 + rank
	case hardware.RunsNot:
	}
	return own + 1<<16 + rank
}

// isEntry says whether an installed model is one of a catalogue: by its hash, or by where it came from.
func isEntry(e catalogue.Entry, m backend.Model) bool {
	if len(e.Files) > 0 && e.Files[0].SHA256 != "" && e.Files[0].SHA256 == m.SHA256 {
		return true
	}
	return m.Source != "" && strings.Contains(m.Source, e.Repo) && len(e.Files) > 0 && filepath.Base(m.Path) == filepath.Base(e.Files[0].Path)
}

// Bill is the bill of materials of the installed models and of the program, in CycloneDX's JSON.
func (a *App) Bill(ctx context.Context) ([]byte, error) {
	models, err := a.Library.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("bill of materials: %w", err)
	}
	c := bill.Contents{Version: a.Version, Commit: a.Commit, Now: time.Now(), Models: models, Engines: a.nativeEngines(ctx)}
	if build, ok := debug.ReadBuildInfo(); ok {
		c.Build = build
	}
	var b bytes.Buffer
	err = bill.Write(&b, c)
	return b.Bytes(), err
}

// nativeEngines are the engines that are installed, each asked in a child of its own.
func (a *App) nativeEngines(ctx context.Context) []bill.Engine {
	var list []bill.Engine
	add := func(name, source string, p worker.Probed, err error) {
		if err != nil || p.Engine.Build == "" {
			return
		}
		list = append(list, bill.Engine{Name: name, Version: p.Engine.Build, License: "mit", Source: source})
	}
	settings := a.EngineSettings(ctx)
	for _, name := range []string{ChatPack, ChatEmbedded} {
		if name == ChatPack && a.chatFolder(ChatPack) == "" {
			continue
		}
		asking, cancel := context.WithTimeout(ctx, probeLimit)
		p, err := worker.Probe(asking, a.spec(settings, name))
		cancel()
		add("llama.cpp and ggml ("+name+")", "https://github.com/ggml-org/llama.cpp", p, err)
	}
	spec := a.pictureSpec(settings)
	spec.Load.PluginDir = spec.Picture.PluginDir
	asking, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	p, err := worker.Probe(asking, spec)
	add("stable-diffusion.cpp and ggml ("+spec.Engine+")", "https://github.com/leejet/stable-diffusion.cpp", p, err)
	return list
}

// PlanMove says what moving the models folder to another place would mean.
func (a *App) PlanMove(_ context.Context, to string) (library.MovePlan, error) {
	return a.Library.PlanMove(to)
}

// MoveModels moves the models folder. What is loaded leaves the memory first, after what it is asked has ended; downloads wait.
// Beside a window it is refused: that one would go on with the old folder.
func (a *App) MoveModels(ctx context.Context, to string, progress func(done, total int64)) (library.MovePlan, error) {
	if a.lock == nil {
		lock, err := instance.TakeLock(a.Folders.Data)
		if err != nil {
			return library.MovePlan{}, err
		}
		defer func() { _ = lock.Unlock() }()
	}
	if p, err := a.Library.PlanMove(to); err != nil {
		return p, err
	}
	a.Engines.Unload(ctx)
	if err := ctx.Err(); err != nil {
		return library.MovePlan{}, err
	}
	defer a.Fetch.Hold()()
	p, err := a.Library.Move(ctx, to, progress)
	a.Fetch.SetDir(a.Library.Folder())
	return p, err
}

// RemovedModel is a model whose removal can be undone until its file is freed.
type RemovedModel struct {
	Model backend.Model
	Until time.Time
}

// RemovedModels lists the models of Loam's folder that were removed and still lie there, the newest first.
func (a *App) RemovedModels(ctx context.Context) ([]RemovedModel, error) {
	list, err := a.Library.Removed(ctx)
	if err != nil {
		return nil, fmt.Errorf("list removed models: %w", err)
	}
	var removed []RemovedModel
	for _, m := range list {
		if m.Owned {
			removed = append(removed, RemovedModel{Model: m, Until: m.Deleted.Add(a.Library.Keeps())})
		}
	}
	return removed, nil
}

// ModelsDir is where the models folder is now.
func (a *App) ModelsDir() string { return a.Library.Folder() }

// ReportText is a doctor's report for pasting into a mail: it tells no path, no name of a model and not who asks.
func (a *App) ReportText(ctx context.Context, r hardware.Report) string {
	var p hardware.Private
	p.Home, _ = os.UserHomeDir() // "" is nothing to hide
	p.Host, _ = os.Hostname()
	if u, err := user.Current(); err == nil {
		p.User = u.Username
		if i := strings.LastIndexAny(p.User, `\/`); i >= 0 {
			p.User = p.User[i+1:]
		}
		p.Names = append(p.Names, u.Name)
	}
	if list, err := a.Library.List(ctx); err == nil {
		for _, m := range list {
			p.Names = append(p.Names, m.Name, filepath.Base(m.Path))
		}
	} else if !errors.Is(err, context.Canceled) {
		a.log.Warn("The names of models could not be read", "error", err)
	}
	p.Paths = []string{a.Folders.Data, a.Folders.Cache, a.Folders.Config, a.Folders.Logs, a.Library.Folder(), a.LibDir}
	return r.Text(a.Version+" ("+a.Commit+")", p)
}

// Get begins to download a model of a catalogue, one download for each repository that its files lie in. The hub tells sizes and
// hashes; where the catalogue knows a hash too, both must agree.
func (a *App) Get(ctx context.Context, e catalogue.Entry) error {
	var wants []backend.DownloadWant
	var repos []string
	for _, f := range e.Files {
		if r := e.RepoOf(f); !slices.Contains(repos, r) {
			repos = append(repos, r)
		}
	}
	for _, name := range repos {
		revision := ""
		if name == e.Repo {
			revision = e.Revision
		}
		r, err := a.Hub.Repo(ctx, name, revision)
		if err != nil {
			return fmt.Errorf("get %s: %w", e.Name, err)
		}
		c := hub.Choice{Model: backend.Model{Name: e.Name, Kind: e.Kind, Quant: e.Quant}}
		for _, f := range e.Files {
			if e.RepoOf(f) != name {
				continue
			}
			i := slices.IndexFunc(r.Files, func(x hub.File) bool { return x.Path == f.Path })
			if i < 0 || f.SHA256 != "" && r.Files[i].SHA256 != "" && f.SHA256 != r.Files[i].SHA256 {
				return fmt.Errorf("get %s: %w", e.Name, &catalogue.Replaced{Model: e.Name, File: f.Path})
			}
			c.Files = append(c.Files, r.Files[i])
		}
		w := a.Hub.Want(r, c)
		if w.Name = e.Name; name != e.Repo {
			w.Name += ", " + path.Base(c.Files[0].Path)
		}
		wants = append(wants, w)
	}
	for _, w := range wants {
		if _, err := a.Fetch.Add(ctx, w); err != nil {
			return fmt.Errorf("get %s: %w", e.Name, err)
		}
	}
	return nil
}
