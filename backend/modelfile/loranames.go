package modelfile

import (
	"slices"
	"strconv"
	"strings"
)

// whole is the part number of a layer that is written as one.
const whole = -1

// style is how a model's denoiser names its layers.
type style uint8

const (
	styleOther style = iota // compared as written
	styleUNet               // SD 1, 2, XL
	styleFlux
	styleSD3
)

// known says whether LoRAs of all common spellings can be recognised.
func (s style) known() bool { return s != styleOther }

// baseSections are the beginnings of tensor names in checkpoints and what they belong to.
var baseSections = []struct{ prefix, section string }{
	{"model.diffusion_model.", "unet"},
	{"diffusion_model.", "unet"},
	{"unet.", "unet"},
	{"net.", "unet"},
	{"cond_stage_model.transformer.", "te1"},
	{"cond_stage_model.model.", "te1"},
	{"conditioner.embedders.0.transformer.", "te1"},
	{"conditioner.embedders.0.model.", "te1"},
	{"conditioner.embedders.1.model.", "te2"},
	{"text_encoders.clip_l.transformer.", "te1"},
	{"text_encoders.clip_g.transformer.", "te2"},
	{"text_encoders.t5xxl.transformer.", "te3"},
	{"first_stage_model.", "vae"},
	{"vae.", "vae"},
}

// addBase adds the tensors of one file of a model.
func (b *layers) addBase(tensors map[string][]int64) {
	if b.places == nil {
		b.places = map[string]*place{}
	}
	sh := shapes{dims: make(map[string][]int64, len(tensors))}
	for name, d := range tensors {
		sh.add(name, d)
	}
	own := "unet"
	switch c := classify(sh); c.family {
	case "clip-l", "clip":
		own = "te1"
	case "clip-g":
		own = "te2"
	case "t5":
		own = "te3"
	}
	if own == "unet" && b.style == styleOther {
		b.style = styleOf(sh)
	}
	for name, d := range tensors {
		section := own
		for _, s := range baseSections {
			if rest, ok := strings.CutPrefix(name, s.prefix); ok {
				section, name = s.section, rest
				break
			}
		}
		b.add(section, name, d)
	}
}

func styleOf(s shapes) style {
	switch {
	case s.hasPrefix("double_blocks.", "single_transformer_blocks."):
		return styleFlux
	case s.hasPrefix("joint_blocks."):
		return styleSD3
	case s.hasPrefix("input_blocks.", "down_blocks."):
		return styleUNet
	}
	return styleOther
}

// add enters one tensor of the model.
func (b *layers) add(section, name string, d []int64) {
	name, isBias := strings.CutSuffix(name, ".bias")
	name, isWeight := strings.CutSuffix(name, ".weight")
	if rest, ok := strings.CutSuffix(name, "in_proj_weight"); ok { // OpenCLIP
		name, isWeight = rest+"in_proj", true
	}
	if !isWeight && !isBias || len(d) == 0 {
		return
	}
	key, part := b.canonical(section, strings.ReplaceAll(name, ".", "_"))
	p := b.places[key]
	if p == nil {
		p = &place{parts: map[int]int64{}}
		b.places[key] = p
	}
	switch {
	case isBias:
		p.bias += d[0]
	case part != whole:
		p.parts[part], p.in = d[0], d[1:]
	default:
		p.rows, p.in = d[0], d[1:]
		p.split(key)
	}
}

// split says how many rows the parts of a layer have that other tools write as several.
func (p *place) split(key string) {
	switch {
	case strings.HasSuffix(key, "_qkv"), strings.HasSuffix(key, "_in_proj"):
		for i := range 3 {
			p.parts[i] = p.rows / 3
		}
	case strings.HasSuffix(key, "_linear1") && len(p.in) == 1 && p.rows > 3*p.in[0]: // query, key, value, MLP
		for i := range 3 {
			p.parts[i] = p.in[0]
		}
		p.parts[3] = p.rows - 3*p.in[0]
	}
}

// loraSuffixes are the ends of a LoRA's tensor names and what they hold.
var loraSuffixes = []struct{ suffix, role string }{
	{"_lora.down.weight", "down"},
	{"_lora.mid.weight", "mid"},
	{"_lora.up.weight", "up"},
	{".lora_down.weight", "down"},
	{".lora_mid.weight", "mid"},
	{".lora_up.weight", "up"},
	{".lora.down.weight", "down"},
	{".lora.mid.weight", "mid"},
	{".lora.up.weight", "up"},
	{".lora_A.default.weight", "down"},
	{".lora_B.default.weight", "up"},
	{".lora_A.weight", "down"},
	{".lora_B.weight", "up"},
	{".lora_linear", "alpha"},
	{".alpha", "alpha"},
	{".scale", "scale"},
	{".diff", "diff"},
	{".diff_b", "diff_b"},
}

// loraRole splits the name of a LoRA's tensor into the layer's and the tensor's role there.
func loraRole(name string) (layer, role string) {
	for _, s := range loraSuffixes {
		if layer, ok := strings.CutSuffix(name, s.suffix); ok {
			return strings.Replace(layer, ".processor", "", 1), s.role
		}
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 && (strings.HasPrefix(name[i+1:], "hada_") || strings.HasPrefix(name[i+1:], "lokr_")) {
		return name[:i], name[i+1:]
	}
	return name, "other"
}

// loraSections are the beginnings of a LoRA's layer names and what they belong to.
var loraSections = []struct{ prefix, section string }{
	{"lora_unet_", "unet"},
	{"lora_transformer_", "unet"},
	{"lycoris_unet_", "unet"},
	{"lora_te1_", "te1"},
	{"lora_te2_", "te2"},
	{"lora_te3_", "te3"},
	{"lora_te_", "te1"},
	{"lora_vae_", "vae"},
	{"lycoris_", "unet"},
	{"model.diffusion_model.", "unet"},
	{"diffusion_model.", "unet"},
	{"unet.", "unet"},
	{"transformer.", "unet"},
	{"text_encoder_2.", "te2"},
	{"text_encoder_3.", "te3"},
	{"text_encoder.", "te1"},
	{"te1.", "te1"},
	{"te2.", "te2"},
	{"te3.", "te3"},
	{"te.", "te1"},
	{"vae.", "vae"},
}

// loraKey finds the key of a LoRA's layer.
func (b *layers) loraKey(layer string) (string, int) {
	for _, p := range []string{"lora.", "base_model.model."} {
		layer = strings.TrimPrefix(layer, p)
	}
	section := "unet"
	for _, s := range loraSections {
		if rest, ok := strings.CutPrefix(layer, s.prefix); ok {
			section, layer = s.section, rest
			break
		}
	}
	if section == "te2" && b.style == styleFlux { // its second encoder is T5
		section = "te3"
	}
	return b.canonical(section, strings.ReplaceAll(layer, ".", "_"))
}

// canonical gives the one name that all spellings of a layer share. Names are compared with underscores for dots, since
// one tool writes them so.
func (b *layers) canonical(section, flat string) (key string, part int) {
	part = whole
	switch {
	case section == "te1" || section == "te2":
		flat, part = clipName(flat)
	case section == "unet" && b.style == styleUNet:
		flat = unetName(flat)
	case section == "unet" && (b.style == styleFlux || b.style == styleSD3):
		flat, part = blockName(b.style, flat)
	}
	return section + ":" + flat, part
}

// rename is one layer's name inside a block in the Diffusers layout, and its canonical name with the part.
type rename struct {
	from, to string
	part     int
}

var fluxDouble = []rename{
	{"norm1_linear", "img_mod_lin", whole},
	{"norm1_context_linear", "txt_mod_lin", whole},
	{"attn_to_q", "img_attn_qkv", 0},
	{"attn_to_k", "img_attn_qkv", 1},
	{"attn_to_v", "img_attn_qkv", 2},
	{"attn_add_q_proj", "txt_attn_qkv", 0},
	{"attn_add_k_proj", "txt_attn_qkv", 1},
	{"attn_add_v_proj", "txt_attn_qkv", 2},
	{"attn_to_out_0", "img_attn_proj", whole},
	{"attn_to_add_out", "txt_attn_proj", whole},
	{"ff_net_0_proj", "img_mlp_0", whole},
	{"ff_net_2", "img_mlp_2", whole},
	{"ff_context_net_0_proj", "txt_mlp_0", whole},
	{"ff_context_net_2", "txt_mlp_2", whole},
}

var fluxSingle = []rename{
	{"norm_linear", "modulation_lin", whole},
	{"attn_to_q", "linear1", 0},
	{"attn_to_k", "linear1", 1},
	{"attn_to_v", "linear1", 2},
	{"proj_mlp", "linear1", 3},
	{"proj_out", "linear2", whole},
}

var sd3Joint = []rename{
	{"norm1_linear", "x_block_adaLN_modulation_1", whole},
	{"norm1_context_linear", "context_block_adaLN_modulation_1", whole},
	{"attn_to_q", "x_block_attn_qkv", 0},
	{"attn_to_k", "x_block_attn_qkv", 1},
	{"attn_to_v", "x_block_attn_qkv", 2},
	{"attn2_to_q", "x_block_attn2_qkv", 0},
	{"attn2_to_k", "x_block_attn2_qkv", 1},
	{"attn2_to_v", "x_block_attn2_qkv", 2},
	{"attn_add_q_proj", "context_block_attn_qkv", 0},
	{"attn_add_k_proj", "context_block_attn_qkv", 1},
	{"attn_add_v_proj", "context_block_attn_qkv", 2},
	{"attn_to_out_0", "x_block_attn_proj", whole},
	{"attn2_to_out_0", "x_block_attn2_proj", whole},
	{"attn_to_add_out", "context_block_attn_proj", whole},
	{"ff_net_0_proj", "x_block_mlp_fc1", whole},
	{"ff_net_2", "x_block_mlp_fc2", whole},
	{"ff_context_net_0_proj", "context_block_mlp_fc1", whole},
	{"ff_context_net_2", "context_block_mlp_fc2", whole},
}

// outer are the layers outside the blocks of Flux and SD 3 in the Diffusers layout.
var outer = map[style]map[string]string{
	styleFlux: {
		"context_embedder": "txt_in", "x_embedder": "img_in", "proj_out": "final_layer_linear",
		"time_text_embed_timestep_embedder_linear_1": "time_in_in_layer",
		"time_text_embed_timestep_embedder_linear_2": "time_in_out_layer",
		"time_text_embed_text_embedder_linear_1":     "vector_in_in_layer",
		"time_text_embed_text_embedder_linear_2":     "vector_in_out_layer",
		"time_text_embed_guidance_embedder_linear_1": "guidance_in_in_layer",
		"time_text_embed_guidance_embedder_linear_2": "guidance_in_out_layer",
		"norm_out_linear": "final_layer_adaLN_modulation_1",
	},
	styleSD3: {"proj_out": "final_layer_linear", "norm_out_linear": "final_layer_adaLN_modulation_1", "pos_embed_proj": "x_embedder_proj"},
}

// blockName gives Flux's and SD 3's own name for a layer in the Diffusers layout; other names stay.
func blockName(s style, flat string) (string, int) {
	if to, ok := outer[s][flat]; ok {
		return to, whole
	}
	for _, x := range []struct {
		of       style
		from, to string
		names    []rename
	}{
		{styleFlux, "single_transformer_blocks_", "single_blocks_", fluxSingle},
		{styleFlux, "transformer_blocks_", "double_blocks_", fluxDouble},
		{styleSD3, "transformer_blocks_", "joint_blocks_", sd3Joint},
	} {
		rest, ok := strings.CutPrefix(flat, x.from)
		number, layer, cut := strings.Cut(rest, "_")
		if !ok || !cut || s != x.of {
			continue
		}
		if i := slices.IndexFunc(x.names, func(r rename) bool { return r.from == layer }); i >= 0 {
			return x.to + number + "_" + x.names[i].to, x.names[i].part
		}
		return flat, whole
	}
	return flat, whole
}

var clipLayers = []rename{
	{"self_attn_q_proj", "self_attn_in_proj", 0},
	{"self_attn_k_proj", "self_attn_in_proj", 1},
	{"self_attn_v_proj", "self_attn_in_proj", 2},
	{"attn_in_proj", "self_attn_in_proj", whole},
	{"attn_out_proj", "self_attn_out_proj", whole},
	{"mlp_c_fc", "mlp_fc1", whole},
	{"mlp_c_proj", "mlp_fc2", whole},
}

// clipName gives the Hugging Face name for a layer of a CLIP text encoder, with query, key and value as one.
func clipName(flat string) (string, int) {
	const canonical = "text_model_encoder_layers_"
	for _, prefix := range []string{canonical, "transformer_text_model_encoder_layers_", "transformer_resblocks_", "model_transformer_resblocks_"} {
		rest, ok := strings.CutPrefix(flat, prefix)
		number, layer, cut := strings.Cut(rest, "_")
		if !ok || !cut {
			continue
		}
		if i := slices.IndexFunc(clipLayers, func(r rename) bool { return r.from == layer }); i >= 0 {
			return canonical + number + "_" + clipLayers[i].to, clipLayers[i].part
		}
		return canonical + number + "_" + layer, whole
	}
	return flat, whole
}

var resnetLayers = map[string]string{
	"in_layers_0": "norm1", "in_layers_2": "conv1", "emb_layers_1": "time_emb_proj", "out_layers_0": "norm2",
	"out_layers_3": "conv2", "skip_connection": "conv_shortcut",
}

var unetOuter = map[string]string{
	"time_embed_0": "time_embedding_linear_1", "time_embed_2": "time_embedding_linear_2", "input_blocks_0_0": "conv_in",
	"out_0": "conv_norm_out", "out_2": "conv_out", "label_emb_0_0": "add_embedding_linear_1",
	"label_emb_0_2": "add_embedding_linear_2",
}

// unetName gives the Diffusers name for a layer of a UNet in the original layout; other names stay.
func unetName(flat string) string {
	if to, ok := unetOuter[flat]; ok {
		return to
	}
	kind, rest := "", ""
	for _, k := range []string{"input_blocks_", "output_blocks_", "middle_block_"} {
		if r, ok := strings.CutPrefix(flat, k); ok {
			kind, rest = k, r
		}
	}
	if kind == "" {
		return strings.ReplaceAll(flat, "_to_out_0", "_to_out")
	}
	first, rest, ok := strings.Cut(rest, "_")
	n, err := strconv.Atoi(first)
	if !ok || err != nil {
		return flat
	}
	if kind == "middle_block_" {
		if n == 1 {
			return "mid_block_attentions_0_" + unetLayer(rest)
		}
		return "mid_block_resnets_" + strconv.Itoa(n/2) + "_" + unetLayer(rest)
	}
	second, layer, ok := strings.Cut(rest, "_")
	if !ok {
		return flat
	}
	side, level, j := "up_blocks_", n/3, n%3
	if kind == "input_blocks_" {
		side, level, j = "down_blocks_", (n-1)/3, (n-1)%3
	}
	block := side + strconv.Itoa(level)
	switch {
	case kind == "input_blocks_" && j == 2 && layer == "op":
		return block + "_downsamplers_0_conv"
	case kind == "output_blocks_" && layer == "conv":
		return block + "_upsamplers_0_conv"
	case second == "0":
		return block + "_resnets_" + strconv.Itoa(j) + "_" + unetLayer(layer)
	}
	return block + "_attentions_" + strconv.Itoa(j) + "_" + unetLayer(layer)
}

func unetLayer(layer string) string {
	if to, ok := resnetLayers[layer]; ok {
		return to
	}
	return strings.ReplaceAll(layer, "_to_out_0", "_to_out")
}
