package modelfile_test

import (
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// kindCase is a file of one kind: what it is made of and what must be said of it.
type kindCase struct {
	name    string
	gguf    *modelfiletest.GGUF
	tensors []modelfiletest.Shape
	kind    backend.ModelKind
	family  string
	refused string // a part of the clause; "" = it is taken
}

func st(name string, kind backend.ModelKind, family string, tensors ...modelfiletest.Shape) kindCase {
	return kindCase{name: name, tensors: tensors, kind: kind, family: family}
}

func refusedAs(name, words string, tensors ...modelfiletest.Shape) kindCase {
	return kindCase{name: name, tensors: tensors, refused: words}
}

// kindCases has a row for every kind that Loam tells apart.
func kindCases() []kindCase {
	const (
		kv   = "input_blocks.4.1.transformer_blocks.0.attn2.to_k.weight"
		unet = "model.diffusion_model."
	)
	diffusion, enc, vae := backend.KindDiffusion, backend.KindTextEncoder, backend.KindVAE
	gguf := func(name string, g *modelfiletest.GGUF, kind backend.ModelKind, family string) kindCase {
		return kindCase{name: name, gguf: g, kind: kind, family: family}
	}
	bert := func() *modelfiletest.GGUF {
		g := modelfiletest.Chat().Set("general.architecture", "bert")
		for _, k := range []string{"block_count", "context_length", "embedding_length"} {
			g.Set("bert."+k, uint32(32))
		}
		return g.Set("bert.block_count", uint32(1)).Set("bert.attention.head_count", uint32(2))
	}
	one := func(arch, tensor string, dims ...uint64) *modelfiletest.GGUF {
		return modelfiletest.NewGGUF().Set("general.architecture", arch).Tensor(tensor, modelfiletest.F16, nil, dims...)
	}
	template := func(s string) *modelfiletest.GGUF { return modelfiletest.Chat().Set("tokenizer.chat_template", s) }
	return []kindCase{
		gguf("chat model", modelfiletest.Chat(), backend.KindChat, "llama"),
		gguf("chat model, GGUF version 2", func() *modelfiletest.GGUF { g := modelfiletest.Chat(); g.Version = 2; return g }(), backend.KindChat, "llama"),
		gguf("first part of a chat model", modelfiletest.Chat().Set("split.no", uint32(0)).Set("split.count", uint32(2)), backend.KindChat, "llama"),
		gguf("embedding model", bert(), backend.KindEmbedding, "bert"),
		gguf("reranker by its head", bert().Tensor("cls.output.weight", modelfiletest.F32, nil, 32, 1), backend.KindReranker, "bert"),
		gguf("reranker by its pooling", modelfiletest.Chat().Set("llama.pooling_type", uint32(4)), backend.KindReranker, "llama"),
		gguf("Llama Guard", template("... <BEGIN UNSAFE CONTENT CATEGORIES> ... 'safe' or 'unsafe'"), backend.KindGuard, "llama"),
		gguf("Granite Guardian", template("{% if guardian_config %} risk {{ risk_name }}"), backend.KindGuard, "llama"),
		gguf("T5-XXL as GGUF", one("t5encoder", "token_embd.weight", 64, 32128), enc, "t5"),
		gguf("UMT5-XXL as GGUF", one("t5encoder", "token_embd.weight", 32, 256384), enc, "umt5"),
		gguf("projector", one("clip", "v.patch_embd.weight", 32, 32), backend.KindProjector, "clip"),
		gguf("Wan as GGUF", one("wan", "blocks.0.self_attn.q.weight", 32, 32), diffusion, "wan"),
		gguf("Qwen-Image as GGUF", one("qwen_image", "img_in.weight", 32, 32), diffusion, "qwen-image"),
		{name: "sound as GGUF", gguf: one("orpheus", "x", 32, 32), refused: "no engine for sound"},

		st("SD 1", diffusion, "sd1", lo(unet+"input_blocks.0.0.weight", 8, 4, 3, 3), lo(unet+"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 8, 768)),
		st("SD 2", diffusion, "sd2", lo(unet+"input_blocks.0.0.weight", 8, 4, 3, 3), lo(unet+"input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 8, 1024)),
		st("SDXL", diffusion, "sdxl", lo(unet+"input_blocks.0.0.weight", 8, 4, 3, 3), lo(unet+"label_emb.0.0.weight", 8, 8), lo(unet+kv, 8, 2048)),
		st("SDXL refiner", diffusion, "sdxl-refiner", lo(unet+"input_blocks.0.0.weight", 8, 4, 3, 3), lo(unet+"label_emb.0.0.weight", 8, 8), lo(unet+kv, 8, 1280)),
		st("SDXL of Diffusers", diffusion, "sdxl", lo("conv_in.weight", 8, 4, 3, 3), lo("time_embedding.linear_1.weight", 8, 8), lo("add_embedding.linear_1.weight", 8, 8)),
		st("Kolors", diffusion, "kolors", lo("conv_in.weight", 8, 4, 3, 3), lo("time_embedding.linear_1.weight", 8, 8), lo("encoder_hid_proj.weight", 8, 8)),
		st("Stable Video", diffusion, "svd", lo(unet+"input_blocks.0.0.weight", 8, 8, 3, 3), lo(unet+"input_blocks.1.1.time_stack.0.attn1.to_q.weight", 8, 8)),
		st("Stable Cascade", diffusion, "cascade", lo("clip_txt_pooled_mapper.weight", 8, 8)),
		st("SD 3", diffusion, "sd3", lo(unet+"joint_blocks.0.x_block.attn.qkv.weight", 8, 8)),
		st("SD 3 of Diffusers", diffusion, "sd3", lo("transformer_blocks.0.attn.add_q_proj.weight", 8, 8), lo("pos_embed.proj.weight", 8, 16, 2, 2), lo("context_embedder.weight", 8, 8)),
		st("Flux", diffusion, "flux", lo("double_blocks.0.img_attn.qkv.weight", 8, 8)),
		st("Flux of Diffusers", diffusion, "flux", lo("single_transformer_blocks.0.attn.to_q.weight", 8, 8), lo("x_embedder.weight", 8, 8)),
		st("Flux 2", diffusion, "flux2", lo("double_stream_modulation_img.lin.weight", 8, 8), lo("double_blocks.0.img_attn.qkv.weight", 8, 8)),
		st("Chroma", diffusion, "chroma", lo("double_blocks.0.img_attn.qkv.weight", 8, 8), lo("distilled_guidance_layer.in_proj.weight", 8, 8)),
		st("Qwen-Image", diffusion, "qwen-image", lo("transformer_blocks.0.attn.add_k_proj.weight", 8, 8), lo("txt_norm.weight", 8), lo("img_in.weight", 8, 8)),
		st("Z-Image", diffusion, "z-image", lo("noise_refiner.0.attention.qkv.weight", 8, 8), lo("cap_embedder.1.weight", 8, 8), lo("x_embedder.weight", 3840, 8)),
		st("Lumina 2", diffusion, "lumina2", lo("noise_refiner.0.attention.qkv.weight", 8, 8), lo("cap_embedder.1.weight", 8, 8), lo("x_embedder.weight", 2304, 8)),
		st("Wan", diffusion, "wan", lo("blocks.0.cross_attn.k.weight", 8, 8), lo("patch_embedding.weight", 8, 16, 1, 2, 2)),
		st("HiDream", diffusion, "hidream", lo("double_stream_blocks.0.block.attn1.to_q.weight", 8, 8)),
		st("AuraFlow", diffusion, "auraflow", lo("double_layers.0.attn.w1q.weight", 8, 8)),
		st("PixArt", diffusion, "pixart", lo("blocks.0.cross_attn.kv_linear.weight", 8, 8), lo("y_embedder.y_embedding", 8, 8)),
		st("Sana", diffusion, "sana", lo("attention_y_norm.weight", 8)),
		st("Hunyuan-DiT", diffusion, "hunyuan-dit", lo("text_embedding_padding", 8, 8), lo("mlp_t5.0.weight", 8, 8)),
		st("Hunyuan Video", diffusion, "hunyuan-video", lo("double_blocks.0.img_attn_qkv.weight", 8, 8)),
		st("LTX", diffusion, "ltx", lo("patchify_proj.weight", 8, 8), lo("transformer_blocks.0.attn1.to_q.weight", 8, 8)),
		st("Cosmos", diffusion, "cosmos", lo("net.blocks.0.adaln_modulation_cross_attn.1.weight", 8, 8)),
		st("Anima", diffusion, "anima", lo("net.llm_adapter.blocks.0.cross_attn.q_proj.weight", 8, 8), lo("net.blocks.0.adaln_modulation_cross_attn.1.weight", 8, 8)),
		st("CogVideoX", diffusion, "cogvideox", lo("patch_embed.text_proj.weight", 8, 8)),
		st("Mochi", diffusion, "mochi", lo("t5_yproj.weight", 8, 8)),
		st("OmniGen 2", diffusion, "omnigen2", lo("time_caption_embed.timestep_embedder.linear_1.weight", 8, 8)),

		st("CLIP L", enc, "clip-l", lo("text_model.encoder.layers.0.self_attn.k_proj.weight", 768, 8)),
		st("CLIP G", enc, "clip-g", lo("text_model.encoder.layers.0.self_attn.k_proj.weight", 1280, 8)),
		st("CLIP G of OpenCLIP", enc, "clip-g", lo("transformer.resblocks.0.attn.in_proj_weight", 3840, 8)),
		st("CLIP H of OpenCLIP", enc, "clip", lo("transformer.resblocks.0.attn.in_proj_weight", 3072, 8)),
		st("T5-XXL", enc, "t5", lo("encoder.block.0.layer.0.SelfAttention.q.weight", 8, 8), lo("shared.weight", 32128, 8)),
		st("UMT5-XXL", enc, "umt5", lo("encoder.block.0.layer.0.SelfAttention.q.weight", 8, 8), lo("shared.weight", 256384, 1)),
		st("VAE of SD", vae, "sd", lo("first_stage_model.decoder.conv_in.weight", 8, 4, 3, 3)),
		st("VAE of Flux", vae, "flux", lo("decoder.conv_in.weight", 8, 16, 3, 3)),
		st("VAE of Flux 2", vae, "flux2", lo("decoder.conv_in.weight", 8, 32, 3, 3)),
		st("VAE of Wan", vae, "wan", lo("decoder.middle.0.residual.0.gamma", 8, 1, 1, 1), lo("decoder.conv1.weight", 8, 16, 3, 3, 3)),
		st("VAE of Hunyuan Video", vae, "hunyuan-video", lo("decoder.conv_in.conv.weight", 8, 16, 3, 3, 3)),
		st("TAE", vae, "tae", lo("decoder.layers.0.weight", 8, 4, 3, 3), lo("decoder.layers.2.conv.0.weight", 8, 8)),
		st("TAE, decoder alone", vae, "tae", lo("1.weight", 8, 4, 3, 3), lo("3.conv.0.weight", 8, 8)),

		st("ControlNet of SD 1", backend.KindControlNet, "sd1", lo("control_model.input_hint_block.0.weight", 8, 3, 3, 3), lo("control_model.input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight", 8, 768)),
		st("ControlNet of SDXL", backend.KindControlNet, "sdxl", lo("controlnet_cond_embedding.conv_in.weight", 8, 3, 3, 3), lo("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", 8, 2048)),
		st("ControlNet of Flux", backend.KindControlNet, "flux", lo("controlnet_blocks.0.weight", 8, 8), lo("controlnet_x_embedder.weight", 8, 8), lo("single_transformer_blocks.0.attn.to_q.weight", 8, 8)),
		st("T2I-Adapter", backend.KindImageAdapter, "t2i-adapter", lo("adapter.body.0.block1.weight", 8, 8, 3, 3)),
		st("IP-Adapter", backend.KindImageAdapter, "ip-adapter", lo("image_proj.proj.weight", 8, 8), lo("ip_adapter.1.to_k_ip.weight", 8, 8)),
		st("Flux Redux", backend.KindImageAdapter, "flux-redux", lo("redux_up.weight", 8, 8)),
		st("textual inversion of SD 1", backend.KindTextual, "sd1", lo("emb_params", 4, 768)),
		st("textual inversion of SDXL", backend.KindTextual, "sdxl", lo("clip_l", 4, 768), lo("clip_g", 4, 1280)),
		st("textual inversion of Diffusers", backend.KindTextual, "sd1", lo("<ink>", 768)),
		st("ESRGAN", backend.KindUpscaler, "esrgan", lo("body.0.rdb1.conv1.weight", 8, 8, 3, 3)),
		st("ESRGAN, old layout", backend.KindUpscaler, "esrgan", lo("model.1.sub.0.RDB1.conv1.0.weight", 8, 8, 3, 3)),
		st("LoRA", backend.KindLoRA, "flux", lo("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", 4, 3072)),
		st("chat model as it was trained", backend.KindChat, "language", lo("model.embed_tokens.weight", 64, 8)),
		st("language model that is a text encoder", enc, "qwen3", lo("model.embed_tokens.weight", 151936, 2560)),
		st("embedding model as it was trained", backend.KindEmbedding, "bert", lo("bert.embeddings.word_embeddings.weight", 64, 8)),
		st("chat adapter as it was trained", backend.KindAdapter, "language", lo("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 8, 64)),
		st("something else", backend.KindUnknown, "", lo("x", 3)),

		refusedAs("SwinIR", "SwinIR", lo("layers.0.residual_group.blocks.0.attn.qkv.weight", 8, 8)),
		refusedAs("Compact", "Compact", lo("body.0.weight", 8, 3, 3, 3), lo("body.1.weight", 8), lo("body.2.weight", 8, 8, 3, 3)),
		refusedAs("ControlNet-LLLite", "LLLite", lo("lllite_unet_input_blocks_4_1.down.0.weight", 8, 8)),
		refusedAs("Control-LoRA", "Control-LoRA", lo("lora_controlnet")),
		refusedAs("vision encoder", "vision encoder", lo("vision_model.encoder.layers.0.self_attn.q_proj.weight", 8, 8)),
		refusedAs("segmentation", "segmentation", lo("mask_decoder.iou_token.weight", 1, 8)),
		refusedAs("Whisper", "no engine for sound", lo("model.encoder.conv1.weight", 8, 8, 3)),
		refusedAs("music", "no engine for sound", lo("pretransform.model.decoder.layers.0.weight_v", 8, 8)),
	}
}

func TestEveryKindIsToldByItsTensors(t *testing.T) {
	for _, tc := range kindCases() {
		t.Run(tc.name, func(t *testing.T) {
			const name = "vae-lora-chat.bin" // says nothing, or something else
			var path string
			if tc.gguf != nil {
				path = modelfiletest.Write(t, t.TempDir(), name, tc.gguf.Bytes())
			} else {
				path = modelfiletest.WriteSafetensors(t, t.TempDir(), name, nil, tc.tensors...)
			}
			f, err := modelfile.Identify(path)
			if tc.refused != "" {
				wantClause(t, f, err, path, tc.refused)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if f.Kind != tc.kind || f.Family != tc.family {
				t.Errorf("a %s of %q, want a %s of %q", f.Kind, f.Family, tc.kind, tc.family)
			}
			if strings.TrimSpace(f.Name) == "" {
				t.Error("it has no name")
			}
		})
	}
}
