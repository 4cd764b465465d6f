package modelfile_test

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

func tinyModel(t testing.TB) tinypicture.Files {
	t.Helper()
	f, err := tinypicture.Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func sd15(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "sd15.safetensors")
	if err := tinypicture.OutlineSD15(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeShapes writes a safetensors file of zeros.
func writeShapes(t testing.TB, shapes ...modelfiletest.Shape) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "lora.safetensors")
	if err := os.WriteFile(path, modelfiletest.Safetensors(nil, shapes...), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func match(t testing.TB, lora string, base ...string) modelfile.LoRAMatch {
	t.Helper()
	m, err := modelfile.MatchLoRA(lora, base...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func pair(layer string, rank, out int64, in ...int64) []modelfiletest.Shape {
	down := append([]int64{rank}, in...)
	up := []int64{out, rank}
	for range in[1:] {
		up = append(up, 1)
	}
	return []modelfiletest.Shape{{Name: layer + ".lora_down.weight", Dims: down}, {Name: layer + ".lora_up.weight", Dims: up}}
}

func TestLoRAsAreCountedAsTheEngineCounts(t *testing.T) {
	f := tinyModel(t)
	for path, n := range map[string]int{f.LoRAKohya: tinypicture.TensorsKohya, f.LoRADiffusers: tinypicture.TensorsDiffusers} {
		if d := cmp.Diff(modelfile.LoRAMatch{Matched: n, Total: n, Known: true}, match(t, path, f.Diffusion, f.T5)); d != "" {
			t.Errorf("%s: %s", filepath.Base(path), d)
		}
	}
	other := match(t, f.LoRAOther, f.Diffusion, f.T5)
	if other.Matched != 0 || other.Total != tinypicture.TensorsOther || !strings.Contains(other.Reason(), "another kind of model") {
		t.Errorf("%+v: %s", other, other.Reason())
	}
	if m := match(t, f.LoRAOther, sd15(t)); m.Matched != tinypicture.TensorsOther || m.Reason() != "" {
		t.Errorf("SD 1: %+v", m)
	}
}

func TestEverySpellingOfALayerFindsItsPlace(t *testing.T) {
	base := sd15(t)
	for _, l := range [][]modelfiletest.Shape{
		pair("lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k", 4, 640, 768),
		pair("unet.down_blocks.1.attentions.0.transformer_blocks.0.attn2.to_out.0", 4, 640, 640),
		pair("unet.up_blocks.3.attentions.2.transformer_blocks.0.ff.net.0.proj", 4, 2560, 320),
		pair("lora_unet_mid_block_attentions_0_proj_in", 4, 1280, 1280, 1, 1),
		pair("lora_unet_down_blocks_0_resnets_1_conv1", 4, 320, 320, 3, 3),
		pair("lora_unet_down_blocks_0_downsamplers_0_conv", 4, 320, 320, 3, 3),
		pair("lora_unet_up_blocks_1_upsamplers_0_conv", 4, 1280, 1280, 3, 3),
		pair("lora_unet_input_blocks_4_1_transformer_blocks_0_attn2_to_v", 4, 640, 768),
		pair("lora_unet_up_blocks_2_resnets_0_conv_shortcut", 4, 640, 1920, 1, 1),
		pair("lora_te_text_model_encoder_layers_11_self_attn_q_proj", 4, 768, 768),
		pair("text_encoder.text_model.encoder.layers.0.mlp.fc1", 4, 3072, 768),
		{
			{Name: "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.down.weight", Dims: []int64{4, 1280}},
			{Name: "unet.mid_block.attentions.0.transformer_blocks.0.attn1.processor.to_q_lora.up.weight", Dims: []int64{1280, 4}},
		},
		{
			{Name: "lora_unet_mid_block_resnets_0_conv1.hada_w1_a", Dims: []int64{1280, 4}},
			{Name: "lora_unet_mid_block_resnets_0_conv1.hada_w1_b", Dims: []int64{4, 1280 * 9}},
			{Name: "lora_unet_mid_block_resnets_0_conv1.hada_w2_a", Dims: []int64{1280, 4}},
			{Name: "lora_unet_mid_block_resnets_0_conv1.hada_w2_b", Dims: []int64{4, 1280 * 9}},
		},
		{
			{Name: "lycoris_mid_block_attentions_0_transformer_blocks_0_attn1_to_k.lokr_w1", Dims: []int64{32, 32}},
			{Name: "lycoris_mid_block_attentions_0_transformer_blocks_0_attn1_to_k.lokr_w2_a", Dims: []int64{40, 4}},
			{Name: "lycoris_mid_block_attentions_0_transformer_blocks_0_attn1_to_k.lokr_w2_b", Dims: []int64{4, 40}},
		},
		{
			{Name: "lora_unet_mid_block_resnets_0_conv1.lora_down.weight", Dims: []int64{4, 1280, 1, 1}},
			{Name: "lora_unet_mid_block_resnets_0_conv1.lora_mid.weight", Dims: []int64{4, 4, 3, 3}},
			{Name: "lora_unet_mid_block_resnets_0_conv1.lora_up.weight", Dims: []int64{1280, 4, 1, 1}},
		},
	} {
		if m := match(t, writeShapes(t, l...), base); m.Matched != len(l) || m.Reason() != "" {
			t.Errorf("%s: %+v", l[0].Name, m)
		}
	}
}

func TestLoRAsOfOtherShapesAreRefused(t *testing.T) {
	f := tinyModel(t)
	const layer = "lora_unet_double_blocks_0_img_attn_qkv"
	for name, x := range map[string]struct {
		shapes []modelfiletest.Shape
		says   string
	}{
		"wider":     {pair(layer, 4, 9216, 3072), "gives 9216 values where the model has 384"},
		"narrower":  {pair(layer, 4, 384, 64), "takes 64 values where the model has 128"},
		"rank":      {[]modelfiletest.Shape{{Name: layer + ".lora_down.weight", Dims: []int64{4, 128}}, {Name: layer + ".lora_up.weight", Dims: []int64{384, 8}}}, "different rank (4 and 8)"},
		"kernel":    {pair(layer, 4, 384, 128, 3, 3), "takes 128 x 3 x 3 values where the model has 128"},
		"diff":      {[]modelfiletest.Shape{{Name: layer + ".diff", Dims: []int64{10, 10}}}, "is 10 x 10 there and 384 x 128 here"},
		"scalars":   {[]modelfiletest.Shape{{Name: layer + ".lora_down.weight", Dims: []int64{}}, {Name: layer + ".lora_up.weight", Dims: []int64{}}}, "no pair"},
		"Kronecker": {[]modelfiletest.Shape{{Name: layer + ".lokr_w1", Dims: []int64{5, 5}}, {Name: layer + ".lokr_w2", Dims: []int64{7, 7}}}, "multiply"},
		"half":      {pair(layer, 4, 384, 128)[:1], "none of its 1 tensors has a place"},
	} {
		m := match(t, writeShapes(t, x.shapes...), f.Diffusion)
		if !strings.Contains(m.Reason(), x.says) || m.Matched != 0 {
			t.Errorf("%s: %q, want %q (%+v)", name, m.Reason(), x.says, m)
		}
	}
	// A part of query, key and value without those before it is not applied.
	if m := match(t, writeShapes(t, pair("transformer.transformer_blocks.0.attn.to_v", 4, 128, 128)...), f.Diffusion); m.Matched != 0 || m.Wrong != 0 {
		t.Errorf("value alone: %+v", m)
	}
}

// TestMatchSurvivesAnyShapes feeds arbitrary names and shapes to the comparison: it may refuse, and must not crash.
func TestMatchSurvivesAnyShapes(t *testing.T) {
	base := tinyModel(t).Diffusion
	dir := t.TempDir()
	names := rapid.SampledFrom([]string{
		"lora_unet_double_blocks_0_img_attn_qkv", "transformer.single_transformer_blocks.0.proj_mlp", "x", "", ".",
		"lora_te1_text_model_encoder_layers_0_self_attn_k_proj", "transformer.transformer_blocks.0.attn.to_q",
	})
	roles := rapid.SampledFrom([]string{
		".lora_down.weight", ".lora_up.weight", ".lora_mid.weight", ".alpha", ".diff", ".diff_b", ".hada_w1_a", ".hada_w1_b",
		".hada_w2_a", ".hada_w2_b", ".hada_t1", ".lokr_w1", ".lokr_w1_a", ".lokr_w1_b", ".lokr_w2", ".lokr_w2_a", ".lokr_w2_b", "",
	})
	size := rapid.SampledFrom([]int64{0, 1, 2, 4, 128, 384, 1 << 20, 1 << 30})
	rapid.Check(t, func(t *rapid.T) {
		header := map[string]any{}
		for range rapid.IntRange(1, 8).Draw(t, "tensors") {
			shape, n := []int64{}, int64(1)
			for range rapid.IntRange(0, 4).Draw(t, "dims") {
				shape = append(shape, size.Draw(t, "size"))
			}
			for _, d := range shape {
				n = min(n*d, 1<<31)
			}
			if n > 1<<16 {
				n, shape = 0, append(shape, 0)
			}
			header[names.Draw(t, "name")+roles.Draw(t, "role")] = map[string]any{"dtype": "U8", "shape": shape, "data_offsets": []int64{0, n}}
		}
		end := int64(0)
		for _, e := range header { // one after the other
			at := e.(map[string]any)["data_offsets"].([]int64)
			at[0], at[1] = end, end+at[1]
			end = at[1]
		}
		h, err := json.Marshal(header)
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, "lora.safetensors")
		if err := os.WriteFile(path, append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), make([]byte, end)...), 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := modelfile.MatchLoRA(path, base)
		if err != nil && strings.Contains(err.Error(), "impossible size") {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if m.Total != len(header) || m.Matched+m.Wrong > m.Total || m.Wrong > 0 && m.Reason() == "" {
			t.Fatalf("%+v", m)
		}
	})
}
