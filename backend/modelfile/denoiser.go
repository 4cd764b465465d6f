package modelfile

import "loam/backend"

// denoisers name one tensor (or several) that only the denoiser of that family has; a family with more of the same names
// stands before the one it extends. Each family has the names of its makers and those of Diffusers.
var denoisers = []struct {
	family string
	names  []string
}{
	{"flux2", []string{"double_stream_modulation_img.lin.weight"}},
	{"flux2", []string{"double_stream_modulation_img.linear.weight"}},
	{"chroma", []string{"double_blocks.0.img_attn.qkv.weight", "distilled_guidance_layer.in_proj.weight"}},
	{"chroma", []string{"single_transformer_blocks.0.attn.to_q.weight", "distilled_guidance_layer.in_proj.weight"}},
	{"hunyuan-video", []string{"double_blocks.0.img_attn_qkv.weight"}},
	{"hunyuan-video", []string{"double_blocks.0.img_attn.qkv.weight", "txt_in.individual_token_refiner.blocks.0.norm1.weight"}},
	{"hunyuan-video", []string{"single_transformer_blocks.0.attn.to_q.weight", "context_embedder.token_refiner.refiner_blocks.0.norm1.weight"}},
	{"flux", []string{"double_blocks.0.img_attn.qkv.weight"}},
	{"flux", []string{"single_transformer_blocks.0.attn.to_q.weight", "x_embedder.weight"}},
	{"sd3", []string{"joint_blocks.0.x_block.attn.qkv.weight"}},
	{"sd3", []string{"transformer_blocks.0.attn.add_q_proj.weight", "pos_embed.proj.weight", "context_embedder.weight"}},
	{"qwen-image", []string{"transformer_blocks.0.attn.add_k_proj.weight", "txt_norm.weight", "img_in.weight"}},
	{"auraflow", []string{"double_layers.0.attn.w1q.weight"}},
	{"auraflow", []string{"joint_transformer_blocks.0.attn.to_q.weight", "register_tokens"}},
	{"hidream", []string{"double_stream_blocks.0.block.attn1.to_q.weight"}},
	{"omnigen2", []string{"time_caption_embed.timestep_embedder.linear_1.weight"}},
	{"sana", []string{"attention_y_norm.weight"}},
	{"sana", []string{"caption_norm.weight", "patch_embed.proj.weight"}},
	{"hunyuan-dit", []string{"text_embedding_padding", "mlp_t5.0.weight"}},
	{"pixart", []string{"blocks.0.cross_attn.kv_linear.weight", "y_embedder.y_embedding"}},
	{"pixart", []string{"adaln_single.linear.weight", "pos_embed.proj.weight", "caption_projection.linear_1.weight"}},
	{"ltx", []string{"patchify_proj.weight", "transformer_blocks.0.attn1.to_q.weight"}},
	{"ltx", []string{"proj_in.weight", "adaln_single.linear.weight", "transformer_blocks.0.attn1.to_q.weight"}},
	{"cogvideox", []string{"patch_embed.text_proj.weight"}},
	{"mochi", []string{"t5_yproj.weight"}},
	{"kandinsky5", []string{"visual_transformer_blocks.0.visual_modulation.out_layer.weight"}},
	{"wan", []string{"blocks.0.cross_attn.k.weight", "patch_embedding.weight"}},
	{"wan", []string{"blocks.0.attn2.to_k.weight", "patch_embedding.weight"}},
	{"anima", []string{"llm_adapter.blocks.0.cross_attn.q_proj.weight"}},
	{"cosmos", []string{"blocks.0.adaln_modulation_cross_attn.1.weight"}},
	{"cosmos", []string{"blocks.block0.blocks.0.block.attn.to_q.0.weight"}},
	{"cascade", []string{"clip_txt_mapper.weight"}},
	{"cascade", []string{"clip_txt_pooled_mapper.weight"}},
	{"cascade", []string{"effnet_mapper.0.weight"}},
	{"svd", []string{"input_blocks.1.1.time_stack.0.attn1.to_q.weight"}},
	{"kolors", []string{"encoder_hid_proj.weight", "conv_in.weight"}},
}

// crossAttention are the first tensors through which a U-Net listens to the text, by the generations and tools.
var crossAttention = []string{
	"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight",
	"input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight",
	"down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight",
	"down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight",
}

// denoiser recognises the part of a picture or video model that draws, alone or in a whole checkpoint.
func denoiser(s shapes) class {
	is := func(family string) class { return class{kind: backend.KindDiffusion, family: family} }
	for _, d := range denoisers {
		if s.has(d.names...) {
			return is(d.family)
		}
	}
	switch {
	case s.has("input_blocks.0.0.weight"), s.has("conv_in.weight", "time_embedding.linear_1.weight"):
		width := s.dim(1, crossAttention...)
		if width == 1280 {
			return is("sdxl-refiner")
		}
		if s.any("label_emb.0.0.weight", "add_embedding.linear_1.weight") {
			return is("sdxl")
		}
		return is(textWidthFamily(width))
	case s.hasPrefix("noise_refiner.") && s.hasPrefix("cap_embedder."), s.hasPrefix("noise_refiner.") && s.hasPrefix("time_caption_embed."):
		if s.dim(0, "x_embedder.weight", "all_x_embedder.2-1.weight") == 3840 {
			return is("z-image")
		}
		return is("lumina2")
	case s.checkpoint:
		return is("")
	}
	return class{}
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
