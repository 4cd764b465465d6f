package chat

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"loam/backend"
	"loam/backend/engine"
)

// adapter is a LoRA that a reply is written with.
type adapter struct {
	model  backend.Model
	weight float32
}

// adaptersOf are the LoRAs of a chat that are on, in their order. One that is gone is an *Unusable.
func (s *Service) adaptersOf(ctx context.Context, c backend.Chat) ([]adapter, error) {
	var list []adapter
	for _, u := range c.Adapters {
		if !u.Active() {
			continue
		}
		m, err := s.adapter(ctx, u.ModelID)
		if err != nil {
			return nil, err
		}
		list = append(list, adapter{m, u.Weight})
	}
	return list, nil
}

// recorded are the LoRAs of a record; false when one of them is not what it was.
func (s *Service) recorded(ctx context.Context, refs []backend.AdapterRef) ([]adapter, bool) {
	var list []adapter
	for _, ref := range refs {
		m, err := s.adapter(ctx, ref.ID)
		if err != nil || !sameFile(ref.ModelRef, m) {
			return nil, false
		}
		list = append(list, adapter{m, ref.Weight})
	}
	return list, true
}

func (s *Service) adapter(ctx context.Context, id int64) (backend.Model, error) {
	m, err := s.models.Get(ctx, id)
	switch {
	case errors.Is(err, backend.ErrNotFound):
		return m, &Unusable{Model: backend.Model{Name: "A LoRA of this chat", Kind: backend.KindAdapter}, Reason: "it was removed"}
	case err != nil:
		return m, err
	case !m.Deleted.IsZero():
		return m, &Unusable{Model: m, Reason: "it was removed"}
	case m.Kind != backend.KindAdapter:
		return m, &Unusable{Model: m, Reason: "it is no LoRA for chat models"}
	case m.State == backend.ModelMissing, m.State == backend.ModelQuarantined:
		return m, &Unusable{Model: m, Reason: m.Reason}
	}
	return m, nil
}

// weights are adapters as an engine is given them, refs as a record names them.
func weights(list []adapter) []engine.AdapterWeight {
	var out []engine.AdapterWeight
	for _, a := range list {
		out = append(out, engine.AdapterWeight{Path: a.model.Path, Weight: a.weight})
	}
	return out
}

func refs(list []adapter) []backend.AdapterRef {
	var out []backend.AdapterRef
	for _, a := range list {
		out = append(out, backend.AdapterRef{ModelRef: a.model.Ref(), Weight: a.weight})
	}
	return out
}

// author is who a reply is signed by: the model and the LoRAs it was written with.
func author(m backend.Model, list []adapter) string {
	name := m.Name
	for _, a := range list {
		name += " + " + a.model.Name + " " + strconv.FormatFloat(float64(a.weight), 'g', 3, 32)
	}
	return name
}

// SetAdapters chooses the LoRAs of a chat. The next reply is written with them.
func (s *Service) SetAdapters(ctx context.Context, chatID int64, list []backend.AdapterUse) error {
	return s.change(ctx, chatID, func(c *backend.Chat) { c.Adapters = slices.Clone(list) })
}
