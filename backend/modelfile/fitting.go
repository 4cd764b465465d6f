package modelfile

import "loam/backend"

// fitting says what decides whether the files of a picture model fit each other; zeros where the names do not tell.
func fitting(s shapes, c class) backend.ModelShape {
	positive := func(n int64) int { return int(max(0, min(n, 1<<20))) }
	var m backend.ModelShape
	switch c.kind {
	case backend.KindDiffusion:
		m.TextWidth = positive(s.dim(1, "txt_in.weight", "context_embedder.weight", "cap_embedder.1.weight",
			"text_embedding.0.weight", crossAttention[0], crossAttention[1], crossAttention[2], crossAttention[3]))
		m.HasEncoder = s.hasPrefix("cond_stage_model.", "conditioner.", "text_encoders.")
		m.HasVAE = s.hasPrefix("first_stage_model.", "vae.")
	case backend.KindTextEncoder:
		m.TextWidth = positive(s.dim(1, "shared.weight", "encoder.embed_tokens.weight", "token_embd.weight",
			"text_model.embeddings.token_embedding.weight", "model.embed_tokens.weight"))
	case backend.KindVAE:
		m.Latent = positive(s.dim(1, "decoder.conv_in.weight", "first_stage_model.decoder.conv_in.weight", "decoder.1.weight",
			"decoder.layers.0.weight", "1.weight", "decoder.conv1.weight", "decoder.conv_in.conv.weight"))
	case backend.KindChat, backend.KindAdapter, backend.KindProjector, backend.KindEmbedding, backend.KindLoRA,
		backend.KindControlNet, backend.KindUpscaler,
		backend.KindReranker, backend.KindGuard, backend.KindTextual, backend.KindImageAdapter, backend.KindUnknown:
	}
	return m
}
