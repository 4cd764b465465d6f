package library_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/library"
)

func TestALoRAIsComparedWithTheSetThatIsInstalled(t *testing.T) {
	files, err := tinypicture.Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	l := open(t)
	id := map[string]int64{}
	for _, path := range []string{files.Diffusion, files.T5, files.TAE, files.LoRAKohya, files.LoRADiffusers, files.LoRAOther} {
		seen, err := l.Inspect(t.Context(), path)
		if err != nil || seen.ID != 0 {
			t.Fatalf("%s: %v, id %d before it is added", path, err, seen.ID)
		}
		m, err := l.Add(t.Context(), path, library.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := l.Inspect(t.Context(), path); err != nil || again.ID != m.ID || again.Kind != m.Kind || again.Shape != m.Shape {
			t.Errorf("%s: %+v, %v", path, again, err)
		}
		id[path] = m.ID
	}
	for path, want := range map[string]library.LoRAFit{
		files.LoRAKohya:     {Matched: tinypicture.TensorsKohya, Total: tinypicture.TensorsKohya, Counted: true},
		files.LoRADiffusers: {Matched: tinypicture.TensorsDiffusers, Total: tinypicture.TensorsDiffusers, Counted: true},
		files.LoRAOther:     {Total: tinypicture.TensorsOther, Counted: true},
	} {
		for range 2 { // the second answer is remembered
			got, err := l.FitLoRA(t.Context(), id[path], id[files.Diffusion])
			if err != nil {
				t.Fatal(err)
			}
			if got.LoRA.ID != id[path] || got.Model.ID != id[files.Diffusion] || got.Fits() != (want.Matched > 0) {
				t.Errorf("%s: %+v", path, got)
			}
			if d := cmp.Diff([]int{want.Matched, want.Total}, []int{got.Matched, got.Total}); d != "" || got.Counted != want.Counted {
				t.Errorf("%s: %s", path, d)
			}
		}
		all, err := l.LoRAFits(t.Context(), id[path])
		if err != nil || len(all) != 1 || all[0].Fits() != (want.Matched > 0) {
			t.Errorf("%s: %+v, %v", path, all, err)
		}
	}
	other, err := l.Get(t.Context(), id[files.LoRAOther])
	if err != nil || other.Shape.Rank != 4 {
		t.Errorf("the one for another model is %q of rank %d, %v", other.Family, other.Shape.Rank, err)
	}
	if _, err := l.FitLoRA(t.Context(), id[files.T5], id[files.Diffusion]); err == nil || !strings.Contains(err.Error(), "no LoRA") {
		t.Errorf("a text encoder as LoRA: %v", err)
	}
	if _, err := l.FitLoRA(t.Context(), id[files.LoRAKohya], id[files.T5]); err == nil {
		t.Error("a text encoder as base is no error")
	}
}
