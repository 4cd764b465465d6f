package raster

import (
	"bytes"
	"image"
	"testing"
)

// BenchmarkPhoto is what choosing a photograph of 12 million pixels costs: reading it and writing the copy that is kept.
func BenchmarkPhoto(b *testing.B) {
	data := jpegOf(b, scene(4000, 3000))
	for b.Loop() {
		img, err := Decode(bytes.NewReader(data))
		if err != nil {
			b.Fatal(err)
		}
		var out bytes.Buffer
		if err := EncodePNG(&out, img); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkCompose is what a masked part costs beside its drawing, in a picture of 1024 x 1024.
func BenchmarkCompose(b *testing.B) {
	whole, fresh := scene(1024, 1024), scene(1024, 1024)
	mask := image.NewGray(whole.Rect)
	for i := range mask.Pix {
		if x, y := i%1024, i/1024; x > 300 && x < 700 && y > 300 && y < 700 {
			mask.Pix[i] = 255
		}
	}
	for b.Loop() {
		Compose(whole, fresh, whole.Rect, Feather(mask, Soft(1024, 1024)))
	}
}
