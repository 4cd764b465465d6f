package modelfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"loam/backend"
)

// Limits of looking at a folder.
const (
	maxSettings    = 1 << 20  // bytes of a config.json or model_index.json
	maxIndex       = 32 << 20 // bytes of an index of shards
	maxShards      = 1024
	maxFolderFiles = 4096 // names of one folder that are looked at
)

// Folder is a folder that is one model in a form that no engine here loads.
type Folder struct {
	Path         string
	Form         string // "Transformers", "Diffusers", ...
	Kind         backend.ModelKind
	Name         string // readable, from the folder's name
	Architecture string // "Qwen3ForCausalLM", "StableDiffusionXLPipeline"; "" = not said
	Family       string // "sdxl"; "" = not known
	SizeBytes    int64  // of its weights
	Shards       int    // files that hold the weights
	Lacks        []string
	Reason       string // one clause: what it is, why it is not used, and what to get instead
}

// IdentifyFolder recognises a folder that is one model as it was trained; ok is false for any other folder. It reads the
// small settings files only, each up to a limit.
func IdentifyFolder(dir string) (f Folder, ok bool) {
	names := namesIn(dir)
	if names == nil {
		return Folder{}, false
	}
	has := func(name string) bool { return slices.Contains(names, name) }
	f = Folder{Path: dir, Name: folderTitle(dir)}
	switch {
	case has("model_index.json"):
		return diffusersFolder(f), true
	case has("adapter_config.json"):
		f.Form, f.Kind = "PEFT", backend.KindAdapter
		f.Reason = "it is a PEFT folder, a LoRA for a chat model as it was trained: Loam will convert these; until then get the GGUF file of this LoRA"
		return f, true
	case has("config.json") && hasWeights(names):
		return transformersFolder(f, names)
	case has("saved_model.pb"):
		f.Form, f.Kind = "TensorFlow", backend.KindUnknown
		f.Reason = "it is a TensorFlow folder; Loam reads GGUF and safetensors files"
		return f, true
	case has("genai_config.json"):
		f.Form, f.Kind = "ONNX", backend.KindChat
		f.Reason = "it is an ONNX folder; Loam reads GGUF and safetensors: get the GGUF file of " + quoted(f.Name)
		return f, true
	case strings.HasSuffix(dir, ".mlmodelc"), strings.HasSuffix(dir, ".mlpackage"):
		f.Form, f.Kind = "Core ML", backend.KindUnknown
		f.Reason = "it is a Core ML folder; Loam reads GGUF and safetensors files"
		return f, true
	}
	return Folder{}, false
}

// namesIn lists what lies in a folder, up to a limit; nil = it cannot be read.
func namesIn(dir string) []string {
	d, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer d.Close()
	names, err := d.Readdirnames(maxFolderFiles)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	slices.Sort(names)
	return names
}

func hasWeights(names []string) bool {
	return slices.ContainsFunc(names, func(n string) bool {
		return strings.HasSuffix(n, ".safetensors") || n == "model.safetensors.index.json" || n == "pytorch_model.bin" ||
			n == "pytorch_model.bin.index.json" || n == "consolidated.00.pth" || n == "tf_model.h5" || n == "flax_model.msgpack"
	})
}

// folderTitle makes a name out of a folder's; the cache of Hugging Face keeps it two folders up.
func folderTitle(dir string) string {
	base := filepath.Base(dir)
	if up := filepath.Dir(dir); filepath.Base(up) == "snapshots" {
		if _, repo, ok := strings.Cut(filepath.Base(filepath.Dir(up)), "--"); ok {
			base = repo[strings.LastIndex(repo, "--")+1:]
			base = strings.TrimPrefix(base, "-")
		}
	}
	return clip(base, 60)
}

// pipelines are the families by the pipeline that a Diffusers folder names, and the words for what to get instead: one
// file that holds everything, or the denoiser with its companions.
var pipelines = []struct{ class, family, words, get string }{
	{"StableDiffusionXL", "sdxl", "SDXL", wholeFile},
	{"StableDiffusion3", "sd3", "SD 3", parts},
	{"StableDiffusion", "sd1", "Stable Diffusion", wholeFile},
	{"LatentConsistency", "sd1", "Stable Diffusion", wholeFile},
	{"Flux2", "flux2", "Flux 2", parts},
	{"Flux", "flux", "Flux", parts},
	{"Chroma", "chroma", "Chroma", parts},
	{"QwenImage", "qwen-image", "Qwen-Image", parts},
	{"ZImage", "z-image", "Z-Image", parts},
	{"Lumina2", "lumina2", "Lumina 2", parts},
	{"Wan", "wan", "Wan", parts},
	{"HiDream", "hidream", "HiDream", parts},
	{"AuraFlow", "auraflow", "AuraFlow", wholeFile},
	{"PixArt", "pixart", "PixArt", wholeFile},
	{"Kolors", "kolors", "Kolors", wholeFile},
	{"LTX", "ltx", "LTX-Video", wholeFile},
	{"Hunyuan", "hunyuan-video", "Hunyuan", parts},
}

const (
	wholeFile = "the one safetensors file of this model (a few GB, beside the folders where it is published)"
	parts     = "the GGUF or safetensors file of its transformer, with the text encoders and the VAE as files of their own"
)

func diffusersFolder(f Folder) Folder {
	f.Form, f.Kind = "Diffusers", backend.KindDiffusion
	var index struct {
		Class string `json:"_class_name"`
	}
	readSettings(filepath.Join(f.Path, "model_index.json"), &index)
	f.Architecture = clip(index.Class, 60)
	words, get := "picture", "the single safetensors or GGUF file of this model"
	for _, p := range pipelines {
		if strings.HasPrefix(index.Class, p.class) {
			f.Family, words, get = p.family, p.words, p.get
			break
		}
	}
	for _, part := range []string{"unet", "transformer", "vae", "text_encoder", "text_encoder_2", "text_encoder_3"} {
		dir := filepath.Join(f.Path, part)
		n, shards := weighFolder(dir, namesIn(dir))
		f.SizeBytes += n
		f.Shards += shards
	}
	f.Reason = fmt.Sprintf("it is a Diffusers folder, a %s model in pieces: Loam will convert these; until then use %s", words, get)
	return f
}

// weighFolder sums up the files of weights in a folder.
func weighFolder(dir string, names []string) (size int64, files int) {
	for _, n := range names {
		switch filepath.Ext(n) {
		case ".safetensors", ".bin", ".pth":
			if info, err := os.Stat(filepath.Join(dir, n)); err == nil && info.Mode().IsRegular() {
				size += info.Size()
				files++
			}
		}
	}
	return size, files
}

func transformersFolder(f Folder, names []string) (Folder, bool) {
	var config struct {
		Class         string          `json:"_class_name"`
		Architectures []string        `json:"architectures"`
		ModelType     string          `json:"model_type"`
		MLX           json.RawMessage `json:"quantization"`
		Quantized     struct {
			Method string `json:"quant_method"`
		} `json:"quantization_config"`
	}
	if !readSettings(filepath.Join(f.Path, "config.json"), &config) {
		return Folder{}, false
	}
	f.SizeBytes, f.Shards = weighFolder(f.Path, names)
	if config.Class != "" { // one part of a Diffusers folder
		f.Form, f.Kind, f.Architecture = "Diffusers", backend.KindDiffusion, clip(config.Class, 60)
		if f.Shards < 2 {
			return Folder{}, false // its one file may be of use
		}
		f.Lacks = missingShards(f.Path, names)
		f.Reason = fmt.Sprintf("it is one part (%s) of a Diffusers folder, in %d files: Loam will convert these; until then use the single safetensors or GGUF file of it",
			f.Architecture, f.Shards)
		return f, true
	}
	f.Form, f.Kind = "Transformers", backend.KindChat
	if len(config.Architectures) > 0 {
		f.Architecture = clip(config.Architectures[0], 60)
	}
	f.Family = clip(config.ModelType, 40)
	what := "a chat model as it was trained"
	switch a := f.Architecture; {
	case a == "" && f.Family == "":
		return Folder{}, false // the settings of something else
	case strings.Contains(a, "CLIPText"), strings.Contains(a, "T5Encoder"), f.Family == "clip_text_model":
		return Folder{}, false // a text encoder in one file is of use
	case strings.Contains(a, "Whisper"), strings.Contains(a, "Speech"), strings.Contains(a, "Audio"), strings.Contains(a, "Wav2Vec"),
		strings.Contains(a, "Bark"), strings.Contains(a, "Musicgen"), strings.Contains(a, "TTS"), strings.Contains(a, "Vits"):
		f.Kind, f.Reason = backend.KindUnknown, soundClause
		return f, true
	case strings.Contains(a, "SequenceClassification"):
		f.Kind, what = backend.KindReranker, "a reranker as it was trained"
	case strings.HasSuffix(a, "Model") && strings.Contains(strings.ToLower(a), "bert"):
		f.Kind, what = backend.KindEmbedding, "an embedding model as it was trained"
	}
	switch {
	case config.Quantized.Method != "":
		f.Form, what = clip(strings.ToUpper(config.Quantized.Method), 16), "a chat model made small for graphics cards"
	case len(config.MLX) > 0 && string(config.MLX) != "null":
		f.Form, what = "MLX", "a chat model made small for Apple's MLX"
	}
	if f.Lacks = missingShards(f.Path, names); len(f.Lacks) > 0 {
		what += fmt.Sprintf(", of which %d of %d files are missing", len(f.Lacks), len(f.Lacks)+f.Shards)
	}
	f.Reason = fmt.Sprintf("it is a %s folder, %s: Loam will convert these; until then get the GGUF file of the same model (%s, for example Q4_K_M)",
		f.Form, what, quoted(f.Name+" GGUF"))
	return f, true
}

// readSettings reads a JSON file up to a limit; false when there is none that can be read.
func readSettings(path string, into any) bool {
	b, err := readSmall(path, maxSettings)
	return err == nil && json.Unmarshal(b, into) == nil
}

// readSmall reads an ordinary file of at most so many bytes.
func readSmall(path string, most int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > most {
		return nil, fs.ErrInvalid
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, most))
}

// missingShards names the files that the folder's index lists and that are not there.
func missingShards(dir string, names []string) []string {
	index, err := ReadShards(filepath.Join(dir, "model.safetensors.index.json"))
	if err != nil {
		if index, err = ReadShards(filepath.Join(dir, "diffusion_pytorch_model.safetensors.index.json")); err != nil {
			return nil
		}
	}
	var lacks []string
	for _, n := range index {
		if !slices.Contains(names, n) {
			lacks = append(lacks, n)
		}
	}
	return lacks
}

// ReadShards gives the names of the files that an index of a sharded model lists ("model.safetensors.index.json"), sorted.
// Memory does not depend on how many tensors it names.
func ReadShards(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if err := checkMode(info.Mode()); err != nil {
		return nil, err
	}
	if info.Size() > maxIndex {
		return nil, faultf("its index is larger than that of any real model")
	}
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return readShards(file, info.Size())
}

func readShards(r io.ReaderAt, size int64) ([]string, error) {
	s := scanner{c: newCursor(r, size), end: size}
	files := map[string]struct{}{}
	err := s.object(maxNameBytes, func(key string) error {
		if key != "weight_map" {
			return s.skipValue(8)
		}
		return s.object(maxNameBytes, func(string) error {
			name, whole, err := s.str(maxNameBytes)
			if err != nil {
				return err
			}
			if !whole || name == "" || filepath.Base(name) != name || len(files) == maxShards {
				return faultf("its index names files that no real model has")
			}
			files[name] = struct{}{}
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	return names, nil
}
