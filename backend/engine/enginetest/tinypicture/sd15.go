package tinypicture

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
)

// sd15 lists the tensors of an SD 1.5 checkpoint in their original names: 985 million parameters. Only the few that
// carry the prompt and the noise to the picture hold numbers; the rest are holes of the file.
type sd15 struct{ list []entry }

type entry struct {
	name  string
	shape []int
	fill  byte // 0 = zeros, 1 = ones, 'w' = random
	gain  float64
}

// acting are the beginnings of the names whose weights must not be zero: the words' embeddings, one attention to them,
// and a straight way through the transformer and the decoder.
var acting = []string{
	"cond_stage_model.transformer.text_model.embeddings.token_embedding",
	"model.diffusion_model.input_blocks.0.0", "model.diffusion_model.input_blocks.1.1.proj_",
	"model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_v",
	"model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn2.to_out",
	"model.diffusion_model.output_blocks.10.0.skip_connection", "model.diffusion_model.output_blocks.11.0.skip_connection",
	"model.diffusion_model.out.2", "first_stage_model.post_quant_conv", "first_stage_model.decoder.conv_in",
	"first_stage_model.decoder.up.3.upsample", "first_stage_model.decoder.up.2.upsample", "first_stage_model.decoder.up.1.upsample",
	"first_stage_model.decoder.up.1.block.0.nin_shortcut", "first_stage_model.decoder.up.0.block.0.nin_shortcut",
	"first_stage_model.decoder.conv_out",
}

func (m *sd15) weight(name string, gain float64, shape ...int) {
	fill := byte(0)
	for _, a := range acting {
		if strings.HasPrefix(name, a) {
			fill = 'w'
		}
	}
	m.list = append(m.list, entry{name + ".weight", shape, fill, gain})
}

func (m *sd15) bias(name string, n int) {
	m.list = append(m.list, entry{name + ".bias", []int{n}, 0, 0})
}

func (m *sd15) linear(name string, out, in int) { m.weight(name, 1, out, in); m.bias(name, out) }

func (m *sd15) conv(name string, out, in, k int) {
	m.weight(name, 1, out, in, k, k)
	m.bias(name, out)
}

func (m *sd15) norm(name string, n int) {
	m.list = append(m.list, entry{name + ".weight", []int{n}, 1, 0})
	m.bias(name, n)
}

func (m *sd15) residual(name string, in, out int) {
	m.norm(name+".in_layers.0", in)
	m.conv(name+".in_layers.2", out, in, 3)
	m.linear(name+".emb_layers.1", out, 1280)
	m.norm(name+".out_layers.0", out)
	m.conv(name+".out_layers.3", out, out, 3)
	if in != out {
		m.conv(name+".skip_connection", out, in, 1)
	}
}

func (m *sd15) attention(name string, c int) {
	m.norm(name+".norm", c)
	m.conv(name+".proj_in", c, c, 1)
	t := name + ".transformer_blocks.0."
	for _, a := range []struct {
		name string
		in   int
	}{{"attn1", c}, {"attn2", 768}} {
		m.weight(t+a.name+".to_q", 1, c, c)
		m.weight(t+a.name+".to_k", 1, c, a.in)
		m.weight(t+a.name+".to_v", 1, c, a.in)
		m.linear(t+a.name+".to_out.0", c, c)
	}
	m.linear(t+"ff.net.0.proj", c*8, c)
	m.linear(t+"ff.net.2", c, c*4)
	for k := 1; k <= 3; k++ {
		m.norm(fmt.Sprintf("%snorm%d", t, k), c)
	}
	m.conv(name+".proj_out", c, c, 1)
}

var levels = []int{1, 2, 4, 4} // channels of the four levels, as multiples

func (m *sd15) unet() {
	const p = "model.diffusion_model."
	m.linear(p+"time_embed.0", 1280, 320)
	m.linear(p+"time_embed.2", 1280, 1280)
	m.conv(p+"input_blocks.0.0", 320, 4, 3)
	skips, c, k := []int{320}, 320, 1
	for lv, mult := range levels {
		for range 2 {
			m.residual(fmt.Sprintf("%sinput_blocks.%d.0", p, k), c, 320*mult)
			c = 320 * mult
			if lv < 3 {
				m.attention(fmt.Sprintf("%sinput_blocks.%d.1", p, k), c)
			}
			skips = append(skips, c)
			k++
		}
		if lv < 3 {
			m.conv(fmt.Sprintf("%sinput_blocks.%d.0.op", p, k), c, c, 3)
			skips = append(skips, c)
			k++
		}
	}
	m.residual(p+"middle_block.0", c, c)
	m.attention(p+"middle_block.1", c)
	m.residual(p+"middle_block.2", c, c)
	k = 0
	for lv := 3; lv >= 0; lv-- {
		for j := range 3 {
			skip := skips[len(skips)-1]
			skips = skips[:len(skips)-1]
			m.residual(fmt.Sprintf("%soutput_blocks.%d.0", p, k), c+skip, 320*levels[lv])
			c = 320 * levels[lv]
			next := 1
			if lv < 3 {
				m.attention(fmt.Sprintf("%soutput_blocks.%d.1", p, k), c)
				next = 2
			}
			if lv > 0 && j == 2 {
				m.conv(fmt.Sprintf("%soutput_blocks.%d.%d.conv", p, k, next), c, c, 3)
			}
			k++
		}
	}
	m.norm(p+"out.0", 320)
	m.conv(p+"out.2", 4, 320, 3)
}

func (m *sd15) clip() {
	const p = "cond_stage_model.transformer.text_model."
	m.weight(p+"embeddings.token_embedding", 20, 49408, 768)
	m.weight(p+"embeddings.position_embedding", 1, 77, 768)
	for l := range 12 {
		q := fmt.Sprintf("%sencoder.layers.%d.", p, l)
		for _, n := range []string{"q_proj", "k_proj", "v_proj", "out_proj"} {
			m.linear(q+"self_attn."+n, 768, 768)
		}
		m.norm(q+"layer_norm1", 768)
		m.linear(q+"mlp.fc1", 3072, 768)
		m.linear(q+"mlp.fc2", 768, 3072)
		m.norm(q+"layer_norm2", 768)
	}
	m.norm(p+"final_layer_norm", 768)
}

func (m *sd15) vaeResidual(name string, in, out int) {
	m.norm(name+".norm1", in)
	m.conv(name+".conv1", out, in, 3)
	m.norm(name+".norm2", out)
	m.conv(name+".conv2", out, out, 3)
	if in != out {
		m.conv(name+".nin_shortcut", out, in, 1)
	}
}

func (m *sd15) vaeMiddle(name string, c int) {
	m.vaeResidual(name+"mid.block_1", c, c)
	m.norm(name+"mid.attn_1.norm", c)
	for _, n := range []string{"q", "k", "v", "proj_out"} {
		m.conv(name+"mid.attn_1."+n, c, c, 1)
	}
	m.vaeResidual(name+"mid.block_2", c, c)
}

func (m *sd15) vae() {
	const p = "first_stage_model."
	e, c := p+"encoder.", 128
	m.conv(e+"conv_in", c, 3, 3)
	for lv, mult := range levels {
		for j := range 2 {
			m.vaeResidual(fmt.Sprintf("%sdown.%d.block.%d", e, lv, j), c, 128*mult)
			c = 128 * mult
		}
		if lv < 3 {
			m.conv(fmt.Sprintf("%sdown.%d.downsample.conv", e, lv), c, c, 3)
		}
	}
	m.vaeMiddle(e, c)
	m.norm(e+"norm_out", c)
	m.conv(e+"conv_out", 8, c, 3)
	m.conv(p+"quant_conv", 8, 8, 1)
	m.conv(p+"post_quant_conv", 4, 4, 1)
	d := p + "decoder."
	m.conv(d+"conv_in", 512, 4, 3)
	m.vaeMiddle(d, 512)
	c = 512
	for lv := 3; lv >= 0; lv-- {
		for j := range 3 {
			m.vaeResidual(fmt.Sprintf("%sup.%d.block.%d", d, lv, j), c, 128*levels[lv])
			c = 128 * levels[lv]
		}
		if lv > 0 {
			m.conv(fmt.Sprintf("%sup.%d.upsample.conv", d, lv), c, c, 3)
		}
	}
	m.norm(d+"norm_out", c)
	m.conv(d+"conv_out", 3, c, 3)
}

// WriteSD15 writes a checkpoint in the full shape of SD 1.5 as a sparse file: 2.1 GB long, about 90 MB on disk. Prompt
// and seed change its pictures.
func WriteSD15(path string, seed uint64) error { return writeSD15(path, seed, true) }

// OutlineSD15 writes the same file with holes for all numbers, for those who look at names and shapes only.
func OutlineSD15(path string) error { return writeSD15(path, 0, false) }

func writeSD15(path string, seed uint64, numbers bool) error {
	var m sd15
	m.unet()
	m.clip()
	m.vae()
	type meta struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	header, at := map[string]meta{}, make([]int64, len(m.list))
	var end int64
	for i, e := range m.list {
		at[i] = end
		end += 2 * int64(elements(e.shape))
		header[e.name] = meta{"F16", e.shape, [2]int64{at[i], end}}
	}
	h, err := json.Marshal(header)
	if err != nil {
		return fmt.Errorf("write SD 1.5: %w", err)
	}
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("write SD 1.5: %w", err)
	}
	defer f.Close() // for the errors; closing twice does no harm
	begin := int64(8 + len(h))
	if _, err := f.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...)); err != nil {
		return fmt.Errorf("write SD 1.5: %w", err)
	}
	if err := f.Truncate(begin + end); err != nil {
		return fmt.Errorf("write SD 1.5: %w", err)
	}
	rnd := rand.New(rand.NewPCG(seed, 15))
	for i, e := range m.list {
		if e.fill == 0 || !numbers {
			continue
		}
		n := elements(e.shape)
		data := make([]byte, 0, 2*n)
		for range n {
			v := float32(1)
			if e.fill == 'w' {
				v = float32(rnd.NormFloat64() * e.gain / math.Sqrt(float64(n/e.shape[0])))
			}
			data = binary.LittleEndian.AppendUint16(data, float16(v))
		}
		if _, err := f.WriteAt(data, begin+at[i]); err != nil {
			return fmt.Errorf("write SD 1.5: %w", err)
		}
	}
	return f.Close()
}

func elements(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}
