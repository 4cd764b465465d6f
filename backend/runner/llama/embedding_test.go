//go:build !nonative

package llama

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/engine/enginetest"
	"loam/backend/modelfile/modelfiletest"
	"loam/backend/worker"

	"github.com/google/go-cmp/cmp"
)

// embedders are both engines in children, by their names.
func embedders(t *testing.T, path string) map[string]worker.Spec {
	t.Helper()
	return map[string]worker.Spec{
		Name:     {Engine: Name, Load: engine.LoadRequest{Path: path, PluginDir: plugins(t), Threads: 1}},
		PackName: {Engine: PackName, Load: engine.LoadRequest{Path: path, PluginDir: packDir(t), Threads: 1}},
	}
}

func openEmbedder(t *testing.T, s worker.Spec) *worker.Embedder {
	t.Helper()
	e, err := worker.OpenEmbedder(t.Context(), s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

func cosine(a, b []float32) float64 {
	sum := 0.0
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// The vectors in testdata/minilm.json were computed by another program: the published weights and the published tokenizer, in
// numbers of 64 bits.
func TestVectorsAreThoseOfTheTrainedModel(t *testing.T) {
	var want []struct {
		Text   string    `json:"text"`
		Tokens int       `json:"tokens"`
		Vector []float32 `json:"vector"`
	}
	b, err := os.ReadFile("testdata/minilm.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	var texts []string
	var tokens []int
	for i := range want {
		texts, tokens = append(texts, want[i].Text), append(tokens, want[i].Tokens)
		if err := engine.Normalize(want[i].Vector); err != nil { // it was rounded
			t.Fatal(err)
		}
	}
	for quant, least := range map[string]float64{"F16": 0.9995, "Q8_0": 0.998} {
		for name, spec := range embedders(t, enginetest.EmbeddingModel(t, quant)) {
			e := openEmbedder(t, spec)
			if i := e.Embedding(); i.Dims != 384 || i.Tokens != 512 || i.Pooling != "mean" || i.Engine.Engine != name || i.MemoryBytes == 0 {
				t.Errorf("%s: %+v", name, i)
			}
			got, err := e.Embed(t.Context(), texts)
			if err != nil {
				t.Fatal(name, err)
			}
			if d := cmp.Diff(tokens, got.Tokens); d != "" || len(got.Cut) > 0 {
				t.Errorf("%s: cut %v, tokens (-want +got):\n%s", name, got.Cut, d)
			}
			for i, v := range got.Vectors {
				if c := cosine(v, want[i].Vector); c < least {
					t.Errorf("%s, %s: %.5f to the vector of %.40q", name, quant, c, texts[i])
				}
			}
			again, err := e.Embed(t.Context(), texts[3:4])
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(got.Vectors[3:4], again.Vectors); d != "" {
				t.Errorf("%s: a text alone has another vector than among others", name)
			}
		}
	}
}

func TestTextsBeyondTheContextAreCutAndToldSo(t *testing.T) {
	for name, spec := range embedders(t, enginetest.EmbeddingModel(t, "Q8_0")) {
		e := openEmbedder(t, spec)
		long := strings.Repeat("the ferry leaves at seven ", 400)
		got, err := e.Embed(t.Context(), []string{"short", long, long + " and nobody reads this"})
		if err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff([]int{1, 2}, got.Cut); d != "" || got.Tokens[1] != 2002 {
			t.Errorf("%s: tokens %v, cut (-want +got):\n%s", name, got.Tokens, d)
		}
		if c := cosine(got.Vectors[1], got.Vectors[2]); c < 0.99999 {
			t.Errorf("%s: what is cut off counts: %f", name, c)
		}
	}
}

// A decoder that pools its last token, as the embedding models of newer families do.
func TestDecodersEmbedByTheirLastToken(t *testing.T) {
	path := tiny(t, modelfiletest.Chat().Set("llama.pooling_type", uint32(3))).Path
	var vectors [2][][]float32
	n := 0
	for name, spec := range embedders(t, path) {
		e := openEmbedder(t, spec)
		got, err := e.Embed(t.Context(), []string{"one", "", "two words and more"})
		if err != nil {
			t.Fatal(name, err)
		}
		again, err := e.Embed(t.Context(), []string{"one"})
		if err != nil {
			t.Fatal(name, err)
		}
		if d := cmp.Diff(got.Vectors[0], again.Vectors[0]); d != "" || e.Embedding().Pooling != "last" {
			t.Errorf("%s: pooling %q; a text after others has another vector than before them", name, e.Embedding().Pooling)
		}
		vectors[n] = got.Vectors
		n++
	}
	for i := range vectors[0] {
		if c := cosine(vectors[0][i], vectors[1][i]); c < 0.999 {
			t.Errorf("the engines' vectors of text %d differ: %f", i, c)
		}
	}
}

func TestHostileEmbeddingModelsAreRefusedInOneSentence(t *testing.T) {
	good, err := os.ReadFile(enginetest.EmbeddingModel(t, "Q8_0"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bert := func(name string, edit func([]byte)) string {
		b := append([]byte(nil), good...)
		edit(b)
		return modelfiletest.Write(t, dir, name+".gguf", b)
	}
	value := func(b []byte, key string) []byte { return b[strings.Index(string(b[:4096]), key)+len(key)+4:] }
	put := func(key string, v ...byte) func([]byte) { return func(b []byte) { copy(value(b, key), v) } }
	files := map[string]string{
		"no dimensions":      bert("dims", put("bert.embedding_length", 0, 0, 0, 0)),
		"a huge context":     bert("huge", put("bert.context_length", 255, 255, 255, 127)),
		"a tiny context":     tiny(t, modelfiletest.Chat().Set("llama.pooling_type", uint32(3)).Set("llama.context_length", uint32(2))).Path,
		"not numbers":        bert("nan", func(b []byte) { fill(b[len(b)-1600:], 0xff) }),
		"all the same":       bert("zero", func(b []byte) { fill(b[len(b)-25000000:], 0) }),
		"cut off":            modelfiletest.Write(t, dir, "short.gguf", good[:len(good)/2]),
		"an unknown pooling": tiny(t, modelfiletest.Chat().Set("llama.pooling_type", uint32(9))).Path,
		"a chat model":       starter(t),
	}
	for what, path := range files {
		for name, spec := range embedders(t, path) {
			e, err := worker.OpenEmbedder(t.Context(), spec, nil)
			if err == nil {
				e.Close()
			}
			bad, ok := errors.AsType[*backend.BadFile](err)
			if !ok || bad.Reason == "" || strings.Contains(bad.Reason, "\n") {
				t.Errorf("%s in %s: %v", what, name, err)
			} else {
				t.Logf("%s in %s: %s", what, name, bad.Reason)
			}
		}
	}
}

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}

func TestEmbeddingModelsSayThatTheyDoNotChat(t *testing.T) {
	_, err := worker.Open(t.Context(), worker.Spec{Engine: Name, Load: engine.LoadRequest{Path: enginetest.EmbeddingModel(t, "Q8_0"), PluginDir: plugins(t)}}, nil)
	if bad, ok := errors.AsType[*backend.BadFile](err); !ok || !strings.Contains(bad.Reason, "does not chat") {
		t.Errorf("error %v", err)
	}
}

func BenchmarkEmbed(b *testing.B) {
	for _, quant := range []string{"F16", "Q8_0"} {
		for _, pack := range []bool{false, true} {
			r := engine.LoadRequest{Path: enginetest.EmbeddingModel(b, quant), PluginDir: plugins(b)}
			d := Driver()
			if pack {
				d, r.PluginDir = Pack(), filepath.Join(enginetest.LibDir(b), "chat-pack")
			}
			b.Run(quant+"/"+d.Name(), func(b *testing.B) {
				e, err := worker.OpenEmbedder(b.Context(), worker.Spec{Engine: d.Name(), Load: r}, nil)
				if err != nil {
					b.Fatal(err)
				}
				defer e.Close()
				text := strings.Repeat("A refund is paid within fourteen days of the day on which the goods were returned. ", 12)
				tokens := 0
				for b.Loop() {
					out, err := e.Embed(b.Context(), []string{text})
					if err != nil {
						b.Fatal(err)
					}
					tokens += out.Tokens[0]
				}
				b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
				b.ReportMetric(math.Round(float64(e.MemoryBytes())/1e6), "MB")
			})
		}
	}
}
