package pages

import (
	"context"
	"slices"
	"strings"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// remake is a request for another picture like one that was drawn, with the model that drew it where that is installed.
type remake struct {
	request studio.Request
	model   backend.Model
	was     imagemeta.Settings
	missing []string // what is not installed, in words
}

// again fills a request with the settings of a picture. Errors are told; false = there is nothing to draw.
func (p *PicturesPage) again(pic backend.Picture) (remake, bool) {
	rec, ok := receiptOf(pic)
	if !ok {
		p.env.Host.Notify(widgets.Notice{Key: "use", Tone: widgets.ToneWarn, Text: "The settings of this picture are not known."})
		return remake{}, false
	}
	chosen := p.controls.chosen()
	if chosen == nil || !p.drawable() {
		p.sayWhyNot()
		return remake{}, false
	}
	drawing := slices.DeleteFunc(slices.Clone(p.controls.models), func(m backend.Model) bool {
		return !usable(m) || !p.controls.sets[m.ID].Complete()
	})
	again := remake{was: rec.Settings, model: *chosen}
	w := p.controls.wish
	w.ModelID = chosen.ID
	again.missing = w.recall(rec.Settings, drawing, p.installedLoRAs())
	if i := slices.IndexFunc(drawing, func(m backend.Model) bool { return m.ID == w.ModelID }); i >= 0 {
		again.model = drawing[i]
	}
	r, err := w.request(again.model, p.controls.all)
	if err != nil {
		p.env.Host.Fail(err, nil)
		return remake{}, false
	}
	r.Strength = 0 // there is no start picture yet
	again.request = r
	return again, true
}

func (p *PicturesPage) installedLoRAs() []backend.Model {
	return slices.DeleteFunc(slices.Clone(p.controls.all), func(m backend.Model) bool { return m.Kind != backend.KindLoRA })
}

// variesFrom says whether a variation of a picture starts from the picture itself.
func (p *PicturesPage) variesFrom(s imagemeta.Settings) bool {
	return p.controls.can().Init && s.Mask == "" && s.Steps >= studio.VarySteps
}

// varyTip says what Vary does with a picture.
func (p *PicturesPage) varyTip(pic backend.Picture) string {
	rec, ok := receiptOf(pic)
	s := rec.Settings
	switch {
	case !ok:
		return "The settings of this picture are not known"
	case s.Mask != "" && p.controls.can().Mask:
		return "Draws the same part anew, with a new seed"
	case p.variesFrom(s):
		return "Draws it again from this picture, with a new seed: the same scene, other details"
	case s.Start != "" && p.controls.can().Init:
		return "Draws it again from the same start picture, with a new seed"
	case !p.controls.can().Init:
		return "The same settings with a new seed: another picture (the built-in engine cannot start from this one)"
	}
	return "The same settings with a new seed: another picture (in so few steps none can start from this one)"
}

// vary draws another picture like one.
func (p *PicturesPage) vary(pic backend.Picture) {
	again, ok := p.again(pic)
	if !ok {
		return
	}
	r, s := again.request, again.was
	r.Seed = randomSeed()
	from := p.variesFrom(s)
	switch can := p.controls.can(); {
	case s.Mask != "" && can.Mask:
		r.Start, r.Mask, r.Strength, r.Width, r.Height = s.Start, s.Mask, s.Strength, pic.Width, pic.Height
	case from:
		r.Strength = studio.VaryStrength
	case s.Start != "" && can.Init:
		r.Start, r.Strength = s.Start, s.Strength
	}
	p.submit(r, again.missing, func(ctx context.Context, r *studio.Request) error {
		if !from {
			return nil
		}
		start, err := p.env.Studio.KeepStartOf(ctx, pic)
		r.Start = start.SHA256
		return err
	})
}

// submit asks the studio for one picture, after prepare has kept what it needs, and shows the stage.
func (p *PicturesPage) submit(r studio.Request, missing []string, prepare func(ctx context.Context, r *studio.Request) error) {
	p.closeViewer()
	p.closeGallery()
	if p.env.Host.Narrow() {
		p.setDrawer(false)
	}
	if len(missing) > 0 {
		p.env.Host.Notify(widgets.Notice{
			Key: "use", Tone: widgets.ToneWarn, Action: "Add file", Do: p.env.Host.AddFiles,
			Text: "It is drawn, but " + strings.Join(missing, " and ") + " is not installed, so it will differ more.",
		})
	}
	p.env.Host.Load("draw", func(ctx context.Context) func() {
		one := r
		err := prepare(ctx, &one)
		if err == nil {
			_, err = p.env.Studio.Enqueue(ctx, one, 1)
		}
		if err != nil {
			return func() { p.env.Host.Fail(err, func() { p.submit(r, nil, prepare) }) }
		}
		return p.stage.show
	})
}

// upscalers are the installed models that make pictures larger.
func (p *PicturesPage) upscalers() []backend.Model {
	return slices.DeleteFunc(slices.Clone(p.controls.all), func(m backend.Model) bool {
		return m.Kind != backend.KindUpscaler || !usable(m)
	})
}

// upscale makes a picture larger; where several upscalers are installed, it asks under a button which.
func (p *PicturesPage) upscale(pic backend.Picture, under fyne.CanvasObject) {
	list := p.upscalers()
	switch len(list) {
	case 0:
		p.env.Host.Notify(widgets.Notice{
			Key: "upscale", Tone: widgets.ToneWarn, Action: "Add file", Do: p.env.Host.AddFiles,
			Text: "No upscaler is installed. Add an ESRGAN model (a .safetensors file of 5 to 70 MB, such as 4x-UltraSharp), then press Upscale again.",
		})
	case 1:
		p.upscaleWith(list[0], pic)
	default:
		var items []*fyne.MenuItem
		for _, m := range list {
			i := fyne.NewMenuItem(m.Name, func() { p.upscaleWith(m, pic) })
			i.Icon = theme.Icon(theme.IconModels)
			items = append(items, i)
		}
		at := fyne.NewPos(0, 0)
		if under != nil {
			at = fyne.CurrentApp().Driver().AbsolutePositionForObject(under).AddXY(0, under.Size().Height+4)
		}
		p.env.Host.Menu(items, at)
	}
}

func (p *PicturesPage) upscaleWith(m backend.Model, pic backend.Picture) {
	r := studio.Request{ModelID: m.ID, Prompt: pic.Prompt, Width: pic.Width, Height: pic.Height, Seed: pic.Seed, Upscale: true}
	p.submit(r, nil, func(ctx context.Context, r *studio.Request) error {
		start, err := p.env.Studio.KeepStartOf(ctx, pic)
		r.Start = start.SHA256
		return err
	})
}
