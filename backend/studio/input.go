package studio

import (
	"context"
	"errors"
	"fmt"
	"image"
	"os"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/raster"
)

// input is what a picture starts from, besides its words. nil = from words alone.
type input struct {
	whole         *image.RGBA // the start picture
	mask          *image.Gray // of its size; nil = all of it is drawn anew
	share         *image.Gray // how much of what is drawn is seen
	part          image.Rectangle
	width, height int // that the engine draws
}

// input reads the start picture and the mask of a request, and plans what the engine gets to see of them.
func (s *Service) input(r Request, m backend.Model, info engine.PictureInfo) (*input, error) {
	if r.Start == "" {
		return nil, nil
	}
	switch {
	case !info.Capabilities.Init:
		return nil, errors.New("the engine that draws here cannot start from a picture: take it out, or install the current picture engine")
	case r.Mask != "" && !info.Capabilities.Mask:
		return nil, errors.New("the engine that draws here cannot draw a part of a picture anew: install the current picture engine")
	}
	whole, err := s.readStart(r.Start)
	if err != nil {
		return nil, err
	}
	in := &input{whole: whole, width: r.Width, height: r.Height}
	if r.Mask == "" {
		in.part = raster.Crop(whole.Rect.Dx(), whole.Rect.Dy(), r.Width, r.Height)
		return in, nil
	}
	if in.mask, err = s.readMask(r.Mask); err != nil {
		return nil, err
	}
	if in.mask.Rect != whole.Rect || r.Width != whole.Rect.Dx() || r.Height != whole.Rect.Dy() {
		return nil, errors.New("the mask is not of the size of its picture")
	}
	marked := raster.Marked(in.mask)
	if marked.Empty() {
		return nil, errors.New("nothing is marked to be drawn anew")
	}
	multiple := info.Multiple
	if multiple < 1 {
		multiple = 64
	}
	in.part, in.width, in.height = raster.Plan(r.Width, r.Height, marked, DefaultsFor(m.Family, m.Name).Size, multiple)
	in.share = raster.Feather(in.mask, raster.Soft(r.Width, r.Height))
	return in, nil
}

func (s *Service) readMask(sum string) (*image.Gray, error) {
	f, err := os.Open(s.StartPath(sum))
	if err != nil {
		return nil, errors.New("the mask is not there any more: mark the part again")
	}
	defer f.Close()
	m, err := raster.DecodeKeptMask(f)
	if err != nil {
		return nil, fmt.Errorf("the mask cannot be read any more: %w", err)
	}
	return m, nil
}

// put adds what the engine gets to see to a request.
func (in *input) put(req *engine.PictureRequest, strength float32) {
	if in == nil {
		return
	}
	req.Width, req.Height, req.Strength = in.width, in.height, strength
	start := raster.Scale(in.whole, in.part, in.width, in.height)
	req.Init = &engine.Pixels{Width: in.width, Height: in.height, Channels: 3, Data: raster.RGB(start)}
	if in.mask != nil {
		mask := raster.ScaleMask(in.mask, in.part, in.width, in.height)
		req.Mask = &engine.Pixels{Width: in.width, Height: in.height, Channels: 1, Data: mask.Pix}
	}
}

// finish makes the whole picture of what the engine drew: outside the mask every byte is the start picture's.
func (in *input) finish(px engine.Pixels) engine.Pixels {
	if in == nil || in.mask == nil {
		return px
	}
	whole := raster.Compose(in.whole, raster.FromRGB(px.Data, px.Width, px.Height), in.part, in.share)
	return engine.Pixels{Width: whole.Rect.Dx(), Height: whole.Rect.Dy(), Channels: 3, Data: raster.RGB(whole)}
}

// previewSide is the largest side of a preview that is put together here.
const previewSide = 512

// preview gives a function that puts a preview into the picture it belongs to.
func (in *input) preview() func(engine.Pixels) engine.Pixels {
	if in == nil || in.mask == nil {
		return func(px engine.Pixels) engine.Pixels { return px }
	}
	w, h := in.whole.Rect.Dx(), in.whole.Rect.Dy()
	f := min(1, float64(previewSide)/float64(max(w, h)))
	scaled := func(n int) int { return int(float64(n) * f) }
	sw, sh := max(1, scaled(w)), max(1, scaled(h))
	whole, mask := raster.Scale(in.whole, in.whole.Rect, sw, sh), raster.ScaleMask(in.mask, in.mask.Rect, sw, sh)
	part := image.Rect(scaled(in.part.Min.X), scaled(in.part.Min.Y), scaled(in.part.Max.X), scaled(in.part.Max.Y)).Intersect(whole.Rect)
	return func(px engine.Pixels) engine.Pixels {
		if part.Empty() || len(px.Data) != px.Width*px.Height*3 || px.Width < 1 || px.Height < 1 {
			return px
		}
		return engine.Pixels{Width: sw, Height: sh, Channels: 3, Data: raster.RGB(raster.Compose(whole, raster.FromRGB(px.Data, px.Width, px.Height), part, mask))}
	}
}

// steps is how many steps the engine takes.
func (in *input) steps(r Request) int {
	if in == nil {
		return r.Steps
	}
	return StepsTaken(r.Steps, r.Strength)
}

// StepsTaken is how many of its steps a picture takes that starts from another: the fewer, the more of that one stays.
// A strength of 0 is no start picture.
func StepsTaken(steps int, strength float32) int {
	if strength <= 0 || strength >= 1 {
		return steps
	}
	return min(steps, int(float32(steps)*strength)+1)
}

// parent is the finished picture that a request starts from; false = none.
func (s *Service) parent(ctx context.Context, sum string) (backend.Picture, bool) {
	if sum == "" {
		return backend.Picture{}, false
	}
	p, err := s.d.Store.PictureOf(ctx, sum)
	return p, err == nil
}
