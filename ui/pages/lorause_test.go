package pages

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"loam/backend"
	"loam/backend/studio"
)

func TestTriggerWordsComeAndGo(t *testing.T) {
	for _, x := range []struct {
		prompt, words string
		has           bool
		without       string
	}{
		{"a boat, inksk", "inksk", true, "a boat"},
		{"inksk, a boat", "INKSK", true, "a boat"},
		{"a boat, inksk, at sea", "inksk", true, "a boat, at sea"},
		{"ink", "in", false, "ink"},
		{"pinksky", "inksk", false, "pinksky"},
		{"", "inksk", false, ""},
		{"line art", "line art", true, ""},
		{"a boat", "", false, "a boat"},
	} {
		if got := hasWords(x.prompt, x.words); got != x.has {
			t.Errorf("%q has %q: %v", x.prompt, x.words, got)
		}
		if got := withoutWords(x.prompt, x.words); got != x.without {
			t.Errorf("%q without %q: %q, want %q", x.prompt, x.words, got, x.without)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		prompt, words := rapid.String().Draw(t, "prompt"), rapid.StringMatching(`[a-z]{3,8}( [a-z]{3,8})?`).Draw(t, "words")
		if hasWords(prompt, words) {
			return
		}
		with := withWords(prompt, words)
		if !hasWords(with, words) || !strings.HasPrefix(with, strings.TrimRight(prompt, " ,\n")) {
			t.Fatalf("%q with %q: %q", prompt, words, with)
		}
	})
}

// Whatever a prompt holds, a request has each LoRA once, none of weight 0, and no tag of a LoRA that was understood.
func FuzzPromptLoRAs(f *testing.F) {
	for _, s := range []string{"a boat", "<lora:ink sketch:0.5>", "<lora:ink_sketch><lora:Ink Sketch:0>", "<lora:ghost:1>", "<lora::>", "<lora:ink:nan>", "<lora:ink sketch:9>"} {
		f.Add(s)
	}
	m := backend.Model{ID: 1, Kind: backend.KindDiffusion, Family: "flux", Name: "Flux", State: backend.ModelReady}
	installed := []backend.Model{m, {ID: 2, Kind: backend.KindLoRA, Family: "flux", Name: "ink sketch", State: backend.ModelReady}}
	f.Fuzz(func(t *testing.T, prompt string) {
		w := wish{Prompt: prompt, Quality: studio.Good, LoRAs: map[int64][]loraUse{1: {{ModelID: 2, Weight: 0.7}, {ModelID: 9, Weight: 1}}}}
		r, err := w.request(m, installed)
		if err != nil {
			if !strings.Contains(err.Error(), "the prompt names the LoRA") {
				t.Fatalf("%q: %v", prompt, err)
			}
			return
		}
		if len(r.LoRAs) > 1 || len(r.LoRAs) == 1 && (r.LoRAs[0].ModelID != 2 || r.LoRAs[0].Weight == 0) {
			t.Fatalf("%q: %+v", prompt, r.LoRAs)
		}
		if _, left := studio.LoRAsIn(r.Prompt); len(left) != 0 {
			t.Fatalf("%q leaves %q", prompt, r.Prompt)
		}
	})
}
