package enginetest_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"

	"github.com/google/go-cmp/cmp"
)

func TestMain(m *testing.M) { enginetest.Main(m) }

func harness(t *testing.T, m enginetest.Model) enginetest.Harness {
	t.Helper()
	dir := t.TempDir()
	bad := map[string]string{"other JSON": filepath.Join(dir, "other"), "cut short": filepath.Join(dir, "cut")}
	for name, content := range map[string]string{"other JSON": `{"loam_fake":2}`, "cut short": `{"loam_fake":1,"context"`} {
		if err := os.WriteFile(bad[name], []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return enginetest.Harness{
		Open:    enginetest.Driver().OpenChat,
		Load:    engine.LoadRequest{Path: enginetest.WriteModel(t, dir, m)},
		Formats: []string{"chatml"},
		Bad:     bad,
	}
}

// throughChild opens in a child of its own.
func throughChild(ctx context.Context, r engine.LoadRequest, p engine.Progress) (engine.Chat, error) {
	s := enginetest.Spec(r.Path)
	s.Load = r
	c, err := worker.Open(ctx, s, p)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func TestFakeKeepsTheContract(t *testing.T) {
	enginetest.Run(t, harness(t, enginetest.Model{}))
}

func TestFakeThatCannotTrimKeepsTheContract(t *testing.T) {
	enginetest.Run(t, harness(t, enginetest.Model{Recurrent: true}))
}

func TestFakeInAChildKeepsTheContract(t *testing.T) {
	h := harness(t, enginetest.Model{Noise: true, PromptMS: 4, TokenMS: 1})
	h.Open = throughChild
	enginetest.Run(t, h)
}

// A suite that passes everything proves nothing: an engine that forgets the cuts of its prompt must fail it.
func TestFakeFeelsTheCuts(t *testing.T) {
	h := harness(t, enginetest.Model{})
	values := func(cuts []int) []float32 {
		c, err := h.Open(t.Context(), h.Load, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		l, err := c.Logits(t.Context(), engine.GenerateRequest{Prompt: []int32{256, 300, 301, 302}, Cuts: cuts})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if cmp.Equal(values([]int{4}), values([]int{3, 1})) {
		t.Error("the cuts leave no trace in the logits: no test of exact resume could fail")
	}
	if d := cmp.Diff(values([]int{2, 2}), values([]int{2, 2})); d != "" {
		t.Error(d)
	}
}
