//go:build !nonative

package llama

import (
	"bytes"
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/modelfile/modelfiletest"

	"github.com/google/go-cmp/cmp"
)

// tiny loads a model of a few kilobytes that modelfiletest builds.
func tiny(t testing.TB, g *modelfiletest.GGUF) engine.LoadRequest {
	t.Helper()
	p := modelfiletest.Write(t, t.TempDir(), "model.gguf", g.Bytes())
	return engine.LoadRequest{Path: p, PluginDir: plugins(t), Context: 256, Threads: 1}
}

func mustBeBad(t *testing.T, r engine.LoadRequest, path, says string) {
	t.Helper()
	c, err := Driver().OpenChat(t.Context(), r, nil)
	if err == nil {
		c.Close()
		t.Fatal("opened")
	}
	var bad *backend.BadFile
	if !errors.As(err, &bad) {
		t.Fatalf("error %v is no BadFile", err)
	}
	if bad.Path != path || !strings.Contains(bad.Reason, says) {
		t.Errorf("%s: %q, want it to say %q", bad.Path, bad.Reason, says)
	}
	if strings.ContainsAny(bad.Reason, "\n\r") || len(bad.Reason) > 300 {
		t.Errorf("not one clause: %q", bad.Reason)
	}
}

func TestBadFilesEndInOneClause(t *testing.T) {
	for _, f := range append(modelfiletest.Bad(), modelfiletest.Strange()...) {
		t.Run(f.Name, func(t *testing.T) {
			p := modelfiletest.Write(t, t.TempDir(), f.File, f.Data)
			mustBeBad(t, engine.LoadRequest{Path: p, PluginDir: plugins(t), Threads: 1}, p, f.Says)
		})
	}
	t.Run("a folder", func(t *testing.T) {
		d := t.TempDir()
		mustBeBad(t, engine.LoadRequest{Path: d, PluginDir: plugins(t), Threads: 1}, d, "folder")
	})
	t.Run("cut starter", func(t *testing.T) {
		b, err := os.ReadFile(starter(t))
		if err != nil {
			t.Fatal(err)
		}
		p := modelfiletest.Write(t, t.TempDir(), "half.gguf", b[:len(b)/2])
		mustBeBad(t, engine.LoadRequest{Path: p, PluginDir: plugins(t), Threads: 1}, p, "early")
	})
	t.Run("missing", func(t *testing.T) {
		p := filepath.Join(t.TempDir(), "no.gguf")
		mustBeBad(t, engine.LoadRequest{Path: p, PluginDir: plugins(t)}, p, "")
	})
}

// Headers with random bytes in them: whatever they claim, the answer is a clause or a model.
func TestGarbledHeadersEndInOneClause(t *testing.T) {
	b, err := os.ReadFile(starter(t))
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 5))
	path := filepath.Join(t.TempDir(), "model.gguf")
	refused := 0
	for i := range 40 {
		at, old := make([]int, 40), make([]byte, 40)
		for k := range at {
			at[k] = 4 + random.IntN(3000)
			old[k], b[at[k]] = b[at[k]], byte(random.IntN(256))
		}
		if err := os.WriteFile(path, b[:1<<20], 0o600); err != nil {
			t.Fatal(err)
		}
		for k := len(at) - 1; k >= 0; k-- {
			b[at[k]] = old[k]
		}
		c, err := Driver().OpenChat(t.Context(), engine.LoadRequest{Path: path, PluginDir: plugins(t), Context: 64, Batch: 32, Threads: 1}, nil)
		if err == nil {
			c.Close()
			continue
		}
		refused++
		if strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("file %d: more than one line: %q", i, err)
		}
	}
	if refused == 0 {
		t.Error("no file was refused")
	}
}

// The engine itself gets files that the header reader lets pass, or would have refused: it answers and lives.
func TestEngineRefusesBadFilesByItself(t *testing.T) {
	starterBytes, err := os.ReadFile(starter(t))
	if err != nil {
		t.Fatal(err)
	}
	replace := func(old, with string) []byte {
		b := bytes.Replace(starterBytes, []byte(old), []byte(with), 1)
		if bytes.Equal(b, starterBytes) {
			t.Fatalf("the starter does not hold %q", old)
		}
		return b
	}
	for _, c := range []struct {
		name string
		data []byte
		says string
	}{
		{"architecture", replace("\x05\x00\x00\x00\x00\x00\x00\x00llama", "\x05\x00\x00\x00\x00\x00\x00\x00zzzzz"), `architecture "zzzzz"`},
		{"pre-tokenizer", replace("\x06\x00\x00\x00\x00\x00\x00\x00smollm", "\x06\x00\x00\x00\x00\x00\x00\x00smolzz"), `pre-tokenizer "smolzz"`},
		{"no tokens", replace("tokenizer.ggml.tokens", "tokenizer.ggml.XXXXXX"), "token"},
		{"no merges", replace("tokenizer.ggml.merges", "tokenizer.ggml.XXXXXX"), "merges"},
		{"BOS", replace("tokenizer.ggml.bos_token_id\x04\x00\x00\x00\x01\x00\x00\x00", "tokenizer.ggml.bos_token_id\x04\x00\x00\x00\xff\xff\xff\x00"), "vocabulary ends before"},
		{"half", starterBytes[:len(starterBytes)/2], "cut off"},
		{"header only", starterBytes[:1000], "refuses"},
		{"empty", nil, "refuses"},
		{"wrong magic", append([]byte("GGML"), starterBytes[4:5000]...), "not a GGUF"},
		{"version 9", append([]byte("GGUF\x09\x00\x00\x00"), starterBytes[8:5000]...), "refuses"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := builtIn().initialize(plugins(t), ""); err != nil {
				t.Fatal(err)
			}
			h := builtIn().newHandle()
			defer h.delete()
			r := engine.LoadRequest{Path: modelfiletest.Write(t, t.TempDir(), "model.gguf", c.data), Batch: 32, Threads: 1}
			st, failed, err := h.open(openParams{path: r.Path, batch: 32, threads: 1, kvType: "f16", flashAt: -1})
			if st != statusBadModel {
				t.Fatalf("status %d, error %v", st, err)
			}
			var bad *backend.BadFile
			if err := loadError(r, st, failed, err); !errors.As(err, &bad) || !strings.Contains(bad.Reason, c.says) {
				t.Errorf("error %v, want it to say %q", err, c.says)
			}
		})
	}
}

func TestCancelledLoadLeavesNothing(t *testing.T) {
	if err := builtIn().initialize(plugins(t), ""); err != nil {
		t.Fatal(err)
	}
	h := builtIn().newHandle()
	defer h.delete()
	h.cancel(true)
	st, _, err := h.open(openParams{path: starter(t), batch: 32, threads: 1, flashAt: -1})
	if st != statusCancelled || err != nil {
		t.Errorf("status %d, error %v", st, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Driver().OpenChat(ctx, request(t), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestSettingsThatDoNotWorkAreRefusedWithWords(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*engine.LoadRequest)
		says string
	}{
		{"device", func(r *engine.LoadRequest) { r.Device = "CUDA7" }, "there is no device CUDA7 (there are: CPU"},
		{"flash attention", func(r *engine.LoadRequest) { r.FlashAttn = "maybe" }, `not "maybe"`},
		{"KV type", func(r *engine.LoadRequest) { r.KVType = "q9" }, "unknown KV cache type q9"},
		{"quantized KV without flash attention", func(r *engine.LoadRequest) { r.KVType, r.FlashAttn = "q8_0", "off" }, "requires flash_attn"},
		{"context", func(r *engine.LoadRequest) { r.Context = -5 }, "a context of -5 tokens"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t)
			c.edit(&r)
			if _, err := Driver().OpenChat(t.Context(), r, nil); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want it to say %q", err, c.says)
			}
		})
	}
}

func TestSettingsThatWork(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*engine.LoadRequest)
	}{
		{"the CPU by name", func(r *engine.LoadRequest) { r.Device = "CPU" }},
		{"all layers on a GPU that is not there", func(r *engine.LoadRequest) { r.GPULayers = -1 }},
		{"flash attention on, KV of 8 bits", func(r *engine.LoadRequest) { r.FlashAttn, r.KVType = "on", "q8_0" }},
		{"flash attention off", func(r *engine.LoadRequest) { r.FlashAttn = "off" }},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := request(t)
			c.edit(&r)
			a := open(t, r)
			if got := generate(t, a, engine.GenerateRequest{Prompt: ask(t, a, "What is the capital of France?"), Sampling: backend.Sampling{MaxTokens: 12}}); !strings.Contains(got.text, "Paris") {
				t.Errorf("answer %q", got.text)
			}
		})
	}
}

// adapter is a random LoRA for the attention of the tiny model's only layer.
func adapter(arch string, width uint64) *modelfiletest.GGUF {
	random := rand.New(rand.NewPCG(8, 8))
	values := func(n uint64) (b []byte) {
		for range n {
			v := math.Float32bits(float32(random.NormFloat64()) * 0.3)
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return b
	}
	const rank = 4
	return modelfiletest.NewGGUF().
		Set("general.architecture", arch).Set("general.type", "adapter").Set("adapter.type", "lora").Set("adapter.lora.alpha", float32(8)).
		Tensor("blk.0.attn_q.weight.lora_a", modelfiletest.F32, values(width*rank), width, rank).
		Tensor("blk.0.attn_q.weight.lora_b", modelfiletest.F32, values(rank*width), rank, width).
		Tensor("blk.0.ffn_up.weight.lora_a", modelfiletest.F32, values(width*rank), width, rank).
		Tensor("blk.0.ffn_up.weight.lora_b", modelfiletest.F32, values(rank*64), rank, 64)
}

func TestAdapterActsWithItsWeight(t *testing.T) {
	r := tiny(t, modelfiletest.Chat())
	path := modelfiletest.Write(t, t.TempDir(), "lora.gguf", adapter("llama", 32).Bytes())
	prompt := []int32{1, 40, 50, 60, 70}
	at := func(weights ...float32) []float32 {
		r := r
		for _, w := range weights {
			r.Adapters = append(r.Adapters, engine.AdapterWeight{Path: path, Weight: w})
		}
		return logits(t, open(t, r), engine.GenerateRequest{Prompt: prompt})
	}
	change := func(a, b []float32) (most float64) {
		for i := range a {
			most = max(most, math.Abs(float64(a[i]-b[i])))
		}
		return most
	}
	bare := at()
	sameBits(t, "weight 0", bare, at(0))
	half, whole := change(bare, at(0.5)), change(bare, at(1))
	if half == 0 || whole <= half {
		t.Errorf("logits change by %v at 0.5 and %v at 1", half, whole)
	}
	sameBits(t, "removed again", bare, at())
}

func TestWrongAdaptersAreBadFiles(t *testing.T) {
	dir := t.TempDir()
	r := tiny(t, modelfiletest.Chat())
	for _, c := range []struct {
		name string
		path string
		says string
	}{
		{"another width", modelfiletest.Write(t, dir, "wide.gguf", adapter("llama", 64).Bytes()), "another model"},
		{"another architecture", modelfiletest.Write(t, dir, "arch.gguf", adapter("qwen2", 32).Bytes()), "another architecture"},
		{"a chat model", r.Path, "not an adapter"},
		{"a text", modelfiletest.Write(t, dir, "text.gguf", []byte("hello, world\n")), "text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := r
			r.Adapters = []engine.AdapterWeight{{Path: c.path, Weight: 1}}
			mustBeBad(t, r, c.path, c.says)
		})
	}
}

// mamba is a recurrent model with random weights: its cache cannot drop a tail.
func mamba() *modelfiletest.GGUF {
	const width, inner, conv, state, rank = 32, 64, 4, 16, 4
	var tokens []string
	var scores []float32
	var types []int32
	for i := range 260 {
		text, kind := "<0x"+string("0123456789ABCDEF"[(i-3)>>4&15])+string("0123456789ABCDEF"[(i-3)&15])+">", int32(6)
		switch {
		case i < 3:
			text, kind = []string{"<unk>", "<s>", "</s>"}[i], []int32{2, 3, 3}[i]
		case i == 259:
			text, kind = "▁", 1
		}
		tokens, scores, types = append(tokens, text), append(scores, 0), append(types, kind)
	}
	random := rand.New(rand.NewPCG(1, 9))
	values := func(value float32, n uint64) (b []byte) {
		for range n {
			x := value
			if value == 0 {
				x = float32(random.NormFloat64()) * 0.2
			}
			v := math.Float32bits(x)
			b = append(b, byte(v), byte(v>>8), byte(v>>16), byte(v>>24))
		}
		return b
	}
	g := modelfiletest.NewGGUF().Set("general.architecture", "mamba").Set("general.name", "Tiny Mamba").
		Set("mamba.context_length", uint32(256)).Set("mamba.embedding_length", uint32(width)).Set("mamba.feed_forward_length", uint32(0)).
		Set("mamba.attention.head_count", uint32(0)).Set("mamba.block_count", uint32(1)).Set("mamba.ssm.conv_kernel", uint32(conv)).
		Set("mamba.ssm.inner_size", uint32(inner)).Set("mamba.ssm.state_size", uint32(state)).Set("mamba.ssm.time_step_rank", uint32(rank)).
		Set("mamba.attention.layer_norm_rms_epsilon", float32(1e-5)).Set("mamba.vocab_size", uint32(len(tokens))).
		Set("tokenizer.ggml.model", "llama").Set("tokenizer.ggml.tokens", tokens).Set("tokenizer.ggml.scores", scores).
		Set("tokenizer.ggml.token_type", types).Set("tokenizer.ggml.bos_token_id", uint32(1)).Set("tokenizer.ggml.eos_token_id", uint32(2))
	add := func(name string, value float32, dims ...uint64) {
		n := uint64(1)
		for _, d := range dims {
			n *= d
		}
		g.Tensor(name, modelfiletest.F32, values(value, n), dims...)
	}
	add("token_embd.weight", 0, width, uint64(len(tokens)))
	add("output_norm.weight", 1, width)
	add("blk.0.attn_norm.weight", 1, width)
	add("blk.0.ssm_in.weight", 0, width, 2*inner)
	add("blk.0.ssm_conv1d.weight", 0, conv, inner)
	add("blk.0.ssm_conv1d.bias", 0, inner)
	add("blk.0.ssm_x.weight", 0, inner, rank+2*state)
	add("blk.0.ssm_dt.weight", 0, rank, inner)
	add("blk.0.ssm_dt.bias", 0, inner)
	add("blk.0.ssm_a", -1, state, inner)
	add("blk.0.ssm_d", 1, inner)
	add("blk.0.ssm_out.weight", 0, inner, width)
	return g
}

func TestRecurrentModelStartsAgainInsteadOfTrimming(t *testing.T) {
	r := tiny(t, mamba())
	c, fresh := open(t, r), open(t, r)
	if c.Info().Capabilities.TrimKV {
		t.Fatal("a recurrent model claims that it can trim its cache")
	}
	prompt := longText(t, c, 90)
	one := generate(t, c, engine.GenerateRequest{Prompt: prompt, Sampling: warm(3, 10)})
	if len(one.tokens) < 2 {
		t.Fatalf("only %d tokens", len(one.tokens))
	}
	again := generate(t, c, engine.GenerateRequest{Prompt: prompt, Cuts: one.cuts, Reply: one.tokens[:2], Sampling: warm(3, 10)})
	if again.reused != 0 {
		t.Errorf("reused %d tokens of a cache that cannot drop its tail", again.reused)
	}
	if d := cmp.Diff(one.tokens[2:], again.tokens); d != "" {
		t.Errorf("resumed (-want +got)\n%s", d)
	}
	next := append(append(prompt[:90:90], one.tokens...), 65, 66, 67)
	two := generate(t, c, engine.GenerateRequest{Prompt: next, Sampling: warm(3, 2)})
	if two.reused != len(prompt)+len(one.tokens)-1 {
		t.Errorf("a follow-up reused %d tokens: going on needs no trimming", two.reused)
	}
	sameBits(t, "after a follow-up",
		logits(t, fresh, engine.GenerateRequest{Prompt: next, Cuts: two.cuts}), logits(t, c, engine.GenerateRequest{Prompt: next, Cuts: two.cuts}))
}
