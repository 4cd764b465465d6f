// Package modelfile says what a file is from its own bytes: chat model, adapter, picture model, one of their parts, or
// something that Loam cannot use, with the reason in words. Its readers of GGUF and safetensors headers trust nothing:
// every count is checked against the bytes that are left before anything is allocated for it, and only the header is
// read, so a file of any size is answered quickly and in little memory.
//
// It is called by library before a file is taken in, and by whoever wants to show what a dropped file is. All functions
// may be called from any goroutine; they keep no state.
package modelfile

import "loam/backend"

// File is what a file turned out to be. Text in it comes from the file: bounded, valid UTF-8, but not to be trusted.
type File struct {
	Path          string
	Kind          backend.ModelKind
	Format        string // "gguf", "safetensors"
	Architecture  string // "llama", "qwen3", "clip"; "" = the format does not say
	Family        string // "llama", "sdxl", "flux"; of text encoders and VAEs which one ("clip-l", "t5", "tae")
	Name          string // readable, from the header or else the file's name
	Basename      string // the first part of the name as the header gives it, "smollm2"
	SizeLabel     string // "135M"
	Quant         string // "Q4_1", "F16"
	Parameters    int64
	ContextLength int // tokens
	Template      string
	License       string // an SPDX-like identifier or a short name; "" = not stated
	Tokenizer     string // "gpt2", "llama", ...
	PreTokenizer  string
	// PreTokenizerKnown is false when the embedded engine would cut text into other tokens than the model was trained on.
	PreTokenizerKnown bool
	// ArchitectureKnown is false when the embedded engine cannot run the model; a current engine may.
	ArchitectureKnown bool
	Shape             backend.ModelShape
	Sampling          *backend.Sampling // what the file recommends; nil = nothing
	SizeBytes         int64
	Tensors           int
	SplitIndex        int // 1-based part number of a split file; 0 = not split
	SplitCount        int
	TriggerWords      []string // of a LoRA
	Rank              int      // of a LoRA; 0 = not known
	Method            string   // of a LoRA: how it changes weights ("LoRA", "LoHa", "LoKr", "DoRA", ...)
	Base              string   // what an adapter or LoRA belongs to, in the file's words
}
