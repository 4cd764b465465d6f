package hardware

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"loam/backend"
)

func find(t *testing.T, r Report, id string) Finding {
	t.Helper()
	for _, f := range r.Findings {
		if f.ID == id {
			return f
		}
	}
	t.Fatalf("no finding %q among %+v", id, r.Findings)
	return Finding{}
}

// laptop is a machine on which nothing is wrong.
func laptop() (Machine, Setup) {
	m := Machine{
		OS: "linux", Arch: "amd64", CPU: "Some Processor", PhysicalCores: 4, LogicalCores: 8, MemoryTotal: 16e9, MemoryFree: 12e9,
		Features: []string{"SSE42", "AVX", "AVX2", "FMA3", "F16C", "BMI2"},
	}
	larger := smol
	larger.Starter = false
	return m, Setup{
		Engine:  backend.EngineInfo{Engine: "llama-embedded", Build: "ec98e2002", Variant: "haswell"},
		Devices: []backend.Device{{Name: "CPU", Type: "cpu"}}, Default: &larger,
	}
}

func TestNothingIsWrongWithAHealthyMachine(t *testing.T) {
	r := Examine(laptop())
	if r.Worst() != OK {
		t.Errorf("worst %s: %+v", r.Worst(), r.Findings)
	}
	for _, f := range r.Findings {
		if f.ID == "" || f.Title == "" || !strings.HasSuffix(f.Detail, ".") {
			t.Errorf("incomplete: %+v", f)
		}
	}
}

func TestFindingsNameTheTroubleAndTheNextStep(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Machine, *Setup)
		id     string
		state  State
		detail string
		next   string
	}{
		"no graphics card": {func(*Machine, *Setup) {}, "gpu", OK, "no graphics card", ""},
		"a card that is used": {func(_ *Machine, s *Setup) {
			s.Devices = append(s.Devices, backend.Device{Name: "CUDA0", Description: "RTX 3090", Type: "gpu", FreeBytes: 20e9, TotalBytes: 24e9})
		}, "gpu", OK, "RTX 3090 (20 GB of its memory are free, of 24 GB)", ""},
		"nouveau": {func(m *Machine, _ *Setup) {
			m.GPUs = []GPU{{Name: "GTX 1060", Vendor: "nvidia", Driver: "nouveau"}}
		}, "gpu", Warn, "nouveau", "NVIDIA's own driver"},
		"no driver": {func(m *Machine, _ *Setup) { m.GPUs = []GPU{{Name: "Radeon", Vendor: "amd"}} }, "gpu", Warn, "no driver", "Install the driver"},
		"no plug-in, with an integrated card beside": {func(m *Machine, _ *Setup) {
			m.GPUs = []GPU{{Name: "Iris", Vendor: "intel", Driver: "i915", Integrated: true}, {Name: "RTX 3090", Vendor: "nvidia", Driver: "nvidia"}}
		}, "gpu", Warn, "because this Loam has no plug-in that can use RTX 3090", "Nothing needs doing"},
		"integrated": {func(m *Machine, _ *Setup) {
			m.GPUs = []GPU{{Name: "Iris", Vendor: "intel", Driver: "i915", Integrated: true}}
		}, "gpu", OK, "hardly be faster", ""},
		"plain go build":   {func(_ *Machine, s *Setup) { s.Engine.Variant = "static"; s.PluginDir = "/x/chat" }, "variant", Warn, "/x/chat", "make build"},
		"a lesser variant": {func(_ *Machine, s *Setup) { s.Engine.Variant = "sse42" }, "variant", OK, `could use "haswell"`, ""},
		"engine down":      {func(_ *Machine, s *Setup) { s.EngineErr = errors.New("it was killed") }, "engine", Error, "it was killed", "Install Loam again"},
		"battery":          {func(m *Machine, _ *Setup) { m.OnBattery = true }, "battery", Warn, "battery", "Plug it in"},
		"little memory":    {func(m *Machine, _ *Setup) { m.MemoryTotal = 2e9 }, "memory", Warn, "very small models", ""},
		"memory is taken":  {func(m *Machine, _ *Setup) { m.MemoryFree = 5e8 }, "memory", Warn, "500 MB are free", "Close programs"},
		"memory not known": {func(m *Machine, _ *Setup) { m.MemoryTotal = 0 }, "memory", Warn, "does not say", ""},
		"old processor":    {func(m *Machine, _ *Setup) { m.Features = nil }, "cpu", Warn, "no AVX2", "small models"},
		"container":        {func(m *Machine, _ *Setup) { m.Limited = true }, "cpu", OK, "only a part", ""},
		"no model":         {func(_ *Machine, s *Setup) { s.Default = nil }, "model", Warn, "No chat model", "GGUF"},
		"only the starter": {func(_ *Machine, s *Setup) { s.Default = &smol }, "model", OK, "often wrong", "larger model"},
		"model is too large": {
			func(m *Machine, s *Setup) { b := billion; b.SizeBytes = 40e9; s.Default = &b }, "model", Warn,
			"Only 12 GB are free", "smaller model",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, s := laptop()
			tc.change(&m, &s)
			f := find(t, Examine(m, s), tc.id)
			if f.State != tc.state || !strings.Contains(f.Detail, tc.detail) || !strings.Contains(f.Next, tc.next) || tc.next == "" && f.Next != "" {
				t.Errorf("got %+v; want %s, %q, %q", f, tc.state, tc.detail, tc.next)
			}
		})
	}
}

func TestFoldersAreLookedAt(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m, s := laptop()
	s.Folders = []Folder{{"data", "Data folder", dir}, {"gone", "Models folder", filepath.Join(dir, "gone")}, {"file", "Cache folder", file}}
	r := Examine(m, s)
	if f := find(t, r, "disk:data"); f.State == Error && !strings.Contains(f.Next, "Free some space") || !strings.Contains(f.Detail, "free") {
		t.Errorf("%+v", f)
	}
	if f := find(t, r, "disk:gone"); f.State != Warn || !strings.Contains(f.Detail, "is not there") {
		t.Errorf("%+v", f)
	}
	if f := find(t, r, "disk:file"); f.State != Error || !strings.Contains(f.Detail, "not a folder") {
		t.Errorf("%+v", f)
	}
}

func TestADataFolderThatOthersCanLookIntoIsTold(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("rights are another matter there")
	}
	dir := t.TempDir()
	for mode, want := range map[os.FileMode]bool{0o700: false, 0o755: true, 0o750: true} {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		for id, watched := range map[string]bool{"data": true, "models": false} {
			f := folderFinding(Folder{ID: id, Name: "Folder", Path: dir})
			if told := strings.Contains(f.Next, "chmod"); told != (want && watched) && !strings.Contains(f.Next, "space") {
				t.Errorf("%s with mode %o: %+v", id, mode, f)
			}
		}
	}
}
