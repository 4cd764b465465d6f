package studio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/imagemeta"
	"loam/backend/raster"
)

// upscale makes the start picture of a job larger and stores that.
func (s *Service) upscale(ctx context.Context, id int64, r Request) (backend.Picture, error) {
	m, files, err := s.d.Models.PictureFiles(ctx, r.ModelID)
	if err != nil {
		return backend.Picture{}, err
	}
	if files.Upscaler == "" {
		return backend.Picture{}, fmt.Errorf("%s is no upscaler", m.Name)
	}
	img, err := s.readStart(r.Start)
	if err != nil {
		return backend.Picture{}, err
	}
	im, release, err := s.d.Engines.AcquirePictures(ctx, m, files)
	if err != nil {
		return backend.Picture{}, err
	}
	defer release()
	info := im.Info()
	if !info.Capabilities.Upscale || info.UpscaleFactor < 1 {
		return backend.Picture{}, errors.New("the engine that draws here cannot make pictures larger: install the current picture engine")
	}
	w, h, f := img.Rect.Dx(), img.Rect.Dy(), info.UpscaleFactor
	if w*f > raster.MaxPixels/(h*f) {
		return backend.Picture{}, fmt.Errorf("it would be %d × %d pixels large, and %d million pixels are the most", w*f, h*f, raster.MaxPixels>>20)
	}
	began := s.d.Now()
	px, err := im.Upscale(ctx, engine.Pixels{Width: w, Height: h, Channels: 3, Data: raster.RGB(img)},
		s.progress(id, paceKey{}, 0, (*input)(nil).preview()))
	if err != nil {
		return backend.Picture{}, err
	}
	if px.Width != w*f || px.Height != h*f || len(px.Data) != px.Width*px.Height*3 {
		return backend.Picture{}, errors.New("the engine's picture has the wrong size")
	}
	rec := &imagemeta.Receipt{
		Format: 1, Engine: info.Engine.Engine, Build: info.Engine.Build, Device: info.Engine.Device, Variant: info.Engine.Variant, Threads: info.Engine.Threads,
		Created: s.d.Now().UTC(), Sample: s.d.Now().Sub(began), Settings: imagemeta.Settings{Prompt: r.Prompt, Version: "Loam " + s.d.Version},
	}
	if parent, ok := s.parent(ctx, r.Start); ok { // what made that one made this one, too
		var was imagemeta.Receipt
		if json.Unmarshal(parent.Settings, &was) == nil && was.Format == 1 {
			rec.Settings, rec.Files = was.Settings, was.Files
		}
		rec.MadeFrom = parent.SHA256
	}
	up := &rec.Settings
	up.Width, up.Height = px.Width, px.Height
	up.Upscaler, up.UpscalerHash, up.Factor = m.Name, m.SHA256, f*max(1, up.Factor)
	return s.keep(context.WithoutCancel(ctx), id, engine.PictureResult{Pixels: px, Seed: up.Seed}, rec)
}
