package uitest

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/library"
)

// Models are model files in memory.
type Models struct {
	Tell func(event.Event) // hears what a library would tell on the bus; may be nil

	mu        sync.Mutex
	Files     map[string]backend.Model // what Add finds under a path; others are refused
	Installed []backend.Model
	Removed   []int64
	Chosen    int64
	Nearby    library.Around // what lies in the folders of other programs
}

// List implements pages.Models.
func (m *Models) List(context.Context) ([]backend.Model, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.DeleteFunc(slices.Clone(m.Installed), func(x backend.Model) bool { return slices.Contains(m.Removed, x.ID) })
	backend.StartersLast(list)
	return list, nil
}

// Add implements pages.Models.
func (m *Models) Add(_ context.Context, path string, _ library.AddOptions) (backend.Model, error) {
	m.mu.Lock()
	f, ok := m.Files[path]
	if i := slices.IndexFunc(m.Installed, func(x backend.Model) bool { return x.Path == path && !slices.Contains(m.Removed, x.ID) }); ok && i >= 0 {
		defer m.mu.Unlock()
		return m.Installed[i], nil
	}
	if ok {
		f.ID, f.Path = int64(len(m.Installed)+1), path
		m.Installed = append(m.Installed, f)
	}
	m.mu.Unlock()
	if !ok {
		return f, fmt.Errorf("add: %w", &backend.BadFile{Path: path, Reason: "it is text, not a model file"})
	}
	if m.Tell != nil {
		m.Tell(event.ModelChanged{ModelID: f.ID})
	}
	return f, nil
}

// Inspect implements pages.Models.
func (m *Models) Inspect(_ context.Context, path string) (backend.Model, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f, ok := m.Files[path]
	if !ok {
		return f, fmt.Errorf("inspect: %w", &backend.BadFile{Path: path, Reason: "it is text, not a model file"})
	}
	f.Path = path
	return f, nil
}

// AddFolder implements pages.Models.
func (m *Models) AddFolder(ctx context.Context, dir string, o library.AddOptions) (library.Folder, error) {
	var f library.Folder
	for path := range maps.Keys(m.Files) {
		if filepath.Dir(path) == dir {
			if x, err := m.Add(ctx, path, o); err == nil {
				f.Models = append(f.Models, x)
			}
		}
	}
	return f, nil
}

// FitLoRA implements pages.Models: LoRAs of 722 tensors fit the models of their family.
func (m *Models) FitLoRA(_ context.Context, loraID, modelID int64) (library.LoRAFit, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := library.LoRAFit{Total: 722, Counted: true}
	for _, x := range m.Installed {
		switch x.ID {
		case loraID:
			f.LoRA = x
		case modelID:
			f.Model = x
		}
	}
	if f.LoRA.ID == 0 || f.Model.ID == 0 {
		return f, backend.ErrNotFound
	}
	if f.Matched = 722; f.LoRA.Family != f.Model.Family {
		f.Matched, f.Reason = 0, "it was made for another kind of model"
	}
	return f, nil
}

// LoRAFits implements pages.Models.
func (m *Models) LoRAFits(ctx context.Context, loraID int64) ([]library.LoRAFit, error) {
	all, _ := m.List(ctx)
	var fits []library.LoRAFit
	for _, x := range all {
		if f, err := m.FitLoRA(ctx, loraID, x.ID); err == nil && x.Kind == backend.KindDiffusion {
			fits = append(fits, f)
		}
	}
	slices.SortStableFunc(fits, func(a, b library.LoRAFit) int { return b.Matched - a.Matched })
	return fits, nil
}

// AdapterFits implements pages.Models: adapters of 16 tensors fit the chat models of their family.
func (m *Models) AdapterFits(ctx context.Context, id int64) ([]library.LoRAFit, error) {
	all, _ := m.List(ctx)
	var fits []library.LoRAFit
	for _, a := range all {
		for _, x := range all {
			if a.ID != id || x.Kind != backend.KindChat {
				continue
			}
			f := library.LoRAFit{LoRA: a, Model: x, Matched: 16, Total: 16, Counted: true}
			if a.Family != x.Family {
				f.Matched, f.Reason = 0, "it was made for another kind of model"
			}
			fits = append(fits, f)
		}
	}
	return fits, nil
}

// Remove implements pages.Models.
func (m *Models) Remove(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Removed = append(m.Removed, id)
	return nil
}

// Restore implements pages.Models.
func (m *Models) Restore(_ context.Context, id int64) (backend.Model, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Removed = slices.DeleteFunc(m.Removed, func(x int64) bool { return x == id })
	return backend.Model{}, nil
}

// FreeNow implements pages.Models.
func (m *Models) FreeNow(context.Context, int64) error { return nil }

// Default implements pages.Models.
func (m *Models) Default(context.Context) (backend.Model, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, x := range m.Installed {
		if (m.Chosen == 0 || x.ID == m.Chosen) && x.Kind == backend.KindChat && !slices.Contains(m.Removed, x.ID) {
			return x, nil
		}
	}
	return backend.Model{}, backend.ErrNoModel
}

// SetDefault implements pages.Models.
func (m *Models) SetDefault(_ context.Context, id int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Chosen = id
	return nil
}

// MeasuredSpeed implements pages.Models.
func (m *Models) MeasuredSpeed(_ context.Context, id int64) (library.Speed, bool, error) {
	return library.Speed{Prompt: 900, Reply: 120}, id == 1, nil
}

// Around implements pages.Models.
func (m *Models) Around(context.Context) (library.Around, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.Nearby, nil
}

// LookAround implements pages.Models.
func (m *Models) LookAround(ctx context.Context) (library.Around, error) { return m.Around(ctx) }

// HideAround implements pages.Models.
func (m *Models) HideAround(context.Context) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Nearby.Hidden = true
	return nil
}

// Bring implements pages.Models.
func (m *Models) Bring(ctx context.Context, paths []string) (library.Folder, error) {
	var f library.Folder
	m.mu.Lock()
	near := m.Nearby.Models
	m.Nearby.Models = slices.DeleteFunc(slices.Clone(near), func(x library.FoundModel) bool { return slices.Contains(paths, x.Path) })
	if m.Files == nil {
		m.Files = map[string]backend.Model{}
	}
	m.mu.Unlock()
	for _, x := range near {
		if !slices.Contains(paths, x.Path) {
			continue
		}
		m.mu.Lock()
		m.Files[x.Path] = backend.Model{Name: x.Name, Kind: x.Kind, Family: x.Family, Quant: x.Quant, SizeBytes: x.SizeBytes, Source: x.Program, State: backend.ModelUnverified}
		m.mu.Unlock()
		if got, err := m.Add(ctx, x.Path, library.AddOptions{}); err == nil {
			f.Models = append(f.Models, got)
		}
	}
	return f, nil
}

// Copy implements pages.Models.
func (m *Models) Copy(_ context.Context, id int64) (backend.Model, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.Installed {
		if m.Installed[i].ID == id {
			m.Installed[i].Owned = true
			return m.Installed[i], nil
		}
	}
	return backend.Model{}, backend.ErrNotFound
}

// CancelCopy implements pages.Models.
func (m *Models) CancelCopy(int64) {}

// Engines is a loaded model that is only a state.
type Engines struct {
	mu      sync.Mutex
	Now     event.EngineChanged
	Retried int
	Emptied int
}

// State implements pages.Engines.
func (e *Engines) State() event.EngineChanged {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.Now
}

// Unload implements pages.Engines.
func (e *Engines) Unload(context.Context) { e.mu.Lock(); defer e.mu.Unlock(); e.Emptied++ }

// Retry implements pages.Engines.
func (e *Engines) Retry() { e.mu.Lock(); defer e.mu.Unlock(); e.Retried++ }

// System is a machine and settings in memory.
type System struct {
	Is     hardware.Machine
	Report hardware.Report
	Traits engine.PictureInfo // zero = of an engine that can do everything

	Engine app.EngineChoice // of every model

	Embedding []backend.Model // that find passages

	Contexts int // chats whose context is kept
	Removed  int // chats in the trash

	Care // of models

	mu     sync.Mutex
	values map[string][]byte
}

// States implements pages.System.
func (s *System) States() (int64, int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return int64(s.Contexts) * 94_000_000, s.Contexts, nil
}

// ClearStates implements pages.System.
func (s *System) ClearStates() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Contexts = 0
	return nil
}

// Trashed implements pages.System.
func (s *System) Trashed(context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Removed, nil
}

// EmptyTrash implements pages.System.
func (s *System) EmptyTrash(context.Context) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.Removed
	s.Removed = 0
	return n, nil
}

// EngineOf implements pages.System.
func (s *System) EngineOf(context.Context, backend.Model) (app.EngineChoice, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Engine, nil
}

// EmbeddingModels implements pages.System.
func (s *System) EmbeddingModels(context.Context) ([]backend.Model, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Embedding, nil
}

// SetModelEngine implements pages.System.
func (s *System) SetModelEngine(_ context.Context, _ int64, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Engine.Chosen = name
	return nil
}

// Machine implements pages.System.
func (s *System) Machine(context.Context) hardware.Machine { return s.Is }

// Doctor implements pages.System.
func (s *System) Doctor(context.Context) (hardware.Report, error) { return s.Report, nil }

// CheckModel implements pages.System: what is checked passes.
func (s *System) CheckModel(_ context.Context, id int64) (backend.Model, error) {
	return backend.Model{ID: id, Name: "Checked", State: backend.ModelReady}, nil
}

// PictureTraits implements pages.System.
func (s *System) PictureTraits(context.Context) (engine.PictureInfo, error) {
	if s.Traits.Engine.Engine == "" {
		return engine.PictureInfo{
			Engine:       backend.EngineInfo{Engine: "sd-pack"},
			Capabilities: engine.PictureCapabilities{Progress: true, Cancel: true, Preview: true, Init: true, Mask: true, LoRA: true, Upscale: true},
			Samplers:     []string{"euler", "euler_a", "heun"}, Schedulers: []string{"discrete", "karras"},
		}, nil
	}
	return s.Traits, nil
}

// ModelsFolder implements pages.System.
func (s *System) ModelsFolder(context.Context) (used, free int64) { return 98e6, 210e9 }

// Setting implements pages.System.
func (s *System) Setting(_ context.Context, key string, v any) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b, ok := s.values[key]
	if !ok {
		return false, nil
	}
	return true, json.Unmarshal(b, v)
}

// SetSetting implements pages.System.
func (s *System) SetSetting(_ context.Context, key string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.values == nil {
		s.values = map[string][]byte{}
	}
	s.values[key] = b
	return nil
}

// Starter is a model like the one that Loam brings.
func Starter(id int64) backend.Model {
	return backend.Model{
		ID: id, Name: "SmolLM2 135M Instruct", Kind: backend.KindChat, Family: "llama", Format: "gguf", Quant: "Q4_1",
		SizeBytes: 98e6, License: "Apache-2.0", Path: "/home/ada/.local/share/loam/models/SmolLM2-135M-Instruct.Q4_1.gguf",
		State: backend.ModelReady, Starter: true, Owned: true,
	}
}
