package library_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/event"
	"loam/backend/library"
	"loam/backend/modelfile/modelfiletest"
)

// put writes a file with the folders it needs.
func put(t *testing.T, data []byte, steps ...string) string {
	t.Helper()
	path := filepath.Join(steps...)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ollama writes a model as Ollama keeps it: a manifest that names blobs by their hash.
func ollama(t *testing.T, dir, name, tag string, model, projector []byte) {
	t.Helper()
	type layer struct {
		MediaType string `json:"mediaType"`
		Digest    string `json:"digest"`
		Size      int    `json:"size"`
	}
	var layers []layer
	for kind, data := range map[string][]byte{"model": model, "projector": projector, "license": []byte("MIT")} {
		if data == nil {
			continue
		}
		put(t, data, dir, "blobs", "sha256-"+sum(data))
		layers = append(layers, layer{"application/vnd.ollama.image." + kind, "sha256:" + sum(data), len(data)})
	}
	b, err := json.Marshal(map[string]any{"schemaVersion": 2, "layers": layers})
	if err != nil {
		t.Fatal(err)
	}
	put(t, b, dir, "manifests", "registry.ollama.ai", "library", name, tag)
}

// huggingFace writes a file as the cache of Hugging Face keeps it: a link to a blob.
func huggingFace(t *testing.T, hub, repo, revision, file string, data []byte) {
	t.Helper()
	dir := filepath.Join(hub, "models--"+strings.ReplaceAll(repo, "/", "--"))
	blob := put(t, data, dir, "blobs", sum(data))
	put(t, []byte(revision), dir, "refs", "main")
	link := filepath.Join(dir, "snapshots", revision, file)
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(blob, link); err != nil {
		t.Fatal(err)
	}
}

// lora is a small LoRA for SD 1 that differs from others by its title.
func lora(title string) []byte {
	return modelfiletest.Safetensors(map[string]string{"modelspec.title": title}, modelfiletest.Shape{
		Name: "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", Dims: []int64{4, 768},
	})
}

func TestModelsOfOtherProgramsAreFoundOnEverySystem(t *testing.T) {
	const revision = "0123456789abcdef0123456789abcdef01234567"
	for _, tc := range []struct {
		name, system string
		env          func(home string) map[string]string
		build        func(t *testing.T, home string)
		want         []string // "program: name"
	}{
		{"Linux", "linux", nil, func(t *testing.T, home string) {
			put(t, chat("Lm"), home, ".lmstudio", "models", "org", "Lm-GGUF", "Lm-Q8_0.gguf")
			ollama(t, filepath.Join(home, ".ollama", "models"), "llama3.2", "3b", chat("Olla"), nil)
			ollama(t, filepath.Join(home, "root", "usr", "share", "ollama", ".ollama", "models"), "qwen3", "latest", chat("Service"), nil)
			put(t, chat("Jan"), home, ".local", "share", "Jan", "data", "llamacpp", "models", "jan", "Jan.gguf")
			put(t, chat("Four"), home, ".local", "share", "nomic.ai", "GPT4All", "Four.gguf")
			put(t, chat("Kobold"), home, "koboldcpp", "Kobold.gguf")
			put(t, lora("Ink"), home, "ComfyUI", "models", "loras", "sdxl", "Ink.safetensors")
			put(t, lora("Old"), home, "stable-diffusion-webui", "models", "Lora", "Old.safetensors")
			put(t, lora("Forged"), home, "stable-diffusion-webui-forge", "models", "Lora", "Forged.safetensors")
			put(t, lora("Invoke"), home, "invokeai", "models", "sd-1", "lora", "Invoke.safetensors")
			huggingFace(t, filepath.Join(home, ".cache", "huggingface", "hub"), "org/Hug-GGUF", revision, "Hug-Q8_0.gguf", chat("Hug"))
			huggingFace(t, filepath.Join(home, ".cache", "huggingface", "hub"), "org/Hug-GGUF", strings.Repeat("a", 40), "Old-Q8_0.gguf", chat("Outdated"))
			put(t, []byte(revision), home, ".cache", "huggingface", "hub", "models--org--Hug-GGUF", "refs", "main")
			put(t, chat("Cpp"), home, ".cache", "llama.cpp", "Cpp.gguf")
		}, []string{
			"A1111: Old", "ComfyUI: Ink", "Forge: Forged", "GPT4All: Four", "Hugging Face: Hug", "InvokeAI: Invoke", "Jan: Jan",
			"KoboldCpp: Kobold", "LM Studio: Lm", "Ollama: llama3.2 3b", "Ollama: qwen3", "llama.cpp: Cpp",
		}},
		{"macOS", "darwin", nil, func(t *testing.T, home string) {
			put(t, chat("Jan"), home, "Library", "Application Support", "Jan", "data", "llamacpp", "models", "jan", "Jan.gguf")
			put(t, chat("Four"), home, "Library", "Application Support", "nomic.ai", "GPT4All", "Four.gguf")
			put(t, chat("Lm"), home, ".cache", "lm-studio", "models", "org", "Lm", "Lm.gguf")
			put(t, lora("Ink"), home, "Documents", "ComfyUI", "models", "loras", "Ink.safetensors")
		}, []string{"ComfyUI: Ink", "GPT4All: Four", "Jan: Jan", "LM Studio: Lm"}},
		{"Windows", "windows", func(home string) map[string]string {
			return map[string]string{"APPDATA": filepath.Join(home, "Roaming"), "LOCALAPPDATA": filepath.Join(home, "Local")}
		}, func(t *testing.T, home string) {
			put(t, chat("Jan"), home, "Roaming", "Jan", "data", "llamacpp", "models", "jan", "Jan.gguf")
			put(t, chat("Four"), home, "Local", "nomic.ai", "GPT4All", "Four.gguf")
			put(t, chat("Matrix"), home, "Roaming", "StabilityMatrix", "Models", "LLM", "Matrix.gguf")
		}, []string{"GPT4All: Four", "Jan: Jan", "Stability Matrix: Matrix"}},
		{"moved by variables and settings", "linux", func(home string) map[string]string {
			return map[string]string{
				"OLLAMA_MODELS": filepath.Join(home, "o"), "HF_HOME": filepath.Join(home, "h"), "XDG_DATA_HOME": filepath.Join(home, "d"),
				"INVOKEAI_ROOT": filepath.Join(home, "i"), "HF_HUB_CACHE": "not/absolute",
			}
		}, func(t *testing.T, home string) {
			ollama(t, filepath.Join(home, "o"), "smol", "latest", chat("Olla"), nil)
			huggingFace(t, filepath.Join(home, "h", "hub"), "org/Hug", revision, "Hug.gguf", chat("Hug"))
			put(t, chat("Jan"), home, "j", "llamacpp", "models", "Jan.gguf")
			put(t, fmt.Appendf(nil, `{"data_folder":%q}`, filepath.Join(home, "j")), home, "d", "Jan", "settings.json")
			put(t, fmt.Appendf(nil, `{"downloadsFolder":%q}`, filepath.Join(home, "l")), home, ".lmstudio", "settings.json")
			put(t, chat("Lm"), home, "l", "Lm.gguf")
			put(t, []byte("[General]\nmodelPath="+filepath.Join(home, "g")+"\n"), home, ".config", "nomic.ai", "GPT4All.ini")
			put(t, chat("Four"), home, "g", "Four.gguf")
			put(t, []byte("schema_version: 4.0.2\n\nmodels_dir: 'm' # mine\n"), home, "i", "invokeai.yaml")
			put(t, lora("Invoke"), home, "i", "m", "Invoke.safetensors")
			put(t, []byte("comfyui:\n    base_path: "+filepath.Join(home, "c")+"\n"), home, "ComfyUI", "extra_model_paths.yaml")
			put(t, lora("Ink"), home, "c", "models", "loras", "Ink.safetensors")
		}, []string{
			"ComfyUI: Ink", "GPT4All: Four", "Hugging Face: Hug", "InvokeAI: Invoke", "Jan: Jan", "LM Studio: Lm", "Ollama: smol",
		}},
		{"nothing", "linux", nil, func(*testing.T, string) {}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			home := t.TempDir()
			tc.build(t, home)
			vars := map[string]string{}
			if tc.env != nil {
				vars = tc.env(home)
			}
			f := open(t, func(d *library.Deps) {
				d.Places = library.Places{
					System: tc.system, Home: home, Env: func(name string) string { return vars[name] }, Root: filepath.Join(home, "root"),
				}
			})
			a, err := f.LookAround(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range a.Models {
				got = append(got, m.Program+": "+m.Name)
			}
			slices.Sort(got)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if list, err := f.List(t.Context()); err != nil || len(list) != 0 {
				t.Errorf("looking added %d models, %v", len(list), err)
			}
			if left := files(t, f.owned); len(left) != 0 {
				t.Errorf("looking made %q", left)
			}
		})
	}
}

// around is a library with the home of somebody who uses LM Studio, Ollama and ComfyUI.
func around(t *testing.T) (*fixture, string) {
	t.Helper()
	home := t.TempDir()
	put(t, chat("Lm"), home, ".lmstudio", "models", "org", "Lm", "Lm-Q8_0.gguf")
	put(t, []byte("\x80\x02}q\x00."), home, ".lmstudio", "models", "org", "Lm", "broken.gguf")
	ollama(t, filepath.Join(home, ".ollama", "models"), "llama3.2", "3b", chat("Olla"), nil)
	put(t, lora("Ink"), home, "ComfyUI", "models", "loras", "Ink.safetensors")
	return open(t, func(d *library.Deps) {
		d.Places = library.Places{System: "linux", Home: home, Env: func(string) string { return "" }, Root: home}
	}), home
}

func TestWhatWasFoundIsUsedInPlaceAfterAClick(t *testing.T) {
	f, home := around(t)
	if err := f.FirstLook(t.Context()); err != nil {
		t.Fatal(err)
	}
	a, err := f.Around(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"LM Studio", "Ollama", "ComfyUI"}, a.Programs()); diff != "" {
		t.Errorf("programs (-want +got)\n%s", diff)
	}
	if a.Refused != 1 || a.SizeBytes() == 0 || a.Looked.IsZero() {
		t.Errorf("%d refused, %d bytes, looked %v", a.Refused, a.SizeBytes(), a.Looked)
	}
	var paths []string
	for _, m := range a.Models {
		if m.Program != "ComfyUI" { // a person unticked it
			paths = append(paths, m.Path)
		}
	}
	got, err := f.Bring(t.Context(), append(paths, "/etc/passwd"))
	if err != nil || len(got.Refused) != 0 {
		t.Fatalf("%v, refused %v", err, got.Refused)
	}
	var names []string
	for _, m := range got.Models {
		names = append(names, m.Name)
		if m.Owned || !strings.HasPrefix(m.Path, home) || m.Source == "" {
			t.Errorf("%s lies at %s (owned %v), from %q", m.Name, m.Path, m.Owned, m.Source)
		}
	}
	if diff := cmp.Diff([]string{"Lm", "llama3.2 3b"}, names); diff != "" {
		t.Errorf("names (-want +got)\n%s", diff)
	}
	if !f.bus.has(event.ModelsBrought{Done: 2, Total: 2}) {
		t.Error("its progress was not told")
	}
	if left := files(t, f.owned); len(left) != 0 {
		t.Errorf("copied %q", left)
	}
	if a, err = f.Around(t.Context()); err != nil || len(a.Models) != 1 || a.Models[0].Name != "Ink" {
		t.Errorf("left over: %+v, %v", a.Models, err)
	}
	if err := f.Remove(t.Context(), got.Models[0].ID); err != nil {
		t.Fatal(err)
	}
	if a, err = f.LookAround(t.Context()); err != nil || len(a.Models) != 1 {
		t.Errorf("what was removed is offered again: %+v, %v", a.Models, err)
	}
}

func TestFirstLookHappensOnce(t *testing.T) {
	f, home := around(t)
	for range 2 {
		if err := f.FirstLook(t.Context()); err != nil {
			t.Fatal(err)
		}
		put(t, chat("Later"), home, ".lmstudio", "models", "Later.gguf")
	}
	a, err := f.Around(t.Context())
	if err != nil || len(a.Models) != 3 {
		t.Errorf("%d models, %v; want the 3 of the first look", len(a.Models), err)
	}
	if err := f.HideAround(t.Context()); err != nil {
		t.Fatal(err)
	}
	if a, err = f.Around(t.Context()); err != nil || !a.Hidden {
		t.Errorf("hidden %v, %v", a.Hidden, err)
	}
	if a, err = f.LookAround(t.Context()); err != nil || a.Hidden || len(a.Models) != 4 {
		t.Errorf("looked again: %d models, hidden %v, %v", len(a.Models), a.Hidden, err)
	}
}

func TestHostileHomesAreSurvived(t *testing.T) {
	home := t.TempDir()
	models := filepath.Join(home, ".lmstudio", "models")
	put(t, chat("Fine"), models, "Fine.gguf")
	deep := models
	for range 40 {
		deep = filepath.Join(deep, "d")
	}
	put(t, chat("Deep"), deep, "Deep.gguf")
	for link, to := range map[string]string{
		filepath.Join(models, "loop"): models, filepath.Join(models, "self.gguf"): filepath.Join(models, "self.gguf"),
		filepath.Join(models, "twin.gguf"): filepath.Join(models, "Fine.gguf"), filepath.Join(models, "dev.gguf"): "/dev/zero",
	} {
		if err := os.Symlink(to, link); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(home, ".ollama", "models")
	for name, manifest := range map[string]string{
		"evil": `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../../../etc/passwd"}]}`,
		"list": `[1,2]`, "cut": `{"layers":[{`, "gone": `{"layers":[{"mediaType":"application/vnd.ollama.image.model","digest":"sha256:` + strings.Repeat("0", 64) + `"}]}`,
		"huge": strings.Repeat(" ", 1<<20),
	} {
		put(t, []byte(manifest), dir, "manifests", "registry", "library", name, "latest")
	}
	put(t, []byte("../../.."), home, ".cache", "huggingface", "hub", "models--a--b", "refs", "main")
	put(t, []byte{0xFF, 0xFE}, home, ".lmstudio-home-pointer")
	f := open(t, func(d *library.Deps) {
		d.Places = library.Places{System: "linux", Home: home, Env: func(string) string { return "" }, Root: home}
	})
	a, err := f.LookAround(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, m := range a.Models {
		names = append(names, m.Name)
	}
	if diff := cmp.Diff([]string{"Fine"}, names); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestSplitModelBehindLinksIsTakenWhole(t *testing.T) {
	f := open(t)
	dir := filepath.Join(f.abroad, "snapshots")
	for no := range uint32(2) {
		blob := put(t, modelfiletest.Chat().Set("split.no", no).Set("split.count", uint32(2)).Bytes(), f.abroad, "blobs", fmt.Sprint("b", no))
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(blob, filepath.Join(dir, fmt.Sprintf("m-%05d-of-00002.gguf", no+1))); err != nil {
			t.Fatal(err)
		}
	}
	m, err := f.Add(t.Context(), filepath.Join(dir, "m-00002-of-00002.gguf"), library.AddOptions{})
	if err != nil || m.State != backend.ModelUnverified || filepath.Base(m.Path) != "m-00001-of-00002.gguf" {
		t.Errorf("%s at %s, %v", m.State, m.Path, err)
	}
}
