package pages

import (
	"context"
	"fmt"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/library"
	"loam/ui/widgets"
)

// word is a trigger word of the row's LoRA: a click puts it into the prompt, another takes it out.
func (r *dropRow) word(words string) fyne.CanvasObject {
	b := widgets.NewButton(words, widgets.KindPlain, nil)
	b.Small, b.Pill, b.Tip = true, true, "Puts it into the prompt for pictures, or takes it out"
	b.SetSelected(r.card.uses.HasWords(words))
	b.OnTapped = func() {
		r.card.uses.ToggleWords(words)
		b.SetSelected(r.card.uses.HasWords(words))
	}
	return b
}

// relateLoRA compares the row's LoRA with the installed picture models, elsewhere.
func (r *dropRow) relateLoRA() {
	id := r.model.ID
	if id == 0 {
		return // not in the library yet
	}
	r.card.env.Host.Load("fits", func(ctx context.Context) func() {
		compare := r.card.env.Models.LoRAFits
		if r.model.Kind == backend.KindAdapter {
			compare = r.card.env.Models.AdapterFits
		}
		fits, err := compare(ctx, id)
		return func() {
			switch {
			case r.finished || !r.taken:
				return
			case err != nil:
				r.refuse(err)
				return
			}
			r.fits = fits
			r.showLoRAFit()
			r.act()
			r.card.changed()
		}
	})
}

// chosenFit is the comparison with the picture model that is chosen, and the best one with another model that would do.
func (r *dropRow) chosenFit() (now, other *library.LoRAFit) {
	chosen := r.card.uses.PictureModel()
	if r.model.Kind == backend.KindAdapter {
		chosen = r.card.uses.ChatModel()
	}
	for i := range r.fits {
		f := &r.fits[i]
		switch {
		case chosen != nil && f.Model.ID == chosen.ID:
			now = f
		case other == nil && f.Fits():
			other = f
		}
	}
	return now, other
}

// showLoRAFit says how the LoRA fits the picture model that is chosen.
func (r *dropRow) showLoRAFit() {
	now, other := r.chosenFit()
	made := familyName(r.model.Family)
	switch {
	case now == nil && other == nil && made != "":
		r.say("Made for "+made+". No "+r.baseWords()+" that it fits is here yet: drop one too.", false)
	case now == nil && other == nil:
		r.say("No "+r.baseWords()+" that it fits is here yet: drop one too.", false)
	case now == nil:
		r.say("Fits "+other.Model.Name+".", true)
	case !now.Fits():
		line := misfitWords(*now)
		if other == nil {
			line += " No installed model fits it."
		}
		r.say(line, false)
	case now.Counted && now.Matched < now.Total:
		r.say(fmt.Sprintf("Fits %s in part: %d of %d tensors have their place there.", now.Model.Name, now.Matched, now.Total), false)
	case now.Counted:
		r.say(fmt.Sprintf("Fits %s: %d of %d tensors.", now.Model.Name, now.Matched, now.Total), true)
	default:
		r.say(fmt.Sprintf("Made for %s, as %s is. The engine counts its %d tensors when it draws.", made, now.Model.Name, now.Total), true)
	}
}

// actLoRA offers what can be done with the LoRA: with the chosen model where it fits, else with another one.
func (r *dropRow) actLoRA() {
	now, other := r.chosenFit()
	id := r.model.ID
	switch {
	case now != nil && now.Fits():
		r.button("Try it: with and without", widgets.KindPrimary, func() { r.card.uses.TryLoRA(id) })
		r.button("Add at "+weightText(firstWeight), widgets.KindPlain, func() { r.card.uses.AddLoRA(id, firstWeight) })
	case other != nil:
		model := other.Model.ID
		label := "Switch to " + widgets.Shorten(other.Model.Name, 200, measureBody)
		if now != nil {
			label += " and keep the prompt"
		}
		r.actions.Add(widgets.NewButton(label, widgets.KindPrimary, func() {
			r.card.uses.Draw(model) // the row stays, and offers what can be done there
			r.showLoRAFit()
			r.act()
			r.card.changed()
		}))
	case r.fits != nil || r.taken:
		r.button("Add file", widgets.KindPlain, r.card.env.Host.AddFiles)
	}
}

// baseWords is what the row's LoRA changes.
func (r *dropRow) baseWords() string {
	if r.model.Kind == backend.KindAdapter {
		return "chat model"
	}
	return "picture model"
}

// actAdapter offers what can be done with a LoRA for chat models: in the chat that is open where it fits its model, else
// in a new chat with a model that it fits.
func (r *dropRow) actAdapter() {
	now, other := r.chosenFit()
	id := r.model.ID
	switch {
	case now != nil && now.Fits():
		r.button("Use in this chat", widgets.KindPrimary, func() { r.card.uses.AddAdapter(id) })
	case other != nil:
		model := other.Model.ID
		r.button("New chat with "+widgets.Shorten(other.Model.Name, 220, measureBody), widgets.KindPrimary, func() { r.card.uses.ChatAdapter(model, id) })
	case r.fits != nil:
		r.button("Add file", widgets.KindPlain, r.card.env.Host.AddFiles)
	}
}
