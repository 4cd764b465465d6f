package modelfile_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// checkFault sees that an error about a file is one short printable clause.
func checkFault(t *testing.T, err error) {
	t.Helper()
	var bad *backend.BadFile
	if !errors.As(err, &bad) {
		t.Fatalf("%T: %v is no BadFile", err, err)
	}
	if bad.Reason == "" || !utf8.ValidString(bad.Reason) || len(bad.Reason) > 400 || strings.ContainsAny(bad.Reason, "\n\r\x00\x1b") {
		t.Fatalf("reason %q is no short clause", bad.Reason)
	}
}

// checkText sees that a text that will be shown is fit for it.
func checkText(t *testing.T, what, s string) {
	t.Helper()
	if !utf8.ValidString(s) || len(s) > 400 || strings.ContainsAny(s, "\n\r\x00\x1b\u202e") {
		t.Fatalf("%s is %q", what, s)
	}
}

func checkFile(t *testing.T, data []byte, name string) {
	t.Helper()
	f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		checkFault(t, err)
		return
	}
	for what, s := range map[string]string{
		"name": f.Name, "size": f.SizeLabel, "quant": f.Quant, "license": f.License,
		"tokenizer": f.Tokenizer, "pre-tokenizer": f.PreTokenizer, "base": f.Base, "engine fault": f.EngineFault(), "family": f.Family,
	} {
		checkText(t, what, s)
	}
	if f.Kind == "" || f.Format == "" || f.SizeBytes != int64(len(data)) || f.Parameters < 0 || f.ContextLength < 0 {
		t.Fatalf("incomplete: %+v", f)
	}
	s := f.Shape
	for _, n := range []int{s.Layers, s.Embedding, s.Heads, s.HeadsKV, s.KeyLen, s.ValueLen, s.Vocab} {
		if n < 0 {
			t.Fatalf("negative shape: %+v", s)
		}
	}
}

func FuzzGGUF(f *testing.F) {
	f.Add(modelfiletest.Chat().Bytes()[:4000])
	f.Add(modelfiletest.NewGGUF().Set("general.architecture", "llama").Set("general.type", "adapter").
		Tensor("blk.0.attn_q.weight.lora_a", modelfiletest.F16, nil, 32, 8).Bytes())
	f.Add(modelfiletest.NewGGUF().Set("general.architecture", "flux").Set("split.count", uint32(2)).Set("split.no", int32(-1)).
		Tensor("x", modelfiletest.F32, nil, 4).Bytes())
	tiny := modelfiletest.NewGGUF().Set("general.architecture", "llama").Set("llama.block_count", uint32(2)).
		Set("llama.embedding_length", uint32(32)).Set("llama.context_length", uint32(64)).
		Set("llama.attention.head_count", []uint32{2, 2}).Set("llama.attention.head_count_kv", []uint32{0, 1}).
		Set("tokenizer.ggml.model", "gpt2").Set("tokenizer.ggml.pre", "qwen2").Set("tokenizer.ggml.tokens", []string{"a", "b"}).
		Set("tokenizer.ggml.merges", []string{"a b"}).Set("general.sampling.temp", float32(1)).Set("general.alignment", uint32(64)).
		Set("big", uint64(1<<40)).Set("yes", true).Tensor("token_embd.weight", modelfiletest.Q4_0, nil, 32, 2)
	f.Add(tiny.Bytes())
	for _, bad := range modelfiletest.Bad() {
		if len(bad.Data) < 8000 {
			f.Add(bad.Data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := modelfile.ReadGGUF(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			checkFault(t, err)
		}
		for _, tensor := range g.Tensors {
			if tensor.Offset < 0 || tensor.Bytes < 0 || g.DataOffset+tensor.Offset+tensor.Bytes > int64(len(data)) {
				t.Fatalf("tensor %+v lies outside of %d bytes", tensor, len(data))
			}
		}
		checkFile(t, data, "m.gguf")
	})
}

func FuzzSafetensors(f *testing.F) {
	for _, bad := range modelfiletest.BadSafetensors() {
		if len(bad.Data) < 8000 {
			f.Add(bad.Data)
		}
	}
	f.Add(modelfiletest.Safetensors(map[string]string{"modelspec.title": "x\u00e9\n"},
		modelfiletest.Shape{Name: "lora_unet_x.lora_down.weight", Dims: []int64{4, 8}}))
	f.Add(modelfiletest.SafetensorsRaw(`{"\u00e9\ud83d\ude00\ud83d":{"dtype":"U8","shape":[],"data_offsets":[0,1]}} `, 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		checkFile(t, data, "m.safetensors")
		got, err := modelfile.ReadSafetensors(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			checkFault(t, err)
			return
		}
		n := binary.LittleEndian.Uint64(data)
		head := data[8 : 8+n]
		if !utf8.Valid(head) {
			return // replaced, in more than one way
		}
		compareWithJSON(t, head, got.Tensors)
	})
}

// compareWithJSON reads a header with encoding/json, which must accept it and find the same.
func compareWithJSON(t *testing.T, head []byte, got []modelfile.SafeTensor) {
	t.Helper()
	var entries map[string]json.RawMessage
	if err := json.Unmarshal(head, &entries); err != nil {
		t.Fatalf("accepted, but %v: %q", err, head)
	}
	delete(entries, "__metadata__")
	want := []modelfile.SafeTensor{}
	for name, raw := range entries {
		var e struct {
			DType       string  `json:"dtype"`
			Shape       []int64 `json:"shape"`
			DataOffsets []int64 `json:"data_offsets"`
		}
		if err := json.Unmarshal(raw, &e); err != nil || len(e.DataOffsets) != 2 {
			t.Fatalf("accepted, but %v: %q", err, raw)
		}
		want = append(want, modelfile.SafeTensor{Name: name, DType: e.DType, Dims: e.Shape, Begin: e.DataOffsets[0], End: e.DataOffsets[1]})
	}
	byName := cmpopts.SortSlices(func(a, b modelfile.SafeTensor) bool { return a.Name < b.Name })
	if diff := cmp.Diff(want, got, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Fatalf("(-encoding/json +ours)\n%s", diff)
	}
}

func FuzzForeign(f *testing.F) {
	for _, bad := range modelfiletest.Foreign() {
		f.Add(bad.Data, bad.File)
	}
	f.Add([]byte("\xEF\xBB\xBF<!doctype html>"), "model.gguf")
	f.Fuzz(func(t *testing.T, data []byte, name string) {
		checkFile(t, data, name)
		checkText(t, "name from a path", modelfile.NameFromPath(name))
		if n := len(modelfile.PartsByName(name)); n == 1 || n > 10_000 {
			t.Fatalf("%q has %d parts", name, n)
		}
	})
}
