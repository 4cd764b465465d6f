// Package raster reads pictures that people choose and works on their pixels: it turns PNG, JPEG and WebP files into
// opaque RGB within bounds, cuts and scales them to a size that a model draws, and puts a part that was drawn anew back
// into its picture. backend/studio calls it for start pictures and masks.
//
// Files come from anywhere: bytes, pixels and formats are bounded before anything is decoded, and every failure is a
// *backend.BadFile with one clause for a person. Everything here is pure; pictures that are handed in are not changed.
package raster

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"

	scale "golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"loam/backend"
)

// Bounds of a picture that is read.
const (
	MaxBytes  = 256 << 20
	MaxPixels = 64 << 20
	minSide   = 8
)

// MaxKept is how many pixels Decode keeps: what is larger is made smaller. No model draws more at once.
const MaxKept = 4096 * 4096

// Decode reads a picture upright, opaque (what is transparent stands on white) and with at most MaxKept pixels.
func Decode(r io.Reader) (*image.RGBA, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if len(data) > MaxBytes {
		return nil, bad("it is larger than %d MB", MaxBytes>>20)
	}
	f, err := formatOf(data)
	if err != nil {
		return nil, err
	}
	c, err := f.config(bytes.NewReader(data))
	if err != nil {
		return nil, damaged(f)
	}
	switch {
	case c.Width < 1 || c.Height < 1:
		return nil, bad("it has no size")
	case c.Width < minSide || c.Height < minSide:
		return nil, bad("it is only %d × %d pixels large", c.Width, c.Height)
	case c.Width > MaxPixels/c.Height:
		return nil, bad("it is %d × %d pixels large, and %d million pixels are the most", c.Width, c.Height, MaxPixels>>20)
	}
	img, err := f.picture(data)
	if err != nil {
		return nil, damaged(f)
	}
	if b := img.Bounds(); b.Dx() != c.Width || b.Dy() != c.Height {
		return nil, damaged(f)
	}
	turn := 1
	if f.name == "JPEG" {
		turn = orientation(data)
	}
	return upright(opaque(kept(img)), turn), nil
}

// DecodeKept reads a picture of Loam's own, which may be larger than MaxKept pixels, in its size.
func DecodeKept(r io.Reader) (*image.RGBA, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil || c.Width < 1 || c.Height < 1 || c.Width > MaxPixels/c.Height {
		return nil, bad("this PNG picture is damaged or too large")
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, bad("this PNG picture is damaged or ends too soon")
	}
	return opaque(img), nil
}

// bad is a reason why a picture cannot be used.
func bad(format string, args ...any) error {
	return &backend.BadFile{Reason: fmt.Sprintf(format, args...)}
}

func damaged(f format) error { return bad("this %s picture is damaged or ends too soon", f.name) }

// format is a kind of picture file with its reader.
type format struct {
	name   string
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error)
}

// formatOf looks at the first bytes; the name of a file says nothing.
func formatOf(data []byte) (format, error) {
	begins := func(magic string) bool { return bytes.HasPrefix(data, []byte(magic)) }
	switch {
	case begins("\x89PNG\r\n\x1a\n"):
		return format{"PNG", png.DecodeConfig, png.Decode}, nil
	case begins("\xff\xd8\xff"):
		return format{"JPEG", jpeg.DecodeConfig, jpeg.Decode}, nil
	case len(data) > 12 && begins("RIFF") && string(data[8:12]) == "WEBP":
		return format{"WebP", webp.DecodeConfig, webp.Decode}, nil
	case begins("GIF8"):
		return format{}, bad("it is a GIF; Loam reads PNG, JPEG and WebP pictures")
	case len(data) > 12 && string(data[4:8]) == "ftyp":
		return format{}, bad("it is an HEIC, AVIF or video file; Loam reads PNG, JPEG and WebP pictures")
	case begins("BM"), begins("II*\x00"), begins("MM\x00*"):
		return format{}, bad("it is a BMP or TIFF; Loam reads PNG, JPEG and WebP pictures")
	case len(data) == 0:
		return format{}, bad("it is empty")
	}
	return format{}, bad("it is no PNG, JPEG or WebP picture")
}

// picture decodes. A decoder that panics on a damaged file has found it to be damaged.
func (f format) picture(data []byte) (img image.Image, err error) {
	defer func() {
		if r := recover(); r != nil {
			img, err = nil, fmt.Errorf("decode %s: %v", f.name, r)
		}
	}()
	return f.decode(bytes.NewReader(data))
}

// kept makes a picture smaller that has more than MaxKept pixels.
func kept(img image.Image) image.Image {
	b := img.Bounds()
	w, h := within(b.Dx(), b.Dy(), MaxKept)
	if w == b.Dx() && h == b.Dy() {
		return img
	}
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	scale.ApproxBiLinear.Scale(out, out.Rect, img, b, scale.Src, nil) // by 2 at most: nothing finer is to be had
	return out
}

// opaque puts a picture on white and moves its corner to 0, 0.
func opaque(img image.Image) *image.RGBA {
	b := img.Bounds()
	if p, ok := img.(*image.RGBA); ok && b.Min == (image.Point{}) && p.Stride == 4*b.Dx() && p.Opaque() {
		return p
	}
	out := image.NewRGBA(image.Rect(0, 0, b.Dx(), b.Dy()))
	draw.Draw(out, out.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(out, out.Rect, img, b.Min, draw.Over)
	return out
}

// EncodePNG writes a picture fast rather than small, without a word about where it comes from.
func EncodePNG(w io.Writer, img image.Image) error {
	e := png.Encoder{CompressionLevel: png.BestSpeed}
	return e.Encode(w, img)
}
