package pages

import (
	"context"
	"fmt"
	"image"
	"strings"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/studio"
	"loam/ui/widgets"
)

// trial is a LoRA that was drawn with and without at the same seed, to be compared.
type trial struct {
	lora          backend.Model
	model         int64 // that draws
	weight        float32
	without, with int64 // jobs
	shown         bool
}

// trialPrompt is drawn where nobody said what to draw.
const trialPrompt = "a lighthouse at dusk"

// ChosenModel is the picture model that will draw; nil = there is none.
func (p *PicturesPage) ChosenModel() *backend.Model { return p.controls.chosen() }

// AddLoRA puts a LoRA to use with the model that is chosen.
func (p *PicturesPage) AddLoRA(id int64, weight float32) {
	p.closeViewer()
	p.closeGallery()
	p.controls.addLoRA(id, weight)
	p.setDrawer(true)
}

// ToggleWords puts trigger words into the prompt, or takes them out.
func (p *PicturesPage) ToggleWords(words string) { p.controls.toggleWords(words) }

// HasWords says whether the prompt holds trigger words.
func (p *PicturesPage) HasWords(words string) bool { return hasWords(p.controls.prompt.Text, words) }

// TryLoRA draws two pictures at the same seed, one without a LoRA and one with it, and shows them side by side. Nothing
// else about the controls changes.
func (p *PicturesPage) TryLoRA(id int64) {
	m := p.controls.chosen()
	lora, ok := p.controls.loras.lora(id)
	switch {
	case !ok:
		p.env.Host.Notify(widgets.Notice{Key: "draw", Tone: widgets.ToneWarn, Text: "This LoRA is not installed any more. Drop its file again."})
		return
	case m == nil || !p.drawable():
		p.Draw() // says why not
		return
	}
	w := p.controls.wish
	if strings.TrimSpace(w.Prompt) == "" {
		w.Prompt = trialPrompt
		words := triggersOf(lora)
		switch {
		case len(words) > 0 && m.Starter: // it knows no scenes of more
			w.Prompt = words[0]
		case m.Starter:
			w.Prompt = starterPrompts[0]
		case len(words) > 0:
			w.Prompt = withWords(w.Prompt, words[0])
		}
	}
	if !w.Locked {
		w.Seed = randomSeed()
	}
	p.controls.set(w)
	without, with, weight := w, w, float32(firstWeight)
	for _, n := range w.inPrompt(p.controls.all) {
		if n.found && n.model.ID == id {
			if n.ref.Weight != 0 {
				weight = n.ref.Weight
			}
			without.Prompt = studio.WithoutLoRA(without.Prompt, n.ref.Name)
		}
	}
	with.Prompt = without.Prompt
	if u, ok := w.use(m.ID, id); ok && u.Weight != 0 {
		weight = u.Weight
	}
	without.dropUse(m.ID, id)
	with.putUse(m.ID, loraUse{ModelID: id, Weight: weight})
	first, err := p.controls.request(without, *m)
	if err != nil {
		p.env.Host.Fail(err, nil)
		return
	}
	second, err := p.controls.request(with, *m)
	if err != nil {
		p.env.Host.Fail(err, nil)
		return
	}
	p.closeViewer()
	p.closeGallery()
	if p.env.Host.Narrow() {
		p.setDrawer(false)
	}
	p.env.Host.Load("draw", func(ctx context.Context) func() {
		var jobs [2]int64
		for i, r := range []studio.Request{first, second} {
			j, err := p.env.Studio.Enqueue(ctx, r, 1)
			if err != nil {
				return func() { p.env.Host.Fail(err, func() { p.TryLoRA(id) }) }
			}
			jobs[i] = j[0].ID
		}
		return func() {
			p.trial = &trial{lora: lora, model: m.ID, weight: weight, without: jobs[0], with: jobs[1]}
			p.stage.show()
			p.checkTrial()
		}
	})
}

// checkTrial shows the two pictures of the trial when both are there.
func (p *PicturesPage) checkTrial() {
	t := p.trial
	if t == nil || t.shown {
		return
	}
	var without, with backend.Picture
	for _, pic := range p.session {
		switch pic.JobID {
		case t.without:
			without = pic
		case t.with:
			with = pic
		}
	}
	if without.ID == 0 || with.ID == 0 {
		return
	}
	t.shown = true
	p.env.Host.Load("studio", func(context.Context) func() {
		a, errA := readPicture(p.env.Studio.Path(without), maxShownSide)
		b, errB := readPicture(p.env.Studio.Path(with), maxShownSide)
		return func() {
			if errA == nil && errB == nil && !p.stage.running && p.trial == t {
				p.stage.compareTrial(t, a, b, with)
			}
		}
	})
}

// compareTrial shows the pictures of a trial with a line between them that can be moved.
func (s *pictureStage) compareTrial(t *trial, without, with image.Image, pic backend.Picture) {
	name := t.lora.Name + " " + weightText(t.weight)
	s.trial = t
	s.compare.Set(without, with, "without", "with "+name, pic.Width, pic.Height)
	s.status.SetText("The same seed" + appliedWords(pic))
	s.show()
	s.page.env.Host.Focus(s.compare)
}

// endTrial goes back to one picture.
func (s *pictureStage) endTrial(add bool) {
	t := s.trial
	s.trial = nil
	if s.page.trial == t {
		s.page.trial = nil
	}
	if t != nil {
		s.page.controls.change(func(w *wish) {
			if add {
				w.putUse(t.model, loraUse{ModelID: t.lora.ID, Weight: t.weight})
				return
			}
			w.dropUse(t.model, t.lora.ID)
		})
	}
	if s.picture.ID != 0 {
		s.status.SetText(doneLine(s.picture))
	}
	s.show()
}

// appliedWords says what the engine counted: how many tensors of each LoRA it applied.
func appliedWords(pic backend.Picture) string {
	rec, ok := receiptOf(pic)
	if !ok {
		return ""
	}
	text := ""
	for _, l := range rec.Settings.LoRAs {
		text += " · " + loraApplied(l)
	}
	return text
}

func loraApplied(l imagemeta.LoRA) string {
	return fmt.Sprintf("%s %s: %d of %d tensors", l.Name, weightText(l.Weight), l.Applied, l.Total)
}

// trialButtons are what can be done when two pictures were compared.
func (s *pictureStage) trialButtons() (adopt, leave *widgets.Button) {
	adopt = widgets.NewButton("", widgets.KindPrimary, func() { s.endTrial(true) })
	leave = widgets.NewButton("Leave it out", widgets.KindPlain, func() { s.endTrial(false) })
	return adopt, leave
}
