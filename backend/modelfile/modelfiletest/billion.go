package modelfiletest

import (
	"fmt"
	"os"
	"testing"
)

// Further tensor types, for whole models.
const (
	Q4K = 12
	Q6K = 14
)

// typeBlocks are the elements of a block of each tensor type and its bytes.
var typeBlocks = map[uint32][2]uint64{F32: {1, 4}, F16: {1, 2}, Q4_0: {32, 18}, Q4K: {256, 144}, Q6K: {256, 210}}

// Sparse adds a tensor of zeros of a known type that takes no room on disk when the file is written by WriteSparse.
func (g *GGUF) Sparse(name string, kind uint32, dims ...uint64) *GGUF {
	n := uint64(1)
	for _, d := range dims {
		n *= d
	}
	block := typeBlocks[kind]
	g.tensors = append(g.tensors, tensor{name: name, kind: kind, dims: dims, zeros: n / block[0] * block[1]})
	return g
}

// WriteSparse writes a file all of whose tensors were added by Sparse.
func (g *GGUF) WriteSparse(t testing.TB, dir, name string) string {
	t.Helper()
	head := pad(g.header(), int(g.alignment))
	size := uint64(len(head))
	for _, x := range g.tensors {
		if x.data != nil {
			t.Fatalf("the tensor %s has data of its own", x.name)
		}
		size += (x.zeros + g.alignment - 1) / g.alignment * g.alignment
	}
	path := Write(t, dir, name, head)
	if err := os.Truncate(path, int64(size)); err != nil {
		t.Fatal(err)
	}
	return path
}

// Billion is a llama model with the shapes of TinyLlama (1.1 billion parameters) whose weights are zeros of a type, the
// output's of Q6K. It loads and runs like a real one and writes nonsense.
func Billion(kind uint32) *GGUF {
	const (
		layers, width, feed = 22, 2048, 5632
		heads, headsKV      = 32, 4
		vocab               = 32000
	)
	fileType := map[uint32]uint32{F16: 1, Q4_0: 2, Q4K: 15}[kind]
	tokens, scores, types := vocabulary()
	for i := len(tokens); i < vocab; i++ {
		tokens, scores, types = append(tokens, fmt.Sprintf("word%d", i)), append(scores, -float32(i)), append(types, 1)
	}
	g := NewGGUF().
		Set("general.architecture", "llama").Set("general.type", "model").Set("general.name", "Billion").
		Set("general.basename", "billion").Set("general.file_type", fileType).
		Set("llama.block_count", uint32(layers)).Set("llama.context_length", uint32(8192)).
		Set("llama.embedding_length", uint32(width)).Set("llama.feed_forward_length", uint32(feed)).
		Set("llama.attention.head_count", uint32(heads)).Set("llama.attention.head_count_kv", uint32(headsKV)).
		Set("llama.attention.layer_norm_rms_epsilon", float32(1e-5)).Set("llama.rope.dimension_count", uint32(width/heads)).
		Set("llama.vocab_size", uint32(vocab)).
		Set("tokenizer.ggml.model", "llama").Set("tokenizer.ggml.tokens", tokens).Set("tokenizer.ggml.scores", scores).
		Set("tokenizer.ggml.token_type", types).Set("tokenizer.ggml.bos_token_id", uint32(1)).
		Set("tokenizer.ggml.eos_token_id", uint32(2)).Set("tokenizer.ggml.unknown_token_id", uint32(0)).
		Set("tokenizer.chat_template", ChatTemplate)
	g.Sparse("token_embd.weight", kind, width, vocab).Sparse("output_norm.weight", F32, width).Sparse("output.weight", Q6K, width, vocab)
	for i := range layers {
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s.weight", i, s) }
		g.Sparse(name("attn_norm"), F32, width).Sparse(name("ffn_norm"), F32, width).
			Sparse(name("attn_q"), kind, width, width).Sparse(name("attn_output"), kind, width, width).
			Sparse(name("attn_k"), kind, width, width/heads*headsKV).Sparse(name("attn_v"), kind, width, width/heads*headsKV).
			Sparse(name("ffn_gate"), kind, width, feed).Sparse(name("ffn_up"), kind, width, feed).
			Sparse(name("ffn_down"), kind, feed, width)
	}
	return g
}
