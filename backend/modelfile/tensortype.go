package modelfile

// TensorType is the number format of a tensor, with ggml's own numbers.
type TensorType uint32

// tensorFormat says how a tensor type stores its numbers: in blocks of so many elements that take so many bytes.
type tensorFormat struct {
	name  string
	block int64
	bytes int64
}

// tensorFormats are the types of ggml; numbers that are missing were withdrawn. Block sizes follow from the fields of
// ggml's block structs: 32 elements in the old formats, 256 in the K and I families.
var tensorFormats = map[TensorType]tensorFormat{
	0:  {"F32", 1, 4},
	1:  {"F16", 1, 2},
	2:  {"Q4_0", 32, 2 + 16},
	3:  {"Q4_1", 32, 4 + 16},
	6:  {"Q5_0", 32, 2 + 4 + 16},
	7:  {"Q5_1", 32, 4 + 4 + 16},
	8:  {"Q8_0", 32, 2 + 32},
	9:  {"Q8_1", 32, 4 + 32},
	10: {"Q2_K", 256, 4 + 16 + 64},
	11: {"Q3_K", 256, 2 + 64 + 32 + 12},
	12: {"Q4_K", 256, 4 + 12 + 128},
	13: {"Q5_K", 256, 4 + 12 + 128 + 32},
	14: {"Q6_K", 256, 2 + 16 + 192},
	15: {"Q8_K", 256, 4 + 256 + 32},
	16: {"IQ2_XXS", 256, 2 + 64},
	17: {"IQ2_XS", 256, 2 + 64 + 8},
	18: {"IQ3_XXS", 256, 2 + 96},
	19: {"IQ1_S", 256, 2 + 32 + 16},
	20: {"IQ4_NL", 32, 2 + 16},
	21: {"IQ3_S", 256, 2 + 104 + 4},
	22: {"IQ2_S", 256, 2 + 64 + 16},
	23: {"IQ4_XS", 256, 2 + 2 + 4 + 128},
	24: {"I8", 1, 1},
	25: {"I16", 1, 2},
	26: {"I32", 1, 4},
	27: {"I64", 1, 8},
	28: {"F64", 1, 8},
	29: {"IQ1_M", 256, 32 + 16 + 8},
	30: {"BF16", 1, 2},
	34: {"TQ1_0", 256, 2 + 4 + 48},
	35: {"TQ2_0", 256, 2 + 64},
	39: {"MXFP4", 32, 1 + 16},
}

// newestTensorType is one more than the newest number that the embedded engine knows.
const newestTensorType TensorType = 40

// Name is ggml's name of the type, in capitals; "" when it is not known.
func (t TensorType) Name() string { return tensorFormats[t].name }

// fileTypes names the values of general.file_type (llama.cpp's llama_ftype).
var fileTypes = map[uint64]string{
	0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
	13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
	21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
	29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}

// dominantType is the type that holds most of the weights.
func dominantType(tensors []Tensor) TensorType {
	sums := map[TensorType]int64{}
	for _, t := range tensors {
		sums[t.Type] += t.Elements()
	}
	best, most := TensorType(0), int64(-1)
	for t, n := range sums {
		if n > most || n == most && t < best {
			best, most = t, n
		}
	}
	return best
}

// quantOf names the quantization: what the header says, unless it says "not quantized" and most weights are.
func quantOf(g GGUF) string {
	if len(g.Tensors) == 0 {
		return ""
	}
	actual := dominantType(g.Tensors).Name()
	v, ok := g.Values["general.file_type"]
	if !ok {
		return actual
	}
	said := fileTypes[v.Bits&^1024] // llama.cpp marks a guess with 1024
	switch said {
	case "", "F32", "F16", "BF16":
		return actual
	}
	return said
}
