package modelfile_test

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/modelfile"
	"loam/backend/modelfile/modelfiletest"
)

// TestDamageAnywhereIsSurvived changes bytes of whole files the way bad disks and bad people do: single bits, and whole
// fields set to the numbers that break careless readers.
func TestDamageAnywhereIsSurvived(t *testing.T) {
	gguf := modelfiletest.ChatBPE("qwen2").Bytes()
	safetensors := modelfiletest.Safetensors(map[string]string{"modelspec.title": "x"},
		modelfiletest.Shape{Name: "lora_unet_down_blocks_0_attn2_to_k.lora_down.weight", Dims: []int64{4, 768}},
		modelfiletest.Shape{Name: "b", Dims: []int64{4}})
	numbers := []uint64{0, 1, 1 << 16, 1 << 27, math.MaxInt32, math.MaxUint32, 1 << 40, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64}
	rapid.Check(t, func(t *rapid.T) {
		whole := rapid.SampledFrom([][]byte{gguf, safetensors}).Draw(t, "file")
		data := bytes.Clone(whole)
		head := min(len(data)-8, 16<<10)
		for range rapid.IntRange(1, 4).Draw(t, "changes") {
			at := rapid.IntRange(0, head).Draw(t, "at")
			if rapid.Bool().Draw(t, "a bit") {
				data[at] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
				continue
			}
			n := rapid.SampledFrom(numbers).Draw(t, "number")
			for i := range rapid.SampledFrom([]int{4, 8}).Draw(t, "bytes") {
				data[at+i] = byte(n >> (8 * i))
			}
		}
		data = data[:rapid.IntRange(0, len(data)).Draw(t, "length")]
		f, err := modelfile.Read(bytes.NewReader(data), int64(len(data)))
		var bad *backend.BadFile
		if err != nil && !errors.As(err, &bad) {
			t.Fatalf("%v is no BadFile", err)
		}
		if err == nil && (f.Kind == "" || f.Parameters < 0) {
			t.Fatalf("incomplete: %+v", f)
		}
	})
}

// TestCutFilesAreNeverTaken cuts a model at every place: each rest must be refused.
func TestCutFilesAreNeverTaken(t *testing.T) {
	for name, whole := range map[string][]byte{
		"GGUF":        modelfiletest.Chat().Bytes(),
		"safetensors": modelfiletest.Safetensors(nil, modelfiletest.Shape{Name: "a.lora_down.weight", Dims: []int64{64, 64}}),
	} {
		for n := 0; n < len(whole); n += 1 + n/500 {
			if f, err := modelfile.Read(bytes.NewReader(whole[:n]), int64(n)); err == nil {
				t.Fatalf("%s: %d of %d bytes were taken for a %s", name, n, len(whole), f.Kind)
			}
		}
	}
}
