package raster

import (
	"bytes"
	"image"
	"testing"

	"pgregory.net/rapid"
)

// drawMask is any mask of a size: some rectangles.
func drawMask(t *rapid.T, w, h int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for range rapid.IntRange(0, 3).Draw(t, "pieces") {
		x, y := rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y")
		r := image.Rect(x, y, x+rapid.IntRange(1, w).Draw(t, "dx"), y+rapid.IntRange(1, h).Draw(t, "dy")).Intersect(m.Rect)
		for y := r.Min.Y; y < r.Max.Y; y++ {
			for x := r.Min.X; x < r.Max.X; x++ {
				m.Pix[m.PixOffset(x, y)] = 255
			}
		}
	}
	return m
}

func TestComposeKeepsEveryByteOutsideTheMask(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(8, 60).Draw(t, "w"), rapid.IntRange(8, 60).Draw(t, "h")
		whole, m := scene(w, h), drawMask(t, w, h)
		part, dw, dh := Plan(w, h, Marked(m), rapid.SampledFrom([]int{8, 16, 64}).Draw(t, "side"), 8)
		fresh := image.NewRGBA(image.Rect(0, 0, dw, dh))
		for i := range fresh.Pix {
			fresh.Pix[i] = 255
		}
		before := bytes.Clone(whole.Pix)
		out := Compose(whole, fresh, part, Feather(m, rapid.IntRange(1, 9).Draw(t, "soft")))
		if !bytes.Equal(before, whole.Pix) {
			t.Fatal("the picture itself was changed")
		}
		for i := range m.Pix {
			was, is := whole.Pix[4*i:4*i+4], out.Pix[4*i:4*i+4]
			if m.Pix[i] == 0 && !bytes.Equal(was, is) {
				t.Fatalf("pixel %d outside the mask changed from %v to %v", i, was, is)
			}
		}
	})
}

func TestFeatherRisesInsideAndIsNothingOutside(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 41, 41))
	for y := 10; y < 41; y++ {
		for x := 10; x < 31; x++ {
			m.Pix[m.PixOffset(x, y)] = 255
		}
	}
	f := Feather(m, 4)
	row := f.Pix[f.PixOffset(0, 20):][:41]
	for x := 1; x <= 20; x++ {
		if row[x] < row[x-1] || row[x] != row[40-x] {
			t.Fatalf("at %d: %v", x, row)
		}
	}
	if row[9] != 0 || row[10] == 0 || row[10] == 255 || row[20] != 255 {
		t.Errorf("%v", row)
	}
	if f.GrayAt(20, 40).Y != 255 {
		t.Error("the border of the picture is taken for an edge")
	}
}

func TestPlanLooksAtWhatIsMarked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w, h := rapid.IntRange(16, 4096).Draw(t, "w"), rapid.IntRange(16, 4096).Draw(t, "h")
		x, y := rapid.IntRange(0, w-1).Draw(t, "x"), rapid.IntRange(0, h-1).Draw(t, "y")
		marked := image.Rect(x, y, rapid.IntRange(x+1, w).Draw(t, "x1"), rapid.IntRange(y+1, h).Draw(t, "y1"))
		side, multiple := rapid.SampledFrom([]int{512, 768, 1024}).Draw(t, "side"), rapid.SampledFrom([]int{8, 64}).Draw(t, "multiple")
		part, dw, dh := Plan(w, h, marked, side, multiple)
		if !marked.In(part) || !part.In(image.Rect(0, 0, w, h)) {
			t.Fatalf("%v does not hold %v", part, marked)
		}
		if dw%multiple != 0 || dh%multiple != 0 || dw < 1 || dh < 1 || dw*dh > 2*side*side+4*side*multiple {
			t.Fatalf("drawn at %d x %d", dw, dh)
		}
	})
	if part, w, h := Plan(1024, 768, image.Rect(5, 5, 9, 9), 1024, 64); part != image.Rect(0, 0, 1024, 768) || w != 1024 || h != 768 {
		t.Errorf("a picture of the model's own size: %v, %d x %d", part, w, h)
	}
	if part, w, h := Plan(2048, 2048, image.Rect(100, 100, 200, 200), 512, 64); part.Dx() != 512 || w != 512 || h != 512 || !image.Rect(100, 100, 200, 200).In(part) {
		t.Errorf("a small mark in a large picture: %v, %d x %d", part, w, h)
	}
}

func TestMarkedAndScaledMasks(t *testing.T) {
	m := image.NewGray(image.Rect(0, 0, 64, 32))
	if !Marked(m).Empty() {
		t.Error("nothing is marked")
	}
	m.Pix[m.PixOffset(10, 20)] = 255
	if r := Marked(m); r != image.Rect(10, 20, 11, 21) {
		t.Errorf("%v", r)
	}
	small := ScaleMask(m, m.Rect, 16, 8)
	if r := Marked(small); !image.Pt(2, 5).In(r) {
		t.Errorf("a single pixel is lost when the mask becomes smaller: %v", r)
	}
	back, err := DecodeMask(bytes.NewReader(pngOf(t, m)))
	if err != nil || !bytes.Equal(back.Pix, m.Pix) {
		t.Errorf("a mask does not come back from its file: %v", err)
	}
}
