package cli

import (
	"encoding/json"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/imagemeta"
)

// paintings is a terminal whose pictures come from the fake engine.
func paintings(t *testing.T, m enginetest.PictureModel) *terminal {
	t.Helper()
	term := newTerminal(t, enginetest.Model{Length: 4})
	path := enginetest.WritePictureModel(t, t.TempDir(), m)
	addPictureModel(t, term, path)
	return term
}

func TestImageDrawsWhatItIsAskedFor(t *testing.T) {
	term := paintings(t, enginetest.PictureModel{Family: "sd1"})
	to := filepath.Join(t.TempDir(), "out.png")
	out, stderr, code := term.run(t.Context(), "image", "--json", "--seed", "7", "--size", "64x128", "--steps", "3", "--count", "2", "-o", to, "a lighthouse")
	if code != 0 {
		t.Fatalf("code %d, %q", code, stderr)
	}
	var r imageJSON
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Files) != 2 || r.Seed != 7 || r.Steps != 3 || r.Engine != enginetest.PicturesName {
		t.Errorf("%+v", r)
	}
	for i, name := range []string{"out-1.png", "out-2.png"} {
		f, err := os.Open(filepath.Join(filepath.Dir(to), name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		m, err := imagemeta.ReadPNG(f)
		if err != nil || m.Receipt == nil || m.Receipt.Settings.Seed != uint64(7+i) || !strings.Contains(m.Parameters, "a lighthouse") {
			t.Errorf("%s: %v, %+v", name, err, m.Receipt)
		}
		if _, err := f.Seek(0, 0); err != nil {
			t.Fatal(err)
		}
		if c, err := png.DecodeConfig(f); err != nil || c.Width != 64 || c.Height != 128 {
			t.Errorf("%s is %dx%d, %v", name, c.Width, c.Height, err)
		}
	}
	again, _, _ := term.run(t.Context(), "image", "--seed", "7", "--size", "64x128", "--steps", "3", "a lighthouse")
	if same, err := os.ReadFile(strings.TrimSpace(again)); err != nil || len(same) == 0 {
		t.Errorf("without JSON it prints %q: %v", again, err)
	}
}

func TestImageFailsInOneLine(t *testing.T) {
	for name, c := range map[string]struct {
		model enginetest.PictureModel
		args  []string
		says  string
	}{
		"uniform":     {enginetest.PictureModel{Uniform: true}, []string{"image", "--steps", "2", "x"}, "all one colour"},
		"death":       {enginetest.PictureModel{DieAt: 1}, []string{"image", "--steps", "2", "x"}, "stopped"},
		"size":        {enginetest.PictureModel{}, []string{"image", "--size", "big", "x"}, "not like 512x512"},
		"strange":     {enginetest.PictureModel{}, []string{"image", "--size", "33x33", "--steps", "1", "x"}, "multiples of 8"},
		"other model": {enginetest.PictureModel{}, []string{"image", "-m", "nothing like it", "x"}, "nothing like it"},
		"no LoRA":     {enginetest.PictureModel{}, []string{"image", "x <lora:ghost:1>"}, "ghost"},
	} {
		t.Run(name, func(t *testing.T) {
			term := paintings(t, c.model)
			out, stderr, code := term.run(t.Context(), c.args...)
			if code == 0 || out != "" || !strings.Contains(stderr, c.says) || strings.Count(strings.TrimSpace(stderr), "\n") != 0 {
				t.Errorf("code %d, stdout %q, stderr %q", code, out, stderr)
			}
		})
	}
}

func TestImageWithoutAModelSaysHowToAddOne(t *testing.T) {
	term := newTerminal(t, enginetest.Model{Length: 4})
	_, stderr, code := term.run(t.Context(), "image", "x")
	if code == 0 || !strings.Contains(stderr, "loam models add") {
		t.Errorf("code %d, %q", code, stderr)
	}
}

func TestBenchImageMeasuresWithoutKeeping(t *testing.T) {
	term := paintings(t, enginetest.PictureModel{StepMS: 2})
	out, stderr, code := term.run(t.Context(), "bench", "image", "--json", "--runs", "2", "--size", "64x64", "--steps", "3")
	if code != 0 {
		t.Fatalf("code %d, %q", code, stderr)
	}
	var r benchReport
	if err := json.Unmarshal([]byte(out), &r); err != nil {
		t.Fatal(err)
	}
	if r.Bench != "image" || len(r.Figures) != 5 || !strings.Contains(r.Figures[2].Name, "step at 64x64") {
		t.Errorf("%+v", r)
	}
	if ps, err := filepath.Glob(filepath.Join(term.data, "pictures", "*.png")); err != nil || len(ps) != 0 {
		t.Errorf("%d pictures were kept, %v", len(ps), err)
	}
}

// addPictureModel registers a file of the fake picture engine: the library would refuse what is no model file.
func addPictureModel(t *testing.T, term *terminal, path string) {
	t.Helper()
	a := term.look(t, false)
	m, err := a.Store.AddModel(t.Context(), backend.Model{
		Name: "painter", Kind: backend.KindDiffusion, Family: "sd1", Path: path, State: backend.ModelUnverified,
		Shape: backend.ModelShape{HasEncoder: true, HasVAE: true},
	})
	if err != nil || m.ID == 0 {
		t.Fatalf("model %d: %v", m.ID, err)
	}
}
