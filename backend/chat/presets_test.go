package chat

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
)

func TestPresetsAreKeptByNameAndOneBeginsAModelsChats(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		calm := backend.Sampling{Temperature: 0.2, TopP: 1}
		for _, p := range []Preset{
			{Name: "  Writer \n", System: "Write well.\x00", ModelID: 3, Always: []int64{3, 4}},
			{Name: "coder", Sampling: &calm},
			{Name: "Brief", System: "Be brief.", Always: []int64{4}},
			{Name: "CODER", System: "Write Go.", Sampling: &calm},
		} {
			if err := h.SavePreset(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		got, err := h.Presets(ctx)
		want := []Preset{
			{Name: "Brief", System: "Be brief.", Always: []int64{4}},
			{Name: "CODER", System: "Write Go.", Sampling: &calm},
			{Name: "Writer", System: "Write well.", ModelID: 3, Always: []int64{3}},
		}
		for i := range got {
			got[i].System = strings.TrimRight(got[i].System, "\uFFFD")
		}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Errorf("%v %s", err, d)
		}
		if err := h.RemovePreset(ctx, "Brief"); err != nil {
			t.Fatal(err)
		}
		if got, err = h.Presets(ctx); err != nil || len(got) != 2 {
			t.Errorf("%d presets, %v", len(got), err)
		}
		if err := h.SavePreset(ctx, Preset{Name: " \t"}); err == nil {
			t.Error("a preset without a name was stored")
		}
	})
}

func TestPresetsAreBounded(t *testing.T) {
	inBubble(t, func(t *testing.T, h *house) {
		for i := range maxPresets {
			if err := h.SavePreset(t.Context(), Preset{Name: fmt.Sprint("preset ", i)}); err != nil {
				t.Fatal(err)
			}
		}
		if err := h.SavePreset(t.Context(), Preset{Name: "one more"}); !errors.Is(err, ErrPresets) {
			t.Error(err)
		}
		if err := h.SavePreset(t.Context(), Preset{Name: "preset 7", System: "changed"}); err != nil {
			t.Error(err)
		}
	})
}
