//go:build !nonative

package llama

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/worker"
)

func TestMain(m *testing.M) { enginetest.Main(m, Driver(), Pack()) }

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
	h.Reply = 16 // twenty resumes of longer ones take minutes on a busy machine
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
	return openIn(ctx, Name, r, p)
}

func packChild(ctx context.Context, r engine.LoadRequest, p engine.Progress) (engine.Chat, error) {
	return openIn(ctx, PackName, r, p)
}

func openIn(ctx context.Context, name string, r engine.LoadRequest, p engine.Progress) (engine.Chat, error) {
	c, err := worker.Open(ctx, worker.Spec{Engine: name, Load: r}, p)
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

func TestVariantCanBeChosen(t *testing.T) {
	r := tiny(t, modelfiletest.Chat())
	for _, v := range []string{"static", "x64"} {
		r.Variant = v
		c, err := throughChild(t.Context(), r, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Info().Engine.Variant; got != v {
			t.Errorf("runs on %q, asked was %q", got, v)
		}
		if a := generate(t, c, engine.GenerateRequest{Prompt: []int32{1, 50, 60}, Sampling: greedy(3)}); a.result.Stop == "" {
			t.Errorf("no reply: %+v", a)
		}
		c.Close()
	}
	r.Variant = "loam9"
	if _, err := throughChild(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), "loam9 is not installed") {
		t.Errorf("error %v", err)
	}
	r.Variant, r.PluginDir = "", ""
	c, err := throughChild(t.Context(), r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := c.Info().Engine.Variant; got != "static" {
		t.Errorf("without plug-ins it runs on %q", got)
	}
}

// A model whose numbers break an assertion deep in a CPU plug-in: the child dies, and its last words name the cause.
func TestFailedAssertionIsToldBeforeTheEnd(t *testing.T) {
	for _, v := range []string{"", "static"} {
		r := tiny(t, modelfiletest.Chat().Set("llama.attention.layer_norm_rms_epsilon", float32(-1)))
		r.Variant = v
		c, err := throughChild(t.Context(), r, nil)
		if err == nil {
			_, err = collect(t.Context(), c, engine.GenerateRequest{Prompt: []int32{1, 50, 60}, Sampling: greedy(3)}, nil)
			c.Close()
		}
		var crash *engine.Crashed
		if !errors.As(err, &crash) || crash.Cause != engine.CauseAssertion || !strings.Contains(crash.Detail, "loam-chat abort: ") {
			t.Errorf("variant %q: %T %+v", v, err, err)
		}
	}
}
