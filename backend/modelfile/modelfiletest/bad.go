package modelfiletest

import (
	"archive/zip"
	"bytes"
	"strings"
)

// BadFile is a broken model file.
type BadFile struct {
	Name string // what is wrong
	File string // the name such a file would have
	Data []byte
	Says string // a part of the clause that a person must read
}

// Bad are broken GGUF files and files that are no GGUF at all.
func Bad() []BadFile {
	whole := Chat().Bytes()
	gguf := func(name string, g *GGUF, says string) BadFile {
		return BadFile{Name: name, File: "model.gguf", Data: g.Bytes(), Says: says}
	}
	version := func(v uint32) *GGUF { g := Chat(); g.Version = v; return g }
	bigEndian := Chat()
	bigEndian.Version = 3 << 24
	magic := Chat()
	magic.Magic = "GGUX"
	keys := Chat()
	keys.KeyCount = 1 << 60
	tensors := Chat()
	tensors.TensorSum = 1 << 60
	manyKeys := Chat()
	manyKeys.KeyCount = 1 << 12
	offsets := Chat()
	offsets.OffsetStep = 1 << 40
	odd := Chat()
	odd.OffsetStep = 7
	overlap := Chat().Edit("blk.0.attn_norm.weight", F32, 32, 32)
	return []BadFile{
		{"empty", "empty.gguf", nil, "it is empty"},
		{"text renamed", "text.gguf", []byte(strings.Repeat("This is a text.\n", 500)), "it is a text"},
		{"web page saved", "page.gguf", []byte("<!DOCTYPE html><html><title>404</title></html>"), "it is a web page"},
		{"error saved", "error.gguf", []byte(`{"error":"not found"}`), "it is a JSON text"},
		{"LFS pointer", "lfs.gguf", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 98362432\n"), "Git LFS pointer"},
		{"zeros", "zeros.gguf", make([]byte, 10000), "nothing but zeros"},
		{"only the magic", "magic.gguf", []byte("GGUF"), "ends in the middle of its header"},
		{"cut in the header", "model.gguf", whole[:700], "cut short"},
		{"cut in the weights", "model.gguf", whole[:len(whole)/2], "the file ends early"},
		{"last byte missing", "model.gguf", whole[:len(whole)-1], "the file ends early"},
		gguf("wrong magic", magic, "neither GGUF nor safetensors"),
		gguf("version 9", version(9), "version 9"),
		gguf("version 1", version(1), "version 1"),
		gguf("version 0", version(0), "version 0"),
		gguf("big-endian", bigEndian, "big-endian"),
		gguf("absurd number of values", keys, "more than a file of"),
		gguf("too many values", manyKeys, "damaged"),
		gguf("absurd number of tensors", tensors, "more than a file of"),
		gguf("2^27 tokens", Chat().SetRaw("tokenizer.ggml.tokens", typeArray, append(u32(typeString), u64(1<<27)...)),
			"134,217,728 entries"),
		gguf("2^27 scores", Chat().SetRaw("tokenizer.ggml.scores", typeArray, append(u32(typeFloat32), u64(1<<27)...)),
			"134,217,728 entries"),
		gguf("huge text", Chat().SetRaw("general.name", typeString, u64(1<<62)), "more than the file holds"),
		gguf("list of lists", Chat().SetRaw("general.tags", typeArray, append(u32(typeArray), u64(1)...)), "list of lists"),
		gguf("value of no type", Chat().SetRaw("general.name", 77, u64(0)), "no known type"),
		gguf("value twice", Chat().Again("general.name"), "twice"),
		gguf("alignment 3", Chat().Set("general.alignment", uint32(3)), "alignment"),
		gguf("no architecture", Chat().Set("general.architecture", nil), "which kind of model"),
		gguf("no weights", withoutTensors(Chat()), "no weights"),
		gguf("weights of an unknown type", Chat().Edit("blk.0.attn_q.weight", 999, 32, 32), "number 999"),
		gguf("weights of a withdrawn type", Chat().Edit("blk.0.attn_q.weight", 4, 32, 32), "withdrawn"),
		gguf("rows that do not fit their blocks", Chat().Edit("blk.0.attn_q.weight", 12, 32, 32), "no multiple of 256"),
		gguf("five dimensions", Chat().Edit("blk.0.attn_q.weight", F32, 2, 2, 2, 2, 2), "dimensions"),
		gguf("dimension of zero", Chat().Edit("blk.0.attn_q.weight", F32, 0, 32), "impossible size"),
		gguf("dimensions that overflow", Chat().Edit("blk.0.attn_q.weight", F32, 1<<40, 1<<40), "impossible size"),
		gguf("weights beyond the end", offsets, "outside the file"),
		gguf("weights at odd places", odd, "odd place"),
		gguf("weights on top of each other", overlap, "on top of another"),
		gguf("block number of three million", Chat().Tensor("blk.3000000.attn_q.weight", F32, nil, 32), "block number"),
		gguf("no heads", Chat().Set("llama.attention.head_count", uint32(0)), "no attention heads"),
		gguf("no KV heads", Chat().Set("llama.attention.head_count_kv", uint32(0)), "no KV heads"),
		gguf("no embedding", Chat().Set("llama.embedding_length", uint32(0)), "embedding size"),
		gguf("no context", Chat().Set("llama.context_length", uint32(0)), "context length"),
		gguf("2^31 layers", Chat().Set("llama.block_count", uint32(1<<31)), "2,147,483,648 layers"),
		gguf("2^31 experts", Chat().Set("llama.expert_count", uint32(1<<31)), "2,147,483,648 experts"),
		gguf("more experts used than there are", Chat().Set("llama.expert_used_count", uint32(2)), "2 of 0 experts"),
		gguf("experts without use", Chat().Set("llama.expert_count", uint32(8)), "use none"),
		gguf("layers as a text", Chat().Set("llama.block_count", "many"), "how many layers"),
		gguf("BOS out of range", Chat().Set("tokenizer.ggml.bos_token_id", uint32(100000)), "BOS"),
		gguf("EOS out of range", Chat().Set("tokenizer.ggml.eos_token_id", uint32(1<<31)), "EOS"),
		gguf("no tokenizer", Chat().Set("tokenizer.ggml.model", nil), "tokenizer is missing"),
		gguf("no tokens", Chat().Set("tokenizer.ggml.tokens", nil), "vocabulary is missing"),
		gguf("fewer scores than tokens", Chat().Set("tokenizer.ggml.scores", []float32{1, 2}), "vocabulary is damaged"),
		gguf("template of 2 MB", Chat().Set("tokenizer.chat_template", strings.Repeat("x", 2<<20)), "longer than any real"),
	}
}

// Strange are whole files of kinds that the embedded engine cannot run.
func Strange() []BadFile {
	renamed := Chat().Set("general.architecture", "loam9")
	for _, k := range []string{"block_count", "context_length", "embedding_length", "attention.head_count"} {
		renamed.Set("loam9."+k, uint32(32))
	}
	return []BadFile{
		{"unknown architecture", "model.gguf", renamed.Bytes(), "loam9"},
		{"unknown pre-tokenizer", "model.gguf", ChatBPE("loam-words").Bytes(), "loam-words"},
		{"unknown tokenizer", "model.gguf", Chat().Set("tokenizer.ggml.model", "loam-pieces").Bytes(), "loam-pieces"},
	}
}

// Foreign are files of other kinds, each with the words that name it.
func Foreign() []BadFile {
	ggml := func(magic string, numbers ...uint32) []byte {
		b := []byte(magic)
		for _, n := range numbers {
			b = append(b, u32(n)...)
		}
		return append(b, make([]byte, 64)...)
	}
	tar := make([]byte, 1024)
	copy(tar, "model.gguf")
	copy(tar[257:], "ustar\x0000")
	saved := append([]byte("\x08\x01\x12\x80\x08"), make([]byte, 1024)...)
	return []BadFile{
		{"pickle", "model.ckpt", []byte("\x80\x02}q\x00."), "PyTorch pickle"},
		{"newer pickle", "model.bin", []byte("\x80\x04\x95\x0B\x00\x00\x00\x00\x00\x00\x00}\x94."), "get the safetensors or GGUF file"},
		{"PyTorch archive", "model.pt", zipped("archive/data.pkl", "archive/data/0"), "PyTorch pickle"},
		{"zip with a model", "model.zip", zipped("readme.txt", "model.gguf"), "unpack it and add that file"},
		{"zip with a checkpoint", "model.zip", zipped("model.ckpt"), "PyTorch pickle in it"},
		{"zip with a picture", "model.zip", zipped("cat.png"), "archive: unpack it"},
		{"empty zip", "model.zip", append([]byte("PK\x05\x06"), make([]byte, 18)...), "archive"},
		{"NumPy archive", "model.npz", zipped("weight.npy"), "NumPy"},
		{"Keras 3", "model.keras", zipped("config.json", "model.weights.h5"), "Keras"},
		{"Core ML", "model.mlpackage", zipped("Data/model.mlmodel"), "Core ML"},
		{"7z", "model.7z", []byte("7z\xBC\xAF\x27\x1C\x00\x04"), "7z archive"},
		{"rar", "model.rar", []byte("Rar!\x1A\x07\x01\x00"), "RAR archive"},
		{"gzip", "model.tar.gz", []byte("\x1F\x8B\x08\x00"), "gzip archive"},
		{"zstd", "model.zst", []byte("\x28\xB5\x2F\xFD\x00"), "zstd archive"},
		{"tar", "model.tar", tar, "tar archive"},
		{"ONNX", "model.onnx", []byte("\x08\x07\x12\x07pytorch\x1A\x052.0.1:\x00\x00"), "ONNX"},
		{"ONNX without a producer", "model.gguf", []byte("\x08\x09:\x04\x0A\x02ab\x42\x02\x10\x11"), "ONNX"},
		{"TensorFlow saved model", "saved_model.pb", saved, "TensorFlow"},
		{"TensorFlow graph", "frozen.pb", []byte("\x0A\x16\x0A\x05input\x12\x0BPlaceholder*\x00"), "TensorFlow"},
		{"TensorFlow Lite", "model.tflite", []byte("\x1C\x00\x00\x00TFL3\x00\x00"), "TensorFlow Lite"},
		{"Keras", "model.h5", []byte("\x89HDF\r\n\x1A\n\x00"), "Keras"},
		{"NumPy", "model.npy", []byte("\x93NUMPY\x01\x00"), "NumPy"},
		{"TensorRT", "model.engine", []byte("ftrt\x00\x00"), "TensorRT"},
		{"OpenVINO", "model.xml", []byte(`<?xml version="1.0"?><net name="x" version="11">`), "OpenVINO"},
		{"old GGML", "model.bin", []byte("tjgg\x03\x00\x00\x00\x00\x7D\x00\x00"), "older than GGUF"},
		{"oldest GGML", "model.bin", ggml("lmgg", 32000, 4096, 256), "older than GGUF"},
		{"old GGML adapter", "adapter.bin", ggml("algg", 1, 8), "adapter in a format older"},
		{"speech model", "ggml-base.bin", ggml("lmgg", 51865, 1500, 512), "no engine for sound"},
		{"llamafile", "model.llamafile", []byte("MZqFpD='\n\n\x00\x10jartsr"), "llamafile"},
		{"program", "setup.exe", []byte("MZ\x90\x00\x03\x00\x00\x00"), "program"},
		{"picture", "cat.gguf", []byte("\x89PNG\r\n\x1A\n\x00\x00"), "picture"},
		{"WebP picture", "cat.webp", []byte("RIFF\x00\x00\x00\x00WEBPVP8 "), "picture"},
		{"sound", "song.wav", []byte("RIFF\x00\x00\x00\x00WAVEfmt "), "sound or video"},
		{"video", "clip.mp4", []byte("\x00\x00\x00\x20ftypisom"), "sound or video"},
		{"Xet pointer", "model.gguf", []byte("# xet version 0\nfilesize = 12\n"), "Xet pointer"},
		{"LFS pointer with a size", "m.gguf", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 4200000000\n"), "4.2 GB"},
		{"web page after a comment", "m.gguf", []byte("<!-- x -->\n<html lang=en>"), "web page"},
		{"error of a store of files", "m.gguf", []byte("<Error><Code>AccessDenied</Code></Error>"), "error page"},
		{"error of a site of models", "m.safetensors", []byte("Entry not found"), "Entry not found"},
		{"index of shards", "model.safetensors.index.json", []byte(`{"metadata":{},"weight_map":{"a":"b"}}`), "add the folder"},
		{"settings of a model", "config.json", []byte(`{"architectures":["LlamaForCausalLM"]}`), "settings file of a model"},
		{"noise", "model.bin", []byte("\xF3\x91\x00\x17\xC4\xFE\x9A\x00\x42\xB1"), "no model file"},
	}
}

// zipped is an archive with these files in it.
func zipped(names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err == nil {
			_, err = f.Write([]byte("x"))
		}
		if err != nil {
			panic(err)
		}
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

func withoutTensors(g *GGUF) *GGUF {
	g.tensors = nil
	return g
}
