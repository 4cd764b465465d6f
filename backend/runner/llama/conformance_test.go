//go:build !nonative

package llama

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/worker"
)

func TestMain(m *testing.M) { enginetest.Main(m, Driver()) }

func harness(t *testing.T, r engine.LoadRequest) enginetest.Harness {
	bad := map[string]string{}
	dir := t.TempDir()
	for i, f := range append(modelfiletest.Bad(), modelfiletest.Strange()...) {
		if i%4 == 0 { // all of them are in TestBadFilesEndInOneClause
			bad[f.Name] = modelfiletest.Write(t, dir, f.Name+filepath.Ext(f.File), f.Data)
		}
	}
	r.Context, r.Batch = 768, 64
	return enginetest.Harness{
		Open: Driver().OpenChat, Load: r, Bad: bad,
		Formats: []string{"chatml", "llama3", "mistral-v7", "vicuna", "deepseek3"},
	}
}

func TestEmbeddedEngineKeepsTheContract(t *testing.T) {
	h := harness(t, request(t))
	h.Reply = 24
	enginetest.Run(t, h)
}

func TestRecurrentModelKeepsTheContract(t *testing.T) {
	enginetest.Run(t, harness(t, tiny(t, mamba())))
}

// The same engine where it really runs: in a confined child of this test binary.
func TestEmbeddedEngineInAChildKeepsTheContract(t *testing.T) {
	h := harness(t, tiny(t, modelfiletest.Chat()))
	h.Open = throughChild
	enginetest.Run(t, h)
}

func throughChild(ctx context.Context, r engine.LoadRequest, p engine.Progress) (engine.Chat, error) {
	c, err := worker.Open(ctx, worker.Spec{Engine: Name, Load: r}, p)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func TestStarterAnswersInAChild(t *testing.T) {
	c, err := throughChild(t.Context(), request(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	r, err := c.Render(t.Context(), engine.RenderRequest{Messages: []engine.Message{{Role: backend.RoleUser, Content: "What is the capital of France?"}}, AddGenerationPrompt: true})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := c.Tokenize(t.Context(), r.Prompt, true)
	if err != nil {
		t.Fatal(err)
	}
	a := generate(t, c, engine.GenerateRequest{Prompt: tokens, Sampling: greedy(30)})
	if !strings.Contains(a.text, "Paris") || c.Info().MemoryBytes < 50<<20 || c.Info().Engine.Variant == "static" {
		t.Errorf("answer %q from %+v", a.text, c.Info())
	}
}
