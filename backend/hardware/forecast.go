package hardware

import (
	"strings"

	"loam/backend"
)

// Load is a load that is being thought about. Zero values mean what they mean in engine.LoadRequest.
type Load struct {
	Model   backend.Model
	Context int    // tokens; 0 = min(the model's own, 4096)
	Batch   int    // tokens per evaluation; 0 = 512
	KVType  string // "" = "f16"
	Repack  bool   // the engine copies weights into its own layout (CPU variants built with REPACK)
}

// Forecast says what a load with the usual settings will take on this machine.
func Forecast(m backend.Model, contextTokens int, machine Machine) backend.Forecast {
	return ForecastLoad(Load{Model: m, Context: contextTokens, Repack: true}, machine)
}

// ForecastLoad says what a load will take on this machine, in bytes. A model whose header did not tell its shape is
// forecast by its file size alone.
func ForecastLoad(l Load, machine Machine) backend.Forecast {
	copied := copiedBytes(l)
	f := backend.Forecast{
		Weights: l.Model.SizeBytes + copied, KV: kvBytes(l), Compute: computeBytes(l), Free: machine.MemoryFree,
		Reclaimable: copied, // the originals are mapped from the file and not read again
	}
	f.Total = f.Weights + f.KV + f.Compute
	return f
}

// ContextOf is the context that a load really asks for, in tokens.
func (l Load) ContextOf() int {
	if l.Context > 0 {
		return l.Context
	}
	if own := l.Model.ContextLength; own > 0 {
		return min(own, 4096)
	}
	return 4096
}

// copiedBytes is the part of the file that REPACK copies into another layout. Measured: a 686 MB Q4_0 file resides in
// 1413 MB with REPACK and 907 MB without (both with context and buffers), so it is about 3/4 of the file: the embedding
// table, the output and the 1-dimensional tensors keep their layout.
func copiedBytes(l Load) int64 {
	if !l.Repack || !repacks(l.Model.Quant) {
		return 0
	}
	return l.Model.SizeBytes / 4 * 3
}

// repacks names the quantizations that the embedded engine's CPU variants copy.
func repacks(quant string) bool {
	q := strings.ToUpper(quant)
	for _, p := range []string{"Q4_0", "Q4_K", "Q2_K", "IQ4_NL"} {
		if strings.HasPrefix(q, p) {
			return true
		}
	}
	return false
}

// kvBytes is layers x context x (values per key + values per value) x KV heads x bytes per value.
func kvBytes(l Load) int64 {
	s := l.Model.Shape
	perToken := int64(s.Layers) * int64(s.HeadsKV) * int64(s.KeyLen+s.ValueLen)
	return int64(float64(perToken*int64(l.ContextOf())) * kvValueBytes(l.KVType))
}

// kvValueBytes is the size of one value: the quantized types hold 32 values in a block with its scale.
func kvValueBytes(kvType string) float64 {
	switch strings.ToLower(kvType) {
	case "f32":
		return 4
	case "q8_0":
		return 34.0 / 32
	case "q5_1":
		return 24.0 / 32
	case "q5_0":
		return 22.0 / 32
	case "q4_1":
		return 20.0 / 32
	case "q4_0", "iq4_nl":
		return 18.0 / 32
	}
	return 2 // f16, bf16
}

// computeBytes estimates what is touched beside weights and KV: the worker process itself, the widest activations of one
// batch (logits are computed for its last token only), and the attention mask in two precisions. The factors are fitted
// to measured resident sizes of SmolLM2 and of a model of one billion parameters.
func computeBytes(l Load) int64 {
	s := l.Model.Shape
	batch := int64(l.Batch)
	if batch <= 0 {
		batch = 512
	}
	batch = min(batch, int64(l.ContextOf()))
	const process = 48 << 20 // with its libraries, before it loads anything; it grows with the program
	return process + 4*int64(s.Vocab) + 4*batch*12*int64(s.Embedding) + 6*batch*int64(l.ContextOf())
}
