package ui

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/test"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/event"
	"loam/ui/pages"
)

// TestWhatTheEngineCannotDoIsSaidWhereItIsLookedFor opens the page over an engine that draws from text alone.
func TestWhatTheEngineCannotDoIsSaidWhereItIsLookedFor(t *testing.T) {
	f := fakes(t)
	f.system.Traits = engine.PictureInfo{
		Engine: backend.EngineInfo{Engine: "sd-embedded"}, Samplers: []string{"euler_a", "dpm2"}, Schedulers: []string{"discrete"},
	}
	f.open(1280, 800)
	f.installPictures()
	f.show(pages.PagePictures)
	f.tap("More")
	text := f.shownText()
	if strings.Contains(text, "Add or drop") || strings.Contains(text, "Scheduler") {
		t.Error("what this engine cannot do is offered")
	}
	if !strings.Contains(text, "without LoRAs") {
		t.Errorf("nothing says why there is no LoRA:\n%s", text)
	}
	f.tap("Automatic")
	if text := menuText(f.window.Canvas().Overlays().Top()); !strings.Contains(text, "dpm2") || strings.Contains(text, "heun") {
		t.Errorf("the samplers are not the engine's:\n%s", text)
	}
	f.press(fyne.KeyEscape)
	ids := f.drawing("a harbour")
	f.studio.Begin(ids[0])
	f.studio.Tell(event.JobProgress{JobID: ids[0], Phase: "sampling", Steps: 20})
	if text := f.shownText(); !strings.Contains(text, "no preview") || !strings.Contains(text, "Drawing") {
		t.Errorf("nothing says why nothing is seen yet:\n%s", text)
	}
}

func TestTheEnginesSchedulersAreOffered(t *testing.T) {
	f := studioWindow(t, 1280, 800)
	f.tap("More")
	if text := f.shownText(); !strings.Contains(text, "Scheduler") || !strings.Contains(text, "Add or drop") {
		t.Errorf("what this engine can do is not offered:\n%s", text)
	}
}

// menuText is every line of an open menu.
func menuText(o fyne.CanvasObject) string {
	switch o := o.(type) {
	case *canvas.Text:
		return o.Text + "\n"
	case *fyne.Container:
		var b strings.Builder
		for _, child := range o.Objects {
			b.WriteString(menuText(child))
		}
		return b.String()
	case fyne.Widget:
		var b strings.Builder
		for _, child := range test.WidgetRenderer(o).Objects() {
			b.WriteString(menuText(child))
		}
		return b.String()
	}
	return ""
}
