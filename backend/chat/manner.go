package chat

import (
	"context"
	"fmt"

	"loam/backend/event"
)

// Manner is how a person wants a model to be spoken to. The zero value leaves everything to the model's own template.
type Manner struct {
	Format   string `json:"format,omitempty"`   // a named format in place of the model's template
	Thinking string `json:"thinking,omitempty"` // "on", "off"; "" = as the template has it
	Effort   string `json:"effort,omitempty"`   // of thinking, in the template's words; "" = its own
}

func mannerKey(modelID int64) string { return fmt.Sprintf("model.%d.manner", modelID) }

// Manner is how a model is spoken to.
func (s *Service) Manner(ctx context.Context, modelID int64) (Manner, error) {
	var m Manner
	_, err := s.store.Setting(ctx, mannerKey(modelID), &m)
	return m, err
}

// SetManner changes how a model is spoken to, from its next reply on.
func (s *Service) SetManner(ctx context.Context, modelID int64, m Manner) error {
	var v any = m
	if m == (Manner{}) {
		v = nil
	}
	if err := s.store.SetSetting(ctx, mannerKey(modelID), v); err != nil {
		return err
	}
	s.bus.Deliver(event.ModelChanged{ModelID: modelID})
	return nil
}
