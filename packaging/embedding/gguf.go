package main

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// Types of values and tensors in GGUF, version 3 (github.com/ggml-org/ggml, docs/gguf.md).
const (
	valueU32, valueI32, valueF32, valueBool, valueText, valueList = 4, 5, 6, 7, 8, 9

	tensorF32, tensorF16, tensorQ8 = 0, 1, 8

	alignment = 32
	block     = 32 // numbers of a block of q8_0
)

// writer gathers a GGUF file in memory.
type writer struct {
	values, infos, data []byte
	nValues, nTensors   uint64
}

func (w *writer) key(key string, kind uint32) {
	w.values = appendText(w.values, key)
	w.values = binary.LittleEndian.AppendUint32(w.values, kind)
	w.nValues++
}

func (w *writer) text(key, v string) {
	w.key(key, valueText)
	w.values = appendText(w.values, v)
}

func (w *writer) u32(key string, v uint32) {
	w.key(key, valueU32)
	w.values = binary.LittleEndian.AppendUint32(w.values, v)
}

func (w *writer) f32(key string, v float32) {
	w.key(key, valueF32)
	w.values = binary.LittleEndian.AppendUint32(w.values, math.Float32bits(v))
}

func (w *writer) flag(key string, v bool) {
	w.key(key, valueBool)
	b := byte(0)
	if v {
		b = 1
	}
	w.values = append(w.values, b)
}

func (w *writer) list(key string, kind uint32, n int) {
	w.key(key, valueList)
	w.values = binary.LittleEndian.AppendUint32(w.values, kind)
	w.values = binary.LittleEndian.AppendUint64(w.values, uint64(n))
}

func (w *writer) texts(key string, list []string) {
	w.list(key, valueText, len(list))
	for _, v := range list {
		w.values = appendText(w.values, v)
	}
}

func (w *writer) i32s(key string, list []int32) {
	w.list(key, valueI32, len(list))
	for _, v := range list {
		w.values = binary.LittleEndian.AppendUint32(w.values, uint32(v))
	}
}

// tensor adds a tensor as f32, f16 or q8_0.
func (w *writer) tensor(name, kind string, t weight) error {
	n := uint64(1)
	for _, d := range t.dims {
		n *= d
	}
	if n != uint64(len(t.data)) {
		return fmt.Errorf("the tensor %s has %d numbers, and should have %d", t.name, len(t.data), n)
	}
	var b []byte
	var code uint32
	switch kind {
	case "f32":
		code = tensorF32
		for _, v := range t.data {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
	case "f16":
		code = tensorF16
		for _, v := range t.data {
			b = binary.LittleEndian.AppendUint16(b, half(v))
		}
	case "q8_0":
		code = tensorQ8
		if t.dims[len(t.dims)-1]%block != 0 {
			return fmt.Errorf("the rows of %s cannot be cut into blocks of %d", t.name, block)
		}
		for part := range slices.Chunk(t.data, block) {
			b = appendQ8(b, part)
		}
	default:
		return fmt.Errorf("there is no type %q", kind)
	}
	w.infos = appendText(w.infos, name)
	w.infos = binary.LittleEndian.AppendUint32(w.infos, uint32(len(t.dims)))
	for _, d := range slices.Backward(t.dims) {
		w.infos = binary.LittleEndian.AppendUint64(w.infos, d)
	}
	w.infos = binary.LittleEndian.AppendUint32(w.infos, code)
	w.infos = binary.LittleEndian.AppendUint64(w.infos, uint64(len(w.data)))
	w.data = padded(append(w.data, b...))
	w.nTensors++
	return nil
}

func (w *writer) file() []byte {
	out := []byte("GGUF")
	out = binary.LittleEndian.AppendUint32(out, 3)
	out = binary.LittleEndian.AppendUint64(out, w.nTensors)
	out = binary.LittleEndian.AppendUint64(out, w.nValues)
	out = append(append(out, w.values...), w.infos...)
	return append(padded(out), w.data...)
}

func padded(b []byte) []byte {
	for len(b)%alignment != 0 {
		b = append(b, 0)
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.LittleEndian.AppendUint64(b, uint64(len(s))), s...)
}

// appendQ8 adds a block of q8_0: the scale as a half, then a byte for each number.
func appendQ8(b []byte, part []float32) []byte {
	most := float32(0)
	for _, v := range part {
		most = max(most, float32(math.Abs(float64(v))))
	}
	scale := most / 127
	b = binary.LittleEndian.AppendUint16(b, half(scale))
	for _, v := range part {
		q := float32(0)
		if scale > 0 {
			q = v / scale
		}
		b = append(b, byte(int8(math.Round(float64(q)))))
	}
	return b
}

// half is the nearest number of 16 bits (IEEE 754 binary16), ties to the even one.
func half(v float32) uint16 {
	bits := math.Float32bits(v)
	sign := uint16(bits >> 16 & 0x8000)
	a := float64(math.Abs(float64(v)))
	switch {
	case v != v:
		return sign | 0x7e00
	case a >= 65520:
		return sign | 0x7c00
	case a < 1.0/(1<<14): // subnormal: steps of 2^-24
		return sign | uint16(math.RoundToEven(a*(1<<24)))
	}
	_, exp := math.Frexp(a) // a = f * 2^exp, f in [0.5, 1)
	mantissa := math.RoundToEven(math.Ldexp(a, 11-exp))
	if mantissa == 2048 { // it rounded up to the next power
		mantissa, exp = 1024, exp+1
	}
	return sign | uint16(exp+14)<<10 | uint16(mantissa)&0x3ff
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
