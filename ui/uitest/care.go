package uitest

import (
	"context"
	"sync"

	"loam/backend"
)

// Care plans loads of a machine of 16 GB in memory.
type Care struct {
	Plan backend.LoadPlan // of every model; the choice is filled in

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
