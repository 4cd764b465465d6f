package modelfile_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

func TestKindsOfSafetensors(t *testing.T) {
	type want struct {
		kind   backend.ModelKind
		family string
		rank   int
	}
	shape := func(name string, dims ...int64) modelfiletest.Shape {
		return modelfiletest.Shape{Name: name, Dims: dims}
	}
	const unet = "model.diffusion_model."
	attn := "input_blocks.1.1.transformer_blocks.0.attn2.to_k.weight"
	for name, tc := range map[string]struct {
		tensors []modelfiletest.Shape
		want    want
	}{
		"SD 1": {[]modelfiletest.Shape{
			shape(unet+"input_blocks.0.0.weight", 32, 4, 3, 3), shape(unet+attn, 32, 768),
			shape("first_stage_model.decoder.conv_in.weight", 8, 4, 3, 3),
		}, want{backend.KindDiffusion, "sd1", 0}},
		"SD 2": {
			[]modelfiletest.Shape{shape(unet+"input_blocks.0.0.weight", 32, 4, 3, 3), shape(unet+attn, 32, 1024)},
			want{backend.KindDiffusion, "sd2", 0},
		},
		"SDXL": {
			[]modelfiletest.Shape{shape(unet+"input_blocks.0.0.weight", 32, 4, 3, 3), shape(unet+"label_emb.0.0.weight", 8, 8)},
			want{backend.KindDiffusion, "sdxl", 0},
		},
		"SD 3": {[]modelfiletest.Shape{shape(unet+"joint_blocks.0.x_block.attn.qkv.weight", 8, 8)}, want{backend.KindDiffusion, "sd3", 0}},
		"Flux": {[]modelfiletest.Shape{shape("double_blocks.0.img_attn.qkv.weight", 8, 8)}, want{backend.KindDiffusion, "flux", 0}},
		"Chroma": {
			[]modelfiletest.Shape{shape("double_blocks.0.img_attn.qkv.weight", 8, 8), shape("distilled_guidance_layer.in_proj.weight", 8, 8)},
			want{backend.KindDiffusion, "chroma", 0},
		},
		"Diffusers UNet": {[]modelfiletest.Shape{
			shape("conv_in.weight", 8, 4, 3, 3), shape("time_embedding.linear_1.weight", 8, 8),
			shape("down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_k.weight", 8, 2048),
		}, want{backend.KindDiffusion, "sdxl", 0}},
		"VAE":    {[]modelfiletest.Shape{shape("decoder.conv_in.weight", 8, 4, 3, 3)}, want{backend.KindVAE, "sd", 0}},
		"TAE":    {[]modelfiletest.Shape{shape("decoder.1.weight", 8, 4, 3, 3), shape("decoder.3.conv.0.weight", 8, 8)}, want{backend.KindVAE, "tae", 0}},
		"CLIP-L": {[]modelfiletest.Shape{shape("text_model.encoder.layers.0.self_attn.k_proj.weight", 768, 8)}, want{backend.KindTextEncoder, "clip-l", 0}},
		"CLIP-G": {[]modelfiletest.Shape{shape("text_model.encoder.layers.0.self_attn.k_proj.weight", 1280, 8)}, want{backend.KindTextEncoder, "clip-g", 0}},
		"T5":     {[]modelfiletest.Shape{shape("encoder.block.0.layer.0.SelfAttention.q.weight", 8, 8)}, want{backend.KindTextEncoder, "t5", 0}},
		"ControlNet": {[]modelfiletest.Shape{
			shape("control_model.input_hint_block.0.weight", 8, 3, 3, 3),
			shape("control_model."+attn, 8, 768),
		}, want{backend.KindControlNet, "sd1", 0}},
		"upscaler": {[]modelfiletest.Shape{shape("body.0.rdb1.conv1.weight", 8, 8, 3, 3)}, want{backend.KindUpscaler, "esrgan", 0}},
		"LoRA of SD 1": {[]modelfiletest.Shape{
			shape("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", 16, 768),
			shape("lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn2_to_k.lora_up.weight", 320, 16),
		}, want{backend.KindLoRA, "sd1", 16}},
		"LoRA of Flux": {[]modelfiletest.Shape{shape("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", 4, 64)}, want{backend.KindLoRA, "flux", 4}},
		"LoRA of a chat model": {
			[]modelfiletest.Shape{shape("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 8, 64)},
			want{backend.KindAdapter, "language", 8},
		},
		"chat model": {
			[]modelfiletest.Shape{shape("model.embed_tokens.weight", 64, 8), shape("model.layers.0.self_attn.q_proj.weight", 8, 8)},
			want{backend.KindChat, "language", 0},
		},
		"something else": {[]modelfiletest.Shape{shape("x", 3)}, want{backend.KindUnknown, "", 0}},
	} {
		t.Run(name, func(t *testing.T) {
			data := modelfiletest.Safetensors(map[string]string{"format": "pt"}, tc.tensors...)
			f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, want{f.Kind, f.Family, f.Rank}, cmp.AllowUnexported(want{})); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestSafetensorsHeaderIsReadWhole(t *testing.T) {
	meta := map[string]string{
		"modelspec.title": "Ink \"wash\" \u00e4\U0001F58C", "modelspec.license": "apache-2.0",
		"modelspec.trigger_phrase": "inkwash, brush", "ss_tag_frequency": strings.Repeat("\u00e9", 100_000),
	}
	data := modelfiletest.Safetensors(meta, modelfiletest.Shape{Name: "x.lora_down.weight", Dims: []int64{4, 8}},
		modelfiletest.Shape{Name: "scalar", Dims: []int64{}})
	got, err := modelfile.ReadSafetensors(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	want := []modelfile.SafeTensor{
		{Name: "x.lora_down.weight", DType: "F16", Dims: []int64{4, 8}, Begin: 0, End: 64},
		{Name: "scalar", DType: "F16", Dims: []int64{}, Begin: 64, End: 66},
	}
	if diff := cmp.Diff(want, got.Tensors); diff != "" {
		t.Errorf("tensors (-want +got)\n%s", diff)
	}
	if got.Metadata["modelspec.title"] != meta["modelspec.title"] {
		t.Errorf("title %q, want %q", got.Metadata["modelspec.title"], meta["modelspec.title"])
	}
	if long := got.Metadata["ss_tag_frequency"]; len(long) != 64<<10 || !strings.HasPrefix(meta["ss_tag_frequency"], long) {
		t.Errorf("a long note is kept in %d bytes, want its first 65536", len(long))
	}
	f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"inkwash", "brush"}, f.TriggerWords); diff != "" {
		t.Errorf("trigger words (-want +got)\n%s", diff)
	}
	if f.License != "Apache-2.0" || f.Quant != "F16" {
		t.Errorf("licence %q, format %q; want Apache-2.0, F16", f.License, f.Quant)
	}
}

func TestEscapesInSafetensorsNames(t *testing.T) {
	data := modelfiletest.SafetensorsRaw(`{ "\u0061\ud83d\ude00\"\\\/\n\ud83dx" : {"dtype":"U8","shape":[ ],"data_offsets":[0, 1]} }  `, 1)
	got, err := modelfile.ReadSafetensors(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if want := "a\U0001F600\"\\/\n\uFFFDx"; got.Tensors[0].Name != want {
		t.Errorf("name %q, want %q", got.Tensors[0].Name, want)
	}
}
