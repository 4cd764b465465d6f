package ui

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/backend"
	"loam/backend/app"
	"loam/backend/catalogue"
	"loam/backend/event"
	"loam/backend/hardware"
	"loam/backend/library"
	"loam/ui/pages"
	"loam/ui/uitest"
)

// advised are two models that run well here and one that does not.
func advised() []app.Recommendation {
	e := func(id, name string, size int64) catalogue.Entry {
		return catalogue.Entry{ID: id, Name: name, Kind: backend.KindChat, Repo: "a/" + id, Files: []catalogue.File{{Path: id + ".gguf", SizeBytes: size}}, License: "apache-2.0", GoodFor: "Everyday questions.", Catalogue: "Loam"}
	}
	firm := e("firm", "Our assistant", 3e9)
	firm.Catalogue = "Example Ltd"
	return []app.Recommendation{
		{Entry: e("four", "Qwen3.5 4B", 2.5e9), Fit: hardware.Fit{Verdict: hardware.RunsGood, Tokens: 12, Leaves: 9e9}},
		{Entry: firm, Fit: hardware.Fit{Verdict: hardware.RunsGood, Tokens: 8, Leaves: 8e9}},
		{Entry: e("big", "Huge", 90e9), Fit: hardware.Fit{Verdict: hardware.RunsNot, Needed: 95e9}},
	}
}

func TestWhatRunsWellHereIsRecommendedUntilThereIsAModel(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height float32
		mode          string
	}{{"advice", 1280, 800, "light"}, {"advice-small", 720, 480, "dark"}} {
		t.Run(c.name, func(t *testing.T) {
			f := fakes(t)
			f.system.Advice = advised()
			f.open(c.width, c.height)
			f.setLook(pages.Look{Mode: c.mode, Scale: 1})
			f.says("Runs well on this machine", "Qwen3.5 4B", "2.5 GB · Apache-2.0 · about 9 words/s, leaves 9 GB free", "Everyday questions.")
			f.draw(c.name + "-chat")
			f.fits(c.name + "-chat")
			f.show(pages.PageModels)
			f.says("Qwen3.5 4B", "1 more model", "This machine: 16 GB, no GPU")
			f.tap("1 more model")
			f.says("Our assistant", "from the catalogue Example Ltd", "Fewer")
			f.draw(c.name + "-models")
			f.fits(c.name + "-models")
			f.tap("Get")
			if len(f.system.Got) != 1 {
				t.Errorf("got %v", f.system.Got)
			}
		})
	}
	f := fakes(t)
	f.system.Advice = advised()
	own := uitest.Starter(7)
	own.Name, own.Starter = "Own", false
	f.models.Installed = append(f.models.Installed, own)
	f.open(1280, 800)
	f.show(pages.PageModels)
	if strings.Contains(f.shownText(), "Runs well on this machine") {
		t.Error("something is recommended to somebody who has a model")
	}
}

func TestACatalogueIsDroppedShownAndRemoved(t *testing.T) {
	f := fakes(t)
	f.system.Lists = []catalogue.Catalogue{{Name: "Loam", Models: make([]catalogue.Entry, 41), Updated: "2026-11-23"}}
	f.open(1280, 3000)
	file := filepath.Join(t.TempDir(), "firm.json")
	if err := os.WriteFile(file, []byte(`{"schema":1,"name":"Example Ltd","models":[{"id":"m","name":"Our model","kind":"chat","repo":"a/b","files":[{"path":"m.gguf"}],"license":"mit","good_for":"Tests."}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	f.drop(file)
	f.says("Added the catalogue “Example Ltd” with 1 model.", "Undo")
	f.time.pass(time.Minute) // the way back of the addition goes
	f.show(pages.PageSettings)
	f.says("Catalogue of Loam", "41 models, of 2026-11-23", "Catalogue “Example Ltd”", "Bill of materials", "Models folder", "/home/ada/.local/share/loam/models 98 MB, 210 GB free")
	f.draw("settings-models")
	f.tap("Remove")
	f.says("Removed the catalogue “Example Ltd”. Models that came from it stay.")
	if len(f.system.Lists) != 1 {
		t.Errorf("%d catalogues are left", len(f.system.Lists))
	}
	f.tap("Undo")
	if len(f.system.Lists) != 2 {
		t.Errorf("not undone: %d catalogues", len(f.system.Lists))
	}
}

func TestAModelsFolderThatCannotMoveSaysWhy(t *testing.T) {
	f := fakes(t)
	f.open(1280, 3000)
	f.show(pages.PageSettings)
	f.setting.MoveTo("/disk/models")
	f.says("The models are in /disk/models now.", "/disk/models 98 MB")
	f.system.Refuse = &library.CannotMove{To: "/x", Reason: "nothing can be written there"}
	f.setting.MoveTo("/x")
	f.says("The models cannot move to", "nothing can be written there")
	f.system.Refuse = errors.Join(&library.NoRoom{Model: "the models folder", Needed: 9e9, Free: 1e9, At: "/x"})
	f.setting.MoveTo("/x")
	f.says("no room for the models folder in /x", "1.0 GB are free there")
}

// menuItem presses an item of the menu that is open.
func (f *fixture) menuItem(label string) {
	f.t.Helper()
	var found interface{ Tapped(*fyne.PointEvent) }
	for _, o := range f.window.Canvas().Overlays().List() {
		eachObject(o, func(o fyne.CanvasObject) {
			item, ok := o.(interface{ Tapped(*fyne.PointEvent) })
			if !ok || fmt.Sprintf("%T", o) != "*widget.menuItem" {
				return
			}
			text := ""
			texts(o, fyne.Position{}, false, func(t *canvas.Text, _ fyne.Position, _ bool) { text += t.Text })
			if text == label {
				found = item
			}
		})
	}
	if found == nil {
		f.t.Fatalf("no menu has an item %q", label)
	}
	found.Tapped(nil)
}

func TestWhatWasRemovedCanBeBroughtBackAfterARestart(t *testing.T) {
	f := fakes(t)
	gone := uitest.Starter(9)
	gone.Name, gone.Starter, gone.SizeBytes = "Large", false, 4.1e9
	f.system.Gone = []app.RemovedModel{{Model: gone, Until: noon.Add(7 * time.Minute)}}
	f.models.Removed = []int64{9}
	f.open(1280, 800)
	f.show(pages.PageModels)
	f.says("Removed", "Large", "4.1 GB will be freed in 7 minutes", "Free now")
	f.draw("removed")
	f.tap("Bring back")
	if len(f.models.Removed) != 0 {
		t.Errorf("not brought back: %v", f.models.Removed)
	}
}

func TestRemovingAModelThatIsLoadedUnloadsIt(t *testing.T) {
	f := fakes(t)
	f.engines.Now = event.EngineChanged{ModelID: 1, State: event.EngineReady, Name: "SmolLM2"}
	f.open(1280, 800)
	f.show(pages.PageModels)
	f.tapTip("More")
	f.menuItem("Remove")
	f.says("will be freed in 10 minutes. It leaves the memory when its answer is done.")
	if f.engines.Emptied != 1 {
		t.Errorf("unloaded %d times", f.engines.Emptied)
	}
}
