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
	rank   int    // of a LoRA
	method string // of a LoRA: "LoRA", "LoHa", ...
	// refused is a clause that says why Loam has no use for a file that it recognised all the same.
	refused string
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
	for _, rule := range []func(shapes) class{
		lora, textualInversion, control, imageAdapter, sound, denoiser, textEncoder, autoencoder, upscaler, languageModel, helper,
	} {
		if c := rule(s); c.kind != "" || c.refused != "" {
			return c
		}
	}
	return class{kind: backend.KindUnknown}
}

// textualInversion recognises a few learned vectors that stand for a word. They come as one or two small tables whose
// width is that of a text encoder.
func textualInversion(s shapes) class {
	if len(s.dims) > 4 {
		return class{}
	}
	wide := func(name string) int64 {
		d, ok := s.dims[name]
		switch {
		case ok && len(d) == 2 && d[0] >= 1 && d[0] <= 512:
			return d[1]
		case ok && len(d) == 1:
			return d[0]
		}
		return -1
	}
	if s.has("clip_l", "clip_g") {
		return class{kind: backend.KindTextual, family: "sdxl"}
	}
	width := wide("emb_params")
	for name := range s.dims {
		if width < 0 && (strings.HasPrefix(name, "string_to_param") || name == "clip_l" || name == "clip_g" ||
			strings.HasPrefix(name, "<") && strings.HasSuffix(name, ">")) {
			width = wide(name)
		}
	}
	switch width {
	case 768:
		return class{kind: backend.KindTextual, family: "sd1"}
	case 1024:
		return class{kind: backend.KindTextual, family: "sd2"}
	case 1280:
		return class{kind: backend.KindTextual, family: "sdxl"}
	}
	return class{}
}

// control recognises networks that steer a denoiser by a picture.
func control(s shapes) class {
	switch {
	case s.hasPrefix("lllite_unet_"):
		return class{refused: "it is a ControlNet-LLLite, which Loam's engines do not know: get the full ControlNet"}
	case s.has("lora_controlnet"):
		return class{refused: "it is a Control-LoRA, which Loam's engines do not know: get the full ControlNet"}
	case !s.any("controlnet_cond_embedding.conv_in.weight", "input_hint_block.0.weight", "controlnet_x_embedder.weight",
		"control_model.input_hint_block.0.weight") && !s.hasPrefix("controlnet_blocks.", "control_model.", "control_layers."):
		return class{}
	}
	c := class{kind: backend.KindControlNet}
	switch {
	case s.hasPrefix("control_layers."):
		c.family = "z-image"
	case s.hasPrefix("single_transformer_blocks.", "single_blocks.", "double_blocks."):
		c.family = "flux"
	case s.has("transformer_blocks.0.attn.add_k_proj.weight", "txt_norm.weight"):
		c.family = "qwen-image"
	case s.has("transformer_blocks.0.attn.add_k_proj.weight", "x_embedder.weight"):
		c.family = "flux"
	case s.hasPrefix("transformer_blocks.0.attn."):
		c.family = "sd3"
	default:
		c.family = textWidthFamily(s.dim(1,
			"control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
			"control_model.input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight",
			"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
			"input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight",
			"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
			"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight"))
	}
	return c
}

// imageAdapter recognises what makes a denoiser follow a picture of a person, a style or a composition.
func imageAdapter(s shapes) class {
	switch {
	case s.hasPrefix("ip_adapter.") && s.hasPrefix("image_proj."), s.hasPrefix("double_blocks.0.processor.ip_adapter"):
		return class{kind: backend.KindImageAdapter, family: "ip-adapter"}
	case s.any("adapter.body.0.block1.weight", "body.0.block1.weight"):
		return class{kind: backend.KindImageAdapter, family: "t2i-adapter"}
	case s.has("redux_up.weight"):
		return class{kind: backend.KindImageAdapter, family: "flux-redux"}
	case s.hasPrefix("id_encoder."):
		return class{kind: backend.KindImageAdapter, family: "photomaker"}
	case s.hasPrefix("pulid_ca."):
		return class{kind: backend.KindImageAdapter, family: "pulid"}
	}
	return class{}
}

const soundClause = "it makes or hears sound; Loam has no engine for sound"

// sound recognises models of speech and music.
func sound(s shapes) class {
	if s.any("model.encoder.conv1.weight", "genre_embedder.weight", "quantizer.quantizers.0.codebook.weight",
		"enc_p.emb.weight", "enc_p.text_embedding.weight", "gpt.text_embedding.weight", "decoder.layers.1.layers.0.beta",
		"ema_model.transformer.text_embed.text_embed.weight", "audio_encoder.encoder.layers.0.conv.weight_g",
		"speech_decoder.conv_pre.weight", "conv_pre.weight_g") ||
		s.has("encoder.conv1.weight", "encoder.positional_embedding") ||
		s.hasPrefix("pretransform.model.", "conditioner.conditioners.seconds_", "audio_encoder.", "semantic_model.") {
		return class{refused: soundClause}
	}
	return class{}
}

// upscaler recognises networks that enlarge pictures. The engine runs those of the ESRGAN kind.
func upscaler(s shapes) class {
	switch {
	case s.any("body.0.rdb1.conv1.weight", "RRDB_trunk.0.RDB1.conv1.weight", "model.1.sub.0.RDB1.conv1.0.weight",
		"params_ema.body.0.rdb1.conv1.weight"):
		return class{kind: backend.KindUpscaler, family: "esrgan"}
	case s.has("body.0.weight", "body.1.weight", "body.2.weight") && s.dim(1, "body.0.weight") == 3:
		return otherUpscaler("Compact (SRVGG)")
	case s.hasPrefix("layers.0.residual_group.blocks.0.conv_block."):
		return otherUpscaler("HAT")
	case s.hasPrefix("layers.0.residual_group.blocks.0."):
		return otherUpscaler("SwinIR")
	case s.hasPrefix("layers.0.blocks.0.attn.attns."):
		return otherUpscaler("DAT")
	case s.hasPrefix("block_1.c1_r.", "block_1.c1."):
		return otherUpscaler("SPAN")
	}
	return class{}
}

func otherUpscaler(kind string) class {
	return class{refused: "it is an upscaler of the kind " + kind + "; Loam's engine runs those of the kind ESRGAN"}
}

// helper recognises networks that other programs use around picture models.
func helper(s shapes) class {
	switch {
	case s.any("vision_model.encoder.layers.0.self_attn.q_proj.weight", "visual.transformer.resblocks.0.attn.in_proj_weight",
		"encoder.layer.0.attention.attention.query.weight"):
		return class{refused: "it is a vision encoder (CLIP vision or alike), which looks at pictures for other programs; Loam has no use for it alone"}
	case s.hasPrefix("mask_decoder.", "sam_mask_decoder."):
		return class{refused: "it is a segmentation model (SAM), a helper of other programs; Loam has no use for it"}
	case s.hasPrefix("depth_head.", "pretrained.blocks.0."):
		return class{refused: "it is a depth estimation model, a helper of other programs; Loam has no use for it"}
	}
	return class{}
}
