package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/library"
)

// addFake takes a model in that steers the fake engine.
func addFake(t *testing.T, a *App, m enginetest.Model) backend.Model {
	t.Helper()
	got, err := a.Library.Add(t.Context(), fakeModel(t, t.TempDir(), m), library.AddOptions{Name: "Fake"})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestModelThatAnEngineOpensIsVerified(t *testing.T) {
	a := open(t, t.TempDir())
	m := addFake(t, a, enginetest.Model{Length: 5})
	got, err := a.CheckModel(t.Context(), m.ID)
	if err != nil || got.State != backend.ModelReady {
		t.Errorf("%s, %q, %v; want ready", got.State, got.Reason, err)
	}
	if d, err := a.Library.Default(t.Context()); err != nil || d.ID != m.ID {
		t.Errorf("the default is %d, %v", d.ID, err)
	}
}

func TestModelThatKillsItsEngineIsPutAsideAndCheckedAgain(t *testing.T) {
	a := open(t, t.TempDir())
	m := addFake(t, a, enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtLoad, Do: enginetest.DoAbort}}})
	got, err := a.CheckModel(t.Context(), m.ID)
	if err != nil || got.State != backend.ModelQuarantined || !strings.Contains(got.Reason, "the engine stopped") {
		t.Fatalf("%s, %q, %v; want it put aside", got.State, got.Reason, err)
	}
	// The person gets a better file under the same name.
	if _, err := os.Stat(fakeModel(t, filepath.Dir(m.Path), enginetest.Model{Length: 5})); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Library.Add(t.Context(), m.Path, library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, err = a.CheckModel(t.Context(), m.ID); err != nil || got.State != backend.ModelReady {
		t.Errorf("checked again: %s, %q, %v", got.State, got.Reason, err)
	}
}

func TestFileThatBrokeIsPutAsideWithItsReason(t *testing.T) {
	a := open(t, t.TempDir())
	m := addFake(t, a, enginetest.Model{})
	b, err := os.ReadFile(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	copy(b, "XXXX") // in place, with the old size and time
	info, err := os.Stat(m.Path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(m.Path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(m.Path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	got, err := a.CheckModel(t.Context(), m.ID)
	// Where the file was hashed before, its change is told by that; else by what is in it now.
	told := got.State == backend.ModelQuarantined && strings.Contains(got.Reason, "neither GGUF") ||
		got.State == backend.ModelChanged && strings.Contains(got.Reason, "exchanged")
	if err != nil || !told {
		t.Errorf("%s, %q, %v", got.State, got.Reason, err)
	}
	if _, err := a.CheckModel(t.Context(), 99); !errors.Is(err, backend.ErrNotFound) {
		t.Errorf("a model that is not there: %v", err)
	}
}

func TestModelsAreCheckedWhileNothingIsAskedFor(t *testing.T) {
	dir := t.TempDir()
	a := openWith(t, Deps{
		Folders: foldersIn(t, dir), Engine: enginetest.Name, LibDir: filepath.Join(dir, "no libraries"), Window: true,
		Places: library.Places{System: "linux", Home: dir, Root: dir, Env: func(string) string { return "" }}, CheckAfter: 10 * time.Millisecond,
	})
	if a.Machine(t.Context()).OnBattery {
		t.Skip("this machine runs on battery, where nothing is checked ahead of its use")
	}
	good := addFake(t, a, enginetest.Model{Length: 5})
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		m, err := a.Library.Get(t.Context(), good.ID)
		if err != nil {
			t.Fatal(err)
		}
		if m.State == backend.ModelReady {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute it is %s", m.State)
		}
	}
}
