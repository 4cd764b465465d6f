package library

import (
	"bufio"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Places is where a system keeps a person's files, as far as other programs' models are concerned. The zero value is this
// system and this person.
type Places struct {
	System string                   // as runtime.GOOS
	Home   string                   // of the person
	Env    func(name string) string // nil = os.Getenv
	Root   string                   // put before absolute paths of the system ("/usr/share/..."); for tests
}

// layout says how a program files its models.
type layout uint8

const (
	layoutFiles       layout = iota // model files under their names, in folders of any kind
	layoutOllama                    // blobs named by their hash, and manifests that name them
	layoutHuggingFace               // models--org--name/snapshots/revision/file, mostly links to blobs
)

// place is a folder of models that belongs to another program.
type place struct {
	program string
	dir     string
	layout  layout
}

func (p Places) filled() Places {
	if p.System == "" {
		p.System = runtime.GOOS
	}
	if p.Home == "" {
		p.Home, _ = os.UserHomeDir() // without one there is nothing to look at
	}
	if p.Env == nil {
		p.Env = os.Getenv
	}
	return p
}

// env gives the folder of a variable, or else another one.
func (p Places) env(name, otherwise string) string {
	if dir := p.Env(name); filepath.IsAbs(dir) {
		return dir
	}
	return otherwise
}

func (p Places) home(parts ...string) string {
	return filepath.Join(append([]string{p.Home}, parts...)...)
}

// data, config, cache and local are the folders where programs keep what is theirs.
func (p Places) data() string {
	switch p.System {
	case "darwin":
		return p.home("Library", "Application Support")
	case "windows":
		return p.env("APPDATA", p.home("AppData", "Roaming"))
	}
	return p.env("XDG_DATA_HOME", p.home(".local", "share"))
}

func (p Places) config() string {
	if p.System == "darwin" || p.System == "windows" {
		return p.data()
	}
	return p.env("XDG_CONFIG_HOME", p.home(".config"))
}

func (p Places) local() string {
	if p.System == "windows" {
		return p.env("LOCALAPPDATA", p.home("AppData", "Local"))
	}
	return p.data()
}

func (p Places) cache() string { return p.env("XDG_CACHE_HOME", p.home(".cache")) }

// all lists the known folders of other programs, whether they are there or not. A person's settings of those programs are
// honoured where they are small files that say it plainly.
func (p Places) all() []place {
	var list []place
	add := func(program string, l layout, dirs ...string) {
		for _, dir := range dirs {
			if filepath.IsAbs(dir) {
				list = append(list, place{program, filepath.Clean(dir), l})
			}
		}
	}
	p.languagePrograms(add)
	p.picturePrograms(add)
	add("Hugging Face", layoutHuggingFace, p.env("HF_HUB_CACHE", ""), p.env("HUGGINGFACE_HUB_CACHE", ""),
		filepath.Join(p.env("HF_HOME", filepath.Join(p.cache(), "huggingface")), "hub"), p.home(".cache", "huggingface", "hub"))
	return list
}

func (p Places) languagePrograms(add func(program string, l layout, dirs ...string)) {
	studio := p.home(".lmstudio")
	if home := firstLineOf(p.home(".lmstudio-home-pointer")); filepath.IsAbs(home) {
		studio = home
	}
	add("LM Studio", layoutFiles, jsonText(filepath.Join(studio, "settings.json"), "downloadsFolder"),
		filepath.Join(studio, "models"), p.home(".lmstudio", "models"), p.home(".cache", "lm-studio", "models"))

	add("Ollama", layoutOllama, p.env("OLLAMA_MODELS", ""), p.home(".ollama", "models"))
	if p.System == "linux" {
		add("Ollama", layoutOllama, filepath.Join(p.Root, "/usr/share/ollama/.ollama/models"), filepath.Join(p.Root, "/var/lib/ollama/models"),
			filepath.Join(p.Root, "/var/lib/ollama"))
	}

	for _, settings := range []string{filepath.Join(p.config(), "Jan", "settings.json"), filepath.Join(p.data(), "Jan", "settings.json")} {
		if dir := jsonText(settings, "data_folder"); dir != "" {
			add("Jan", layoutFiles, filepath.Join(dir, "llamacpp", "models"), filepath.Join(dir, "models"))
		}
	}
	for _, dir := range []string{filepath.Join(p.data(), "Jan", "data"), filepath.Join(p.config(), "Jan", "data"), p.home("jan")} {
		add("Jan", layoutFiles, filepath.Join(dir, "llamacpp", "models"), filepath.Join(dir, "models"))
	}

	settings := filepath.Join(p.config(), "nomic.ai", "GPT4All.ini")
	if p.System == "darwin" {
		settings = p.home(".config", "gpt4all.io", "GPT4All.ini")
	}
	add("GPT4All", layoutFiles, lineValue(settings, "modelPath="), filepath.Join(p.local(), "nomic.ai", "GPT4All"), p.home(".cache", "gpt4all"))

	// KoboldCpp has no folder of its own: it lies beside its models, mostly in a folder of its name.
	add("KoboldCpp", layoutFiles, p.home("koboldcpp"), p.home("KoboldCpp"), p.home("Documents", "koboldcpp"), p.home("Downloads", "koboldcpp"))

	add("llama.cpp", layoutFiles, p.env("LLAMA_CACHE", ""), filepath.Join(p.cache(), "llama.cpp"))
	if p.System == "darwin" {
		add("llama.cpp", layoutFiles, p.home("Library", "Caches", "llama.cpp"))
	}
	for _, name := range []string{"text-generation-webui", "textgen"} {
		add("text-generation-webui", layoutFiles, p.home(name, "user_data", "models"), p.home(name, "models"))
	}
}

func (p Places) picturePrograms(add func(program string, l layout, dirs ...string)) {
	comfy := []string{
		p.env("COMFYUI_PATH", ""), p.home("ComfyUI"), p.home("comfyui"), p.home("Documents", "ComfyUI"), p.home("comfy", "ComfyUI"),
		p.home("ComfyUI_windows_portable", "ComfyUI"),
	}
	for _, dir := range comfy {
		if dir == "" {
			continue
		}
		add("ComfyUI", layoutFiles, filepath.Join(dir, "models"))
		if base := lineValue(filepath.Join(dir, "extra_model_paths.yaml"), "base_path:"); base != "" {
			add("ComfyUI", layoutFiles, filepath.Join(base, "models"))
		}
	}
	for _, ui := range []struct{ folder, program string }{
		{"stable-diffusion-webui", "A1111"},
		{"stable-diffusion-webui-forge", "Forge"},
		{"stable-diffusion-webui-reForge", "Forge"},
		{"sd-webui-forge", "Forge"},
		{"sd-webui-forge-neo", "Forge"},
		{"forge", "Forge"},
		{"automatic", "SD.Next"},
		{"sdnext", "SD.Next"},
		{"Fooocus", "Fooocus"},
	} {
		for _, dir := range []string{p.home(ui.folder), p.home("Documents", ui.folder), p.home("Downloads", ui.folder)} {
			add(ui.program, layoutFiles, filepath.Join(dir, "models"), filepath.Join(dir, "embeddings"))
		}
	}
	invoke := p.env("INVOKEAI_ROOT", p.home("invokeai"))
	models := p.env("INVOKEAI_MODELS_DIR", lineValue(filepath.Join(invoke, "invokeai.yaml"), "models_dir:"))
	if models != "" && !filepath.IsAbs(models) {
		models = filepath.Join(invoke, models)
	}
	add("InvokeAI", layoutFiles, models, filepath.Join(invoke, "models"))
	add("Stability Matrix", layoutFiles, filepath.Join(p.data(), "StabilityMatrix", "Models"), p.home("StabilityMatrix", "Models"),
		p.home("StabilityMatrix", "Data", "Models"))
}

// maxNote is how much of another program's settings is read.
const maxNote = 256 << 10

// note opens another program's settings file; nil when there is none to read.
func note(path string) io.ReadCloser {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || info.Size() > maxNote {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil
	}
	return f
}

// jsonText reads one text of a JSON object.
func jsonText(path, key string) string {
	f := note(path)
	if f == nil {
		return ""
	}
	defer f.Close()
	var object map[string]any
	if json.NewDecoder(io.LimitReader(f, maxNote)).Decode(&object) != nil {
		return ""
	}
	s, _ := object[key].(string) // "" for anything else
	return s
}

// lineValue reads what follows prefix on the first line that begins with it, without quotes and remarks.
func lineValue(path, prefix string) string {
	f := note(path)
	if f == nil {
		return ""
	}
	defer f.Close()
	lines := bufio.NewScanner(io.LimitReader(f, maxNote))
	for lines.Scan() {
		if v, ok := strings.CutPrefix(strings.TrimSpace(lines.Text()), prefix); ok {
			v, _, _ = strings.Cut(v, " #")
			return strings.Trim(strings.TrimSpace(v), `"'`)
		}
	}
	return ""
}

func firstLineOf(path string) string { return lineValue(path, "") }
