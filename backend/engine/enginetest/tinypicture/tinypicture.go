// Package tinypicture writes the smallest complete picture model that the picture engine loads: random weights in the
// shapes of Flux.1 (a transformer, a T5 encoder, an autoencoder of the TAESD kind), LoRAs for it in both common
// spellings and one for another family, and an ESRGAN upscaler. Tests draw with them: the pictures mean nothing, but
// prompt, seed, steps, negative prompt and LoRAs all change them.
//
// Shapes are [out, in] as PyTorch has them. The same seed writes the same bytes. Nothing is fetched.
package tinypicture

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Files are the files that Write wrote.
type Files struct {
	Diffusion, T5, TAE, Upscaler        string
	LoRAKohya, LoRADiffusers, LoRAOther string // LoRAOther is for SD 1 and fits nothing here
}

// Tensors of the LoRAs, as the engine counts them.
const (
	TensorsKohya     = 54
	TensorsDiffusers = 60
	TensorsOther     = 6
)

// Dimensions of the transformer. The rotary axes fix the head size at 128, so the hidden size is a multiple of it.
const (
	hidden       = 128
	doubleBlocks = 2
	singleBlocks = 4
	textWidth    = 64
	mlp          = 4 * hidden
	vocabulary   = 32128 // of the tokenizer that is compiled into the engine
)

// tensor is one entry of a safetensors file.
type tensor struct {
	name  string
	shape []int
	half  bool // F16, else F32
	data  []float32
}

type weights struct {
	rnd  *rand.Rand
	list []tensor
}

func (w *weights) normal(n int, scale float64) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(w.rnd.NormFloat64() * scale)
	}
	return out
}

func (w *weights) add(name string, half bool, data []float32, shape ...int) {
	w.list = append(w.list, tensor{name, shape, half, data})
}

func constant(n int, v float32) []float32 {
	out := make([]float32, n)
	for i := range out {
		out[i] = v
	}
	return out
}

// linear adds a matrix of out x in with the usual scale, and a bias.
func (w *weights) linear(name string, out, in int, gain float64, bias []float32) {
	w.add(name+".weight", true, w.normal(out*in, gain/math.Sqrt(float64(in))), out, in)
	if bias != nil {
		w.add(name+".bias", false, bias, out)
	}
}

func zeros(n int) []float32 { return constant(n, 0) }

// modulation adds a layer that makes shift, scale and gate for n norms; gates start open.
func (w *weights) modulation(name string, n int) {
	var bias []float32
	for range n {
		bias = append(bias, zeros(2*hidden)...)
		bias = append(bias, constant(hidden, 0.6)...)
	}
	w.linear(name+".lin", 3*n*hidden, hidden, 0.3, bias)
}

// norms adds the scales of queries and keys; above 1 they sharpen the attention, so that the prompt matters.
func (w *weights) norms(name string) {
	w.add(name+".query_norm.scale", false, constant(hidden, 1.6), hidden)
	w.add(name+".key_norm.scale", false, constant(hidden, 1.6), hidden)
}

func diffusion(w *weights) {
	w.linear("img_in", hidden, 64, 1, zeros(hidden)) // 16 latent channels in patches of 2 x 2
	w.linear("txt_in", hidden, textWidth, 1, zeros(hidden))
	for _, in := range []struct {
		name string
		size int
	}{{"time_in", 256}, {"vector_in", 768}} {
		w.linear(in.name+".in_layer", hidden, in.size, 1, zeros(hidden))
		w.linear(in.name+".out_layer", hidden, hidden, 1, zeros(hidden))
	}
	for b := range doubleBlocks {
		for _, side := range []string{"img", "txt"} {
			p := fmt.Sprintf("double_blocks.%d.%s_", b, side)
			w.modulation(p+"mod", 2)
			w.linear(p+"attn.qkv", 3*hidden, hidden, 1, zeros(3*hidden))
			w.norms(p + "attn.norm")
			w.linear(p+"attn.proj", hidden, hidden, 2, zeros(hidden))
			w.linear(p+"mlp.0", mlp, hidden, 1, zeros(mlp))
			w.linear(p+"mlp.2", hidden, mlp, 1, zeros(hidden))
		}
	}
	for b := range singleBlocks {
		p := fmt.Sprintf("single_blocks.%d.", b)
		w.modulation(p+"modulation", 1)
		w.linear(p+"linear1", 3*hidden+mlp, hidden, 1, zeros(3*hidden+mlp))
		w.norms(p + "norm")
		w.linear(p+"linear2", hidden, hidden+mlp, 2, zeros(hidden))
	}
	w.linear("final_layer.adaLN_modulation.1", 2*hidden, hidden, 0.3, zeros(2*hidden))
	w.linear("final_layer.linear", 64, hidden, 1.2, zeros(64))
}

func textEncoder(w *weights) {
	const ff, layers, heads, inner = 128, 2, 1, 64
	w.add("shared.weight", true, w.normal(vocabulary*textWidth, 1), vocabulary, textWidth)
	for b := range layers {
		p := fmt.Sprintf("encoder.block.%d.layer.", b)
		w.add(p+"0.layer_norm.weight", false, constant(textWidth, 1), textWidth)
		for _, m := range []struct {
			name string
			gain float64
		}{{"q", 0.6}, {"k", 0.6}, {"v", 1}} {
			w.linear(p+"0.SelfAttention."+m.name, inner, textWidth, m.gain, nil)
		}
		w.linear(p+"0.SelfAttention.o", textWidth, inner, 1, nil)
		if b == 0 {
			w.add(p+"0.SelfAttention.relative_attention_bias.weight", true, w.normal(32*heads, 0.5), 32, heads)
		}
		w.add(p+"1.layer_norm.weight", false, constant(textWidth, 1), textWidth)
		w.linear(p+"1.DenseReluDense.wi_0", ff, textWidth, 1, nil)
		w.linear(p+"1.DenseReluDense.wi_1", ff, textWidth, 1, nil)
		w.linear(p+"1.DenseReluDense.wo", textWidth, ff, 1, nil)
	}
	w.add("encoder.final_layer_norm.weight", false, constant(textWidth, 1), textWidth)
}

// conv adds a 3 x 3 convolution.
func (w *weights) conv(name string, out, in int, gain float64, bias []float32) {
	w.add(name+".weight", true, w.normal(out*in*9, gain/math.Sqrt(float64(in*9))), out, in, 3, 3)
	if bias != nil {
		w.add(name+".bias", false, bias, out)
	}
}

// block is three convolutions beside an identity.
func (w *weights) block(name string) {
	w.conv(name+".conv.0", 64, 64, 1.4, zeros(64))
	w.conv(name+".conv.2", 64, 64, 1.4, zeros(64))
	w.conv(name+".conv.4", 64, 64, 0.35, zeros(64))
}

func autoencoder(w *weights) {
	w.conv("encoder.layers.0", 64, 3, 2, w.normal(64, 0.2))
	w.block("encoder.layers.1")
	for _, base := range []int{2, 6, 10} {
		w.conv(fmt.Sprintf("encoder.layers.%d", base), 64, 64, 1.4, nil)
		for j := range 3 {
			w.block(fmt.Sprintf("encoder.layers.%d", base+1+j))
		}
	}
	w.conv("encoder.layers.14", 16, 64, 1.4, zeros(16))
	w.conv("decoder.layers.0", 64, 16, 1.4, zeros(64))
	for _, base := range []int{2, 7, 12} {
		for j := range 3 {
			w.block(fmt.Sprintf("decoder.layers.%d", base+j))
		}
	}
	for _, c := range []int{6, 11, 16} {
		w.conv(fmt.Sprintf("decoder.layers.%d", c), 64, 64, 1.2, nil)
	}
	w.block("decoder.layers.17")
	w.conv("decoder.layers.18", 3, 64, 0.35, constant(3, 0.5)) // the output lies between 0 and 1
}

func upscaler(w *weights) {
	w.conv("conv_first", 64, 3, 1, zeros(64))
	for r := 1; r <= 3; r++ {
		for c := 1; c <= 4; c++ {
			w.conv(fmt.Sprintf("body.0.rdb%d.conv%d", r, c), 32, 64+32*(c-1), 0.7, zeros(32))
		}
		w.conv(fmt.Sprintf("body.0.rdb%d.conv5", r), 64, 192, 0.7, zeros(64))
	}
	w.conv("conv_body", 64, 64, 0.5, zeros(64))
	w.conv("conv_up1", 64, 64, 1.2, zeros(64))
	w.conv("conv_hr", 64, 64, 1.2, zeros(64))
	w.conv("conv_last", 3, 64, 0.6, constant(3, 0.4))
}

// pair adds the two matrices of one LoRA layer of rank 4.
func (w *weights) pair(down, up string, out, in int) {
	const rank, gain = 4, 1.5
	w.add(down, true, w.normal(rank*in, gain/math.Sqrt(float64(in))), rank, in)
	w.add(up, true, w.normal(out*rank, gain/math.Sqrt(rank)), out, rank)
}

func (w *weights) kohya(name string, out, in int) {
	w.pair(name+".lora_down.weight", name+".lora_up.weight", out, in)
	w.add(name+".alpha", true, []float32{4})
}

type layer struct {
	name    string
	out, in int
}

func loraKohya(w *weights) {
	for b := range doubleBlocks {
		for _, l := range []layer{
			{"img_attn_qkv", 3 * hidden, hidden},
			{"img_attn_proj", hidden, hidden},
			{"txt_attn_qkv", 3 * hidden, hidden},
			{"img_mlp_0", mlp, hidden},
			{"img_mlp_2", hidden, mlp},
		} {
			w.kohya(fmt.Sprintf("lora_unet_double_blocks_%d_%s", b, l.name), l.out, l.in)
		}
	}
	for b := range singleBlocks {
		for _, l := range []layer{{"linear1", 3*hidden + mlp, hidden}, {"linear2", hidden, hidden + mlp}} {
			w.kohya(fmt.Sprintf("lora_unet_single_blocks_%d_%s", b, l.name), l.out, l.in)
		}
	}
}

func loraDiffusers(w *weights) {
	add := func(name string, l layer) {
		w.pair(name+l.name+".lora_A.weight", name+l.name+".lora_B.weight", l.out, l.in)
	}
	attention := []layer{{"attn.to_q", hidden, hidden}, {"attn.to_k", hidden, hidden}, {"attn.to_v", hidden, hidden}}
	for b := range doubleBlocks {
		for _, l := range append(attention[:3:3], layer{"attn.to_out.0", hidden, hidden}, layer{"ff.net.0.proj", mlp, hidden}) {
			add(fmt.Sprintf("transformer.transformer_blocks.%d.", b), l)
		}
	}
	for b := range singleBlocks {
		for _, l := range append(attention[:3:3], layer{"proj_mlp", mlp, hidden}, layer{"proj_out", hidden, hidden + mlp}) {
			add(fmt.Sprintf("transformer.single_transformer_blocks.%d.", b), l)
		}
	}
}

func loraOther(w *weights) {
	for _, m := range []string{"attn1_to_q", "attn1_to_k"} {
		w.kohya("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_"+m, 320, 320)
	}
}

// Write writes all files into a folder.
func Write(dir string, seed uint64) (Files, error) {
	var f Files
	for i, x := range []struct {
		name string
		to   *string
		make func(*weights)
	}{
		{"flux.safetensors", &f.Diffusion, diffusion},
		{"t5.safetensors", &f.T5, textEncoder},
		{"tae.safetensors", &f.TAE, autoencoder},
		{"esrgan_x2.safetensors", &f.Upscaler, upscaler},
		{"lora_kohya.safetensors", &f.LoRAKohya, loraKohya},
		{"lora_diffusers.safetensors", &f.LoRADiffusers, loraDiffusers},
		{"lora_sd15.safetensors", &f.LoRAOther, loraOther},
	} {
		w := &weights{rnd: rand.New(rand.NewPCG(seed, uint64(i)))}
		x.make(w)
		*x.to = filepath.Join(dir, x.name)
		if err := save(*x.to, w.list); err != nil {
			return Files{}, fmt.Errorf("write tiny model: %w", err)
		}
	}
	return f, nil
}

// save writes a safetensors file: the length of the header, the header as JSON, the data.
func save(path string, list []tensor) error {
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	header := map[string]entry{}
	var data []byte
	for _, t := range list {
		begin, shape := int64(len(data)), t.shape
		if shape == nil {
			shape = []int{} // a scalar
		}
		dtype := "F32"
		if t.half {
			dtype = "F16"
		}
		for _, v := range t.data {
			if t.half {
				data = binary.LittleEndian.AppendUint16(data, float16(v))
			} else {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
			}
		}
		header[t.name] = entry{dtype, shape, [2]int64{begin, int64(len(data))}}
	}
	h, err := json.Marshal(header)
	if err != nil {
		return err
	}
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(h)))
	out = append(append(out, h...), data...)
	return os.WriteFile(path, out, 0o600)
}

// float16 rounds to the nearest IEEE 754 half; the values here are small and finite.
func float16(f float32) uint16 {
	b := math.Float32bits(f)
	sign := uint16(b >> 16 & 0x8000)
	exp := int(b>>23&0xff) - 127
	frac := b & 0x7fffff
	switch {
	case exp > 15:
		return sign | 0x7bff // the largest
	case exp >= -14:
		h := uint32(exp+15)<<10 | frac>>13
		if rest := frac & 0x1fff; rest > 0x1000 || rest == 0x1000 && h&1 == 1 {
			h++
		}
		return sign | uint16(h)
	case exp >= -25:
		full := frac | 0x800000
		shift := uint(-exp - 14 + 13)
		h := full >> shift
		if rest := full & (1<<shift - 1); rest > 1<<(shift-1) || rest == 1<<(shift-1) && h&1 == 1 {
			h++
		}
		return sign | uint16(h)
	}
	return sign
}
