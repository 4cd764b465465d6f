package tinypicture

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
)

// Broken is a file that nobody can draw with.
type Broken struct {
	Name string
	Data []byte
	// Says is a part of the clause with which the reader of headers refuses it; "" = the header is sound, and only the
	// engine, or a comparison with the model, can tell.
	Says string
}

// headerOf splits a safetensors file.
func headerOf(file []byte) (map[string]any, []byte, error) {
	n := binary.LittleEndian.Uint64(file)
	var h map[string]any
	if err := json.Unmarshal(file[8:8+n], &h); err != nil {
		return nil, nil, err
	}
	return h, file[8+n:], nil
}

// join makes a safetensors file of a header, whatever it holds.
func join(header any, data []byte) []byte {
	h, ok := header.([]byte)
	if !ok {
		var err error
		if h, err = json.Marshal(header); err != nil {
			panic(err) // maps of texts and numbers
		}
	}
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), data...)
}

func noise(n int, seed uint64) []byte {
	rnd := rand.New(rand.NewPCG(seed, 9))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

// BrokenModels damages the tiny model's diffusion file in every way seen so far, and adds files that were never one.
func BrokenModels(whole []byte) ([]Broken, error) {
	header, data, err := headerOf(whole)
	if err != nil {
		return nil, fmt.Errorf("break a model: %w", err)
	}
	// with gives a copy of the header in which one tensor's entry is changed; nil takes the field or the tensor away.
	with := func(tensor, field string, value any) map[string]any {
		h := maps.Clone(header)
		if field == "" {
			if h[tensor] = value; value == nil {
				delete(h, tensor)
			}
			return h
		}
		e := maps.Clone(h[tensor].(map[string]any))
		e[field] = value
		h[tensor] = e
		return h
	}
	list := []Broken{
		{"cut in the weights.safetensors", whole[:len(whole)/2], "the file ends early"},
		{"cut in the header.safetensors", whole[:binary.LittleEndian.Uint64(whole)/2], "ends in the middle of its header"},
		{"length of 2^62.safetensors", append(binary.LittleEndian.AppendUint64(nil, 1<<62), whole[8:]...), "neither GGUF nor safetensors"},
		{"length of the file.safetensors", append(binary.LittleEndian.AppendUint64(nil, uint64(len(whole)-9)), whole[8:]...), "damaged"},
		{"empty.safetensors", nil, "it is empty"},
		{"text.safetensors", []byte(strings.Repeat("This is just a text file, renamed.\n", 500)), "it is a text"},
		{"page.safetensors", []byte(strings.Repeat("<!DOCTYPE html><html>404 Not Found</html>", 10)), "web page"},
		{"noise.bin", noise(100_000, 1), "neither GGUF nor safetensors"},
		{"header is a list.safetensors", join([]byte(`[1,2,3]`), data), "neither GGUF nor safetensors"},
		{"deep header.safetensors", join([]byte(strings.Repeat("[", 2_000_000)), data), "neither GGUF nor safetensors"},
		{"pickle.ckpt", append([]byte("\x80\x02}q\x00."), strings.Repeat("junk", 100)...), "pickle"},
		{"archive.ckpt", append([]byte("PK\x03\x04"), noise(5000, 5)...), "archive"},
		{"command.ckpt", []byte("\x80\x02cposix\nsystem\nX\x15\x00\x00\x00touch PWND\x85R."), "pickle"},
		{"noise.gguf", append([]byte("GGUF"), noise(50_000, 2)...), "GGUF"},
		{"no header.gguf", noise(50_000, 3), "neither GGUF nor safetensors"},
	}
	const in = "img_in.weight"
	block := header["double_blocks.0.img_attn.qkv.weight"]
	beyond := []int64{int64(len(data)) + 1e9, int64(len(data)) + 1e9 + 16384}
	long := maps.Clone(header)
	for i := range 5 {
		long[strings.Repeat("x", 300)+fmt.Sprint(i)] = map[string]any{"dtype": "F16", "shape": []int{1}, "data_offsets": []int{0, 2}}
	}
	for name, x := range map[string]struct {
		header map[string]any
		says   string
	}{
		"shape of another width":   {with("txt_in.weight", "shape", []int{256, 32}), ""},
		"shape turned round":       {with(in, "shape", []int{64, 128}), ""},
		"inner shape turned round": {with("double_blocks.0.img_attn.qkv.weight", "shape", []int{128, 384}), ""},
		"tensor missing":           {with("final_layer.linear.weight", "", nil), ""},
		"format unknown":           {with(in, "dtype", "F4_7"), "format"},
		"format of another size":   {with(in, "dtype", "F4"), "another size"},
		"format is a number":       {with(in, "dtype", 7), "no valid JSON"},
		"shape negative":           {with(in, "shape", []int{-128, -64}), "damaged"},
		"shape overflows":          {with(in, "shape", []int64{1 << 40, 1 << 40}), "impossible size"},
		"shape is a text":          {with(in, "shape", "x"), "no valid JSON"},
		"place beyond the end":     {with(in, "data_offsets", beyond), "damaged"},
		"place negative":           {with(in, "data_offsets", []int{-16384, 0}), "damaged"},
		"place too short":          {with(in, "data_offsets", []int{5}), "damaged"},
		"entry empty":              {with(in, "", map[string]any{}), "format"},
		"entry is a number":        {with(in, "", 5), "no valid JSON"},
		"three million blocks":     {with("double_blocks.3000000.img_attn.qkv.weight", "", block), "block number"},
		"names of 300 letters":     {long, "damaged"},
	} {
		list = append(list, Broken{name + ".safetensors", join(x.header, data), x.says})
	}
	at := header[in].(map[string]any)["data_offsets"].([]any)
	nan := append([]byte(nil), data...)
	for i := int(at[0].(float64)); i < int(at[1].(float64)); i++ {
		nan[i] = 0xff
	}
	return append(append(list, Broken{"overflown.safetensors", join(header, nan), ""}), brokenGGUF()...), nil
}

// brokenGGUF are GGUF files of a few bytes with one field gone wrong.
func brokenGGUF() []Broken {
	le := binary.LittleEndian
	head := func(tensors, values uint64, rest ...byte) []byte {
		return append(le.AppendUint64(le.AppendUint64(le.AppendUint32([]byte("GGUF"), 3), tensors), values), rest...)
	}
	tensor := func(width, height uint64, kind uint32, at uint64) []byte {
		b := append(le.AppendUint64(nil, 13), "img_in.weight"...)
		b = le.AppendUint64(le.AppendUint64(le.AppendUint32(b, 2), width), height)
		return append(le.AppendUint64(le.AppendUint32(b, kind), at), make([]byte, 64)...)
	}
	return []Broken{
		{"2^60 tensors.gguf", head(1<<60, 0), "more than a file of"},
		{"2^60 values.gguf", head(0, 1<<60), "more than a file of"},
		{"text of 2^60 bytes.gguf", head(0, 1, append(le.AppendUint64(nil, 1<<60), "abc......"...)...), "more than the file holds"},
		{"tensor beyond the end.gguf", head(1, 0, tensor(64, 128, 1, 1<<40)...), "outside the file"},
		{"type unknown.gguf", head(1, 0, tensor(64, 128, 999, 0)...), "number 999"},
		{"tensor of 2^80 values.gguf", head(1, 0, tensor(1<<40, 1<<40, 1, 0)...), "impossible size"},
	}
}

// BrokenLoRAs have the right names for the tiny model and cannot be applied. Says is what the comparison with the model
// says; "" = their shapes are right, and only the picture tells.
func BrokenLoRAs() []Broken {
	const n = "lora_unet_double_blocks_0_img_attn_qkv"
	type matrix struct {
		name  string
		shape []int
	}
	write := func(value uint16, list ...matrix) []byte {
		h, data := map[string]any{}, []byte{}
		for _, m := range list {
			begin := len(data)
			rnd := rand.New(rand.NewPCG(4, 4))
			for range elements(m.shape) {
				v := value
				if v == 0 {
					v = float16(float32(rnd.NormFloat64() * 0.05))
				}
				data = binary.LittleEndian.AppendUint16(data, v)
			}
			h[n+m.name] = map[string]any{"dtype": "F16", "shape": m.shape, "data_offsets": []int{begin, len(data)}}
		}
		return join(h, data)
	}
	down := func(s ...int) matrix { return matrix{".lora_down.weight", s} }
	up := func(s ...int) matrix { return matrix{".lora_up.weight", s} }
	return []Broken{
		{"wider.safetensors", write(0, down(4, 3072), up(9216, 4), matrix{".alpha", []int{}}), "gives 9216 values where the model has 384"},
		{"two ranks.safetensors", write(0, down(4, 128), up(384, 8)), "different rank"},
		{"half of a pair.safetensors", write(0, down(4, 128)), "none of its 1 tensors"},
		{"with a kernel.safetensors", write(0, down(4, 128, 3, 3), up(384, 4, 1, 1)), "where the model has 128"},
		{"difference.safetensors", write(0, matrix{".diff", []int{10, 10}}), "is 10 x 10 there and 384 x 128 here"},
		{"overflown lora.safetensors", write(0x7e00, down(4, 128), up(384, 4)), ""},
	}
}
