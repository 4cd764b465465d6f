package ui

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/test"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/library"
	"loam/backend/studio"
	"loam/ui/pages"
	"loam/ui/uitest"
	"loam/ui/widgets"
)

// scene writes a PNG of a size.
func (f *fixture) scene(name string, width, height int) string {
	f.t.Helper()
	path := filepath.Join(f.t.TempDir(), name)
	file, err := os.Create(path)
	if err != nil {
		f.t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, uitest.Scene(width, height, 1)); err != nil {
		f.t.Fatal(err)
	}
	return path
}

// last is the request of the newest job.
func (f *fixture) last() studio.Request {
	f.t.Helper()
	ids := f.studio.Queue()
	if len(ids) == 0 {
		f.t.Fatalf("nothing is being drawn; notices: %q", f.words())
	}
	return f.studio.Request(ids[len(ids)-1])
}

// drawn draws a picture to its end and opens it large.
func (f *fixture) drawn(prompt string) backend.Picture {
	f.t.Helper()
	id := f.drawing(prompt)[0]
	f.studio.Begin(id)
	p := f.finish(id)
	f.pictures.ViewLatest()
	return p
}

func count0(n uint64) string { return strconv.FormatUint(n, 10) }

// upscaler installs an upscaler.
func (f *fixture) upscaler(name string) {
	f.t.Helper()
	path := "/m/" + name + ".safetensors"
	f.models.Files[path] = backend.Model{Name: name, Kind: backend.KindUpscaler, Family: "esrgan", State: backend.ModelReady, Path: path}
	if _, err := f.models.Add(f.t.Context(), path, library.AddOptions{}); err != nil {
		f.t.Fatal(err)
	}
	f.pictures.Reload()
}

func TestADroppedPictureIsStartedFrom(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	f.write("a lighthouse")
	f.drop(f.scene("photo.png", 1600, 1000))
	f.tap("Start from it")
	f.time.pass(time.Second)
	f.says("Start picture", "photo.png", "1600 × 1000, drawn at 1344 × 832; 1 % is cut off above and below.", "1344 × 832, as the start picture", "65 %")
	f.mod(fyne.KeyReturn)
	r := f.last()
	if len(r.Start) != 64 || r.Strength != studio.StartStrength || r.Width != 1344 || r.Height != 832 || r.Mask != "" {
		t.Errorf("%+v", r)
	}
	f.finish(f.studio.Queue()[0])
	f.tap("More") // closed, it still says so
	f.says("More · starts from a picture")
	f.tap("More · starts from a picture")
	f.tapTip("Start from words alone")
	f.mod(fyne.KeyReturn)
	if r := f.last(); r.Start != "" || r.Strength != 0 || r.Width != 1024 {
		t.Errorf("without it: %+v", r)
	}
	// Use settings brings it back.
	f.pictures.ViewLatest()
	f.says("a file, changed by 65 %")
	f.tap("Use settings")
	f.mod(fyne.KeyReturn)
	if again := f.last(); again.Start != r.Start || again.Strength != r.Strength || again.Width != r.Width || again.Seed != r.Seed {
		t.Errorf("again: %+v, want %+v", again, r)
	}
}

func TestAStartPictureIsKeptFromOneStartToTheNext(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	f.pictures.StartFrom(f.scene("photo.png", 512, 512))
	f.time.pass(2 * time.Second)
	var w struct {
		Start struct {
			SHA256 string `json:"sha256"`
		} `json:"start"`
	}
	if ok, err := f.system.Setting(t.Context(), "pictures.wish", &w); !ok || err != nil || len(w.Start.SHA256) != 64 {
		t.Fatalf("%v %v %+v", ok, err, w)
	}
	next := fakes(t)
	next.system, next.studio.Dir = f.system, f.studio.Dir
	next.open(1280, 800)
	if len(next.studio.Cleaned) != 1 || next.studio.Cleaned[0] != w.Start.SHA256 {
		t.Errorf("what is kept for the controls: %q", next.studio.Cleaned)
	}
	// Its file is gone: that is said, and words alone are drawn from.
	if err := os.Remove(f.studio.StartPath(w.Start.SHA256)); err != nil {
		t.Fatal(err)
	}
	gone := fakes(t)
	gone.system, gone.studio.Dir = f.system, f.studio.Dir
	gone.open(1280, 800)
	gone.installPictures()
	gone.show(pages.PagePictures)
	gone.says("The start picture is not there any more. Choose it again.")
	gone.drawing("a lighthouse")
	if r := gone.last(); r.Start != "" {
		t.Errorf("%+v", r)
	}
}

func TestABrokenStartPictureIsRefusedInOneSentence(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	path := filepath.Join(t.TempDir(), "letter.png")
	if err := os.WriteFile(path, []byte("Dear all"), 0o600); err != nil {
		t.Fatal(err)
	}
	f.pictures.StartFrom(path)
	f.says("“letter.png” cannot be used: it is no PNG, JPEG or WebP picture.")
}

func TestACopiedPictureFileIsPasted(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	path := f.scene("my photo.png", 512, 512)
	for text, want := range map[string]bool{
		path: true, "file://" + strings.ReplaceAll(path, " ", "%20"): true, "copy\nfile://" + strings.ReplaceAll(path, " ", "%20"): true,
		"a lighthouse": false, "/nowhere/at/all.png": false, "": false, "https://example.org/a.png": false, "/etc": false,
	} {
		if got := f.pictures.Paste(text); got != want {
			t.Errorf("%q is taken for a picture: %t", text, got)
		}
	}
	f.says("my photo.png")
	board := test.NewClipboard()
	board.SetContent(" in words")
	f.write("x")
	f.window.Canvas().Focused().(fyne.Shortcutable).TypedShortcut(&fyne.ShortcutPaste{Clipboard: board})
	if got := f.focusedField().Text; !strings.Contains(got, "in words") {
		t.Errorf("words that were pasted: %q", got)
	}
}

func TestVaryStartsFromThePictureWhereStepsAreEnough(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	p := f.drawn("a lighthouse") // 4 steps
	f.tap("Vary")
	few := f.last()
	if few.Start != "" || few.Seed == p.Seed || few.Prompt != "a lighthouse" || few.Width != 1024 || few.Steps != 4 {
		t.Errorf("in few steps: %+v", few)
	}
	f.finish(f.studio.Queue()[0])
	f.pictures.ViewLatest()
	r := few
	r.Steps, r.Start, r.Strength = 20, "", 0
	jobs, err := f.studio.Enqueue(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	many := f.finish(jobs[0].ID)
	f.pictures.ViewLatest()
	f.tap("Vary")
	if got := f.last(); got.Start != many.SHA256 || got.Strength != studio.VaryStrength || got.Seed == many.Seed || got.Steps != 20 {
		t.Errorf("in many steps: %+v", got)
	}
	child := f.finish(f.studio.Queue()[0])
	if child.MadeFrom != many.ID {
		t.Errorf("made from %d, want %d", child.MadeFrom, many.ID)
	}
	f.pictures.ViewLatest()
	f.says("another picture, changed by 55 %")
	f.tap("Show that one")
	if s := f.shownText(); strings.Contains(s, "Show that one") || !strings.Contains(s, count0(many.Seed)) {
		t.Errorf("the parent: %q", s)
	}
}

func TestUpscaleNeedsAnUpscalerAndSaysSo(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	p := f.drawn("a lighthouse")
	f.tap("Upscale")
	f.says("No upscaler is installed. Add an ESRGAN model")
	if len(f.studio.Queue()) != 0 {
		t.Error("something is drawn without one")
	}
	f.upscaler("Twice")
	f.tap("Upscale")
	r := f.last()
	if !r.Upscale || r.Start != p.SHA256 || r.ModelID == p.ID || r.Width != p.Width {
		t.Errorf("%+v", r)
	}
	id := f.studio.Queue()[0]
	f.studio.Begin(id)
	large := f.finish(id)
	f.pictures.ViewLatest()
	f.says("2 times, by Twice", "2048 × 2048")
	f.tap("Use settings")
	f.mod(fyne.KeyReturn)
	if got := f.last(); got.Width != 1024 || got.Upscale || large.MadeFrom != p.ID {
		t.Errorf("with the settings of an enlarged picture: %+v", got)
	}
	f.upscaler("Four times")
	f.pictures.ViewLatest()
	f.tap("Upscale")
	if text := menuText(f.window.Canvas().Overlays().Top()); !strings.Contains(text, "Twice") || !strings.Contains(text, "Four times") {
		t.Errorf("two upscalers: %q", text)
	}
}

// painter is the picture that is painted on.
func (f *fixture) painter() *widgets.Painter {
	f.t.Helper()
	p, ok := f.window.Canvas().Focused().(*widgets.Painter)
	if !ok {
		f.t.Fatalf("the focus is on %T", f.window.Canvas().Focused())
	}
	return p
}

func TestAMarkedPartIsDrawnAnew(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	p := f.drawn("a lighthouse")
	f.tap("Edit part")
	f.says("Paint over what is to be drawn anew.", "Drawn by Flux schnell.")
	paint := f.painter()
	f.mod(fyne.KeyReturn)
	if len(f.studio.Queue()) != 0 {
		t.Fatal("it is drawn without a mark")
	}
	// A stroke with the pointer through the middle, and one that is taken back.
	size := paint.Size()
	press := func(x, y float32) {
		e := &desktop.MouseEvent{Button: desktop.MouseButtonPrimary}
		e.Position = fyne.NewPos(x, y)
		paint.MouseDown(e)
	}
	press(size.Width/2, size.Height/2)
	paint.Dragged(&fyne.DragEvent{PointEvent: fyne.PointEvent{Position: fyne.NewPos(size.Width/2+40, size.Height/2)}})
	paint.DragEnd()
	paint.MouseUp(nil)
	first := f.shownText()
	press(size.Width/2, size.Height/4)
	paint.MouseUp(nil)
	paint.TypedShortcut(&fyne.ShortcutUndo{})
	if now := f.shownText(); now != first || !strings.Contains(now, "of the picture marked.") {
		t.Errorf("after undo: %q", now)
	}
	f.tap("Draw")
	r := f.last()
	if r.Start != p.SHA256 || len(r.Mask) != 64 || r.Strength != studio.EditStrength || r.Width != p.Width || r.Seed == p.Seed || r.Prompt != "a lighthouse" {
		t.Errorf("%+v", r)
	}
	file, err := os.Open(f.studio.StartPath(r.Mask))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	mask, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	white := func(x, y int) bool { v, _, _, _ := mask.At(x, y).RGBA(); return v > 0 }
	if mask.Bounds() != image.Rect(0, 0, 1024, 1024) || !white(512, 512) || white(512, 256) || white(100, 512) {
		t.Errorf("the mask of %v is not what was painted", mask.Bounds())
	}
	child := f.finish(f.studio.Queue()[0])
	if child.MadeFrom != p.ID {
		t.Errorf("made from %d, want %d", child.MadeFrom, p.ID)
	}
	f.pictures.ViewLatest()
	f.says("a part of another picture drawn anew, changed by 85 %")
	// Use settings opens the editor as it was.
	f.tap("Use settings")
	f.says("Edit part", "of the picture marked.", "85 %")
	f.tap("Draw")
	if got := f.last(); got.Mask != r.Mask || got.Start != r.Start || got.Prompt != r.Prompt {
		t.Errorf("the same edit again: %+v", got)
	}
	f.finish(f.studio.Queue()[0])
	f.pictures.ViewLatest()
	// Vary draws the same part anew.
	f.tap("Vary")
	if got := f.last(); got.Mask != r.Mask || got.Start != r.Start || got.Seed == r.Seed || got.Width != r.Width {
		t.Errorf("%+v", got)
	}
}

func TestAPartIsMarkedByKeyboard(t *testing.T) {
	f := studioWindow(t, 720, 480)
	f.drawn("a lighthouse")
	f.tap("Edit part")
	paint := f.painter()
	large := paint.Radius
	paint.TypedRune('[')
	if paint.Radius >= large {
		t.Errorf("the brush is %g large, after %g", paint.Radius, large)
	}
	f.press(fyne.KeySpace) // down
	f.press(fyne.KeyRight)
	f.press(fyne.KeyDown)
	f.press(fyne.KeySpace) // up
	f.says("of the picture marked.")
	paint.TypedRune('e')
	if !paint.Erase {
		t.Error("E takes no eraser")
	}
	f.tap("Clear")
	f.says("Paint over what is to be drawn anew.")
	f.tap("Undo")
	f.says("of the picture marked.")
	f.window.Canvas().Focus(paint)
	f.press(fyne.KeyEscape) // back to the picture, then to the page
	f.says("Vary")
	f.press(fyne.KeyEscape)
	if strings.Contains(f.shownText(), "Vary") {
		t.Error("the large view is still open")
	}
}

func TestSpaceComparesWithTheParent(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	f.drawn("a lighthouse")
	f.press(fyne.KeySpace)
	f.says("There is no other picture to compare this one with.")
	f.tap("Vary")
	f.finish(f.studio.Queue()[0])
	f.pictures.ViewLatest()
	f.press(fyne.KeySpace)
	if _, ok := f.window.Canvas().Focused().(*widgets.Compare); !ok {
		t.Fatalf("the focus is on %T", f.window.Canvas().Focused())
	}
	f.says("the one before", "this one")
	f.press(fyne.KeyLeft) // moves the line
	f.press(fyne.KeySpace)
	f.press(fyne.KeyRight) // walks
	if strings.Contains(f.shownText(), "the one before") {
		t.Error("the comparison is still shown")
	}
	f.press(fyne.KeyLeft)
	f.press(fyne.KeySpace)
	f.press(fyne.KeyEscape)
	f.says("Vary")
}

func TestWhatTheEngineCannotDoWithPicturesIsNotOffered(t *testing.T) {
	f := fakes(t)
	f.system.Traits = engine.PictureInfo{Engine: backend.EngineInfo{Engine: "sd-embedded"}, Samplers: []string{"euler_a"}}
	f.open(1280, 800)
	f.installPictures()
	f.show(pages.PagePictures)
	f.tap("More")
	f.says("the picture pack also starts from pictures")
	f.drawn("a lighthouse")
	f.says("the picture pack also edits parts")
	for _, label := range []string{"Edit part", "Upscale", "Use as start"} {
		if strings.Contains(f.shownText(), label+"\n") {
			t.Errorf("%q is offered", label)
		}
	}
	f.tap("Vary")
	if r := f.last(); r.Start != "" {
		t.Errorf("%+v", r)
	}
	f.drop(f.scene("photo.png", 64, 64))
	if strings.Contains(f.shownText(), "Start from it") {
		t.Error("a dropped picture is offered as a start")
	}
}
