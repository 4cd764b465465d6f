package modelfile

import (
	"slices"
	"strings"

	"loam/backend"
)

// shapes are the tensors of a file as classification sees them: name to dimensions, the outermost first (PyTorch's
// order). A prefix that only says "this is the denoiser of a full checkpoint" is taken off and remembered.
type shapes struct {
	dims       map[string][]int64
	checkpoint bool // some names had the prefix of a full checkpoint
}

// class is what a set of tensors is for.
type class struct {
	kind   backend.ModelKind
	family string
	rank   int // of a LoRA
}

// denoiserPrefixes stand in front of the same names in checkpoints of different tools.
var denoiserPrefixes = []string{"model.diffusion_model.", "diffusion_model.", "net.", "unet."}

func (s *shapes) add(name string, dims []int64) {
	for _, p := range denoiserPrefixes {
		if rest, ok := strings.CutPrefix(name, p); ok {
			s.checkpoint = s.checkpoint || p == denoiserPrefixes[0]
			name = rest
			break
		}
	}
	s.dims[name] = dims
}

// shapesOf turns the tensors of a GGUF file around.
func shapesOf(tensors []Tensor) shapes {
	s := shapes{dims: make(map[string][]int64, len(tensors))}
	for _, t := range tensors {
		d := slices.Clone(t.Dims)
		slices.Reverse(d)
		s.add(t.Name, d)
	}
	return s
}

// has says whether all the names are there.
func (s shapes) has(names ...string) bool {
	for _, n := range names {
		if _, ok := s.dims[n]; !ok {
			return false
		}
	}
	return true
}

func (s shapes) any(names ...string) bool {
	return slices.ContainsFunc(names, func(n string) bool { return s.has(n) })
}

// dim gives dimension i of the first of the tensors that is there, -1 when none is.
func (s shapes) dim(i int, names ...string) int64 {
	for _, n := range names {
		if d, ok := s.dims[n]; ok && i < len(d) {
			return d[i]
		}
	}
	return -1
}

// hasPrefix says whether any name begins so.
func (s shapes) hasPrefix(prefixes ...string) bool {
	for n := range s.dims {
		for _, p := range prefixes {
			if strings.HasPrefix(n, p) {
				return true
			}
		}
	}
	return false
}

// classify says what tensors are for by names that only that kind of model has. LoRAs come first, because they repeat
// the names of what they change; parts come after whole checkpoints, which contain them.
func classify(s shapes) class {
	for _, rule := range []func(shapes) class{lora, control, denoiser, encoderOrVAE, upscaler, transformersModel} {
		if c := rule(s); c.kind != "" {
			return c
		}
	}
	return class{kind: backend.KindUnknown}
}

func lora(s shapes) class {
	c := class{}
	var some string
	for name, dims := range s.dims {
		switch {
		case strings.HasSuffix(name, ".lora_down.weight"), strings.HasSuffix(name, ".lora_A.weight"),
			strings.HasSuffix(name, ".lora.down.weight"), strings.HasSuffix(name, ".lora_A.default.weight"):
			if len(dims) > 0 {
				c.rank = max(c.rank, int(min(dims[0], 1<<20)))
			}
			some = name
		case strings.HasSuffix(name, ".hada_w1_a"), strings.HasSuffix(name, ".lokr_w1"), strings.HasSuffix(name, ".lokr_w1_a"):
			some = name
		default:
			continue
		}
		c.kind = backend.KindLoRA
		if strings.HasPrefix(name, "base_model.model.model.layers.") || strings.HasPrefix(name, "model.layers.") {
			return class{kind: backend.KindAdapter, family: "language", rank: c.rank}
		}
	}
	if some == "" {
		return class{}
	}
	c.family = loraFamily(s)
	return c
}

// loraFamily looks at the blocks that are changed, and where those are shared, at the width of the text they listen to.
func loraFamily(s shapes) string {
	width := int64(-1)
	for name, dims := range s.dims {
		switch {
		case strings.Contains(name, "joint_blocks"):
			return "sd3"
		case strings.Contains(name, "double_blocks"), strings.Contains(name, "single_transformer_blocks"):
			return "flux"
		case strings.HasPrefix(name, "lora_te2_"), strings.HasPrefix(name, "text_encoder_2."):
			return "sdxl"
		case strings.Contains(name, "attn2") && strings.Contains(name, "to_k") && len(dims) == 2 &&
			(strings.HasSuffix(name, "down.weight") || strings.HasSuffix(name, "lora_A.weight")):
			width = dims[1]
		}
	}
	return textWidthFamily(width)
}

// textWidthFamily tells the Stable Diffusion generations by the width of their text encoder's output.
func textWidthFamily(width int64) string {
	switch width {
	case 768:
		return "sd1"
	case 1024:
		return "sd2"
	case 2048:
		return "sdxl"
	}
	return ""
}

func control(s shapes) class {
	if s.any("controlnet_cond_embedding.conv_in.weight", "input_hint_block.0.weight",
		"control_model.input_hint_block.0.weight") || s.hasPrefix("controlnet_blocks.", "control_model.") {
		return class{kind: backend.KindControlNet, family: textWidthFamily(s.dim(1,
			"control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
			"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
			"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
			"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"))}
	}
	return class{}
}

// denoisers name one tensor (or several) that only the denoiser of that family has.
var denoisers = []struct {
	family string
	names  []string
}{
	{"flux2", []string{"double_stream_modulation_img.lin.weight"}},
	{"chroma", []string{"double_blocks.0.img_attn.qkv.weight", "distilled_guidance_layer.in_proj.weight"}},
	{"hunyuan-video", []string{"double_blocks.0.img_attn_qkv.weight"}},
	{"hunyuan-video", []string{"double_blocks.0.img_attn.qkv.weight", "txt_in.individual_token_refiner.blocks.0.norm1.weight"}},
	{"flux", []string{"double_blocks.0.img_attn.qkv.weight"}},
	{"flux", []string{"single_transformer_blocks.0.attn.to_q.weight", "x_embedder.weight"}},
	{"sd3", []string{"joint_blocks.0.x_block.attn.qkv.weight"}},
	{"qwen-image", []string{"transformer_blocks.0.attn.add_k_proj.weight", "txt_norm.weight", "img_in.weight"}},
	{"auraflow", []string{"double_layers.0.attn.w1q.weight"}},
	{"ltx", []string{"patchify_proj.weight", "transformer_blocks.0.attn1.to_q.weight"}},
	{"wan", []string{"blocks.0.cross_attn.k.weight", "patch_embedding.weight"}},
	{"hidream", []string{"double_stream_blocks.0.block.attn1.to_q.weight"}},
}

func denoiser(s shapes) class {
	for _, d := range denoisers {
		if s.has(d.names...) {
			return class{kind: backend.KindDiffusion, family: d.family}
		}
	}
	switch {
	case s.has("input_blocks.0.0.weight"):
		if s.has("label_emb.0.0.weight") {
			return class{kind: backend.KindDiffusion, family: "sdxl"}
		}
		return class{kind: backend.KindDiffusion, family: textWidthFamily(s.dim(1,
			"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
			"input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"))}
	case s.has("conv_in.weight", "time_embedding.linear_1.weight"): // the Diffusers layout
		return class{kind: backend.KindDiffusion, family: textWidthFamily(s.dim(1,
			"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
			"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"))}
	case s.hasPrefix("noise_refiner.") && s.hasPrefix("cap_embedder."):
		if s.dim(0, "x_embedder.weight", "all_x_embedder.2-1.weight") == 3840 {
			return class{kind: backend.KindDiffusion, family: "z-image"}
		}
		return class{kind: backend.KindDiffusion, family: "lumina2"}
	case s.checkpoint:
		return class{kind: backend.KindDiffusion}
	}
	return class{}
}

func encoderOrVAE(s shapes) class {
	switch {
	case s.any("encoder.block.0.layer.0.SelfAttention.q.weight", "enc.blk.0.attn_q.weight"):
		return class{kind: backend.KindTextEncoder, family: "t5"}
	case s.has("text_model.encoder.layers.0.self_attn.k_proj.weight"):
		switch s.dim(0, "text_model.encoder.layers.0.self_attn.k_proj.weight") {
		case 768:
			return class{kind: backend.KindTextEncoder, family: "clip-l"}
		case 1280:
			return class{kind: backend.KindTextEncoder, family: "clip-g"}
		}
		return class{kind: backend.KindTextEncoder, family: "clip"}
	case s.any("transformer.resblocks.0.attn.in_proj_weight", "model.transformer.resblocks.0.attn.in_proj_weight"):
		return class{kind: backend.KindTextEncoder, family: "clip"}
	case s.any("decoder.conv_in.weight", "first_stage_model.decoder.conv_in.weight"):
		switch s.dim(1, "decoder.conv_in.weight", "first_stage_model.decoder.conv_in.weight") {
		case 4:
			return class{kind: backend.KindVAE, family: "sd"}
		case 16:
			return class{kind: backend.KindVAE, family: "flux"}
		}
		return class{kind: backend.KindVAE}
	case s.has("decoder.1.weight", "decoder.3.conv.0.weight"), s.has("decoder.layers.0.weight", "decoder.layers.2.conv.0.weight"):
		return class{kind: backend.KindVAE, family: "tae"}
	}
	return class{}
}

func upscaler(s shapes) class {
	if s.any("body.0.rdb1.conv1.weight", "RRDB_trunk.0.RDB1.conv1.weight", "model.1.sub.0.RDB1.conv1.0.weight") {
		return class{kind: backend.KindUpscaler, family: "esrgan"}
	}
	return class{}
}

// transformersModel recognises a language model as it was trained, before a conversion to GGUF.
func transformersModel(s shapes) class {
	if s.any("model.embed_tokens.weight", "model.layers.0.self_attn.q_proj.weight", "model.layers.0.input_layernorm.weight",
		"transformer.wte.weight", "language_model.model.embed_tokens.weight", "model.language_model.embed_tokens.weight") ||
		s.hasPrefix("model.layers.") {
		return class{kind: backend.KindChat, family: "language"}
	}
	return class{}
}
