package modelfile_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

func TestChatModelIsUnderstood(t *testing.T) {
	path := modelfiletest.Write(t, t.TempDir(), "Tiny-Test-Model-Q8_0.gguf", modelfiletest.Chat().Bytes())
	got, err := modelfile.Identify(path)
	if err != nil {
		t.Fatal(err)
	}
	want := modelfile.File{
		Path: path, Kind: backend.KindChat, Format: "gguf", Architecture: "llama", Family: "llama", Name: "Tiny Test Model",
		Basename: "tiny-test", SizeLabel: "30K", Quant: "F32", Parameters: got.Parameters, ContextLength: 512,
		Template: modelfiletest.ChatTemplate, License: "Apache-2.0", Tokenizer: "llama", PreTokenizerKnown: true,
		ArchitectureKnown: true, SizeBytes: got.SizeBytes, Tensors: 11,
		Shape: backend.ModelShape{Layers: 1, Embedding: 32, Heads: 2, HeadsKV: 1, KeyLen: 16, ValueLen: 16, Vocab: 356},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if info, err := os.Stat(path); err != nil || got.SizeBytes != info.Size() {
		t.Errorf("size %d, want %v (%v)", got.SizeBytes, info.Size(), err)
	}
	if embedding := int64(32 * 356); got.Parameters < embedding {
		t.Errorf("%d parameters, want more than the embedding's %d", got.Parameters, embedding)
	}
	if fault := got.EngineFault(); fault != "" {
		t.Errorf("engine fault %q, want none", fault)
	}
}

func TestBrokenFilesEndInOneClearClause(t *testing.T) {
	var all []modelfiletest.BadFile
	all = append(all, modelfiletest.Bad()...)
	all = append(all, modelfiletest.BadSafetensors()...)
	all = append(all, modelfiletest.Foreign()...)
	for _, bad := range all {
		t.Run(bad.Name, func(t *testing.T) {
			path := modelfiletest.Write(t, t.TempDir(), bad.File, bad.Data)
			f, err := modelfile.Identify(path)
			wantClause(t, f, err, path, bad.Says)
		})
	}
}

// wantClause sees that err is a BadFile of path with one printable clause that has says in it.
func wantClause(t *testing.T, f modelfile.File, err error, path, says string) {
	t.Helper()
	var bad *backend.BadFile
	if !errors.As(err, &bad) {
		t.Fatalf("got %+v, %v, want a BadFile", f, err)
	}
	if bad.Path != path {
		t.Errorf("path %q, want %q", bad.Path, path)
	}
	if !strings.Contains(bad.Reason, says) {
		t.Errorf("reason %q, want something with %q", bad.Reason, says)
	}
	if strings.ContainsAny(bad.Reason, "\n\r\t") || len(bad.Reason) > 240 || strings.HasSuffix(bad.Reason, ".") ||
		strings.Contains(bad.Reason, path) {
		t.Errorf("reason %q is no short clause on one line", bad.Reason)
	}
	if diff := cmp.Diff(modelfile.File{}, f); diff != "" {
		t.Errorf("a refused file still says something:\n%s", diff)
	}
}

func TestPathsThatAreNoFiles(t *testing.T) {
	dir := t.TempDir()
	link := filepath.Join(dir, "link.gguf")
	if err := os.Symlink(filepath.Join(dir, "nowhere"), link); err != nil {
		t.Fatal(err)
	}
	for path, says := range map[string]string{
		dir:                                 "it is a folder",
		filepath.Join(dir, "no.gguf"):       "there is no such file",
		filepath.Join(dir, "gone/no.gguf"):  "nor the folder",
		link:                                "a link to a file that is not there",
		filepath.Join(dir, "a\x00b"):        "cannot be read",
		strings.Repeat("x", 5000) + ".gguf": "cannot be read",
	} {
		f, err := modelfile.Identify(path)
		wantClause(t, f, err, path, says)
	}
}

func TestLinkToAModelIsFollowed(t *testing.T) {
	dir := t.TempDir()
	path := modelfiletest.Write(t, dir, "tiny-test.gguf", modelfiletest.Chat().Bytes())
	link := filepath.Join(dir, "link.gguf")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	f, err := modelfile.Identify(link)
	if err != nil || f.Kind != backend.KindChat {
		t.Errorf("got %q, %v, want a chat model", f.Kind, err)
	}
}

func TestNewerModelsSayWhatTheEngineLacks(t *testing.T) {
	for _, strange := range modelfiletest.Strange() {
		t.Run(strange.Name, func(t *testing.T) {
			f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), strange.File, strange.Data))
			if err != nil || f.Kind != backend.KindChat {
				t.Fatalf("got %q, %v, want a chat model", f.Kind, err)
			}
			if fault := f.EngineFault(); !strings.Contains(fault, strange.Says) {
				t.Errorf("engine fault %q, want something with %q", fault, strange.Says)
			}
		})
	}
	f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "m.gguf", modelfiletest.ChatBPE("smollm").Bytes()))
	if err != nil || f.EngineFault() != "" {
		t.Errorf("a known pre-tokenizer gives %q, %v, want no fault", f.EngineFault(), err)
	}
}

func TestKindsOfGGUF(t *testing.T) {
	type want struct {
		kind   backend.ModelKind
		family string
	}
	adapter := modelfiletest.NewGGUF().Set("general.architecture", "llama").Set("general.type", "adapter").
		Set("adapter.type", "lora").Set("adapter.lora.alpha", float32(16)).Set("general.base_model.0.name", "SmolLM2 135M").
		Tensor("blk.0.attn_q.weight.lora_a", modelfiletest.F16, nil, 576, 8).
		Tensor("blk.0.attn_q.weight.lora_b", modelfiletest.F16, nil, 8, 576)
	weights := func(arch string, names ...string) *modelfiletest.GGUF {
		g := modelfiletest.NewGGUF()
		if arch != "" {
			g.Set("general.architecture", arch)
		}
		for _, n := range names {
			g.Tensor(n, modelfiletest.F16, nil, 64, 32)
		}
		return g
	}
	for name, tc := range map[string]struct {
		g    *modelfiletest.GGUF
		want want
	}{
		"adapter":             {adapter, want{backend.KindAdapter, "llama"}},
		"projector":           {weights("clip", "v.patch_embd.weight"), want{backend.KindProjector, "clip"}},
		"T5 encoder":          {weights("t5encoder", "enc.blk.0.attn_q.weight"), want{backend.KindTextEncoder, "t5"}},
		"Flux by its header":  {weights("flux", "double_blocks.0.img_attn.qkv.weight"), want{backend.KindDiffusion, "flux"}},
		"Flux by its tensors": {weights("", "model.diffusion_model.double_blocks.0.img_attn.qkv.weight"), want{backend.KindDiffusion, "flux"}},
		"picture model with an odd header": {
			weights("pig", "joint_blocks.0.x_block.attn.qkv.weight"),
			want{backend.KindDiffusion, "sd3"},
		},
		"embedding by pooling": {modelfiletest.Chat().Set("llama.pooling_type", uint32(3)), want{backend.KindEmbedding, "llama"}},
		"later part": {
			weights("", "blk.9.attn_q.weight").Set("split.no", uint32(1)).Set("split.count", uint32(3)),
			want{backend.KindUnknown, ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "m.gguf", tc.g.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, want{f.Kind, f.Family}, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
	f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "lora.gguf", adapter.Bytes()))
	if err != nil || f.Rank != 8 || f.Base != "SmolLM2 135M" {
		t.Errorf("adapter of rank %d for %q, %v; want 8, SmolLM2 135M", f.Rank, f.Base, err)
	}
}

func TestFilesThatNoEngineHereCanUseAreNamed(t *testing.T) {
	imatrix := modelfiletest.NewGGUF().Set("general.type", "imatrix").Set("general.architecture", "llama").
		Tensor("x", modelfiletest.F32, nil, 4)
	sound := modelfiletest.NewGGUF().Set("general.architecture", "wavtokenizer-dec").Tensor("x", modelfiletest.F32, nil, 4)
	for says, g := range map[string]*modelfiletest.GGUF{"importance matrix": imatrix, "sound": sound} {
		path := modelfiletest.Write(t, t.TempDir(), "m.gguf", g.Bytes())
		f, err := modelfile.Identify(path)
		wantClause(t, f, err, path, says)
	}
}

func TestHybridModelsCountTheirAttentionLayers(t *testing.T) {
	g := modelfiletest.Chat().Set("llama.block_count", uint32(4)).
		Set("llama.attention.head_count", []uint32{2, 2, 2, 2}).Set("llama.attention.head_count_kv", []uint32{0, 2, 0, 2})
	f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "m.gguf", g.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if got := f.Shape.Layers * f.Shape.HeadsKV; got != 4 {
		t.Errorf("%d KV heads in all layers, want 4", got)
	}
}

func TestRecommendedSamplingIsRead(t *testing.T) {
	g := modelfiletest.Chat().Set("general.sampling.temp", float32(0.6)).Set("general.sampling.top_k", int32(20)).
		Set("general.sampling.top_p", float32(7)).Set("general.sampling.min_p", float32(-1))
	f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "m.gguf", g.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	want := backend.DefaultSampling()
	want.Temperature, want.TopK = 0.6, 20 // the others are out of range
	if diff := cmp.Diff(&want, f.Sampling); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}
