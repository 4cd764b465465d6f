//go:build !nonative && linux

package app

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"syscall"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/hardware"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/residency"
	"loam/backend/worker"
)

// TestForecastAgreesWithWhatIsTaken compares the memory that is forecast from a header with what the engine's process
// really holds after it has read a whole batch, for a small and for a middling model at several contexts. The process is
// gone when the model is unloaded, and all it held with it.
func TestForecastAgreesWithWhatIsTaken(t *testing.T) {
	if testing.Short() {
		t.Skip("it loads a model of a billion parameters several times; run without -short")
	}
	a := openReal(t, t.TempDir())
	machine := a.Machine(t.Context())
	if machine.MemoryFree < 3e9 {
		t.Skipf("%d MB of memory are free; this needs 3 GB", machine.MemoryFree/1e6)
	}
	starter, err := a.Library.Default(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	add := func(name string, kind uint32) backend.Model {
		path := modelfiletest.Billion(kind).WriteSparse(t, t.TempDir(), name+".gguf")
		m, err := a.Library.Add(t.Context(), path, library.AddOptions{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		return m
	}
	all := os.Getenv("LOAM_FORECAST") == "all"
	if !all {
		t.Log("the large models run on one engine only; LOAM_FORECAST=all runs every pair, which takes minutes")
	}
	for i, x := range []struct {
		model    backend.Model
		contexts []int
	}{
		{starter, []int{512, 1024, 2048, 4096, 8192}},
		{add("Billion Q4_0", modelfiletest.Q4_0), []int{1024, 8192}},
		{add("Billion Q4_K", modelfiletest.Q4K), []int{2048}},
	} {
		for _, name := range []string{ChatEmbedded, ChatPack} {
			if !all && i > 0 && name != a.ChatEngine() {
				continue
			}
			if name == ChatPack && a.chatFolder(ChatPack) == "" {
				t.Log("the chat pack is not installed: make setup builds it")
				continue
			}
			for _, n := range x.contexts {
				t.Run(fmt.Sprint(name, " ", x.model.Name, " ", n), func(t *testing.T) {
					want := residentAfterABatch(t, a, name, x.model, n)
					got := hardware.Forecast(x.model, n, machine)
					t.Logf("forecast %d MB (weights %d, KV %d, compute %d), taken %d MB", got.Total/1e6, got.Weights/1e6, got.KV/1e6, got.Compute/1e6, want/1e6)
					if off := math.Abs(float64(got.Total-want)) / float64(want); off > 0.10 {
						t.Errorf("forecast %d bytes, taken %d: %.0f %% off", got.Total, want, off*100)
					}
				})
			}
		}
	}
}

// residentAfterABatch loads a model, has it read a batch of tokens, and gives what its process holds then.
func residentAfterABatch(t *testing.T, a *App, name string, m backend.Model, contextTokens int) int64 {
	t.Helper()
	n := residency.Need{Model: m, Context: contextTokens}
	spec := a.spec(a.EngineSettings(t.Context()), name)
	spec.Load.Path, spec.Load.Context = n.Model.Path, contextTokens
	c, err := worker.Open(t.Context(), spec, nil)
	if err != nil {
		t.Fatal(err)
	}
	prompt := make([]int32, min(contextTokens, c.Info().Batch)-8)
	for i := range prompt {
		prompt[i] = int32(300 + i%100)
	}
	if _, err := c.Generate(t.Context(), engine.GenerateRequest{Prompt: prompt, Sampling: backend.Sampling{MaxTokens: 2, Seed: 1}}, func(engine.Event) error { return nil }); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", c.PID()))
	if err != nil {
		t.Fatal(err)
	}
	var total, resident int64
	if _, err := fmt.Fscan(strings.NewReader(string(b)), &total, &resident); err != nil {
		t.Fatal(err)
	}
	pid := c.PID()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("after unloading, process %d still holds its memory: %v", pid, err)
	}
	return resident * int64(os.Getpagesize())
}
