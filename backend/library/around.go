package library

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/modelfile"
)

// Limits of looking around: it is a courtesy and must not be felt.
const (
	aroundTime    = 30 * time.Second
	aroundEntries = 200_000 // in all places together
	aroundDepth   = 8
	aroundModels  = 2000
)

const keyAround = "library.around" // Around

// FoundModel is a model of another program that Loam could use where it lies.
type FoundModel struct {
	Path      string            `json:"path"`
	Name      string            `json:"name"`
	Program   string            `json:"program"`
	Kind      backend.ModelKind `json:"kind"`
	Family    string            `json:"family,omitempty"`
	Quant     string            `json:"quant,omitempty"`
	SizeBytes int64             `json:"size"`
}

// Around is what lies around in the folders of other programs and is not in the library.
type Around struct {
	Models  []FoundModel `json:"models"`
	Refused int          `json:"refused"` // files that are models of a form that Loam does not use
	More    bool         `json:"more"`    // there was more than is looked at in one go
	Looked  time.Time    `json:"looked"`  // zero = never
	Hidden  bool         `json:"hidden"`  // a person does not want to be asked
}

// Programs names the programs, each once, in the order they were found.
func (a Around) Programs() []string {
	var list []string
	for _, m := range a.Models {
		if !slices.Contains(list, m.Program) {
			list = append(list, m.Program)
		}
	}
	return list
}

// SizeBytes is the size of all the files.
func (a Around) SizeBytes() int64 {
	var n int64
	for _, m := range a.Models {
		n += m.SizeBytes
	}
	return n
}

// Around gives what the last look found, less what is in the library by now. A look that never was is the zero value.
func (l *Library) Around(ctx context.Context) (Around, error) {
	var a Around
	if _, err := l.store.Setting(ctx, keyAround, &a); err != nil {
		return Around{}, fmt.Errorf("read what was found around: %w", err)
	}
	known, err := l.knownPaths(ctx)
	if err != nil {
		return Around{}, err
	}
	a.Models = slices.DeleteFunc(a.Models, func(m FoundModel) bool { return known[m.Path] || !exists(m.Path) })
	return a, nil
}

// HideAround stops offering what was found; LookAround offers again.
func (l *Library) HideAround(ctx context.Context) error {
	var a Around
	if _, err := l.store.Setting(ctx, keyAround, &a); err != nil {
		return err
	}
	a.Hidden = true
	if err := l.store.SetSetting(ctx, keyAround, a); err != nil {
		return fmt.Errorf("hide what was found around: %w", err)
	}
	l.changed(0)
	return nil
}

// LookAround looks into the known folders of other programs. It reads headers only, adds nothing, ends by itself after
// half a minute with what it has, and keeps the result for Around.
func (l *Library) LookAround(ctx context.Context) (Around, error) {
	known, err := l.knownPaths(ctx)
	if err != nil {
		return Around{}, err
	}
	timed, cancel := context.WithTimeout(ctx, aroundTime)
	defer cancel()
	k := looker{l: l, ctx: timed, seen: known, dirs: map[string]bool{}, found: Around{Looked: l.now(), Models: []FoundModel{}}}
	for _, p := range l.places.filled().all() {
		k.place(p)
	}
	if err := ctx.Err(); err != nil {
		return Around{}, err
	}
	k.found.More = k.found.More || timed.Err() != nil
	if err := l.store.SetSetting(ctx, keyAround, k.found); err != nil {
		return k.found, fmt.Errorf("keep what was found around: %w", err)
	}
	l.log.Info("Looked around for models", "models", len(k.found.Models), "refused", k.found.Refused)
	l.changed(0)
	return k.found, nil
}

// FirstLook is LookAround at the first start only.
func (l *Library) FirstLook(ctx context.Context) error {
	var a Around
	if found, err := l.store.Setting(ctx, keyAround, &a); err != nil || found {
		return err
	}
	_, err := l.LookAround(ctx)
	return err
}

// Bring takes models that were found around into the library, used where they lie. It goes on after files that are
// refused; paths that were not found around are left out. Progress is told as event.ModelsBrought.
func (l *Library) Bring(ctx context.Context, paths []string) (Folder, error) {
	a, err := l.Around(ctx)
	if err != nil {
		return Folder{}, err
	}
	var result Folder
	a.Models = slices.DeleteFunc(a.Models, func(m FoundModel) bool { return !slices.Contains(paths, m.Path) })
	for i, found := range a.Models {
		m, err := l.Add(ctx, found.Path, AddOptions{Name: found.ownName(), Source: found.Program, later: true})
		var bad *backend.BadFile
		switch {
		case err == nil:
			result.Models = append(result.Models, m)
		case errors.As(err, &bad):
			result.Refused = append(result.Refused, bad)
		default:
			return result, err
		}
		if l.bus != nil {
			l.bus.Publish(event.ModelsBrought{Done: i + 1, Total: len(a.Models)})
		}
	}
	return result, nil
}

// ownName is the name that a model is added with: only where the file has no name of its own.
func (m FoundModel) ownName() string {
	if modelName(filepath.Base(m.Path)) {
		return ""
	}
	return m.Name
}

// knownPaths are the files of all models, removed ones too: what a person removed is not offered again.
func (l *Library) knownPaths(ctx context.Context) (map[string]bool, error) {
	known := map[string]bool{}
	for _, list := range []func(context.Context) ([]backend.Model, error){l.installed, l.removed} {
		models, err := list(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range models {
			known[m.Path] = true
		}
	}
	return known, nil
}

// looker is one look around.
type looker struct {
	l       *Library
	ctx     context.Context
	seen    map[string]bool // paths without links, known or found
	dirs    map[string]bool // places without links
	entries int
	found   Around
}

func (k *looker) place(p place) {
	real, err := filepath.EvalSymlinks(p.dir)
	if err != nil || k.dirs[real] || k.l.owns(filepath.Join(real, "x")) {
		return
	}
	if info, err := os.Stat(real); err != nil || !info.IsDir() {
		return
	}
	k.dirs[real] = true
	switch p.layout {
	case layoutOllama:
		k.ollama(p.program, real)
	case layoutHuggingFace:
		k.huggingFace(p.program, real)
	case layoutFiles:
		k.files(p.program, real)
	}
}

// full says whether the look has to end.
func (k *looker) full() bool {
	if k.ctx.Err() != nil || k.entries >= aroundEntries || len(k.found.Models) >= aroundModels {
		k.found.More = true
		return true
	}
	return false
}

// files walks a folder. Links to folders are not entered, so that loops end; links to files are followed.
func (k *looker) files(program, dir string) {
	_ = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error { // what cannot be read is passed over
		k.entries++
		switch {
		case k.full():
			return fs.SkipAll
		case err != nil:
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
		case e.IsDir():
			rel, err := filepath.Rel(dir, path)
			if err != nil || rel != "." && (strings.HasPrefix(e.Name(), ".") || strings.Count(rel, string(filepath.Separator)) >= aroundDepth) {
				return fs.SkipDir
			}
		case modelName(e.Name()):
			k.file(program, path, "")
		}
		return nil
	})
}

// file looks at one file; name is what the program calls it, "" = what it calls itself.
func (k *looker) file(program, path, name string) {
	if parts := modelfile.PartsByName(path); parts != nil && parts[0] != path {
		return // its first part stands for it
	}
	real, err := resolve(path)
	if err != nil || k.seen[real] {
		return
	}
	k.seen[real] = true
	f, err := k.l.look(path)
	if err != nil {
		k.found.Refused++
		return
	}
	if name == "" {
		name = f.file.Name
	}
	k.seen[f.path] = true
	k.found.Models = append(k.found.Models, FoundModel{
		Path: f.path, Name: name, Program: program, Kind: f.file.Kind, Family: f.file.Family, Quant: f.file.Quant, SizeBytes: f.size,
	})
}

// ollama reads the manifests: manifests/registry/namespace/model/tag, JSON with the layers of the model.
func (k *looker) ollama(program, dir string) {
	manifests := filepath.Join(dir, "manifests")
	_ = filepath.WalkDir(manifests, func(path string, e fs.DirEntry, err error) error {
		k.entries++
		switch {
		case k.full():
			return fs.SkipAll
		case err != nil:
			if e != nil && e.IsDir() {
				return fs.SkipDir
			}
			return nil
		case e.IsDir():
			return nil
		}
		rel, err := filepath.Rel(manifests, path)
		if err != nil {
			return nil
		}
		steps := strings.Split(filepath.ToSlash(rel), "/")
		if len(steps) < 3 {
			return nil
		}
		steps = steps[1:] // the registry
		if steps[0] == "library" {
			steps = steps[1:]
		}
		last := len(steps) - 1
		name := strings.Join(steps[:last], "/")
		if steps[last] != "latest" {
			name += " " + steps[last]
		}
		for _, digest := range ollamaLayers(path) {
			for _, sep := range []string{"-", ":"} {
				if blob := filepath.Join(dir, "blobs", "sha256"+sep+digest); exists(blob) {
					k.file(program, blob, name)
					break
				}
			}
		}
		return nil
	})
}

// ollamaLayers gives the hashes of the weights that a manifest lists.
func ollamaLayers(path string) []string {
	f := note(path)
	if f == nil {
		return nil
	}
	defer f.Close()
	var manifest struct {
		Layers []struct {
			MediaType string `json:"mediaType"`
			Digest    string `json:"digest"`
		} `json:"layers"`
	}
	if json.NewDecoder(io.LimitReader(f, maxNote)).Decode(&manifest) != nil {
		return nil
	}
	var list []string
	for _, layer := range manifest.Layers {
		switch layer.MediaType {
		case "application/vnd.ollama.image.model", "application/vnd.ollama.image.adapter", "application/vnd.ollama.image.projector":
		default:
			continue
		}
		digest, ok := strings.CutPrefix(layer.Digest, "sha256:")
		if raw, err := hex.DecodeString(digest); ok && err == nil && len(raw) == 32 && len(list) < 64 {
			list = append(list, digest)
		}
	}
	return list
}

// huggingFace looks at the current revision of each repository: models--org--name/refs/main names it.
func (k *looker) huggingFace(program, dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return // passed over
	}
	for _, e := range entries {
		k.entries++
		if k.full() {
			return
		}
		if !e.IsDir() || !strings.HasPrefix(e.Name(), "models--") {
			continue
		}
		repo := filepath.Join(dir, e.Name())
		revision := firstLineOf(filepath.Join(repo, "refs", "main"))
		if raw, err := hex.DecodeString(revision); err != nil || len(raw) == 0 || !exists(filepath.Join(repo, "snapshots", revision)) {
			if revision = newest(filepath.Join(repo, "snapshots")); revision == "" {
				continue
			}
		}
		k.files(program, filepath.Join(repo, "snapshots", revision))
	}
}

// newest is the folder that was changed last; "" = there is none.
func newest(dir string) string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return ""
	}
	name, at := "", time.Time{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil && e.IsDir() && info.ModTime().After(at) {
			name, at = e.Name(), info.ModTime()
		}
	}
	return name
}
