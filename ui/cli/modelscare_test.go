package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/assets"
	"loam/backend/app"
	"loam/backend/engine/enginetest"
)

func TestTheBillOfMaterialsIsWritten(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	out, errs, code := term.run(t.Context(), "bom")
	if code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, `"machine-learning-model"`) || strings.Contains(out, term.data) {
		t.Errorf("%d, %s\n%.400s", code, errs, out)
	}
	file := filepath.Join(t.TempDir(), "bom.json")
	if _, errs, code := term.run(t.Context(), "bom", "-o", file); code != 0 {
		t.Fatal(errs)
	}
	if b, err := os.ReadFile(file); err != nil || !bytes.Contains(b, []byte(`"specVersion": "1.6"`)) {
		t.Errorf("%v: %.200s", err, b)
	}
	if _, errs, code := term.run(t.Context(), "bom", "-o", filepath.Join(file, "no", "folder")); code == 0 || strings.Count(errs, "\n") != 1 {
		t.Errorf("%d, %s", code, errs)
	}
}

func TestModelsMoveOnlyWithoutAWindow(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	if _, errs, code := term.run(t.Context(), "models", "add", fakeModel(t, enginetest.Model{Length: 3})); code != 0 {
		t.Fatal(errs)
	}
	to := filepath.Join(t.TempDir(), "disk")
	out, errs, code := term.run(t.Context(), "models", "move", to)
	if code != 0 || !strings.Contains(out, "Moved ") {
		t.Fatalf("%d, %s %s", code, out, errs)
	}
	if out, _, _ := term.run(t.Context(), "models", "list", "--json"); !strings.Contains(out, filepath.Base(filepath.Dir(to))) {
		t.Errorf("no model is in the new folder:\n%s", out)
	}
	a := term.look(t, true)
	if a.ModelsDir() != to {
		t.Errorf("the window's folder is %s, want %s", a.ModelsDir(), to)
	}
	if _, errs, code := term.run(t.Context(), "models", "move", filepath.Join(term.data, "models")); code == 0 || !strings.Contains(errs, "Close it, or move the models in its settings") {
		t.Errorf("%d, %s", code, errs)
	}
}

func TestCataloguesAreListedAddedAndTakenAway(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	builtIn, err := assets.FS.ReadFile("catalogue/loam.json")
	if err != nil {
		t.Fatal(err)
	}
	term.change = func(d *app.Deps) { d.Catalogue = builtIn }
	out, errs, code := term.run(t.Context(), "models", "catalogue")
	if code != 0 || !strings.Contains(out, "Qwen3.5 4B") || !strings.Contains(out, "Apache-2.0") || !strings.Contains(out, "about ") {
		t.Errorf("%d, %s\n%s", code, errs, out)
	}
	t.Log("\n" + out)
	file := filepath.Join(t.TempDir(), "firm.json")
	text := `{"schema":1,"name":"Example Ltd","models":[{"id":"m","name":"Our model","kind":"chat","repo":"a/b","files":[{"path":"m.gguf"}],"license":"mit","good_for":"Tests.","parameters":100000000,"quant":"Q8_0"}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, errs, code := term.run(t.Context(), "models", "catalogue", "add", file); code != 0 || out != "Added the catalogue Example Ltd with 1 model.\n" {
		t.Errorf("%d, %s %s", code, out, errs)
	}
	out, _, _ = term.run(t.Context(), "models", "catalogue", "list", "--json")
	var list []struct{ Name, Catalogue, Verdict string }
	if err := json.Unmarshal([]byte(out), &list); err != nil || len(list) < 20 || list[0].Name != "Our model" || list[0].Catalogue != "Example Ltd" {
		t.Errorf("%v, %+v", err, list)
	}
	if _, errs, code := term.run(t.Context(), "models", "catalogue", "rm", "Example Ltd"); code != 0 {
		t.Error(errs)
	}
	if _, errs, code := term.run(t.Context(), "models", "catalogue", "rm", "Example Ltd"); code == 0 || !strings.Contains(errs, "no such catalogue") {
		t.Errorf("%d, %s", code, errs)
	}
}

func TestTheReportToPassOnTellsNoPath(t *testing.T) {
	term := newTerminal(t, enginetest.Model{})
	out, errs, _ := term.run(t.Context(), "doctor", "--report")
	if !strings.Contains(out, "[ok]") || strings.Contains(out, term.data) || strings.Contains(out, filepath.Base(term.data)) || strings.Contains(out, "Tiny Test") {
		t.Errorf("%s\n%s", errs, out)
	}
}
