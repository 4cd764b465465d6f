package ui

import (
	"image/color"
	"os"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/catalogue"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/ui/pages"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// studioWindow is a window on the pictures page with a model.
func studioWindow(t *testing.T, width, height float32) *fixture {
	t.Helper()
	f := fakes(t)
	f.open(width, height)
	f.installPictures()
	f.show(pages.PagePictures)
	return f
}

// drawing asks for pictures by the keyboard and returns their jobs.
func (f *fixture) drawing(prompt string) []int64 {
	f.t.Helper()
	f.write(prompt)
	f.mod(fyne.KeyReturn)
	ids := f.studio.Queue()
	if len(ids) == 0 {
		f.t.Fatalf("nothing was drawn; notices: %q", f.words())
	}
	return ids
}

// shownText is every line of text that is shown.
func (f *fixture) shownText() string {
	var b strings.Builder
	for _, o := range append(f.window.Canvas().Overlays().List(), f.root) {
		texts(o, fyne.Position{}, false, func(t *canvas.Text, _ fyne.Position, _ bool) { b.WriteString(t.Text + "\n") })
	}
	return b.String()
}

// tap presses the button with a label, tapTip the one with a tip.
func (f *fixture) tap(label string) {
	f.t.Helper()
	f.tapOne(label, func(b *widgets.Button) bool { return b.Text == label })
}

func (f *fixture) tapTip(tip string) {
	f.t.Helper()
	f.tapOne(tip, func(b *widgets.Button) bool { return b.Tip == tip })
}

// tapFloating presses a button of what floats over the window.
func (f *fixture) tapFloating(label string) {
	f.t.Helper()
	for _, o := range f.window.Canvas().Overlays().List() {
		if b := findButton(o, func(b *widgets.Button) bool { return b.Text == label }); b != nil {
			b.Tapped(nil)
			return
		}
	}
	f.t.Fatalf("no button %q floats", label)
}

func (f *fixture) tapOne(label string, is func(b *widgets.Button) bool) {
	f.t.Helper()
	found := findButton(f.root, is)
	if found == nil {
		f.t.Fatalf("no button %q is shown", label)
	}
	found.Tapped(nil)
}

// findButton gives the last visible button that is meant.
func findButton(o fyne.CanvasObject, is func(b *widgets.Button) bool) (found *widgets.Button) {
	if o == nil || !o.Visible() {
		return nil
	}
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case *widgets.Button:
		if is(o) {
			return o
		}
	case *fyne.Container:
		children = o.Objects
	case fyne.Widget:
		children = test.WidgetRenderer(o).Objects()
	}
	for _, child := range children {
		if b := findButton(child, is); b != nil {
			found = b
		}
	}
	return found
}

func TestAPictureGrowsInItsFinalShapeAndStays(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	id := f.drawing("a lighthouse")[0]
	r := f.studio.Request(id)
	if r.Prompt != "a lighthouse" || r.Width != 1024 || r.Steps != 4 || r.CFG != 1 || r.ModelID != 2 {
		t.Errorf("asked for %+v", r)
	}
	f.studio.Begin(id)
	f.studio.Step(id, 2, 4*time.Second)
	if s := f.shownText(); !strings.Contains(s, "Step 2 of 4 · 4 s left") || !strings.Contains(s, "Stop") || strings.Contains(s, "Keep\n") {
		t.Errorf("while it runs: %q", s)
	}
	first := f.window.Canvas().Capture()
	f.studio.Step(id, 3, 2*time.Second)
	if at(first.At, 800, 300) == at(f.window.Canvas().Capture().At, 800, 300) && at(first.At, 800, 450) == at(f.window.Canvas().Capture().At, 800, 450) {
		t.Error("the preview did not change")
	}
	f.finish(id)
	if s := f.shownText(); !strings.Contains(s, "Keep") || !strings.Contains(s, "This session") || strings.Contains(s, "Stop\n") {
		t.Errorf("when it is done: %q", s)
	}
}

func at(pixel func(x, y int) color.Color, x, y int) [4]uint32 {
	r, g, b, a := pixel(x, y).RGBA()
	return [4]uint32{r, g, b, a}
}

func TestEscStopsThePictureAfterWhatIsOpen(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	id := f.drawing("a lighthouse")[0]
	f.studio.Begin(id)
	f.finish(id)
	f.mod(fyne.KeyReturn)
	next := f.studio.Queue()[0]
	f.studio.Begin(next)
	f.pictures.ViewLatest()
	f.press(fyne.KeyEscape)
	if len(f.studio.Queue()) != 1 {
		t.Fatal("Esc stopped the picture and not the large view")
	}
	f.press(fyne.KeyEscape)
	if len(f.studio.Queue()) != 0 || !strings.Contains(f.shownText(), "Stopped") {
		t.Errorf("queue %v, %q", f.studio.Queue(), f.shownText())
	}
}

func TestAFailedPictureSaysWhyInOneSentence(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	id := f.drawing("a lighthouse")[0]
	f.studio.Begin(id)
	f.studio.Fail(id, "the picture came out all one colour\n(numbers overflowed)")
	if s := strings.ReplaceAll(f.shownText(), "\n", " "); !strings.Contains(s, "No picture came of it: the picture came out all one colour (numbers") || !strings.Contains(s, "Details") {
		t.Errorf("%q", s)
	}
}

func TestTheSeedChangesUnlessItIsLocked(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	a := f.studio.Request(f.drawing("a lighthouse")[0]).Seed
	f.mod(fyne.KeyReturn)
	b := f.studio.Request(f.studio.Queue()[1]).Seed
	if a == b || a > 1<<31 {
		t.Errorf("seeds %d and %d", a, b)
	}
	f.finish(f.studio.Queue()[0])
	f.pictures.ViewLatest()
	f.tap("Use settings")
	f.mod(fyne.KeyReturn)
	last := f.studio.Queue()
	if c := f.studio.Request(last[len(last)-1]).Seed; c != a {
		t.Errorf("with the settings of a picture the seed is %d, want %d", c, a)
	}
}

func TestPicturesThatWaitedAreContinuedOrDiscardedByAWord(t *testing.T) {
	for _, word := range []string{"Continue", "Discard"} {
		f := fakes(t)
		want := []int64{f.studio.Leave(studio.Request{}), f.studio.Leave(studio.Request{})}
		f.open(1280, 800)
		if s := f.shownText(); !strings.Contains(s, "2 pictures were waiting.") {
			t.Fatalf("no question at the start: %q", s)
		}
		if len(f.studio.Queue()) != 0 {
			t.Error("waiting pictures started by themselves")
		}
		f.tap(word)
		got := f.studio.Continued
		if word == "Discard" {
			got = f.studio.Discarded
		}
		if len(got) != len(want) || strings.Contains(f.shownText(), "were waiting") {
			t.Errorf("%s: %v", word, got)
		}
	}
}

func TestAMissingEncoderIsNamedAndNothingIsDrawn(t *testing.T) {
	f := fakes(t)
	m := uitest.PictureModel(2)
	m.Shape = backend.ModelShape{}
	f.models.Installed = append(f.models.Installed, m)
	f.open(1280, 800)
	f.show(pages.PagePictures)
	f.write("a lighthouse")
	f.mod(fyne.KeyReturn)
	if len(f.studio.Queue()) != 0 {
		t.Error("it was drawn")
	}
	if s := strings.ReplaceAll(f.shownText(), "\n", " "); !strings.Contains(s, "Flux schnell cannot draw yet") || !strings.Contains(s, "Add file") {
		t.Errorf("%q", s)
	}
}

func TestControlsAreKeptFromOneStartToTheNext(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	f.write("a lighthouse")
	f.time.pass(2 * time.Second)
	var w struct {
		Prompt string `json:"prompt"`
	}
	if ok, err := f.system.Setting(t.Context(), "pictures.wish", &w); !ok || err != nil || w.Prompt != "a lighthouse" {
		t.Errorf("%v %v %+v", ok, err, w)
	}
}

func TestBrokenPreviewsAndLostFilesDoNotHurt(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	id := f.drawing("a lighthouse")[0]
	f.studio.Begin(id)
	for _, e := range []event.JobPreview{
		{JobID: id, Width: -1, Height: 5}, {JobID: id, Width: 1 << 20, Height: 1 << 20}, {JobID: id, Width: 8, Height: 8, RGB: make([]byte, 7)},
	} {
		f.handle(e)
	}
	for _, phase := range []string{"", "sampling", "loading", "text", "preview", "decode"} {
		for _, steps := range []int{-1, 0, 3} {
			f.handle(event.JobProgress{JobID: id, Phase: phase, Step: 1, Steps: steps})
		}
	}
	p := f.finish(id)
	if err := os.Remove(f.studio.Path(p)); err != nil {
		t.Fatal(err)
	}
	f.pictures.ViewLatest()
	if s := strings.ReplaceAll(f.shownText(), "\n", " "); !strings.Contains(s, "cannot be read any more") {
		t.Errorf("%q", s)
	}
}

// The empty stage says honestly what the picture starter is for and which model does real work, until there is one; Models lists
// the starter under its own name.
func TestThePictureStarterSaysWhatItCanDo(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height float32
		mode          string
	}{{"picture-starter", 1280, 800, "light"}, {"picture-starter-small", 720, 480, "dark"}} {
		t.Run(c.name, func(t *testing.T) {
			f := fakes(t)
			f.system.Advice = append(advised(), app.Recommendation{
				Entry: catalogue.Entry{ID: "sd", Name: "Stable Diffusion 1.5", Kind: backend.KindDiffusion, Repo: "a/sd", Files: []catalogue.File{{Path: "sd.safetensors", SizeBytes: 2e9}}, License: "creativeml-openrail-m", GoodFor: "Pictures of all kinds.", Catalogue: "Loam"},
				Fit:   hardware.Fit{Verdict: hardware.RunsGood, Leaves: 9e9},
			})
			m := uitest.PictureModel(0)
			m.Name, m.Starter = "Loam starter (draws simple pictures; for learning and testing)", true
			f.models.Files["/m/starter.gguf"] = m
			f.open(c.width, c.height)
			f.setLook(pages.Look{Mode: c.mode, Scale: 1})
			if _, err := f.models.Add(t.Context(), "/m/starter.gguf", library.AddOptions{Starter: true}); err != nil {
				t.Fatal(err)
			}
			f.show(pages.PagePictures)
			f.says("need a larger model", "The starter knows", "a yellow teapot", "For real work", "Stable Diffusion 1.5", "Pictures of all kinds.")
			if strings.Contains(f.shownText(), "Qwen3.5") {
				t.Error("a chat model is recommended for pictures")
			}
			f.draw(c.name)
			f.fits(c.name)
			f.tap("Get")
			if len(f.system.Got) != 1 {
				t.Errorf("got %v", f.system.Got)
			}
			own := uitest.PictureModel(9)
			own.Name = "Own"
			f.models.Files["/m/own.gguf"] = own
			if _, err := f.models.Add(t.Context(), "/m/own.gguf", library.AddOptions{}); err != nil {
				t.Fatal(err)
			}
			f.show(pages.PagePictures)
			if strings.Contains(f.shownText(), "For real work") {
				t.Error("something is recommended to somebody who has a model")
			}
			f.show(pages.PageModels)
			f.says("Loam starter (draws simple pictures")
		})
	}
}

// One tap on an example of the empty stage draws it.
func TestAnExampleOfTheStarterIsOneTapFromAPicture(t *testing.T) {
	f := fakes(t)
	m := uitest.PictureModel(0)
	m.Starter = true
	f.models.Files["/m/starter.gguf"] = m
	f.open(1280, 800)
	if _, err := f.models.Add(t.Context(), "/m/starter.gguf", library.AddOptions{Starter: true}); err != nil {
		t.Fatal(err)
	}
	f.show(pages.PagePictures)
	f.tap("a yellow teapot")
	if ids := f.studio.Queue(); len(ids) != 1 || f.studio.Request(ids[0]).Prompt != "a yellow teapot" {
		t.Errorf("%v are drawn; notices: %q", ids, f.words())
	}
}
