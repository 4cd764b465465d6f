package enginetest_test

import (
	"testing"

	"loam/backend/engine"
	"loam/backend/engine/enginetest"
)

func TestFakeEmbedsTextsNearThoseThatMeanTheSame(t *testing.T) {
	d := enginetest.Driver().(engine.EmbedDriver)
	path := enginetest.WriteModel(t, t.TempDir(), enginetest.Model{Means: map[string]string{"reimbursed": "refund"}})
	e, err := d.OpenEmbedder(t.Context(), engine.LoadRequest{Path: path}, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	out, err := e.Embed(t.Context(), []string{"reimbursed", "A refund.", "ferries leave", ""})
	if err != nil {
		t.Fatal(err)
	}
	near := func(i, k int) (sum float32) {
		for n := range out.Vectors[i] {
			sum += out.Vectors[i][n] * out.Vectors[k][n]
		}
		return sum
	}
	if near(0, 1) < 2*near(0, 2) || near(3, 3) < 0.99 {
		t.Errorf("nearness %f and %f", near(0, 1), near(0, 2))
	}
}
