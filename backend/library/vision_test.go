package library_test

import (
	"testing"

	"loam/backend"
	"loam/backend/library"
)

func TestProjectorFindsItsChatModel(t *testing.T) {
	chat := func(id int64, name string, width int) backend.Model {
		return backend.Model{ID: id, Name: name, Kind: backend.KindChat, Shape: backend.ModelShape{Embedding: width}}
	}
	projector := func(name string, width int) backend.Model {
		return backend.Model{ID: 99, Name: name, Kind: backend.KindProjector, Shape: backend.ModelShape{Embedding: width}}
	}
	all := []backend.Model{chat(1, "Gemma 3 4B it", 2560), chat(2, "Qwen2.5 VL 7B Instruct", 3584), chat(3, "Qwen2.5 7B Instruct", 3584), chat(4, "Llama 3.2 1B", 2048)}
	for name, tt := range map[string]struct {
		of   backend.Model
		want int64
	}{
		"by its width alone":           {projector("mmproj model f16", 2560), 1},
		"by its name among equals":     {projector("mmproj Qwen2.5 VL 7B", 3584), 2},
		"none of that width":           {projector("mmproj Gemma 3 4B", 1234), 0},
		"names that do not tell":       {projector("mmproj f16", 3584), 0},
		"by its name, width not known": {projector("mmproj Llama 3.2 1B", 0), 4},
	} {
		got, ok := library.ChatOf(tt.of, append(all, tt.of))
		if got.ID != tt.want || ok != (tt.want != 0) {
			t.Errorf("%s: %q", name, got.Name)
		}
		if p, back := library.ProjectorOf(got, append(all, tt.of)); ok && (!back || p.ID != 99) {
			t.Errorf("%s: the way back finds %q", name, p.Name)
		}
	}
}
