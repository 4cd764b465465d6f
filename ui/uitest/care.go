package uitest

import (
	"context"
	"slices"
	"sync"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/catalogue"
	"loam/backend/hardware"
	"loam/backend/library"
)

// Care plans loads of a machine of 16 GB in memory.
type Care struct {
	Plan backend.LoadPlan // of every model; the choice is filled in

	Lists  []catalogue.Catalogue
	Advice []app.Recommendation // of every kind
	Gone   []app.RemovedModel   // can be brought back
	Got    []string             // models of catalogues that were to be downloaded
	Moved  []string             // where the models folder was moved to
	Refuse error                // of the next move

	careMu  sync.Mutex
	choices map[int64]backend.LoadChoice
}

// PlanModel implements pages.ModelCare.
func (c *Care) PlanModel(_ context.Context, m backend.Model) (backend.LoadPlan, error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	p := c.Plan
	if p.Fit == "" {
		p = backend.LoadPlan{
			Context: 8192, ContextOwn: 32768, KVType: "f16", Layers: 32, Fit: backend.LoadFits,
			Devices: []backend.DeviceUse{{Name: "Memory", Total: 16 << 30, Others: 6 << 30, Loam: 200 << 20, Model: 5 << 30, Free: 5<<30 - 200<<20}},
			Reasons: []string{"Context 8,192 of 32,768: enough for long conversations. Choose more if you need it."},
		}
	}
	p.Choice = c.choices[m.ID]
	if p.Choice.Context > 0 {
		p.Context = p.Choice.Context
	}
	return p, nil
}

// SetModelChoice implements pages.ModelCare.
func (c *Care) SetModelChoice(_ context.Context, id int64, choice backend.LoadChoice) error {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	if c.choices == nil {
		c.choices = map[int64]backend.LoadChoice{}
	}
	c.choices[id] = choice
	return nil
}

// Catalogues implements pages.ModelCare.
func (c *Care) Catalogues(context.Context) ([]catalogue.Catalogue, error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	return slices.Clone(c.Lists), nil
}

// AddCatalogue implements pages.ModelCare.
func (c *Care) AddCatalogue(_ context.Context, path string) (catalogue.Catalogue, error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	got := catalogue.Catalogue{Name: "Example Ltd", File: path, Models: []catalogue.Entry{{ID: "m", Name: "Our model"}}}
	c.Lists = append(c.Lists, got)
	return got, nil
}

// RemoveCatalogue implements pages.ModelCare.
func (c *Care) RemoveCatalogue(_ context.Context, name string) (undo func() error, err error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	was := slices.Clone(c.Lists)
	c.Lists = slices.DeleteFunc(c.Lists, func(x catalogue.Catalogue) bool { return x.Name == name })
	return func() error {
		c.careMu.Lock()
		defer c.careMu.Unlock()
		c.Lists = was
		return nil
	}, nil
}

// Recommend implements pages.ModelCare.
func (c *Care) Recommend(_ context.Context, kind backend.ModelKind) ([]app.Recommendation, error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	var list []app.Recommendation
	for _, r := range c.Advice {
		if r.Entry.Kind == kind {
			list = append(list, r)
		}
	}
	return list, nil
}

// Get implements pages.ModelCare.
func (c *Care) Get(_ context.Context, e catalogue.Entry) error {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	c.Got = append(c.Got, e.ID)
	return nil
}

// RemovedModels implements pages.ModelCare.
func (c *Care) RemovedModels(context.Context) ([]app.RemovedModel, error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	return slices.Clone(c.Gone), nil
}

// ModelsDir implements pages.ModelCare.
func (c *Care) ModelsDir() string {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	if n := len(c.Moved); n > 0 {
		return c.Moved[n-1]
	}
	return "/home/ada/.local/share/loam/models"
}

// MoveModels implements pages.ModelCare.
func (c *Care) MoveModels(_ context.Context, to string, progress func(done, total int64)) (library.MovePlan, error) {
	c.careMu.Lock()
	defer c.careMu.Unlock()
	if c.Refuse != nil {
		return library.MovePlan{}, c.Refuse
	}
	progress(1, 1)
	c.Moved = append(c.Moved, to)
	return library.MovePlan{To: to}, nil
}

// Bill implements pages.ModelCare.
func (c *Care) Bill(context.Context) ([]byte, error) { return []byte("{}"), nil }

// ReportText implements pages.ModelCare.
func (c *Care) ReportText(_ context.Context, r hardware.Report) string {
	return r.Text("0.1.0", hardware.Private{Home: "/home/ada", User: "ada"})
}
