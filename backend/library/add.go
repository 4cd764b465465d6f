package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/store"
)

// AddOptions says more about a file than its bytes do.
type AddOptions struct {
	Starter bool
	Name    string // "" = made from the header or the file's name
	Source  string // where it came from, for a person
	License string // "" = what the header says
	SHA256  string // lower-case hex that the file must have; "" = whatever it has
	Hashed  string // its hash, just computed by the caller, so that it need not be computed again; "" = not known
	// Keep gives the models folder its own name of the file where the disk can share its bytes (see Link); elsewhere it is
	// used where it lies.
	Keep bool

	later bool // it is hashed in the background, however small
}

// found is a file (or all parts of a split one) that was identified and looked at.
type found struct {
	file  modelfile.File
	path  string   // of the first part, absolute, without symbolic links
	parts []string // all of them, path first; missing ones too
	lacks []int    // 1-based numbers of missing parts
	size  int64    // of all parts
	mod   time.Time
}

// Add takes in a model file, used where it lies unless o.Keep says otherwise. A file that is known already is returned as it is (and restored if it
// was removed); so is a byte-equal copy of one, and one that moved takes the place of the entry that missed it. A folder
// adds the model files in it and returns the first. Errors about the file are *backend.BadFile.
func (l *Library) Add(ctx context.Context, path string, o AddOptions) (backend.Model, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		folder, err := l.AddFolder(ctx, path, o)
		switch {
		case err != nil:
			return backend.Model{}, err
		case len(folder.Models) > 0:
			return folder.Models[0], nil
		case len(folder.Refused) == 1:
			return backend.Model{}, folder.Refused[0]
		}
		return backend.Model{}, emptyFolder(path, len(folder.Refused))
	}
	f, err := l.look(path)
	if err != nil {
		return backend.Model{}, err
	}
	if o.SHA256 != "" {
		sum, err := l.sum(ctx, f.parts)
		if err != nil {
			return backend.Model{}, fmt.Errorf("add %s: %w", filepath.Base(path), err)
		}
		if sum != strings.ToLower(o.SHA256) {
			return backend.Model{}, &backend.BadFile{Path: path, Reason: "it is not the file that was promised (its SHA-256 differs): download it again"}
		}
	}
	m, err := l.take(ctx, f, o)
	if err != nil {
		return backend.Model{}, fmt.Errorf("add %s: %w", filepath.Base(path), err)
	}
	if m.SHA256 == "" && m.SizeBytes <= l.small && !o.later && m.State != backend.ModelIncomplete {
		if sum, err := l.SHA256(ctx, m.ID); err == nil {
			m.SHA256 = sum
		}
	}
	if o.Keep {
		m = l.keepLinked(ctx, m, path)
	}
	nudge(l.wake)
	return m, nil
}

// keepLinked links a model that was just added into the models folder where that costs nothing.
func (l *Library) keepLinked(ctx context.Context, m backend.Model, path string) backend.Model {
	if m.Owned || m.Starter || m.State != backend.ModelUnverified && m.State != backend.ModelReady {
		return m
	}
	linked, err := l.adopt(ctx, m, path, func(from, to string, _ os.FileInfo) error { return share(from, to) })
	if err != nil {
		l.log.Info("A model is used where it lies", "model", m.ID, "reason", err)
		return m
	}
	return linked
}

// look identifies the file at path with all its parts.
func (l *Library) look(path string) (found, error) {
	file, err := modelfile.Identify(path)
	if err != nil {
		return found{}, err
	}
	refuse := func(reason string) (found, error) { return found{}, &backend.BadFile{Path: path, Reason: reason} }
	real, err := resolve(path)
	if err != nil {
		return refuse("it cannot be followed to its place on disk")
	}
	f := found{file: file, path: real, parts: []string{real}}
	if file.SplitCount > 1 {
		if f, err = l.lookParts(path, f); err != nil {
			return found{}, err
		}
		file = f.file
	}
	if reason := shard(real); reason != "" {
		return refuse(reason)
	}
	if reason := refusal(file); reason != "" {
		return refuse(reason)
	}
	f.size, f.mod, err = measure(f.parts)
	if err != nil {
		return refuse("it vanished while it was read")
	}
	return f, nil
}

// lookParts goes from any part of a split file to its first one and sees which others are there and whole.
func (l *Library) lookParts(path string, f found) (found, error) {
	count := f.file.SplitCount
	parts := modelfile.Parts(f.path, count)
	if parts == nil { // links may bear the names that the files do not, as in the cache of Hugging Face
		if abs, err := filepath.Abs(path); err == nil {
			if parts = modelfile.Parts(abs, count); parts != nil {
				f.path = abs
			}
		}
	}
	if f.file.SplitIndex > 1 {
		if parts == nil || !exists(parts[0]) {
			return f, &backend.BadFile{Path: path, Reason: fmt.Sprintf(
				"it is part %d of %d, and part 1 is not beside it", f.file.SplitIndex, count)}
		}
		first, err := modelfile.Identify(parts[0])
		if err != nil {
			return f, err
		}
		f.file, f.path = first, parts[0]
	}
	if parts == nil {
		return f, &backend.BadFile{Path: path, Reason: fmt.Sprintf(
			"it is part 1 of %d and was renamed, so the others cannot be found: give the parts their names back", count)}
	}
	f.parts = parts
	for i, part := range parts {
		if i == 0 {
			continue
		}
		if !exists(part) {
			f.lacks = append(f.lacks, i+1)
			continue
		}
		other, err := modelfile.Identify(part)
		if err != nil {
			return f, err
		}
		f.file.Parameters += other.Parameters
	}
	return f, nil
}

// shard says why one of several safetensors files that are one model together is not taken in; "" for any other file.
func shard(path string) string {
	part, of := modelfile.ShardName(path)
	if of < 2 {
		return ""
	}
	if whole, ok := modelfile.IdentifyFolder(filepath.Dir(path)); ok {
		return whole.Reason
	}
	return fmt.Sprintf("it is file %d of the %d that are one model together: Loam will join these; until then get the single safetensors or GGUF file of it", part, of)
}

// refusal says why a file of this kind is not taken in; "" when it is.
func refusal(f modelfile.File) string {
	gguf := f.Format == "gguf"
	switch f.Kind {
	case backend.KindUnknown:
		return "it is a " + f.Format + " file, but of no kind of model that Loam knows"
	case backend.KindChat, backend.KindGuard, backend.KindEmbedding, backend.KindReranker:
		if !gguf {
			return "it is a " + kindWords(f.Kind) + " as it was trained (Transformers): Loam will convert these; until then get the GGUF conversion of it"
		}
		return f.FaultOf(modelfile.EnginePack)
	case backend.KindAdapter:
		if !gguf {
			return "it is a LoRA for a chat model as it was trained (PEFT): Loam will convert these; until then get the GGUF conversion of it"
		}
	case backend.KindProjector, backend.KindDiffusion, backend.KindTextEncoder, backend.KindVAE, backend.KindLoRA,
		backend.KindControlNet, backend.KindUpscaler, backend.KindTextual, backend.KindImageAdapter:
	}
	return ""
}

// kindWords is a kind of language model in a sentence.
func kindWords(k backend.ModelKind) string {
	if k == backend.KindReranker {
		return "reranker"
	}
	return string(k) + " model"
}

// take puts what was found into the store, or finds that it is there.
func (l *Library) take(ctx context.Context, f found, o AddOptions) (backend.Model, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := model(f, o)
	m.Owned = l.owns(f.path)
	known, err := l.store.ModelByPath(ctx, f.path)
	switch {
	case err == nil:
		return l.takeAgain(ctx, known, m, o)
	case !errors.Is(err, backend.ErrNotFound):
		return m, err
	}
	list, err := l.installed(ctx)
	if err != nil {
		return m, err
	}
	if same, ok := l.twin(f, list); ok {
		return l.takeTwin(ctx, same, m, f)
	}
	m.Name = unique(m.Name, m.Quant, list, 0)
	m.Added = l.now()
	if m, err = l.store.AddModel(ctx, m); errors.Is(err, store.ErrExists) { // another process was faster
		return l.store.ModelByPath(ctx, f.path)
	}
	if err == nil {
		l.log.Info("Model added", "id", m.ID, "kind", m.Kind, "bytes", m.SizeBytes)
		l.changed(m.ID)
	}
	return m, err
}

// takeAgain adds a path that has an entry. An unchanged file keeps everything that is known about it.
func (l *Library) takeAgain(ctx context.Context, known, m backend.Model, o AddOptions) (backend.Model, error) {
	same := stampOf(known) == stampOf(m)
	if same && known.Deleted.IsZero() && known.State != backend.ModelMissing && known.State != backend.ModelChanged &&
		known.State != backend.ModelIncomplete && known.Starter == (known.Starter || o.Starter) {
		return known, nil
	}
	if !known.Deleted.IsZero() {
		if err := l.store.RestoreModel(ctx, known.ID); err != nil {
			return known, err
		}
	}
	m.ID, m.Added, m.Starter = known.ID, known.Added, known.Starter || o.Starter
	if o.Name == "" {
		m.Name = known.Name // perhaps a person's choice
	}
	if m.License == LicenseUnknown {
		m.License = known.License
	}
	if m.Source == "" {
		m.Source = known.Source
	}
	if same {
		m.SHA256 = known.SHA256
		if m.State == backend.ModelUnverified {
			m.State, m.Reason = l.verifiedState(ctx, m)
			if known.State == backend.ModelQuarantined {
				m.State, m.Reason = known.State, known.Reason
			}
		}
	}
	list, err := l.installed(ctx)
	if err != nil {
		return m, err
	}
	m.Name = unique(m.Name, m.Quant, list, m.ID)
	if err := l.store.UpdateModel(ctx, m); err != nil {
		return m, err
	}
	l.changed(m.ID)
	return l.store.Model(ctx, m.ID)
}

// takeTwin answers with the entry of an equal file; an entry whose own file is gone moves to the new place.
func (l *Library) takeTwin(ctx context.Context, same, m backend.Model, f found) (backend.Model, error) {
	if exists(same.Path) {
		return same, nil
	}
	same.Path, same.Owned, same.ModTime = m.Path, m.Owned, m.ModTime
	same.State, same.Reason = backend.ModelUnverified, reasonUnverified
	same.SHA256 = "" // computed again: only its header was compared
	if err := l.store.UpdateModel(ctx, same); err != nil {
		return same, err
	}
	l.changed(same.ID)
	return same, nil
}

const reasonUnverified = "its header was checked; it was not loaded yet"

// model makes the row of a new model.
func model(f found, o AddOptions) backend.Model {
	m := backend.Model{
		Name: f.file.Name, Kind: f.file.Kind, Family: f.file.Family, Format: f.file.Format, Quant: f.file.Quant,
		SizeBytes: f.size, License: f.file.License, Path: f.path, State: backend.ModelUnverified, Reason: reasonUnverified,
		Parameters: f.file.Parameters, ContextLength: f.file.ContextLength, Template: f.file.Template, Source: o.Source,
		Starter: o.Starter, ModTime: f.mod, Shape: f.file.Shape,
	}
	if o.Name != "" {
		m.Name = o.Name
	}
	if o.License != "" {
		m.License = o.License
	}
	m.SHA256 = o.Hashed
	if m.License == "" {
		m.License = LicenseUnknown
	}
	if m.Template != "" {
		sum := sha256.Sum256([]byte(m.Template))
		m.TemplateHash = hex.EncodeToString(sum[:])
	}
	if len(f.lacks) > 0 {
		m.State, m.Reason = backend.ModelIncomplete, lacking(f.lacks, len(f.parts))
	}
	return m
}

func lacking(parts []int, of int) string {
	if len(parts) == 1 {
		return fmt.Sprintf("part %d of %d is not beside it", parts[0], of)
	}
	if len(parts) > 8 {
		return fmt.Sprintf("%d of its %d parts are not beside it", len(parts), of)
	}
	words := make([]string, len(parts))
	for i, p := range parts {
		words[i] = fmt.Sprint(p)
	}
	last := len(words) - 1
	return fmt.Sprintf("parts %s and %s of %d are not beside it", strings.Join(words[:last], ", "), words[last], of)
}

// unique gives a model a name that no other installed one has: with its quantization, then with a number. self is not
// compared with.
func unique(name, quant string, list []backend.Model, self int64) string {
	if name == "" {
		name = "Model"
	}
	taken := func(s string) bool {
		return slices.ContainsFunc(list, func(m backend.Model) bool { return m.ID != self && strings.EqualFold(m.Name, s) })
	}
	if !taken(name) {
		return name
	}
	if quant != "" {
		if name += " " + quant; !taken(name) {
			return name
		}
	}
	for n := 2; ; n++ {
		if s := fmt.Sprintf("%s (%d)", name, n); !taken(s) {
			return s
		}
	}
}
