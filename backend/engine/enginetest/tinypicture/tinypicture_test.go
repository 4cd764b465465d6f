package tinypicture

import (
	"bytes"
	"math"
	"os"
	"testing"
)

func TestSameSeedWritesSameBytes(t *testing.T) {
	a, err := Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Write(t.TempDir(), 1)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Write(t.TempDir(), 2)
	if err != nil {
		t.Fatal(err)
	}
	read := func(p string) []byte {
		x, err := os.ReadFile(p)
		if err != nil {
			t.Fatal(err)
		}
		return x
	}
	if !bytes.Equal(read(a.Diffusion), read(b.Diffusion)) || bytes.Equal(read(a.Diffusion), read(c.Diffusion)) {
		t.Error("the bytes do not follow the seed")
	}
}

func TestFloat16(t *testing.T) {
	for _, x := range []struct {
		f    float32
		want uint16
	}{{0, 0}, {1, 0x3c00}, {-2, 0xc000}, {0.5, 0x3800}, {65504, 0x7bff}, {1e9, 0x7bff}, {5.9604645e-08, 1}, {float32(math.Pow(2, -14)), 0x0400}, {1 + 1.0/2048, 0x3c00}, {1 + 3.0/2048, 0x3c02}} {
		if got := float16(x.f); got != x.want {
			t.Errorf("%g: %#x, want %#x", x.f, got, x.want)
		}
	}
}
