package ui

import (
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/ui/pages"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// dropLoRA drops a LoRA of a family on the window.
func (f *fixture) dropLoRA(family string) {
	f.t.Helper()
	f.models.Files["/m/lora.safetensors"] = uitest.LoRA(0, family)
	f.drop("/m/lora.safetensors")
}

// fluxWindow is a window with a Flux model and no LoRA.
func fluxWindow(t *testing.T, width, height float32) *fixture {
	f := fakes(t)
	f.models.Files["/m/flux.gguf"] = uitest.PictureModel(0)
	f.open(width, height)
	if _, err := f.models.Add(t.Context(), "/m/flux.gguf", library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFittingLoRAIsOneClickFromAChip(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.dropLoRA("flux")
	f.says("ink sketch", "Fits Flux schnell: 722 of 722 tensors.", "Try it: with and without", "Add at 0.8", "Only keep")
	f.tap("Add at 0.8")
	if f.page != pages.PagePictures || f.card != nil {
		t.Fatalf("page %s, card %v", f.page, f.card != nil)
	}
	f.write("a lighthouse")
	f.tap("inksk")
	f.mod(fyne.KeyReturn)
	r := f.studio.Request(f.studio.Queue()[0])
	if d := cmp.Diff([]studio.LoRA{{ModelID: 3, Weight: 0.8}}, r.LoRAs); d != "" || r.Prompt != "a lighthouse, inksk" {
		t.Errorf("%s, prompt %q", d, r.Prompt)
	}
	f.tap("inksk")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[1]); r.Prompt != "a lighthouse" {
		t.Errorf("after a second click on the trigger word the prompt is %q", r.Prompt)
	}
}

func TestTryItDrawsWithAndWithoutAtTheSameSeed(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.dropLoRA("flux")
	f.tap("Try it: with and without")
	ids := f.studio.Queue()
	if len(ids) != 2 {
		t.Fatalf("%d pictures are drawn", len(ids))
	}
	without, with := f.studio.Request(ids[0]), f.studio.Request(ids[1])
	if without.Seed != with.Seed || len(without.LoRAs) != 0 || len(with.LoRAs) != 1 || without.Prompt != with.Prompt || !strings.Contains(with.Prompt, "inksk") {
		t.Fatalf("without: %+v\nwith: %+v", without, with)
	}
	for _, id := range ids {
		f.studio.Begin(id)
		f.finish(id)
	}
	f.says("without", "with ink sketch 0.8", "ink sketch 0.8: 700 of 722 tensors", "Add at 0.8", "Leave it out")
	c, ok := f.window.Canvas().Focused().(*widgets.Compare)
	if !ok {
		t.Fatalf("the focus is on %T", f.window.Canvas().Focused())
	}
	f.press(fyne.KeyLeft)
	if c.Share() >= 0.5 {
		t.Error("Left does not move the line")
	}
	f.tap("Add at 0.8")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[0]); len(r.LoRAs) != 1 {
		t.Errorf("after the trial the picture is drawn with %v", r.LoRAs)
	}
	if strings.Contains(f.shownText(), "Leave it out") {
		t.Error("the trial stays on the stage")
	}
}

func TestALoRAForAnotherModelIsRefusedAndTheRightOneOffered(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.show(pages.PagePictures)
	f.write("a lighthouse")
	f.dropLoRA("sd1")
	f.says("Made for SD 1.5; Flux schnell is Flux. No installed model fits it.")
	f.press(fyne.KeyEscape)
	sd := uitest.PictureModel(0)
	sd.Name, sd.Family, sd.License = "DreamShaper 8", "sd1", "CreativeML OpenRAIL-M"
	f.models.Files["/m/dream.safetensors"] = sd
	if _, err := f.models.Add(t.Context(), "/m/dream.safetensors", library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f.dropLoRA("sd1")
	f.says("Made for SD 1.5; Flux schnell is Flux.", "Switch to DreamShaper 8 and keep the prompt")
	f.tap("Switch to DreamShaper 8 and keep the prompt")
	f.says("Fits DreamShaper 8: 722 of 722 tensors.")
	f.tap("Add at 0.8")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[0]); r.Prompt != "a lighthouse" || r.ModelID != 4 || len(r.LoRAs) != 1 {
		t.Errorf("%+v", r)
	}
}

func TestLoRAsAreRememberedForEachModel(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.dropLoRA("flux")
	f.tap("Add at 0.8")
	other := uitest.PictureModel(0)
	other.Name, other.Path = "Flux dev", "/m/dev.gguf"
	f.models.Files["/m/dev.gguf"] = other
	if _, err := f.models.Add(t.Context(), "/m/dev.gguf", library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f.write("a lighthouse")
	for i, want := range []int{1, 0, 1} {
		f.pictures.UseModel([]int64{2, 4, 2}[i])
		f.mod(fyne.KeyReturn)
		ids := f.studio.Queue()
		if r := f.studio.Request(ids[len(ids)-1]); len(r.LoRAs) != want {
			t.Errorf("drawing %d: %v, want %d LoRAs", i, r.LoRAs, want)
		}
	}
	f.time.pass(2 * time.Second)
	again := fakes(t)
	again.models, again.system = f.models, f.system
	again.open(1280, 800)
	again.show(pages.PagePictures)
	again.mod(fyne.KeyReturn)
	if r := again.studio.Request(again.studio.Queue()[0]); len(r.LoRAs) != 1 {
		t.Errorf("after a restart: %+v", r)
	}
}

func TestALoRAInThePromptIsAChipsEqual(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.models.Files["/m/lora.safetensors"] = uitest.LoRA(0, "flux")
	if _, err := f.models.Add(t.Context(), "/m/lora.safetensors", library.AddOptions{}); err != nil {
		t.Fatal(err)
	}
	f.show(pages.PagePictures)
	f.write("a boat <lora:Ink_Sketch:0.6>")
	f.says("ink sketch 0.6", "in the prompt")
	f.mod(fyne.KeyReturn)
	want := []studio.LoRA{{ModelID: 3, Weight: 0.6}}
	if r := f.studio.Request(f.studio.Queue()[0]); cmp.Diff(want, r.LoRAs) != "" || r.Prompt != "a boat" {
		t.Errorf("%+v", r)
	}
	f.tap("Slider")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[1]); cmp.Diff(want, r.LoRAs) != "" || r.Prompt != "a boat" {
		t.Errorf("as a chip: %+v", r)
	}
	f.write(" <lora:nobody:1>")
	f.says("The prompt names “nobody”, and no LoRA of that name is installed.")
	f.mod(fyne.KeyReturn)
	if n := len(f.studio.Queue()); n != 2 {
		t.Errorf("%d pictures are drawn", n)
	}
	if w := strings.Join(f.words(), " "); !strings.Contains(w, "The prompt names the LoRA “nobody”, and none of that name is installed") {
		t.Errorf("notices: %q", w)
	}
}

func TestWeightNoughtAndOffAreAsIfItWereNotThere(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.dropLoRA("flux")
	f.tap("Add at 0.8")
	f.write("a boat <lora:ink sketch:0>")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[0]); len(r.LoRAs) != 0 {
		t.Errorf("weight 0 in the prompt, whose word comes first: %v", r.LoRAs)
	}
}

func TestATakenOutLoRAComesBackByUndo(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.dropLoRA("flux")
	f.tap("Add at 0.8")
	f.write("a boat")
	f.tapTip("Take ink sketch out")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[0]); len(r.LoRAs) != 0 {
		t.Errorf("taken out: %v", r.LoRAs)
	}
	f.tap("Undo")
	f.mod(fyne.KeyReturn)
	if r := f.studio.Request(f.studio.Queue()[1]); len(r.LoRAs) != 1 {
		t.Errorf("after Undo: %v", r.LoRAs)
	}
}

func TestALoRAForChatsBecomesAChipOfTheChat(t *testing.T) {
	f := fakes(t)
	adapter := backend.Model{Name: "pirate", Kind: backend.KindAdapter, Family: "llama", Format: "gguf", SizeBytes: 3e6, State: backend.ModelReady}
	f.models.Files["/m/pirate.gguf"] = adapter
	f.open(1280, 800)
	f.drop("/m/pirate.gguf")
	f.says("pirate", "LoRA for a chat model", "Fits SmolLM2 135M Instruct: 16 of 16 tensors.")
	f.tap("Use in this chat")
	f.says("pirate 1")
	f.write("Hello")
	f.press(fyne.KeyReturn)
	c := f.sole()
	if d := cmp.Diff([]backend.AdapterUse{{ModelID: 2, Weight: 1}}, c.Adapters); d != "" {
		t.Error(d)
	}
	f.tap("pirate 1")
	f.tapFloating("Take out")
	if got := f.sole().Adapters; len(got) != 0 {
		t.Errorf("taken out: %v", got)
	}
	f.tap("Undo")
	if got := f.sole().Adapters; len(got) != 1 {
		t.Errorf("after Undo: %v", got)
	}
	f.mod(fyne.KeyN)
	if strings.Contains(f.shownText(), "pirate 1") {
		t.Error("a new chat shows the LoRA of another")
	}
	other := adapter
	other.Family, other.Name = "qwen3", "poet"
	f.models.Files["/m/poet.gguf"] = other
	f.drop("/m/poet.gguf")
	f.says("SmolLM2 135M Instruct")
	if strings.Contains(f.shownText(), "Use in this chat") {
		t.Error("a LoRA that does not fit is offered")
	}
}

func TestUseOfAnInstalledLoRAShowsItsCard(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.dropLoRA("flux")
	f.press(fyne.KeyEscape)
	f.show(pages.PageModels)
	f.tap("Use")
	f.says("Fits Flux schnell: 722 of 722 tensors.", "Already in Loam.", "Add at 0.8")
}

func TestTheCardIsReachedByTab(t *testing.T) {
	f := fluxWindow(t, 1280, 800)
	f.show(pages.PagePictures)
	f.dropLoRA("flux")
	for range 60 {
		f.window.Canvas().FocusNext()
		if b, ok := f.window.Canvas().Focused().(*widgets.Button); ok && b.Text == "Add at 0.8" {
			f.press(fyne.KeyReturn)
			if f.card != nil || len(f.words()) != 0 {
				t.Errorf("Return on the card's button: %q", f.words())
			}
			return
		}
	}
	t.Error("Tab does not reach the card")
}
