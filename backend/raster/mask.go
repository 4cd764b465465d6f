package raster

import (
	"image"
	"io"
	"math"

	"golang.org/x/image/draw"
)

// DecodeMask reads a mask: what is bright is drawn anew, what is dark stays. Its size is that of the picture it belongs to.
func DecodeMask(r io.Reader) (*image.Gray, error) {
	img, err := Decode(r)
	if err != nil {
		return nil, err
	}
	return maskOf(img), nil
}

// DecodeKeptMask reads a mask of Loam's own in its size.
func DecodeKeptMask(r io.Reader) (*image.Gray, error) {
	img, err := DecodeKept(r)
	if err != nil {
		return nil, err
	}
	return maskOf(img), nil
}

func maskOf(img *image.RGBA) *image.Gray {
	out := image.NewGray(img.Rect)
	draw.Draw(out, out.Rect, img, image.Point{}, draw.Src)
	for i, v := range out.Pix {
		out.Pix[i] = 0
		if v >= 128 {
			out.Pix[i] = 255
		}
	}
	return out
}

// Marked is the smallest part of a mask that holds everything that is not 0; empty where nothing is.
func Marked(m *image.Gray) image.Rectangle {
	var r image.Rectangle
	for y := m.Rect.Min.Y; y < m.Rect.Max.Y; y++ {
		row := m.Pix[m.PixOffset(m.Rect.Min.X, y):][:m.Rect.Dx()]
		first, last := -1, -1
		for x, v := range row {
			if v != 0 {
				if first < 0 {
					first = x
				}
				last = x
			}
		}
		if first >= 0 {
			r = r.Union(image.Rect(m.Rect.Min.X+first, y, m.Rect.Min.X+last+1, y+1))
		}
	}
	return r
}

// ScaleMask gives a part of a mask another size; what is touched by the mask is marked whole.
func ScaleMask(m *image.Gray, part image.Rectangle, w, h int) *image.Gray {
	out := image.NewGray(image.Rect(0, 0, w, h))
	if part.Dx() == w && part.Dy() == h {
		draw.Draw(out, out.Rect, m, part.Min, draw.Src)
	} else {
		draw.BiLinear.Scale(out, out.Rect, m, part, draw.Src, nil)
	}
	for i, v := range out.Pix {
		if v != 0 {
			out.Pix[i] = 255
		}
	}
	return out
}

// Soft is how far into the mask the edge of a part goes over into its picture, for a picture of this size, in pixels.
func Soft(w, h int) int { return min(max(min(w, h)/96, 2), 16) }

// Feather gives each pixel of a mask how much of what was drawn anew is seen there: 0 outside, rising from the edge
// inwards to 255 over soft pixels. The border of the picture is no edge.
func Feather(m *image.Gray, soft int) *image.Gray {
	w, h := m.Rect.Dx(), m.Rect.Dy()
	const far = math.MaxInt32 / 2
	// Chamfer distances to the nearest pixel outside (weights 5 and 7), in two passes.
	d := make([]int32, w*h)
	for y := range h {
		for x := range w {
			if m.Pix[y*m.Stride+x] != 0 {
				d[y*w+x] = far
			}
		}
	}
	near := func(i int, x, y, dx, dy int, cost int32) {
		if nx, ny := x+dx, y+dy; nx >= 0 && nx < w && ny >= 0 && ny < h {
			d[i] = min(d[i], d[ny*w+nx]+cost)
		}
	}
	for y := range h {
		for x := range w {
			if i := y*w + x; d[i] != 0 {
				near(i, x, y, -1, 0, 5)
				near(i, x, y, 0, -1, 5)
				near(i, x, y, -1, -1, 7)
				near(i, x, y, 1, -1, 7)
			}
		}
	}
	out := image.NewGray(image.Rect(0, 0, w, h))
	for y := h - 1; y >= 0; y-- {
		for x := w - 1; x >= 0; x-- {
			i := y*w + x
			if d[i] == 0 {
				continue
			}
			near(i, x, y, 1, 0, 5)
			near(i, x, y, 0, 1, 5)
			near(i, x, y, 1, 1, 7)
			near(i, x, y, -1, 1, 7)
			out.Pix[y*out.Stride+x] = byte(min(255, max(1, int64(d[i])*255/int64(5*(soft+1)))))
		}
	}
	return out
}

// Compose puts a part that was drawn anew into a picture: fresh covers part (and is scaled to it), share says how much of
// it is seen (Feather). Every pixel where share is 0 keeps its bytes.
func Compose(whole *image.RGBA, fresh *image.RGBA, part image.Rectangle, share *image.Gray) *image.RGBA {
	out := image.NewRGBA(whole.Rect)
	copy(out.Pix, whole.Pix)
	piece := Scale(fresh, fresh.Rect, part.Dx(), part.Dy())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			a := int(share.Pix[share.PixOffset(x, y)])
			if a == 0 {
				continue
			}
			to := out.Pix[out.PixOffset(x, y):][:4]
			from := piece.Pix[piece.PixOffset(x-part.Min.X, y-part.Min.Y):][:4]
			for c := range 3 {
				to[c] = byte((int(to[c])*(255-a) + int(from[c])*a + 127) / 255)
			}
		}
	}
	return out
}

// Plan says which part of a picture of w x h a model looks at to draw what is marked anew, and in which size it draws
// that part. side is what the model draws best (a square of side x side pixels), multiple what its widths and heights
// are multiples of. A picture of about that size is looked at whole; of a larger one the part around the mark, in its
// own pixels where it fits, so that it is drawn as finely as the rest.
func Plan(w, h int, marked image.Rectangle, side, multiple int) (part image.Rectangle, drawW, drawH int) {
	whole := image.Rect(0, 0, w, h)
	if w*h <= side*side*3/2 {
		drawW, drawH = legal(w, h, multiple)
		return whole, drawW, drawH
	}
	// What stands around the mark is what the new part is to match: half as much again on each side.
	need := marked.Inset(-max(max(marked.Dx(), marked.Dy())/2, side/8)).Intersect(whole)
	square := max(need.Dx(), need.Dy(), side)
	pw, ph := min(square, w), min(square, h)
	c := marked.Min.Add(marked.Max).Div(2)
	x := min(max(c.X-pw/2, 0), w-pw)
	y := min(max(c.Y-ph/2, 0), h-ph)
	part = image.Rect(x, y, x+pw, y+ph)
	dw, dh := within(pw, ph, side*side*3/2)
	drawW, drawH = legal(dw, dh, multiple)
	return part, drawW, drawH
}

// legal is the nearest size whose sides are multiples.
func legal(w, h, multiple int) (int, int) {
	near := func(n int) int { return max(multiple, (n+multiple/2)/multiple*multiple) }
	return near(w), near(h)
}
