package modelfile_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// folder writes files with their contents; a name may hold folders.
func folder(t *testing.T, dir string, files map[string]string) string {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFoldersThatAreOneModelSayWhatToGetInstead(t *testing.T) {
	weights := string(modelfiletest.Safetensors(nil, lo("model.embed_tokens.weight", 4, 4)))
	index := `{"metadata":{"total_size":8e9,"more":[{"a":null},true,-1.5]},"weight_map":{"a":"model-00001-of-00002.safetensors","b":"model-00002-of-00002.safetensors"}}`
	for name, tc := range map[string]struct {
		dir    string
		files  map[string]string
		form   string
		kind   backend.ModelKind
		family string
		says   string
	}{
		"Transformers":          {"Qwen3-4B", map[string]string{"config.json": `{"architectures":["Qwen3ForCausalLM"],"model_type":"qwen3"}`, "model.safetensors": weights}, "Transformers", backend.KindChat, "qwen3", `"Qwen3-4B GGUF"`},
		"shards, one missing":   {"Llama", map[string]string{"config.json": `{"architectures":["LlamaForCausalLM"],"model_type":"llama"}`, "model.safetensors.index.json": index, "model-00001-of-00002.safetensors": weights}, "Transformers", backend.KindChat, "llama", "1 of 2 files are missing"},
		"pickles":               {"opt", map[string]string{"config.json": `{"architectures":["OPTForCausalLM"],"model_type":"opt"}`, "pytorch_model.bin": "x"}, "Transformers", backend.KindChat, "opt", "GGUF file of the same model"},
		"GPTQ":                  {"q", map[string]string{"config.json": `{"architectures":["LlamaForCausalLM"],"quantization_config":{"quant_method":"gptq"}}`, "model.safetensors": weights}, "GPTQ", backend.KindChat, "", "graphics cards"},
		"MLX":                   {"q", map[string]string{"config.json": `{"architectures":["LlamaForCausalLM"],"quantization":{"bits":4}}`, "model.safetensors": weights}, "MLX", backend.KindChat, "", "MLX folder"},
		"embedding":             {"bge", map[string]string{"config.json": `{"architectures":["BertModel"],"model_type":"bert"}`, "model.safetensors": weights}, "Transformers", backend.KindEmbedding, "bert", "an embedding model"},
		"reranker":              {"bge", map[string]string{"config.json": `{"architectures":["XLMRobertaForSequenceClassification"],"model_type":"xlm-roberta"}`, "model.safetensors": weights}, "Transformers", backend.KindReranker, "xlm-roberta", "a reranker"},
		"speech":                {"w", map[string]string{"config.json": `{"architectures":["WhisperForConditionalGeneration"]}`, "model.safetensors": weights}, "Transformers", backend.KindUnknown, "", "no engine for sound"},
		"PEFT":                  {"l", map[string]string{"adapter_config.json": `{}`, "adapter_model.safetensors": weights}, "PEFT", backend.KindAdapter, "", "GGUF file of this LoRA"},
		"SDXL":                  {"x", map[string]string{"model_index.json": `{"_class_name":"StableDiffusionXLPipeline"}`, "unet/diffusion_pytorch_model.safetensors": weights}, "Diffusers", backend.KindDiffusion, "sdxl", "the one safetensors file"},
		"Flux":                  {"x", map[string]string{"model_index.json": `{"_class_name":"FluxPipeline"}`}, "Diffusers", backend.KindDiffusion, "flux", "GGUF or safetensors file of its transformer"},
		"another pipeline":      {"x", map[string]string{"model_index.json": `{"_class_name":"NewPipeline"}`}, "Diffusers", backend.KindDiffusion, "", "single safetensors or GGUF"},
		"sharded transformer":   {"x", map[string]string{"config.json": `{"_class_name":"FluxTransformer2DModel"}`, "diffusion_pytorch_model-00001-of-00002.safetensors": weights, "diffusion_pytorch_model-00002-of-00002.safetensors": weights}, "Diffusers", backend.KindDiffusion, "", "FluxTransformer2DModel"},
		"TensorFlow":            {"x", map[string]string{"saved_model.pb": "x"}, "TensorFlow", backend.KindUnknown, "", "TensorFlow folder"},
		"ONNX":                  {"phi", map[string]string{"genai_config.json": "{}", "model.onnx": "x"}, "ONNX", backend.KindChat, "", `GGUF file of "phi"`},
		"Core ML":               {"x.mlmodelc", map[string]string{"model.mil": "x"}, "Core ML", backend.KindUnknown, "", "Core ML"},
		"cache of Hugging Face": {"models--Qwen--Qwen3-4B/snapshots/abc", map[string]string{"config.json": `{"architectures":["Qwen3ForCausalLM"]}`, "model.safetensors": weights}, "Transformers", backend.KindChat, "", `"Qwen3-4B GGUF"`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, filepath.Join(t.TempDir(), filepath.FromSlash(tc.dir)), tc.files)
			f, ok := modelfile.IdentifyFolder(dir)
			if !ok {
				t.Fatal("it was not recognised")
			}
			if diff := cmp.Diff([]string{tc.form, string(tc.kind), tc.family}, []string{f.Form, string(f.Kind), f.Family}); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if !strings.Contains(f.Reason, tc.says) || len(f.Reason) > 300 || strings.ContainsAny(f.Reason, "\n\r") {
				t.Errorf("reason %q, want a short clause with %q", f.Reason, tc.says)
			}
		})
	}
}

func TestFoldersThatAreNoModelAreLeftToTheirFiles(t *testing.T) {
	weights := string(modelfiletest.Safetensors(nil, lo("x", 4, 4)))
	for name, files := range map[string]map[string]string{
		"GGUF files":               {"a.gguf": "x", "config.json": `{"model_type":"llama"}`},
		"settings of no model":     {"config.json": `{"theme":"dark"}`, "a.safetensors": weights},
		"settings that are a list": {"config.json": `[]`, "a.safetensors": weights},
		"broken settings":          {"config.json": `{`, "a.safetensors": weights},
		"huge settings":            {"config.json": `{"architectures":["` + strings.Repeat("x", 2<<20) + `"]}`, "a.safetensors": weights},
		"a VAE of Diffusers":       {"config.json": `{"_class_name":"AutoencoderKL"}`, "diffusion_pytorch_model.safetensors": weights},
		"nothing":                  {"a.txt": "x"},
	} {
		if f, ok := modelfile.IdentifyFolder(folder(t, t.TempDir(), files)); ok {
			t.Errorf("%s: taken for %q", name, f.Reason)
		}
	}
	if _, ok := modelfile.IdentifyFolder(filepath.Join(t.TempDir(), "gone")); ok {
		t.Error("a folder that is not there was recognised")
	}
}

func TestIndexOfShards(t *testing.T) {
	var b strings.Builder
	b.WriteString(`{"weight_map":{`)
	for i := range 100_000 {
		fmt.Fprintf(&b, `"model.layers.%d.weight":"model-%05d-of-00003.safetensors",`, i, i%3+1)
	}
	b.WriteString(`"end":"model-00001-of-00003.safetensors"}}`)
	path := modelfiletest.Write(t, t.TempDir(), "model.safetensors.index.json", []byte(b.String()))
	got, err := modelfile.ReadShards(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for name, text := range map[string]string{
		"a path outside": `{"weight_map":{"a":"../../secret"}}`, "a number": `{"weight_map":{"a":5}}`, "cut": `{"weight_map":{"a":"x`,
		"deep": strings.Repeat(`{"a":`, 100_000), "a list": `[]`, "nothing": "",
	} {
		if got, err := modelfile.ReadShards(modelfiletest.Write(t, t.TempDir(), "i.json", []byte(text))); err == nil {
			t.Errorf("%s: read as %q", name, got)
		}
	}
}

func FuzzShards(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":8},"weight_map":{"a":"model-00001-of-00002.safetensors"}}`))
	f.Add([]byte(`{"x":[{"a":null},true,-1.5e3,"\u00e9"],"weight_map":{}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := modelfiletest.Write(t, dir, "model.safetensors.index.json", data)
		names, err := modelfile.ReadShards(path)
		if err != nil {
			checkFault(t, err)
		}
		for _, n := range names {
			if n != filepath.Base(n) || bytes.ContainsRune([]byte(n), filepath.Separator) {
				t.Fatalf("%q leads elsewhere", n)
			}
		}
		modelfiletest.Write(t, dir, "config.json", data)
		modelfiletest.Write(t, dir, "model.safetensors", nil)
		if f, ok := modelfile.IdentifyFolder(dir); ok {
			checkText(t, "architecture", f.Architecture)
			checkText(t, "reason", f.Reason)
		}
	})
}
