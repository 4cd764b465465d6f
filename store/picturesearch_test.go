package store_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/store/storetest"
)

func TestPicturesAreFoundByTheirPrompts(t *testing.T) {
	s := storetest.New(t)
	ids := map[string]int64{}
	for _, prompt := range []string{
		"a lighthouse at dusk, oil on canvas", "Crème brûlée, studio light", "夕暮れの灯台", "灯台", "100% cotton -> wool", "a lamp, light at dusk",
	} {
		p, err := s.AddPicture(t.Context(), backend.Picture{Prompt: prompt, SHA256: "ab", Settings: []byte("{}"), Width: 64, Height: 64, Seed: 1 << 63})
		if err != nil {
			t.Fatal(err)
		}
		ids[prompt] = p.ID
	}
	for query, want := range map[string][]string{
		"lighthouse":      {"a lighthouse at dusk, oil on canvas"},
		"ligh":            {"a lamp, light at dusk", "Crème brûlée, studio light", "a lighthouse at dusk, oil on canvas"},
		"DUSK light":      {"a lamp, light at dusk", "a lighthouse at dusk, oil on canvas"},
		`"light at dusk"`: {"a lamp, light at dusk"},
		"brulee":          {"Crème brûlée, studio light"},
		"灯":               {"灯台", "夕暮れの灯台"},
		"灯台":              {"灯台", "夕暮れの灯台"},
		"夕暮れ":             {"夕暮れの灯台"},
		"ghthou":          {"a lighthouse at dusk, oil on canvas"},
		"->":              {"100% cotton -> wool"},
		"nothing":         nil,
		"":                nil,
	} {
		hits, err := s.SearchPictures(t.Context(), query, 10)
		if err != nil {
			t.Errorf("%q: %v", query, err)
			continue
		}
		var got []string
		for _, h := range hits {
			got = append(got, h.Snippet)
			if h.Picture.ID != ids[h.Picture.Prompt] || h.Picture.Seed != 1<<63 || len(h.Marks) == 0 {
				t.Errorf("%q: %+v", query, h)
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%q: %s", query, d)
		}
	}
	if hits, err := s.SearchPictures(t.Context(), "dusk", 1); err != nil || len(hits) != 1 {
		t.Errorf("%d hits, %v", len(hits), err)
	}
	if err := s.IntegrityCheck(t.Context()); err != nil {
		t.Error(err)
	}
}
