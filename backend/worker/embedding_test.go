package worker_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/worker"

	"github.com/google/go-cmp/cmp"
)

func embedder(t *testing.T, m enginetest.Model) *worker.Embedder {
	t.Helper()
	e, err := worker.OpenEmbedder(t.Context(), enginetest.Spec(enginetest.WriteModel(t, t.TempDir(), m)), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func TestVectorsComeThroughTheChild(t *testing.T) {
	m := enginetest.Model{Noise: true}
	texts := []string{"one", "two words", strings.Repeat("many ", 300)}
	direct, err := enginetest.Driver().(engine.EmbedDriver).OpenEmbedder(t.Context(), engine.LoadRequest{Path: enginetest.WriteModel(t, t.TempDir(), m)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := direct.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	e := embedder(t, m)
	got, err := e.Embed(t.Context(), texts)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.Cut, got.Cut) + cmp.Diff(want.Tokens, got.Tokens); d != "" || len(got.Vectors) != 3 {
		t.Error(d)
	}
	for i, v := range want.Vectors {
		for k := range v {
			if diff := v[k] - got.Vectors[i][k]; diff > 1e-6 || diff < -1e-6 {
				t.Fatalf("text %d, number %d: %f, want %f", i, k, got.Vectors[i][k], v[k])
			}
		}
	}
	if out, err := e.Embed(t.Context(), nil); err != nil || len(out.Vectors) != 0 {
		t.Errorf("no texts give %v, %v", out, err)
	}
	if _, err := e.Embed(t.Context(), make([]string, engine.MaxEmbedTexts+1)); err == nil {
		t.Error("too many texts are taken")
	}
}

func TestEmbeddingStopsWhenCancelled(t *testing.T) {
	e := embedder(t, enginetest.Model{EmbedMS: 5000})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := e.Embed(ctx, []string{"a", "b"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if err := e.Err(); err != nil {
		t.Errorf("the child died of a cancel that it heard: %v", err)
	}
}

func TestDeathWhileEmbeddingIsACrash(t *testing.T) {
	e := embedder(t, enginetest.Model{Faults: []enginetest.Trap{{At: enginetest.AtEmbed, After: 1, Do: enginetest.DoAbort}}})
	_, err := e.Embed(t.Context(), []string{"a", "b"})
	if c, ok := errors.AsType[*engine.Crashed](err); !ok || c.Cause != engine.CauseAssertion {
		t.Errorf("error %v", err)
	}
	<-e.Done()
	if _, err := e.Embed(t.Context(), []string{"a"}); err == nil {
		t.Error("a dead child embeds")
	}
}

func TestChildWithoutAnEmbeddingModelSaysSo(t *testing.T) {
	path := enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{})
	_, err := worker.OpenEmbedder(t.Context(), worker.Spec{Engine: enginetest.PicturesName, Load: engine.LoadRequest{Path: path}}, nil)
	if !errors.Is(err, backend.ErrUnsupported) {
		t.Errorf("error %v", err)
	}
}
