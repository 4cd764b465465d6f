package cli

import (
	"context"
	"fmt"
	"strings"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/studio"
)

// sizeMultiple is what the sides of a picture are multiples of that follows another: every engine draws these.
const sizeMultiple = 64

// work is what the studio is asked for.
func (c *imageCommand) work(ctx context.Context, a *app.App) (studio.Request, error) {
	usage := func(text string) (studio.Request, error) { return studio.Request{}, &coded{exitUsage, text} }
	switch prompt := strings.TrimSpace(strings.Join(c.Prompt, " ")); {
	case c.Upscale != "" && (c.Start != "" || c.Mask != "" || prompt != ""):
		return usage("--upscale takes a picture and nothing to draw: leave out the prompt, --start and --mask.")
	case c.Upscale != "":
		return c.enlarge(ctx, a)
	case prompt == "":
		return usage("Say what to draw, for example: loam image \"a yellow teapot\"")
	case c.Mask != "" && c.Start == "":
		return usage("--mask needs --start: the picture of which a part is drawn anew.")
	case c.Mask != "" && c.Size != "":
		return usage("With --mask the picture keeps its size: leave out --size.")
	case c.Strength != 0 && c.Start == "":
		return usage("--strength needs --start: it is how much of the start picture changes.")
	case !(c.Strength >= 0 && c.Strength <= 1):
		return usage(fmt.Sprintf("The strength %g is out of range: it goes from above 0 to 1.", c.Strength))
	}
	return c.request(ctx, a)
}

// from keeps the pictures that the request starts from.
func (c *imageCommand) from(ctx context.Context, a *app.App, r *studio.Request) (start studio.Start, err error) {
	if c.Start == "" {
		return start, nil
	}
	if err := canDraw(ctx, a, c.Mask != ""); err != nil {
		return start, err
	}
	if start, err = a.Studio.KeepStart(ctx, c.Start); err != nil {
		return start, err
	}
	r.Start, r.Strength = start.SHA256, studio.StartStrength
	if c.Mask != "" {
		r.Strength = studio.EditStrength
		if r.Mask, err = a.Studio.KeepMaskFile(ctx, c.Mask, start); err != nil {
			return start, err
		}
	}
	if c.Strength > 0 {
		r.Strength = c.Strength
	}
	return start, nil
}

// canDraw says no where the engine that draws here cannot start from a picture.
func canDraw(ctx context.Context, a *app.App, mask bool) error {
	t, err := a.PictureTraits(ctx)
	if err != nil {
		return nil // drawing says what is wrong
	}
	if !t.Capabilities.Init || mask && !t.Capabilities.Mask {
		return &coded{exitFailed, "The picture engine that is built in draws from words alone; --start and --mask need the picture pack (loam doctor says where it is looked for)."}
	}
	return nil
}

// enlarge asks for a larger picture.
func (c *imageCommand) enlarge(ctx context.Context, a *app.App) (studio.Request, error) {
	if t, err := a.PictureTraits(ctx); err == nil && !t.Capabilities.Upscale {
		return studio.Request{}, &coded{exitFailed, "The picture engine that is built in cannot make pictures larger; the picture pack can (loam doctor says where it is looked for)."}
	}
	m, err := c.upscaler(ctx, a)
	if err != nil {
		return studio.Request{}, err
	}
	start, err := a.Studio.KeepStart(ctx, c.Upscale)
	if err != nil {
		return studio.Request{}, err
	}
	return studio.Request{ModelID: m.ID, Start: start.SHA256, Width: start.Width, Height: start.Height, Upscale: true}, nil
}

// upscaler is the upscaler that was named, or the first there is.
func (c *imageCommand) upscaler(ctx context.Context, a *app.App) (backend.Model, error) {
	if c.Model != "" {
		m, err := findModel(ctx, a, c.Model)
		if err == nil && m.Kind != backend.KindUpscaler {
			err = &coded{exitFailed, m.Name + " is no upscaler."}
		}
		return m, err
	}
	list, err := a.Library.List(ctx)
	if err != nil {
		return backend.Model{}, err
	}
	for _, m := range list {
		if m.Kind == backend.KindUpscaler && (m.State == backend.ModelReady || m.State == backend.ModelUnverified) {
			return m, nil
		}
	}
	return backend.Model{}, &coded{exitFailed, "No upscaler is installed yet. Add an ESRGAN model with: loam models add FILE"}
}
