// Command embedding makes a GGUF file out of a sentence model of the BERT family as it was trained: config.json, vocab.txt,
// 1_Pooling/config.json and model.safetensors in 32-bit numbers, in one folder. It is how setup makes the model that finds
// passages by their meaning; the inputs are pinned by their checksums, so it reads them without mercy and stops at the first
// thing that is not as it should be.
//
//	go run ./packaging/embedding -type q8_0 FOLDER OUT.gguf
package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

func main() {
	kind := flag.String("type", "f16", "how matrices are kept: f32, f16 or q8_0")
	name := flag.String("name", "all-MiniLM-L6-v2", "what the model is called")
	flag.Parse()
	if flag.NArg() != 2 {
		fmt.Fprintln(os.Stderr, "usage: embedding [-type f32|f16|q8_0] [-name NAME] FOLDER OUT.gguf")
		os.Exit(2)
	}
	if err := convert(flag.Arg(0), flag.Arg(1), *kind, *name); err != nil {
		fmt.Fprintln(os.Stderr, "embedding:", err)
		os.Exit(1)
	}
}

// config is what config.json says of a BERT model.
type config struct {
	Type     string  `json:"model_type"`
	Width    uint32  `json:"hidden_size"`
	Inner    uint32  `json:"intermediate_size"`
	Layers   uint32  `json:"num_hidden_layers"`
	Heads    uint32  `json:"num_attention_heads"`
	Context  uint32  `json:"max_position_embeddings"`
	Epsilon  float32 `json:"layer_norm_eps"`
	Vocab    int     `json:"vocab_size"`
	Segments uint32  `json:"type_vocab_size"`
}

func convert(dir, out, kind, name string) error {
	var c config
	if err := readJSON(filepath.Join(dir, "config.json"), &c); err != nil {
		return err
	}
	if c.Type != "bert" {
		return fmt.Errorf("it is a model of the type %q, not bert", c.Type)
	}
	var pooling struct {
		CLS  bool `json:"pooling_mode_cls_token"`
		Mean bool `json:"pooling_mode_mean_tokens"`
	}
	if err := readJSON(filepath.Join(dir, "1_Pooling", "config.json"), &pooling); err != nil {
		return err
	}
	if pooling.CLS == pooling.Mean {
		return errors.New("it pools neither by the mean nor by the first token")
	}
	vocab, err := os.ReadFile(filepath.Join(dir, "vocab.txt"))
	if err != nil {
		return err
	}
	tokens := strings.Split(strings.TrimSuffix(string(vocab), "\n"), "\n")
	if len(tokens) != c.Vocab {
		return fmt.Errorf("it has %d tokens, and should have %d", len(tokens), c.Vocab)
	}
	weights, err := readWeights(filepath.Join(dir, "model.safetensors"))
	if err != nil {
		return err
	}
	w := &writer{}
	describe(w, c, name, kind, pooling.CLS)
	if err := vocabulary(w, tokens); err != nil {
		return err
	}
	if err := tensors(w, c, weights, kind); err != nil {
		return err
	}
	return os.WriteFile(out, w.file(), 0o644)
}

func readJSON(path string, v any) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(b, v); err != nil {
		return fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return nil
}

// fileTypes are the values of general.file_type.
var fileTypes = map[string]uint32{"f32": 0, "f16": 1, "q8_0": 7}

func describe(w *writer, c config, name, kind string, cls bool) {
	pooling := uint32(1) // mean
	if cls {
		pooling = 2
	}
	w.text("general.architecture", "bert")
	w.text("general.type", "model")
	w.text("general.name", name)
	w.text("general.license", "apache-2.0")
	w.u32("general.file_type", fileTypes[kind])
	w.u32("bert.block_count", c.Layers)
	w.u32("bert.context_length", c.Context)
	w.u32("bert.embedding_length", c.Width)
	w.u32("bert.feed_forward_length", c.Inner)
	w.u32("bert.attention.head_count", c.Heads)
	w.f32("bert.attention.layer_norm_epsilon", c.Epsilon)
	w.flag("bert.attention.causal", false)
	w.u32("bert.pooling_type", pooling)
}

// vocabulary writes the words of WordPiece as llama.cpp wants them: what begins a word has a mark before it, and what goes on
// with one ("##ing") has none.
func vocabulary(w *writer, tokens []string) error {
	const normal, control, unused = 1, 3, 5
	words, types := make([]string, len(tokens)), make([]int32, len(tokens))
	ids := map[string]uint32{}
	for i, t := range tokens {
		ids[t] = uint32(i)
		switch {
		case strings.HasPrefix(t, "[unused"):
			words[i], types[i] = t, unused
		case len(t) > 2 && strings.HasPrefix(t, "[") && strings.HasSuffix(t, "]"):
			words[i], types[i] = t, control
		case len(t) > 2 && strings.HasPrefix(t, "##"):
			words[i], types[i] = t[2:], normal
		default:
			words[i], types[i] = "\u2581"+t, normal
		}
	}
	w.text("tokenizer.ggml.model", "bert")
	w.texts("tokenizer.ggml.tokens", words)
	w.i32s("tokenizer.ggml.token_type", types)
	w.u32("tokenizer.ggml.token_type_count", 2)
	for _, special := range [][2]string{
		{"bos", "[CLS]"},
		{"eos", "[SEP]"},
		{"unknown", "[UNK]"},
		{"padding", "[PAD]"},
		{"cls", "[CLS]"},
		{"mask", "[MASK]"},
		{"seperator", "[SEP]"}, //nolint:misspell // the format spells it so
	} {
		id, ok := ids[special[1]]
		if !ok {
			return fmt.Errorf("its vocabulary has no %s", special[1])
		}
		w.u32("tokenizer.ggml."+special[0]+"_token_id", id)
	}
	return nil
}

// names are those of a BERT model's tensors, and what GGUF calls them; %s is the number of a layer.
var names = [][2]string{
	{"embeddings.word_embeddings", "token_embd"},
	{"embeddings.position_embeddings", "position_embd"},
	{"embeddings.token_type_embeddings", "token_types"},
	{"embeddings.LayerNorm", "token_embd_norm"},
	{"encoder.layer.%s.attention.self.query", "blk.%s.attn_q"},
	{"encoder.layer.%s.attention.self.key", "blk.%s.attn_k"},
	{"encoder.layer.%s.attention.self.value", "blk.%s.attn_v"},
	{"encoder.layer.%s.attention.output.dense", "blk.%s.attn_output"},
	{"encoder.layer.%s.attention.output.LayerNorm", "blk.%s.attn_output_norm"},
	{"encoder.layer.%s.intermediate.dense", "blk.%s.ffn_up"},
	{"encoder.layer.%s.output.dense", "blk.%s.ffn_down"},
	{"encoder.layer.%s.output.LayerNorm", "blk.%s.layer_output_norm"},
}

var layerOf = regexp.MustCompile(`^encoder\.layer\.(\d+)\.`)

func ggufName(name string) (string, bool) {
	layer := ""
	if m := layerOf.FindStringSubmatch(name); m != nil {
		layer = m[1]
	}
	for _, n := range names {
		if rest, ok := strings.CutPrefix(name, strings.ReplaceAll(n[0], "%s", layer)+"."); ok {
			return strings.ReplaceAll(n[1], "%s", layer) + "." + rest, true
		}
	}
	return "", false
}

func tensors(w *writer, c config, list []weight, kind string) error {
	written := 0
	for _, t := range list {
		if strings.HasPrefix(t.name, "pooler.") || t.name == "embeddings.position_ids" {
			continue // for another task
		}
		name, ok := ggufName(t.name)
		if !ok {
			return fmt.Errorf("it has a tensor %q, which is none of a BERT model", t.name)
		}
		as := "f32"
		if len(t.dims) == 2 && name != "position_embd.weight" && name != "token_types.weight" {
			as = kind
		}
		if err := w.tensor(name, as, t); err != nil {
			return err
		}
		written++
	}
	if want := 5 + 16*int(c.Layers); written != want {
		return fmt.Errorf("it has %d tensors of a BERT model, and should have %d", written, want)
	}
	return nil
}

// weight is a tensor of 32-bit numbers, the outermost dimension first.
type weight struct {
	name string
	dims []uint64
	data []float32
}

func readWeights(path string) ([]weight, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < 8 || binary.LittleEndian.Uint64(b) > uint64(len(b)-8) {
		return nil, errors.New("the safetensors file is cut off")
	}
	size := binary.LittleEndian.Uint64(b)
	var head map[string]json.RawMessage
	if err := json.Unmarshal(b[8:8+size], &head); err != nil {
		return nil, fmt.Errorf("the header of the safetensors file: %w", err)
	}
	b = b[8+size:]
	var out []weight
	for _, name := range sortedKeys(head) {
		if name == "__metadata__" {
			continue
		}
		var t struct {
			Type    string    `json:"dtype"`
			Shape   []uint64  `json:"shape"`
			Offsets [2]uint64 `json:"data_offsets"`
		}
		if err := json.Unmarshal(head[name], &t); err != nil {
			return nil, fmt.Errorf("the tensor %s: %w", name, err)
		}
		if t.Offsets[0] > t.Offsets[1] || t.Offsets[1] > uint64(len(b)) {
			return nil, fmt.Errorf("the tensor %s lies outside the file", name)
		}
		if t.Type != "F32" {
			if name == "embeddings.position_ids" {
				continue
			}
			return nil, fmt.Errorf("the tensor %s is of the type %s", name, t.Type)
		}
		part := b[t.Offsets[0]:t.Offsets[1]]
		w := weight{name: name, dims: t.Shape, data: make([]float32, len(part)/4)}
		for i := range w.data {
			w.data[i] = math.Float32frombits(binary.LittleEndian.Uint32(part[4*i:]))
		}
		out = append(out, w)
	}
	return out, nil
}
