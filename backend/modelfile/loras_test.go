package modelfile_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// lo is a tensor of a LoRA.
func lo(name string, dims ...int64) modelfiletest.Shape {
	return modelfiletest.Shape{Name: name, Dims: append([]int64{}, dims...)}
}

func TestLoRAsOfEveryFamilyAndMethod(t *testing.T) {
	type want struct {
		Kind           backend.ModelKind
		Family, Method string
		Rank           int
	}
	const kohya = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k"
	for name, tc := range map[string]struct {
		tensors []modelfiletest.Shape
		want    want
	}{
		"SD 1, kohya":                 {[]modelfiletest.Shape{lo(kohya+".lora_down.weight", 16, 768), lo(kohya+".lora_up.weight", 8, 16), lo(kohya + ".alpha")}, want{backend.KindLoRA, "sd1", "LoRA", 16}},
		"SD 2, kohya":                 {[]modelfiletest.Shape{lo(kohya+".lora_down.weight", 4, 1024)}, want{backend.KindLoRA, "sd2", "LoRA", 4}},
		"SDXL, kohya":                 {[]modelfiletest.Shape{lo(kohya+".lora_down.weight", 4, 2048)}, want{backend.KindLoRA, "sdxl", "LoRA", 4}},
		"SDXL, by its second encoder": {[]modelfiletest.Shape{lo("lora_te2_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", 4, 1280)}, want{backend.KindLoRA, "sdxl", "LoRA", 4}},
		"SD 1, Diffusers":             {[]modelfiletest.Shape{lo("unet.down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.lora_A.weight", 8, 768)}, want{backend.KindLoRA, "sd1", "LoRA", 8}},
		"SD 1, old Diffusers":         {[]modelfiletest.Shape{lo("down_blocks.0.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight", 8, 768)}, want{backend.KindLoRA, "sd1", "LoRA", 8}},
		"LoHa":                        {[]modelfiletest.Shape{lo(kohya+".hada_w1_a", 320, 8), lo(kohya+".hada_w1_b", 8, 768), lo(kohya+".hada_w2_a", 320, 8), lo(kohya+".hada_w2_b", 8, 768)}, want{backend.KindLoRA, "sd1", "LoHa", 8}},
		"LoKr":                        {[]modelfiletest.Shape{lo(kohya+".lokr_w1", 8, 8), lo(kohya+".lokr_w2_a", 80, 6), lo(kohya+".lokr_w2_b", 6, 256)}, want{backend.KindLoRA, "sdxl", "LoKr", 6}},
		"DoRA":                        {[]modelfiletest.Shape{lo(kohya+".lora_down.weight", 16, 2048), lo(kohya+".dora_scale", 640, 1)}, want{backend.KindLoRA, "sdxl", "DoRA", 16}},
		"OFT":                         {[]modelfiletest.Shape{lo("oft_unet_down_blocks_1_attentions_0_attn2_to_k.oft_blocks", 4, 160, 160)}, want{backend.KindLoRA, "", "OFT", 4}},
		"full difference":             {[]modelfiletest.Shape{lo("diffusion_model.blocks.0.cross_attn.k.diff", 5120, 5120)}, want{backend.KindLoRA, "wan", "full difference", 0}},
		"SD 3":                        {[]modelfiletest.Shape{lo("lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight", 4, 1536)}, want{backend.KindLoRA, "sd3", "LoRA", 4}},
		"SD 3, Diffusers":             {[]modelfiletest.Shape{lo("transformer.transformer_blocks.0.attn.to_q.lora_A.weight", 4, 1536), lo("transformer.transformer_blocks.0.attn.add_k_proj.lora_A.weight", 4, 1536)}, want{backend.KindLoRA, "sd3", "LoRA", 4}},
		"Flux, kohya":                 {[]modelfiletest.Shape{lo("lora_unet_double_blocks_0_img_attn_qkv.lora_down.weight", 16, 3072), lo("lora_unet_double_blocks_0_img_mlp_0.lora_down.weight", 16, 3072)}, want{backend.KindLoRA, "flux", "LoRA", 16}},
		"Flux, Diffusers":             {[]modelfiletest.Shape{lo("transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight", 16, 3072)}, want{backend.KindLoRA, "flux", "LoRA", 16}},
		"Flux 2":                      {[]modelfiletest.Shape{lo("diffusion_model.double_blocks.0.img_attn.qkv.lora_A.weight", 16, 6144)}, want{backend.KindLoRA, "flux2", "LoRA", 16}},
		"Qwen-Image":                  {[]modelfiletest.Shape{lo("transformer.transformer_blocks.0.attn.to_q.lora_A.weight", 16, 3072), lo("transformer.transformer_blocks.0.img_mlp.net.0.proj.lora_A.weight", 16, 3072)}, want{backend.KindLoRA, "qwen-image", "LoRA", 16}},
		"Z-Image":                     {[]modelfiletest.Shape{lo("diffusion_model.layers.0.attention.to_q.lora_A.weight", 16, 3840)}, want{backend.KindLoRA, "z-image", "LoRA", 16}},
		"Lumina 2":                    {[]modelfiletest.Shape{lo("diffusion_model.layers.0.attention.qkv.lora_A.weight", 16, 2304)}, want{backend.KindLoRA, "lumina2", "LoRA", 16}},
		"Wan":                         {[]modelfiletest.Shape{lo("lora_unet_blocks_0_cross_attn_k.lora_down.weight", 32, 5120)}, want{backend.KindLoRA, "wan", "LoRA", 32}},
		"HiDream":                     {[]modelfiletest.Shape{lo("diffusion_model.double_stream_blocks.0.block.attn1.to_q.lora_A.weight", 32, 2560)}, want{backend.KindLoRA, "hidream", "LoRA", 32}},
		"Hunyuan Video":               {[]modelfiletest.Shape{lo("diffusion_model.double_blocks.0.img_attn_qkv.lora_A.weight", 32, 3072)}, want{backend.KindLoRA, "hunyuan-video", "LoRA", 32}},
		"AuraFlow":                    {[]modelfiletest.Shape{lo("transformer.joint_transformer_blocks.0.attn.to_q.lora_A.weight", 32, 3072)}, want{backend.KindLoRA, "auraflow", "LoRA", 32}},
		"PixArt":                      {[]modelfiletest.Shape{lo("transformer.transformer_blocks.0.attn2.to_k.lora_A.weight", 32, 1152)}, want{backend.KindLoRA, "pixart", "LoRA", 32}},
		"LTX":                         {[]modelfiletest.Shape{lo("transformer.transformer_blocks.0.attn2.to_k.lora_A.weight", 32, 2048)}, want{backend.KindLoRA, "ltx", "LoRA", 32}},
		"chat model":                  {[]modelfiletest.Shape{lo("base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight", 8, 64)}, want{backend.KindAdapter, "language", "LoRA", 8}},
	} {
		t.Run(name, func(t *testing.T) {
			data := modelfiletest.Safetensors(nil, tc.tensors...)
			f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			got := want{f.Kind, f.Family, f.Method, f.Rank}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			if f.Shape.Rank != f.Rank || f.Shape.Method != f.Method {
				t.Errorf("the shape that is stored says %q of rank %d", f.Shape.Method, f.Shape.Rank)
			}
		})
	}
}

func TestTriggerWordsAndBaseOfALoRA(t *testing.T) {
	for name, tc := range map[string]struct {
		metadata map[string]string
		words    []string
		base     string
	}{
		"stated by its makers": {map[string]string{"modelspec.trigger_phrase": "inksk, line art", "ss_tag_frequency": `{"1_x":{"y":2}}`, "ss_base_model_version": "sdxl_base_v1-0"}, []string{"inksk", "line art"}, "sdxl_base_v1-0"},
		"a list":               {map[string]string{"trigger_words": `["inksk","line art"]`}, []string{"inksk", "line art"}, ""},
		"tags that all pictures have": {
			map[string]string{"ss_tag_frequency": `{"10_ink":{"inksk":20,"1girl":20,"hat":3," line art":19},"5_more":{"inksk":4,"line art":2}}`, "ss_sd_model_name": "animagine.safetensors"},
			[]string{"inksk", "line art"},
			"animagine.safetensors",
		},
		"the folder of pictures without captions": {map[string]string{"ss_tag_frequency": `{"10_inksk style":{}}`}, []string{"inksk style"}, ""},
		"a note that was cut":                     {map[string]string{"ss_tag_frequency": `{"10_ink":{"inksk":20,"line art":19,"ha`}, []string{"inksk", "line art"}, ""},
		"a note of another form":                  {map[string]string{"ss_tag_frequency": `[{"a":[[[1]]]}]`}, nil, ""},
		"none":                                    {nil, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			data := modelfiletest.Safetensors(tc.metadata, lo("lora_unet_x.lora_down.weight", 4, 8))
			f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.words, f.TriggerWords); diff != "" {
				t.Errorf("trigger words (-want +got)\n%s", diff)
			}
			if f.Base != tc.base || f.Shape.Base != tc.base {
				t.Errorf("base %q, want %q", f.Base, tc.base)
			}
		})
	}
}
