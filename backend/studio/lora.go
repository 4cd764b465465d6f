package studio

import (
	"context"
	"fmt"
	"slices"

	"loam/backend"
	"loam/backend/engine"
)

// loras looks the LoRAs of a request up. One of weight 0 is left out: it is as if it had never been there, to the last
// bit of the picture. kept are those that take part, in the order of the models.
func (s *Service) loras(ctx context.Context, r Request) (models []backend.Model, kept []LoRA, err error) {
	for _, l := range r.LoRAs {
		if l.Weight == 0 {
			continue
		}
		m, err := s.d.Models.LoRA(ctx, l.ModelID)
		if err != nil {
			return nil, nil, err
		}
		if slices.ContainsFunc(models, func(x backend.Model) bool { return x.ID == m.ID }) {
			return nil, nil, fmt.Errorf("the LoRA %s is asked for twice", m.Name)
		}
		if err := s.d.Models.CheckLoRA(ctx, m.ID, r.ModelID); err != nil {
			return nil, nil, err
		}
		models, kept = append(models, m), append(kept, l)
	}
	return models, kept, nil
}

// acted refuses a picture on which a LoRA had no effect, by the engine's own count: it is not what was asked for.
func acted(m backend.Model, loras []backend.Model, effects []engine.LoRAEffect) error {
	for _, l := range loras {
		i := slices.IndexFunc(effects, func(e engine.LoRAEffect) bool { return e.Path == l.Path })
		switch {
		case i < 0:
			return fmt.Errorf("the LoRA %s was not applied: the engine does not say that it read it", l.Name)
		case effects[i].Applied == 0:
			return fmt.Errorf("the LoRA %s changed nothing: %s has no place for any of its %d tensors, so it was made for another model",
				l.Name, m.Name, effects[i].Total)
		}
	}
	return nil
}
