// Package modelfiletest builds small model files for tests: GGUF and safetensors, whole and broken. Chat is a complete
// llama model with random weights that an engine loads and runs; Bad are files that must each end in one clear sentence.
// Everything is made of fixed seeds, so that two runs see the same bytes.
package modelfiletest

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// The numbers of the GGUF format that are needed here.
const (
	typeUint32  = 4
	typeInt32   = 5
	typeFloat32 = 6
	typeBool    = 7
	typeString  = 8
	typeArray   = 9
	typeUint64  = 10

	F32  = 0
	F16  = 1
	Q4_0 = 2
)

// GGUF builds a GGUF file value by value. Its exported fields replace what would be right.
type GGUF struct {
	Magic      string
	Version    uint32
	KeyCount   uint64 // 0 = as many as were set
	TensorSum  uint64 // 0 = as many as were added
	keys       []string
	values     map[string][]byte
	tensors    []tensor
	alignment  uint64
	DataCut    int // bytes missing at the end
	OffsetStep uint64
}

type tensor struct {
	name  string
	kind  uint32
	dims  []uint64
	data  []byte
	zeros uint64 // bytes that are not there but count; see Sparse
}

// NewGGUF begins an empty file of version 3.
func NewGGUF() *GGUF {
	return &GGUF{Magic: "GGUF", Version: 3, values: map[string][]byte{}, alignment: 32}
}

// Set sets a value; nil takes it away. Known are uint32, int32, uint64, float32, bool, string and slices of the first,
// second, fourth and last.
func (g *GGUF) Set(key string, v any) *GGUF {
	switch v := v.(type) {
	case nil:
		delete(g.values, key)
		for i, k := range g.keys {
			if k == key {
				g.keys = append(g.keys[:i:i], g.keys[i+1:]...)
				break
			}
		}
		return g
	case uint32:
		return g.SetRaw(key, typeUint32, u32(v))
	case int32:
		return g.SetRaw(key, typeInt32, u32(uint32(v)))
	case uint64:
		return g.SetRaw(key, typeUint64, u64(v))
	case float32:
		return g.SetRaw(key, typeFloat32, u32(math.Float32bits(v)))
	case bool:
		b := byte(0)
		if v {
			b = 1
		}
		return g.SetRaw(key, typeBool, []byte{b})
	case string:
		return g.SetRaw(key, typeString, text(v))
	case []string:
		return g.SetRaw(key, typeArray, list(typeString, v, text))
	case []uint32:
		return g.SetRaw(key, typeArray, list(typeUint32, v, u32))
	case []int32:
		return g.SetRaw(key, typeArray, list(typeInt32, v, func(i int32) []byte { return u32(uint32(i)) }))
	case []float32:
		return g.SetRaw(key, typeArray, list(typeFloat32, v, func(f float32) []byte { return u32(math.Float32bits(f)) }))
	}
	panic(fmt.Sprintf("modelfiletest: cannot set %s to a %T", key, v))
}

// SetRaw sets a value of the numbered type to bytes as they will stand in the file.
func (g *GGUF) SetRaw(key string, kind uint32, b []byte) *GGUF {
	if _, ok := g.values[key]; !ok {
		g.keys = append(g.keys, key)
	}
	g.values[key] = append(u32(kind), b...)
	return g
}

// Again writes a key a second time.
func (g *GGUF) Again(key string) *GGUF {
	g.keys = append(g.keys, key)
	return g
}

// Tensor adds a tensor with its data; the contiguous dimension comes first. nil data = zeros of the right size, which is
// known for F32, F16 and Q4_0 only.
func (g *GGUF) Tensor(name string, kind uint32, data []byte, dims ...uint64) *GGUF {
	if data == nil {
		n := uint64(1)
		for _, d := range dims {
			n *= d
		}
		data = make([]byte, map[uint32]uint64{F32: n * 4, F16: n * 2, Q4_0: n / 32 * 18}[kind])
	}
	g.tensors = append(g.tensors, tensor{name: name, kind: kind, dims: dims, data: data})
	return g
}

// Edit changes the tensor of that name: its type and dimensions, as they stand in the header.
func (g *GGUF) Edit(name string, kind uint32, dims ...uint64) *GGUF {
	for i := range g.tensors {
		if g.tensors[i].name == name {
			g.tensors[i].kind, g.tensors[i].dims = kind, dims
			return g
		}
	}
	panic("modelfiletest: no tensor " + name)
}

// Bytes is the file.
func (g *GGUF) Bytes() []byte {
	b := g.header()
	for _, t := range g.tensors {
		b = pad(b, int(g.alignment))
		b = append(append(b, t.data...), make([]byte, t.zeros)...)
	}
	return b[:len(b)-g.DataCut]
}

// header is the file up to the first tensor's data.
func (g *GGUF) header() []byte {
	keys, tensors := g.KeyCount, g.TensorSum
	if keys == 0 {
		keys = uint64(len(g.keys))
	}
	if tensors == 0 {
		tensors = uint64(len(g.tensors))
	}
	b := append([]byte(g.Magic), u32(g.Version)...)
	b = append(append(b, u64(tensors)...), u64(keys)...)
	for _, k := range g.keys {
		b = append(append(b, text(k)...), g.values[k]...)
	}
	var at uint64
	for _, t := range g.tensors {
		b = append(append(b, text(t.name)...), u32(uint32(len(t.dims)))...)
		for _, d := range t.dims {
			b = append(b, u64(d)...)
		}
		b = append(append(b, u32(t.kind)...), u64(at)...)
		at += (uint64(len(t.data))+t.zeros+g.alignment-1)/g.alignment*g.alignment + g.OffsetStep
	}
	return b
}

func pad(b []byte, to int) []byte {
	for len(b)%to != 0 {
		b = append(b, 0)
	}
	return b
}

func u32(v uint32) []byte { return binary.LittleEndian.AppendUint32(nil, v) }

func u64(v uint64) []byte { return binary.LittleEndian.AppendUint64(nil, v) }

func text(s string) []byte { return append(u64(uint64(len(s))), s...) }

func list[T any](kind uint32, v []T, each func(T) []byte) []byte {
	b := append(u32(kind), u64(uint64(len(v)))...)
	for _, e := range v {
		b = append(b, each(e)...)
	}
	return b
}

// ChatTemplate is the template of Chat: the ChatML format.
const ChatTemplate = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + " +
	"'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"

// Chat is a whole llama model: one layer of 32 values, random weights, a vocabulary of bytes and letters. It is about
// 100 kB, loads in a moment and writes nonsense.
func Chat() *GGUF {
	const width, feed = 32, 64
	g := NewGGUF().
		Set("general.architecture", "llama").Set("general.type", "model").Set("general.name", "Tiny Test Model").
		Set("general.basename", "tiny-test").Set("general.size_label", "30K").Set("general.license", "apache-2.0").
		Set("general.file_type", uint32(0)).
		Set("llama.block_count", uint32(1)).Set("llama.context_length", uint32(512)).
		Set("llama.embedding_length", uint32(width)).Set("llama.feed_forward_length", uint32(feed)).
		Set("llama.attention.head_count", uint32(2)).Set("llama.attention.head_count_kv", uint32(1)).
		Set("llama.attention.layer_norm_rms_epsilon", float32(1e-5)).Set("llama.rope.dimension_count", uint32(16))
	tokens, scores, types := vocabulary()
	g.Set("llama.vocab_size", uint32(len(tokens))).
		Set("tokenizer.ggml.model", "llama").Set("tokenizer.ggml.tokens", tokens).Set("tokenizer.ggml.scores", scores).
		Set("tokenizer.ggml.token_type", types).Set("tokenizer.ggml.bos_token_id", uint32(1)).
		Set("tokenizer.ggml.eos_token_id", uint32(2)).Set("tokenizer.ggml.unknown_token_id", uint32(0)).
		Set("tokenizer.chat_template", ChatTemplate)
	r := rand.New(rand.NewPCG(1, 2))
	add := func(name string, scale float32, dims ...uint64) {
		n := uint64(1)
		for _, d := range dims {
			n *= d
		}
		var data []byte
		for range n {
			v := float32(1)
			if scale > 0 {
				v = scale * float32(r.NormFloat64())
			}
			data = append(data, u32(math.Float32bits(v))...)
		}
		g.Tensor(name, F32, data, dims...)
	}
	add("token_embd.weight", 1, width, uint64(len(tokens)))
	add("output_norm.weight", 0, width)
	add("blk.0.attn_norm.weight", 0, width)
	add("blk.0.attn_q.weight", 0.2, width, width)
	add("blk.0.attn_k.weight", 0.2, width, width/2)
	add("blk.0.attn_v.weight", 0.2, width, width/2)
	add("blk.0.attn_output.weight", 0.2, width, width)
	add("blk.0.ffn_norm.weight", 0, width)
	add("blk.0.ffn_gate.weight", 0.2, width, feed)
	add("blk.0.ffn_up.weight", 0.2, width, feed)
	add("blk.0.ffn_down.weight", 0.2, feed, width)
	return g
}

// vocabulary is <unk>, <s>, </s>, the two marks of ChatML, all bytes, and the printable ASCII letters.
func vocabulary() (tokens []string, scores []float32, types []int32) {
	add := func(s string, kind int32) {
		tokens, types = append(tokens, s), append(types, kind)
		scores = append(scores, -float32(len(scores)))
	}
	add("<unk>", 2)
	for _, s := range []string{"<s>", "</s>", "<|im_start|>", "<|im_end|>"} {
		add(s, 3)
	}
	for b := range 256 {
		add(fmt.Sprintf("<0x%02X>", b), 6)
	}
	add("\u2581", 1)
	for c := '!'; c <= '~'; c++ {
		add(string(c), 1)
	}
	return tokens, scores, types
}

// ChatBPE is Chat with a byte-pair vocabulary, whose pre-tokenizer is named pre.
func ChatBPE(pre string) *GGUF {
	return Chat().Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", pre).
		Set("tokenizer.ggml.merges", []string{"a b", "b c"}).Set("tokenizer.ggml.scores", nil)
}

// Write puts data into a file of dir and gives its path.
func Write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
