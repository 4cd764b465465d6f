package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/test"

	"loam/backend"
	"loam/backend/library"
	"loam/ui/pages"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// nearby is what somebody with three other programs has.
func nearby() library.Around {
	return library.Around{Looked: noon, Models: []library.FoundModel{
		{Path: "/lm/Qwen3-4B-Q4_K_M.gguf", Name: "Qwen3 4B", Program: "LM Studio", Kind: backend.KindChat, Family: "qwen3", Quant: "Q4_K_M", SizeBytes: 2.5e9},
		{Path: "/o/blobs/sha256-1", Name: "llama3.2 3b", Program: "Ollama", Kind: backend.KindChat, Family: "llama", Quant: "Q4_K_M", SizeBytes: 2e9},
		{Path: "/c/ink.safetensors", Name: "ink sketch", Program: "ComfyUI", Kind: backend.KindLoRA, Family: "sdxl", SizeBytes: 44e6},
	}}
}

// tapRow presses the row of a list with that name.
func (f *fixture) tapRow(name string) {
	f.t.Helper()
	var walk func(o fyne.CanvasObject) bool
	walk = func(o fyne.CanvasObject) bool {
		if o == nil || !o.Visible() {
			return false
		}
		switch o := o.(type) {
		case *widgets.ChoiceRow:
			if o.Text() == name {
				o.Tapped(nil)
				return true
			}
		case *fyne.Container:
			for _, child := range o.Objects {
				if walk(child) {
					return true
				}
			}
		case fyne.Widget:
			for _, child := range test.WidgetRenderer(o).Objects() {
				if walk(child) {
					return true
				}
			}
		}
		return false
	}
	if !walk(f.root) {
		f.t.Fatalf("no row %q is shown", name)
	}
}

func TestModelsOfOtherProgramsAreOfferedAndUsedAfterAClick(t *testing.T) {
	f := fakes(t)
	f.models.Nearby = nearby()
	f.open(1280, 800)
	f.show(pages.PageModels)
	f.says("Found in LM Studio, Ollama, ComfyUI: 3 models, 4.5 GB", "nothing is copied")
	f.tap("Choose")
	f.says("Ollama · Chat model, Llama, Q4_K_M, 2 GB", "ComfyUI · LoRA, SDXL, 44 MB")
	f.tapRow("llama3.2 3b")
	f.tap("Use 2 in place")
	f.says("2 models are used where they lie.", "Qwen3 4B", "from LM Studio", "Found in Ollama: 1 model, 2 GB")
	f.tapTip("Do not offer them")
	if s := f.shownText(); strings.Contains(s, "Found in") {
		t.Errorf("still offered: %q", s)
	}
}

func TestModelsPageSaysWhatEachFileIsAndLacks(t *testing.T) {
	f := fakes(t)
	lora := uitest.LoRA(0, "sdxl")
	lora.Shape = backend.ModelShape{Rank: 16, Method: "DoRA", Triggers: "inksk, line art"}
	flux := backend.Model{
		Name: "Flux schnell", Kind: backend.KindDiffusion, Family: "flux", Format: "gguf", Quant: "Q4_0", SizeBytes: 6.8e9,
		License: "Apache-2.0", State: backend.ModelUnverified,
	}
	same := backend.Model{Name: "Twin", Kind: backend.KindUpscaler, Family: "esrgan", SizeBytes: 60e6, State: backend.ModelReady, SHA256: "aa", License: "MIT"}
	other := same
	other.Name = "Second"
	gone := backend.Model{
		Name: "Away", Kind: backend.KindVAE, Family: "flux", SizeBytes: 300e6, State: backend.ModelMissing,
		Reason: "its disk is not connected: /media/ada/disk is not there",
	}
	for path, m := range map[string]backend.Model{
		"/m/1.safetensors": lora, "/m/2.gguf": flux, "/m/3.safetensors": same, "/m/4.safetensors": other, "/m/5.safetensors": gone,
	} {
		f.models.Files[path] = m
	}
	for _, path := range []string{"/m/1.safetensors", "/m/2.gguf", "/m/3.safetensors", "/m/4.safetensors", "/m/5.safetensors"} {
		if _, err := f.models.Add(t.Context(), path, library.AddOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	f.open(1280, 1600)
	f.show(pages.PageModels)
	f.says("SDXL · DoRA · rank 16 · “inksk”, “line art”", "1 of 3 files: text encoder (T5) and VAE missing",
		"The same file as Twin", "Not here now: its disk is not connected", "Parts of picture models")
}

func TestSettingsLookAgain(t *testing.T) {
	f := fakes(t)
	f.open(1280, 2400)
	f.show(pages.PageSettings)
	f.says("Models of other programs")
	host{f.UI}.LookAround()
	f.says("No other models were found")
	f.models.Nearby = nearby()
	host{f.UI}.LookAround()
	f.says("Found in LM Studio, Ollama, ComfyUI: 3 models")
}
