package main

import (
	"math"
	"testing"
)

func TestHalvesAreTheNearestOnes(t *testing.T) {
	for v, want := range map[float32]uint16{
		0: 0, 1: 0x3c00, -2: 0xc000, 0.5: 0x3800, 65504: 0x7bff, 65520: 0x7c00, 1.0 / (1 << 24): 1, 1.0 / (1 << 14): 0x0400,
		1 + 1.0/2048: 0x3c00, 1 + 3.0/2048: 0x3c02, 0.1: 0x2e66, float32(math.Inf(-1)): 0xfc00, 2047.5: 0x6800,
	} {
		if got := half(v); got != want {
			t.Errorf("%g becomes %#04x, want %#04x", v, got, want)
		}
	}
}

func TestBlocksKeepTheirLargestNumber(t *testing.T) {
	part := make([]float32, block)
	part[3], part[7] = -1.27, 0.635
	b := appendQ8(nil, part)
	if len(b) != 2+block || int8(b[2+3]) != -127 || int8(b[2+7]) != 64 && int8(b[2+7]) != 63 {
		t.Errorf("% x", b)
	}
	if zero := appendQ8(nil, make([]float32, block)); len(zero) != 2+block || zero[2] != 0 {
		t.Errorf("% x", zero)
	}
}
