package modelfile_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

func TestNamesAreReadable(t *testing.T) {
	for file, want := range map[string]string{
		"SmolLM2-135M-Instruct.Q4_1.gguf":                     "SmolLM2 135M Instruct",
		"Qwen3-8B-Q4_K_M.gguf":                                "Qwen3 8B",
		"Meta-Llama-3.1-8B-Instruct-Q5_K_S.gguf":              "Meta Llama 3.1 8B Instruct",
		"gemma-3-4b-it-UD-IQ3_XXS.gguf":                       "Gemma 3 4B It UD",
		"DeepSeek-R1-Distill-Qwen-7B-f16-00001-of-00002.gguf": "DeepSeek R1 Distill Qwen 7B",
		"phi-2.Q8_0.GGUF":                                     "Phi 2",
		"flux1-dev-fp8.safetensors":                           "Flux1 Dev",
		"sd_xl_base_1.0.safetensors":                          "Sd Xl Base 1.0",
		"Q4_0.gguf":                                           "Q4",
		"model.gguf":                                          "Model",
		".gguf":                                               ".gguf",
	} {
		if got := modelfile.NameFromPath("/models/" + file); got != want {
			t.Errorf("%s: %q, want %q", file, got, want)
		}
	}
}

func TestFileNameWinsOverTheTitleOfATrainingRun(t *testing.T) {
	g := modelfiletest.Chat().Set("general.basename", "smollm2").Set("general.name", "Smollm2 135M 8k Lc100K Mix1 Ep2").
		Set("general.size_label", "135M").Set("general.finetune", "8k-lc100k-mix1-ep2")
	for file, want := range map[string]string{
		"SmolLM2-135M-Instruct.Q4_1.gguf": "SmolLM2 135M Instruct",
		"sha256-4f1d3c":                   "Smollm2 135M 8k Lc100k Mix1 Ep2",
	} {
		f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), file, g.Bytes()))
		if err != nil || f.Name != want {
			t.Errorf("%s: %q, %v; want %q", file, f.Name, err, want)
		}
	}
}

func TestLicensesAreNamed(t *testing.T) {
	for id, want := range map[string]string{
		"apache-2.0": "Apache-2.0", "llama3.1": "Llama 3.1 Community License", "": "", "my-own": "my-own",
		"\n  Some License\nVersion 2, and more": "Some License",
	} {
		f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "m.gguf", modelfiletest.Chat().Set("general.license", id).Bytes()))
		if err != nil || f.License != want {
			t.Errorf("%q: %q, %v; want %q", id, f.License, err, want)
		}
	}
	g := modelfiletest.Chat().Set("general.license", "other").Set("general.license.name", "The Odd License")
	if f, err := modelfile.Identify(modelfiletest.Write(t, t.TempDir(), "m.gguf", g.Bytes())); err != nil || f.License != "The Odd License" {
		t.Errorf("%q, %v", f.License, err)
	}
}

func TestPartsOfASplitFile(t *testing.T) {
	want := []string{"/m/a-00001-of-00002.gguf", "/m/a-00002-of-00002.gguf"}
	if diff := cmp.Diff(want, modelfile.PartsByName("/m/a-00002-of-00002.gguf")); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, path := range []string{"/m/a.gguf", "/m/a-00003-of-00002.gguf", "/m/a-00001-of-00001.gguf", "/m/-0001-of-00002.gguf"} {
		if got := modelfile.PartsByName(path); got != nil {
			t.Errorf("%s: %v, want none", path, got)
		}
	}
}
