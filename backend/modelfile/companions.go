package modelfile

import "loam/backend"

// textEncoder recognises what turns a prompt into numbers for a denoiser.
func textEncoder(s shapes) class {
	is := func(family string) class { return class{kind: backend.KindTextEncoder, family: family} }
	switch {
	case s.any("encoder.block.0.layer.0.SelfAttention.q.weight", "enc.blk.0.attn_q.weight"):
		return is(t5Family(s.dim(0, "shared.weight", "encoder.embed_tokens.weight", "token_embd.weight")))
	case s.has("text_model.encoder.layers.0.self_attn.k_proj.weight"):
		switch s.dim(0, "text_model.encoder.layers.0.self_attn.k_proj.weight") {
		case 768:
			return is("clip-l")
		case 1280:
			return is("clip-g")
		}
		return is("clip")
	case s.any(openClip...):
		switch s.dim(0, openClip...) { // queries, keys and values in one
		case 3 * 768:
			return is("clip-l")
		case 3 * 1280:
			return is("clip-g")
		}
		return is("clip")
	}
	return class{}
}

var openClip = []string{
	"transformer.resblocks.0.attn.in_proj_weight", "model.transformer.resblocks.0.attn.in_proj_weight",
	"text_model.transformer.resblocks.0.attn.in_proj_weight",
}

// t5Family tells the T5 that reads many scripts from the English one by its vocabulary (256,384 against 32,128 words).
func t5Family(vocabulary int64) string {
	if vocabulary > 200_000 {
		return "umt5"
	}
	return "t5"
}

// llmEncoders are the language models that picture families listen to, by their embedding table: words x width. As
// safetensors they are of use for that alone.
var llmEncoders = map[[2]int64]string{
	{152064, 3584}: "qwen2vl", // Qwen2.5-VL 7B: Qwen-Image
	{151936, 2560}: "qwen3",   // Qwen3 4B: Z-Image
	{151936, 4096}: "qwen3",   // Qwen3 8B: Flux.2 klein
	{256000, 2304}: "gemma2",  // Gemma 2 2B: Lumina 2
	{131072, 5120}: "mistral", // Mistral Small: Flux.2
}

// languageModel recognises a language model as it was trained, before a conversion to GGUF.
func languageModel(s shapes) class {
	tables := []string{
		"model.embed_tokens.weight", "language_model.model.embed_tokens.weight", "model.language_model.embed_tokens.weight",
		"embed_tokens.weight",
	}
	if !s.any(append(tables, "model.layers.0.self_attn.q_proj.weight", "model.layers.0.input_layernorm.weight",
		"transformer.wte.weight", "gpt_neox.embed_in.weight", "backbone.embeddings.weight", "lm_head.weight",
		"embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight")...) &&
		!s.hasPrefix("model.layers.") {
		return class{}
	}
	if family, ok := llmEncoders[[2]int64{s.dim(0, tables...), s.dim(1, tables...)}]; ok {
		return class{kind: backend.KindTextEncoder, family: family}
	}
	if s.any("embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight") {
		if s.any("classifier.weight", "classifier.dense.weight") {
			return class{kind: backend.KindReranker, family: "bert"}
		}
		return class{kind: backend.KindEmbedding, family: "bert"}
	}
	return class{kind: backend.KindChat, family: "language"}
}

// autoencoder recognises what turns latents into pictures: VAEs, and the small TAE that makes previews.
func autoencoder(s shapes) class {
	is := func(family string) class { return class{kind: backend.KindVAE, family: family} }
	conv := []string{"decoder.conv_in.weight", "first_stage_model.decoder.conv_in.weight", "vae.decoder.conv_in.weight"}
	switch {
	case s.any(conv...):
		switch s.dim(1, conv...) {
		case 4:
			return is("sd")
		case 16:
			return is("flux")
		case 32:
			return is("flux2")
		}
		return is("")
	case s.hasPrefix("decoder.middle.0.residual.", "decoder.mid_block.resnets.0.norm1.gamma"):
		return is("wan")
	case s.has("decoder.conv_in.conv.weight"):
		if s.hasPrefix("decoder.up_blocks.0.res_blocks.0.") {
			return is("ltx")
		}
		return is("hunyuan-video")
	case s.has("vquantizer.codebook.weight"):
		return is("cascade")
	case s.has("decoder.1.weight", "decoder.3.conv.0.weight"), s.has("decoder.layers.0.weight", "decoder.layers.2.conv.0.weight"),
		s.has("1.weight", "3.conv.0.weight"), s.has("taesd_decoder.1.weight", "taesd_decoder.3.conv.0.weight"):
		return is("tae")
	}
	return class{}
}
