package raster

import (
	"image"
	"math"

	"golang.org/x/image/draw"
)

// within gives the largest size of the same shape with at most so many pixels.
func within(w, h, pixels int) (int, int) {
	if w*h <= pixels {
		return w, h
	}
	f := math.Sqrt(float64(pixels) / (float64(w) * float64(h)))
	return max(1, int(float64(w)*f)), max(1, int(float64(h)*f))
}

// Crop is the largest part in the middle of a picture of w x h that has the shape of toW x toH.
func Crop(w, h, toW, toH int) image.Rectangle {
	if w < 1 || h < 1 || toW < 1 || toH < 1 {
		return image.Rectangle{}
	}
	cw, ch := w, h
	if int64(w)*int64(toH) > int64(h)*int64(toW) {
		cw = max(1, int(math.Round(float64(h)*float64(toW)/float64(toH))))
	} else {
		ch = max(1, int(math.Round(float64(w)*float64(toH)/float64(toW))))
	}
	cw, ch = min(cw, w), min(ch, h)
	x, y := (w-cw)/2, (h-ch)/2
	return image.Rect(x, y, x+cw, y+ch)
}

// Scale gives a part of a picture another size. A part that has that size already is copied, byte by byte.
func Scale(img image.Image, part image.Rectangle, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	if part.Dx() == w && part.Dy() == h {
		draw.Draw(out, out.Rect, img, part.Min, draw.Src)
		return out
	}
	draw.CatmullRom.Scale(out, out.Rect, img, part, draw.Src, nil)
	return out
}

// Fit cuts what is too much at the sides and scales the rest to w x h.
func Fit(img image.Image, w, h int) *image.RGBA {
	b := img.Bounds()
	return Scale(img, Crop(b.Dx(), b.Dy(), w, h).Add(b.Min), w, h)
}

// RGB gives the pixels of a picture at 0, 0, three bytes each.
func RGB(img *image.RGBA) []byte {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	out := make([]byte, 0, w*h*3)
	for y := range h {
		row := img.Pix[y*img.Stride:]
		for x := range w {
			out = append(out, row[4*x:4*x+3]...)
		}
	}
	return out
}

// FromRGB is the inverse of RGB; data has w*h*3 bytes.
func FromRGB(data []byte, w, h int) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	for i := range w * h {
		copy(out.Pix[4*i:], data[3*i:3*i+3])
		out.Pix[4*i+3] = 255
	}
	return out
}
