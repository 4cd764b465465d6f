package ui

import (
	"image/png"
	"os"
	"path/filepath"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/test"
	"fyne.io/fyne/v2/widget"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/backend/library"
	"loam/ui/chatview"
	"loam/ui/pages"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// shots is a folder that the screens are drawn into for a look; without it they are only checked.
var shots = os.Getenv("LOAM_SHOTS")

// screens bring the window into the states that people see, one after the other.
var screens = []struct {
	name string
	show func(f *fixture)
}{
	{"empty", func(*fixture) {}},
	{"picker", func(f *fixture) { f.UI.chats.OpenPicker() }},
	{"tuning", func(f *fixture) { f.float.close(); f.UI.chats.OpenTuning() }},
	{"chat", func(f *fixture) {
		f.float.close()
		c := f.conversation(backend.MessageComplete)
		f.UI.chats.Reload()
		f.UI.chats.Open(c.ID)
	}},
	{"alternatives", func(f *fixture) { m := f.told(); f.UI.chats.ShowAlternatives(m.ID) }},
	{"receipt", func(f *fixture) {
		f.float.close()
		f.UI.chats.ShowReceipt(f.told().ID)
	}},
	{"again", func(f *fixture) {
		f.float.close()
		f.chats.Again = chat.Repetition{Text: "The river rises in the *hills*.", Tokens: 200, Same: 31, Recorded: 214, Changes: []chat.Change{
			{What: chat.ChangedBuild, Was: "b6100", Is: "b7200"}, {What: chat.ChangedDevice, Was: "CPU", Is: "Vulkan0"}, {What: chat.ChangedLoRAs},
		}}
		f.UI.chats.RunAgain(f.told().ID)
	}},
	{"compare", func(f *fixture) { f.float.close(); f.UI.chats.Compare(f.told().ID) }},
	{"comparing", func(f *fixture) {
		f.tapFloating("Compare")
		id := f.newest()
		f.chats.Grow(id, "Rivers begin **high up**, where it rains and snows the most, and they gather what runs off.\n\n- One\n- Two")
		f.chats.Finish(id, backend.MessageComplete, "")
	}},
	{"compared", func(f *fixture) {
		f.chats.Tally = map[int64]backend.Tally{1: {Compared: 5, Chosen: 3}}
		f.chooseAnswer(1)
	}},
	{"sidebar", func(f *fixture) { f.float.close(); f.search() }},
	{"find", func(f *fixture) { f.press(fyne.KeyEscape); f.UI.chats.Find(); f.write("Day") }},
	{"writing", func(f *fixture) {
		f.press(fyne.KeyEscape)
		f.write("A first line that is long enough to reach the end of the field and to be broken there, twice if need be, " +
			"because nobody likes to write in a keyhole.")
	}},
	{"notices", func(f *fixture) {
		f.handle(event.EngineChanged{State: event.EngineDied, Error: "The engine stopped because the memory ran out"})
		f.notices.undone(widgets.Undo{Text: "Removed “Trip to Norway”. It stays in the trash for 30 days."})
		f.addFiles([]string{"/home/ada/Downloads/some-very-long-name-of-a-model-file-that-is-not-one.Q4_K_M.gguf"})
	}},
	{"pictures", func(f *fixture) {
		f.closeCard()
		f.notices.cancelNewest()
		f.notices.cancelNewest()
		f.notices.cancelNewest()
		f.show(pages.PagePictures)
	}},
	{"pictures-running", func(f *fixture) {
		f.installPictures()
		f.write("a lighthouse at dusk, the sea calm, oil on canvas")
		f.pictures.Draw()
		for _, id := range f.studio.Queue() {
			f.studio.Begin(id)
			f.studio.Step(id, 3, 4*time.Second)
			break
		}
	}},
	{"pictures-done", func(f *fixture) {
		for i := range 3 {
			for _, id := range f.studio.Queue() {
				if i > 0 {
					f.studio.Begin(id)
				}
				f.finish(id)
			}
			f.pictures.Draw()
		}
		for _, id := range f.studio.Queue() {
			_ = f.studio.Stop(f.t.Context(), id)
		}
	}},
	{"pictures-large", func(f *fixture) { f.pictures.ViewLatest() }},
	{"pictures-gallery", func(f *fixture) { f.press(fyne.KeyEscape); f.pictures.ShowGallery() }},
	{"pictures-failed", func(f *fixture) {
		f.press(fyne.KeyEscape)
		f.pictures.Draw()
		for _, id := range f.studio.Queue() {
			f.studio.Begin(id)
			f.studio.Fail(id, "the picture came out all one colour (numbers overflowed)")
		}
	}},
	{"drop-lora", func(f *fixture) { f.dropLoRA("flux") }},
	{"drop-other", func(f *fixture) {
		f.models.Files["/m/other.safetensors"] = uitest.LoRA(0, "sdxl")
		f.drop("/m/other.safetensors")
	}},
	{"drop-many", func(f *fixture) {
		f.drop("/m/lora.safetensors", "/m/other.safetensors", "/m/flux.gguf", "/home/ada/Downloads/some-very-long-name-of-a-file-that-is-no-model.gguf")
	}},
	{"lora-trial", func(f *fixture) {
		f.closeCard()
		f.dropLoRA("flux")
		f.tap("Try it: with and without")
		for _, id := range f.studio.Queue() {
			f.studio.Begin(id)
			f.finish(id)
		}
	}},
	{"lora-chips", func(f *fixture) {
		f.tap("Add at 0.8")
		f.pictures.ToggleWords("line art")
		f.pictures.ToggleWords("<lora:ghost:0.5>")
	}},
	{"pictures-more", func(f *fixture) {
		f.pictures.ToggleWords("<lora:ghost:0.5>")
		f.pictures.OpenMore()
	}},
	{"models", func(f *fixture) {
		f.notices.cancelNewest()
		f.notices.cancelNewest()
		f.notices.cancelNewest()
		f.show(pages.PageModels)
		f.addFiles([]string{"/tmp/notes.gguf"})
	}},
	{"models-found", func(f *fixture) {
		f.models.Nearby = nearby()
		f.closeCard()
		f.UI.models.Reload()
		f.tap("Choose")
	}},
	{"settings", func(f *fixture) { f.show(pages.PageSettings) }},
	{"shortcuts", func(f *fixture) { f.listShortcuts() }},
	{"guide", func(f *fixture) { f.float.close(); f.closeCard(); f.openGuide("models#choose-a-model") }},
	{"guide-search", func(f *fixture) { f.write("memory") }},
}

// installPictures puts a picture model and a LoRA there.
func (f *fixture) installPictures() {
	f.models.Files["/m/flux.gguf"], f.models.Files["/m/ink.safetensors"] = uitest.PictureModel(0), uitest.LoRA(0, "flux")
	for _, path := range []string{"/m/flux.gguf", "/m/ink.safetensors"} {
		if _, err := f.models.Add(f.t.Context(), path, library.AddOptions{}); err != nil {
			f.t.Fatal(err)
		}
	}
}

// finish ends a job with a picture.
func (f *fixture) finish(id int64) backend.Picture {
	f.t.Helper()
	p, err := f.studio.Finish(id)
	if err != nil {
		f.t.Fatal(err)
	}
	return p
}

// draw keeps a picture of the window where one is wanted.
func (f *fixture) draw(name string) {
	f.t.Helper()
	if shots == "" {
		return
	}
	out, err := os.Create(filepath.Join(shots, name+".png"))
	if err != nil {
		f.t.Fatal(err)
	}
	defer out.Close()
	if err := png.Encode(out, f.window.Canvas().Capture()); err != nil {
		f.t.Fatal(err)
	}
}

// texts calls see for every line of text that is shown, with its place in the window. Children of scrolled areas are
// left out where they are scrolled away.
func texts(o fyne.CanvasObject, at fyne.Position, scrolled bool, see func(t *canvas.Text, at fyne.Position, scrolled bool)) {
	if o == nil || !o.Visible() {
		return
	}
	at = at.Add(o.Position())
	switch o := o.(type) {
	case *canvas.Text:
		see(o, at, scrolled)
	case *fyne.Container:
		for _, child := range o.Objects {
			texts(child, at, scrolled, see)
		}
	case *widgets.Field, *widget.PopUpMenu:
		// A field scrolls its own text, and menus are Fyne's.
	case fyne.Widget:
		switch o.(type) {
		case *container.Scroll, *container.Clip, *chatview.View:
			scrolled = true
		}
		for _, child := range test.WidgetRenderer(o).Objects() {
			texts(child, at, scrolled, see)
		}
	}
}

// fits fails the test where a line of text is wider than its place or runs out of the window.
func (f *fixture) fits(name string) {
	f.t.Helper()
	size := f.window.Canvas().Size()
	seen := 0
	for _, o := range append(f.window.Canvas().Overlays().List(), f.root) {
		texts(o, fyne.Position{}, false, func(t *canvas.Text, at fyne.Position, scrolled bool) {
			if t.Text == "" {
				return
			}
			seen++
			width := t.MinSize().Width
			if t.Size().Width > 0 && width > t.Size().Width+2 && t.Alignment != fyne.TextAlignLeading {
				f.t.Errorf("%s: %q is %v wide in a place of %v", name, t.Text, width, t.Size().Width)
			}
			if at.X < -1 || at.X+width > size.Width+1 {
				f.t.Errorf("%s: %q runs from %v to %v in a window of %v", name, t.Text, at.X, at.X+width, size.Width)
			}
			if !scrolled && (at.Y < -1 || at.Y+t.Size().Height > size.Height+1) {
				f.t.Errorf("%s: %q stands from %v to %v in a window %v high", name, t.Text, at.Y, at.Y+t.Size().Height, size.Height)
			}
		})
	}
	if seen == 0 {
		f.t.Errorf("%s: nothing is shown", name)
	}
}

func TestEveryScreenFitsItsWindow(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height float32
		look          pages.Look
		always        bool
	}{
		{"small-light", 720, 480, pages.Look{Mode: "light", Scale: 1}, true},
		{"small-dark", 720, 480, pages.Look{Mode: "dark", Scale: 1}, false},
		{"large-light", 1280, 800, pages.Look{Mode: "light", Scale: 1}, false},
		{"large-dark", 1280, 800, pages.Look{Mode: "dark", Scale: 1}, true},
		{"big-text", 1280, 800, pages.Look{Mode: "light", Scale: 2}, true},
		{"small-text", 720, 480, pages.Look{Mode: "light", Scale: 0.8}, false},
	} {
		if !c.always && shots == "" {
			continue // only for a look: the same places as one that is checked
		}
		t.Run(c.name, func(t *testing.T) {
			f := fakes(t)
			qwen := uitest.Starter(2)
			qwen.Name, qwen.Starter, qwen.SizeBytes, qwen.License = "Qwen3 4B Instruct 2507", false, 2_497_281_120, ""
			broken := qwen
			broken.ID, broken.Name, broken.State, broken.Reason = 3, "Strange model", backend.ModelQuarantined, "its architecture zzzzz is not known"
			f.models.Installed = append(f.models.Installed, qwen, broken)
			f.engines.Now = event.EngineChanged{
				ModelID: 1, Name: "SmolLM2 135M Instruct", State: event.EngineReady, Memory: 231e6,
				Info: backend.EngineInfo{Engine: "llama-embedded", Device: "CPU", Variant: "zen4", Threads: 7},
			}
			if err := f.system.SetSetting(t.Context(), lookKey, c.look); err != nil {
				t.Fatal(err)
			}
			f.open(c.width, c.height)
			for _, s := range screens {
				s.show(f)
				f.draw(s.name + "-" + c.name)
				f.fits(s.name)
			}
		})
	}
}
