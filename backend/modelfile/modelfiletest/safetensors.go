package modelfiletest

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"
)

// Shape is one tensor of a safetensors file: its name and dimensions, the outermost first.
type Shape struct {
	Name string
	Dims []int64
}

// Safetensors builds a file of F16 zeros with the given tensors, in order, and metadata (nil = none).
func Safetensors(metadata map[string]string, tensors ...Shape) []byte {
	head, dataBytes := safetensors(metadata, tensors)
	return SafetensorsRaw(head, dataBytes)
}

// WriteSafetensors is Safetensors as a file of dir whose zeros take no room on disk, so that the shapes may be real ones.
func WriteSafetensors(t testing.TB, dir, name string, metadata map[string]string, tensors ...Shape) string {
	t.Helper()
	head, dataBytes := safetensors(metadata, tensors)
	path := Write(t, dir, name, SafetensorsRaw(head, 0))
	if err := os.Truncate(path, int64(8+len(head))+dataBytes); err != nil {
		t.Fatal(err)
	}
	return path
}

func safetensors(metadata map[string]string, tensors []Shape) (header string, dataBytes int64) {
	head := []byte("{")
	if metadata != nil {
		m, err := json.Marshal(metadata)
		if err != nil {
			panic(err)
		}
		head = append(append(head, `"__metadata__":`...), m...)
	}
	for _, t := range tensors {
		n := int64(2)
		for _, d := range t.Dims {
			n *= d
		}
		if len(head) > 1 {
			head = append(head, ',')
		}
		dims, err := json.Marshal(t.Dims)
		if err != nil {
			panic(err)
		}
		head = fmt.Appendf(head, `%q:{"dtype":"F16","shape":%s,"data_offsets":[%d,%d]}`, t.Name, dims, dataBytes, dataBytes+n)
		dataBytes += n
	}
	head = append(head, '}')
	for len(head)%8 != 0 {
		head = append(head, ' ')
	}
	return string(head), dataBytes
}

// SafetensorsRaw builds a file with this header and so many bytes of zeros.
func SafetensorsRaw(head string, dataBytes int64) []byte {
	return append(append(u64(uint64(len(head))), head...), make([]byte, dataBytes)...)
}

// BadSafetensors are broken safetensors files.
func BadSafetensors() []BadFile {
	one := func(entry string) []byte { return SafetensorsRaw(`{"a.weight":`+entry+`}`, 64) }
	st := func(name string, data []byte, says string) BadFile {
		return BadFile{name, "model.safetensors", data, says}
	}
	whole := Safetensors(nil, Shape{"a.weight", []int64{64, 64}}, Shape{"b.weight", []int64{64}})
	deep := make([]byte, 1<<20)
	for i := range deep {
		deep[i] = '['
	}
	return []BadFile{
		st("cut in the header", whole[:40], "ends in the middle of its header"),
		st("cut in the weights", whole[:1000], "the file ends early"),
		st("lengths beyond the file", append(u64(90_000_000), whole[8:]...), "ends in the middle of its header"),
		st("header is a list", SafetensorsRaw(`{[1,2]}`, 8), "no valid JSON"),
		st("deep nesting", SafetensorsRaw(`{"a":{"shape":`+string(deep)+`}}`, 8), "damaged"),
		st("entry is a number", one(`5`), "no valid JSON"),
		st("entry is empty", one(`{}`), "format"),
		st("unknown format", one(`{"dtype":"F5","shape":[4],"data_offsets":[0,8]}`), `"F5"`),
		st("format is a number", one(`{"dtype":7,"shape":[4],"data_offsets":[0,8]}`), "no valid JSON"),
		st("negative dimension", one(`{"dtype":"F16","shape":[-4],"data_offsets":[0,8]}`), "damaged"),
		st("dimension is a fraction", one(`{"dtype":"F16","shape":[4.5],"data_offsets":[0,8]}`), "no valid JSON"),
		st("dimensions that overflow", one(`{"dtype":"F16","shape":[1099511627776,1099511627776],"data_offsets":[0,8]}`), "impossible size"),
		st("shape is a text", one(`{"dtype":"F16","shape":"x","data_offsets":[0,8]}`), "no valid JSON"),
		st("place beyond the end", one(`{"dtype":"F16","shape":[4],"data_offsets":[1000000000,1000000008]}`), "outside the file"),
		st("place is negative", one(`{"dtype":"F16","shape":[4],"data_offsets":[-8,0]}`), "damaged"),
		st("place is one number", one(`{"dtype":"F16","shape":[4],"data_offsets":[8]}`), "damaged"),
		st("place of another size", one(`{"dtype":"F16","shape":[4],"data_offsets":[0,16]}`), "another size"),
		st("tensors on top of each other", SafetensorsRaw(`{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},`+
			`"b":{"dtype":"F16","shape":[4],"data_offsets":[4,12]}}`, 64), "on top of another"),
		st("tensor twice", SafetensorsRaw(`{"a":{"dtype":"F16","shape":[4],"data_offsets":[0,8]},`+
			`"a":{"dtype":"F16","shape":[4],"data_offsets":[8,16]}}`, 64), "twice"),
		st("block number of three million", Safetensors(nil, Shape{"double_blocks.3000000.img_attn.qkv.weight", []int64{4}}), "block number"),
		st("block number in a LoRA's name", Safetensors(nil, Shape{"lora_unet_double_blocks_3000000_img_attn_qkv.lora_down.weight", []int64{4, 4}}), "block number"),
		st("metadata is a list", SafetensorsRaw(`{"__metadata__":[1]}`, 8), "no valid JSON"),
		st("text after the header's end", SafetensorsRaw(`{}x`, 8), "no valid JSON"),
		st("no tensors", SafetensorsRaw(`{}`, 8), "no weights"),
	}
}
