package pages

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"loam/backend"
	"loam/backend/studio"
)

// loraUse is a LoRA that a picture model draws with. It is remembered for each model of its own.
type loraUse struct {
	ModelID int64   `json:"model_id"` // of the LoRA
	Weight  float32 `json:"weight"`
	Off     bool    `json:"off,omitempty"` // kept in the list, not used
}

// The weight that a LoRA begins with, and how far a typed one may go. Beyond that pictures fall apart.
const (
	firstWeight         = 0.8
	leastWeight float64 = -4
	mostWeight  float64 = 4
)

// uses are the LoRAs of a picture model.
func (w wish) uses(model int64) []loraUse { return w.LoRAs[model] }

// use looks one LoRA of a model up.
func (w wish) use(model, lora int64) (loraUse, bool) {
	list := w.LoRAs[model]
	if i := slices.IndexFunc(list, func(u loraUse) bool { return u.ModelID == lora }); i >= 0 {
		return list[i], true
	}
	return loraUse{}, false
}

// setUses replaces the LoRAs of a model; wishes share their maps, so the map is copied.
func (w *wish) setUses(model int64, list []loraUse) {
	all := maps.Clone(w.LoRAs)
	if all == nil {
		all = map[int64][]loraUse{}
	}
	all[model] = list
	if len(list) == 0 {
		delete(all, model)
	}
	w.LoRAs = all
}

// putUse changes one LoRA of a model, or adds it at the end.
func (w *wish) putUse(model int64, u loraUse) {
	list := slices.Clone(w.LoRAs[model])
	if i := slices.IndexFunc(list, func(x loraUse) bool { return x.ModelID == u.ModelID }); i >= 0 {
		list[i] = u
	} else {
		list = append(list, u)
	}
	w.setUses(model, list)
}

// dropUse takes one LoRA of a model away.
func (w *wish) dropUse(model, lora int64) {
	w.setUses(model, slices.DeleteFunc(slices.Clone(w.LoRAs[model]), func(x loraUse) bool { return x.ModelID == lora }))
}

// promptLoRA is a LoRA that the prompt names.
type promptLoRA struct {
	ref   studio.LoRARef
	model backend.Model
	found bool
}

// inPrompt looks the LoRAs of a prompt up; the last of several tags of one LoRA counts.
func (w wish) inPrompt(installed []backend.Model) []promptLoRA {
	_, refs := studio.LoRAsIn(w.Prompt)
	var list []promptLoRA
	for _, ref := range refs {
		m, ok := studio.FindLoRA(ref.Name, installed)
		p := promptLoRA{ref, m, ok}
		if i := slices.IndexFunc(list, func(x promptLoRA) bool { return ok && x.found && x.model.ID == m.ID }); i >= 0 {
			list[i] = p
			continue
		}
		list = append(list, p)
	}
	return list
}

// loras are the LoRAs of a request: those of the list that are on, and those that the prompt names, whose weight comes
// first where a LoRA is in both. A weight of 0 is the same as none at all.
func (w wish) loras(m backend.Model, installed []backend.Model) ([]studio.LoRA, error) {
	var list []studio.LoRA
	named := w.inPrompt(installed)
	for _, p := range named {
		switch {
		case !p.found:
			return nil, fmt.Errorf("the prompt names the LoRA “%s”, and none of that name is installed: add its file, or take it out of the prompt", p.ref.Name)
		case p.model.Family != "" && m.Family != "" && p.model.Family != m.Family:
			return nil, fmt.Errorf("the prompt names the LoRA “%s”, which was made for %s, and %s is %s: choose another model, or take it out of the prompt",
				p.ref.Name, familyName(p.model.Family), m.Name, familyName(m.Family))
		}
		if p.ref.Weight != 0 {
			list = append(list, studio.LoRA{ModelID: p.model.ID, Weight: p.ref.Weight})
		}
	}
	for _, u := range w.uses(m.ID) {
		there := slices.ContainsFunc(installed, func(x backend.Model) bool { return x.ID == u.ModelID && usable(x) })
		inPrompt := slices.ContainsFunc(named, func(p promptLoRA) bool { return p.model.ID == u.ModelID })
		if there && !inPrompt && !u.Off && u.Weight != 0 {
			list = append(list, studio.LoRA{ModelID: u.ModelID, Weight: u.Weight})
		}
	}
	return list, nil
}

// hasWords says whether a prompt holds words as they are, not as a part of others.
func hasWords(prompt, words string) bool {
	low, want := strings.ToLower(prompt), strings.ToLower(words)
	for at := 0; want != ""; {
		i := strings.Index(low[at:], want)
		if i < 0 {
			return false
		}
		i += at
		before, after := i == 0 || !wordByte(low[i-1]), i+len(want) == len(low) || !wordByte(low[i+len(want)])
		if before && after {
			return true
		}
		at = i + 1
	}
	return false
}

func wordByte(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= '0' && b <= '9' || b == '_' || b >= 0x80
}

// withWords puts trigger words at the end of a prompt; withoutWords takes them out again.
func withWords(prompt, words string) string {
	text := strings.TrimRight(prompt, " ,\n")
	if text != "" {
		text += ", "
	}
	return text + words
}

func withoutWords(prompt, words string) string {
	low, want := strings.ToLower(prompt), strings.ToLower(words)
	if len(low) != len(prompt) { // letters that change their length are left alone
		return prompt
	}
	for at := 0; ; {
		i := strings.Index(low[at:], want)
		if i < 0 || want == "" {
			return prompt
		}
		i += at
		end := i + len(want)
		if (i == 0 || !wordByte(low[i-1])) && (end == len(low) || !wordByte(low[end])) {
			before, after := strings.TrimRight(prompt[:i], " ,"), strings.TrimLeft(prompt[end:], " ,")
			if before == "" || after == "" {
				return before + after
			}
			return before + ", " + after
		}
		at = i + 1
	}
}
