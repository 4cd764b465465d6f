package pages

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"slices"
	"sync/atomic"

	"loam/ui/widgets"
)

// Bounds of pictures in memory.
const (
	maxPicturePixels = 64 << 20 // of a file that is decoded at all
	maxShownSide     = 2048     // of a picture that is shown large
	thumbSide        = 192      // of a thumbnail
	maxThumbs        = 256      // thumbnails that are kept: about 36 MB
)

// thumbs decodes pictures off the window's goroutine and keeps the small ones of late.
type thumbs struct {
	env   Env
	kept  map[string]image.Image // by SHA-256
	order []string               // the oldest use first
}

func newThumbs(env Env) *thumbs { return &thumbs{env: env, kept: map[string]image.Image{}} }

// thumb is a small picture in a strip or a grid. What it wants is read by the decoder, which leaves out what scrolled
// away meanwhile.
type thumb struct {
	*widgets.Picture
	wanting
}

// wanting is which picture a place wants to show.
type wanting struct {
	id     int64
	wanted atomic.Int64
}

// show fills a thumbnail, now or when its file is decoded.
func (t *thumbs) show(on *thumb, id int64, sha, path string) {
	t.fill(&on.wanting, on.Picture, id, sha, path, func() { on.Tip = "The file of this picture cannot be read." })
}

// fill is show for any place; failed hears that the file cannot be read.
func (t *thumbs) fill(w *wanting, on interface{ SetImage(img image.Image) }, id int64, sha, path string, failed func()) {
	w.id = id
	w.wanted.Store(id)
	if img, ok := t.kept[sha]; ok {
		t.touch(sha)
		on.SetImage(img)
		return
	}
	on.SetImage(nil)
	t.env.Host.Load("thumbs", func(context.Context) func() {
		if w.wanted.Load() != id {
			return nil
		}
		img, err := readPicture(path, thumbSide)
		return func() {
			if err == nil {
				t.keep(sha, img)
			}
			switch {
			case w.id != id: // it shows another one meanwhile
			case err != nil:
				failed()
			default:
				on.SetImage(img)
			}
		}
	})
}

func (t *thumbs) touch(sha string) {
	if i := slices.Index(t.order, sha); i >= 0 {
		t.order = append(slices.Delete(t.order, i, i+1), sha)
	}
}

func (t *thumbs) keep(sha string, img image.Image) {
	if _, known := t.kept[sha]; !known {
		t.order = append(t.order, sha)
	}
	t.kept[sha] = img
	for len(t.order) > maxThumbs {
		delete(t.kept, t.order[0])
		t.order = t.order[1:]
	}
}

// readPicture decodes a PNG and makes it at most side wide and high.
func readPicture(path string, side int) (image.Image, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	defer f.Close()
	c, err := png.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if c.Width < 1 || c.Height < 1 || c.Width > maxPicturePixels/c.Height {
		return nil, errors.New("read picture: it is too large to show")
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	img, err := png.Decode(bufio.NewReader(f))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	return shrink(img, side), nil
}

// shrink makes an image at most side wide and high by averaging what falls together.
func shrink(img image.Image, side int) image.Image {
	b := img.Bounds()
	w, h := b.Dx(), b.Dy()
	if w <= side && h <= side {
		return img
	}
	dw, dh := side, max(1, h*side/w)
	if h > w {
		dw, dh = max(1, w*side/h), side
	}
	out := image.NewRGBA(image.Rect(0, 0, dw, dh))
	for y := range dh {
		y0, y1 := b.Min.Y+y*h/dh, b.Min.Y+max((y+1)*h/dh, y*h/dh+1)
		for x := range dw {
			x0, x1 := b.Min.X+x*w/dw, b.Min.X+max((x+1)*w/dw, x*w/dw+1)
			var sum [4]uint64
			for sy := y0; sy < y1; sy++ {
				for sx := x0; sx < x1; sx++ {
					r, g, b, a := img.At(sx, sy).RGBA()
					sum[0], sum[1], sum[2], sum[3] = sum[0]+uint64(r), sum[1]+uint64(g), sum[2]+uint64(b), sum[3]+uint64(a)
				}
			}
			n := uint64((y1 - y0) * (x1 - x0))
			for i, s := range sum {
				out.Pix[out.PixOffset(x, y)+i] = byte(s / n >> 8)
			}
		}
	}
	return out
}

// previewImage is what a running picture looks like so far; nil where the bytes are not what they should be.
func previewImage(width, height int, rgb []byte) image.Image {
	if width < 1 || height < 1 || width > 4096 || height > 4096 || len(rgb) != 3*width*height {
		return nil
	}
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range width * height {
		copy(img.Pix[4*i:], rgb[3*i:3*i+3])
		img.Pix[4*i+3] = 255
	}
	return img
}
