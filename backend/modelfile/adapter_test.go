package modelfile_test

import (
	"strings"
	"testing"

	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// chatLoRA is a LoRA of rank 4 for one layer of width x width.
func chatLoRA(layer string, in, out uint64) *modelfiletest.GGUF {
	return modelfiletest.NewGGUF().
		Set("general.architecture", "llama").Set("general.type", "adapter").Set("adapter.type", "lora").
		Tensor(layer+".lora_a", modelfiletest.F32, make([]byte, 4*4*in), in, 4).
		Tensor(layer+".lora_b", modelfiletest.F32, make([]byte, 4*4*out), 4, out)
}

func TestChatLoRAsAreComparedWithTheirModel(t *testing.T) {
	dir := t.TempDir()
	base := modelfiletest.Write(t, dir, "model.gguf", modelfiletest.Chat().Bytes())
	for name, x := range map[string]struct {
		lora    *modelfiletest.GGUF
		matched int
		says    string // of the reason; "" = it fits
	}{
		"fits":          {chatLoRA("blk.0.attn_q.weight", 32, 32), 2, ""},
		"another width": {chatLoRA("blk.0.attn_q.weight", 64, 32), 0, "takes 64 values where the model has 32"},
		"more rows":     {chatLoRA("blk.0.attn_q.weight", 32, 96), 0, "gives 96 values where the model has 32"},
		"no such layer": {chatLoRA("blk.77.attn_q.weight", 32, 32), 0, "none of its 2 tensors has a place in this one"},
	} {
		m, err := modelfile.MatchAdapter(modelfiletest.Write(t, dir, "lora.gguf", x.lora.Bytes()), base)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m.Matched != x.matched || m.Total != 2 || !strings.Contains(m.Reason(), x.says) || (x.says == "") != (m.Reason() == "") {
			t.Errorf("%s: %+v, %q", name, m, m.Reason())
		}
	}
	if _, err := modelfile.MatchAdapter(base+"x", base); err == nil {
		t.Error("a file that is not there is no error")
	}
}
