package chat

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"loam/backend"
)

// Preset is a way to talk to a model that a person named: what it is told first, and how its words are drawn.
type Preset struct {
	Name     string            `json:"name"`
	System   string            `json:"system,omitempty"`
	Sampling *backend.Sampling `json:"sampling,omitempty"` // nil = what the model recommends
	ModelID  int64             `json:"model,omitempty"`    // that goes with it; 0 = whichever the chat has
	// Always names the models whose new chats begin with it.
	Always []int64 `json:"always,omitempty"`
}

// keyPresets is the setting that holds them.
const keyPresets = "chat.presets"

// The bounds of presets.
const (
	maxPresets    = 200
	maxPresetName = 64 // bytes
)

// ErrPresets is returned where there are as many presets as Loam keeps.
var ErrPresets = errors.New("there are 200 presets already: remove one first")

// Presets are those that were saved, by name.
func (s *Service) Presets(ctx context.Context) ([]Preset, error) {
	var list []Preset
	if _, err := s.store.Setting(ctx, keyPresets, &list); err != nil {
		return nil, fmt.Errorf("read presets: %w", err)
	}
	return list, nil
}

// SavePreset stores a preset; one of the same name gives way. A model that others began with begins with this one then.
func (s *Service) SavePreset(ctx context.Context, p Preset) error {
	p.Name = strings.Join(strings.Fields(clean(p.Name)), " ")
	if len(p.Name) > maxPresetName {
		p.Name = strings.TrimSpace(strings.ToValidUTF8(p.Name[:maxPresetName], ""))
	}
	if p.Name == "" {
		return errors.New("save preset: it has no name")
	}
	p.System = clean(p.System)
	return s.changePresets(ctx, func(list []Preset) ([]Preset, error) {
		list = slices.DeleteFunc(list, func(o Preset) bool { return strings.EqualFold(o.Name, p.Name) })
		if len(list) >= maxPresets {
			return nil, ErrPresets
		}
		for i := range list {
			list[i].Always = slices.DeleteFunc(list[i].Always, func(id int64) bool { return slices.Contains(p.Always, id) })
		}
		list = append(list, p)
		backend.SortByName(list, func(p Preset) string { return p.Name })
		return list, nil
	})
}

// RemovePreset forgets a preset. Chats that were begun with it stay as they are.
func (s *Service) RemovePreset(ctx context.Context, name string) error {
	return s.changePresets(ctx, func(list []Preset) ([]Preset, error) {
		return slices.DeleteFunc(list, func(p Preset) bool { return p.Name == name }), nil
	})
}

func (s *Service) changePresets(ctx context.Context, change func([]Preset) ([]Preset, error)) error {
	s.changing.Lock() // nobody's change is written over by another's
	defer s.changing.Unlock()
	list, err := s.Presets(ctx)
	if err != nil {
		return err
	}
	if list, err = change(list); err != nil {
		return err
	}
	if err := s.store.SetSetting(ctx, keyPresets, list); err != nil {
		return fmt.Errorf("store presets: %w", err)
	}
	return nil
}
