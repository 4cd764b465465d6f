package ui

import (
	"testing"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/ui/pages"
	"loam/ui/widgets"
)

// tight is a plan of a load that leaves others too little.
func tight() backend.LoadPlan {
	return backend.LoadPlan{
		Context: 2048, ContextOwn: 32768, KVType: "f16", Layers: 32, Fit: backend.LoadTight,
		Forecast: backend.Forecast{Weights: 5e9, Total: 5e9},
		Devices:  []backend.DeviceUse{{Name: "Memory", Total: 16 << 30, Others: 12 << 30, Loam: 200 << 20, Model: 3 << 30, Free: 1<<30 - 200<<20, Short: 1.2e9}},
		Reasons:  []string{"It needs 5 GB, and 3.2 GB are free: everything would become slow.", "Context 2,048 of 32,768: more would leave less than 1.1 GB free."},
	}
}

// openCard opens the card of the model that answers, from the title of a chat.
func (f *fixture) openCard() {
	f.t.Helper()
	f.tap("Starter")
	f.tapFloating("Details and memory")
}

func TestTheCardOfAModelSaysWhatItTakesAndWhatItsLicenceAllows(t *testing.T) {
	for _, c := range []struct {
		name          string
		width, height float32
		mode          string
	}{{"model-card", 1280, 800, "light"}, {"model-card-small", 720, 480, "dark"}} {
		t.Run(c.name, func(t *testing.T) {
			f := fakes(t)
			f.system.Plan = tight()
			f.open(c.width, c.height)
			f.setLook(pages.Look{Mode: c.mode, Scale: 1})
			f.openCard()
			f.draw(c.name)
			f.says("Apache-2.0. Use, change and pass on, also commercially", "Takes about 5 GB of memory, 1.2 GB more than is free", "everything would become slow",
				"Context 2,048 of 32,768", "others 12.9 GB", "this model 3.2 GB", "Load anyway", "free 864 MB", "32k")
			f.fits(c.name)
		})
	}
}

func TestWhatAPersonChoosesForAModelIsKept(t *testing.T) {
	f := fakes(t)
	f.open(1280, 800)
	f.openCard()
	var segments []*widgets.Segmented
	for _, o := range f.window.Canvas().Overlays().List() {
		eachObject(o, func(o fyne.CanvasObject) {
			if s, ok := o.(*widgets.Segmented); ok {
				segments = append(segments, s)
			}
		})
	}
	if len(segments) != 2 {
		t.Fatalf("%d choices are offered, want context and cache", len(segments))
	}
	segments[0].OnChange(1)
	f.says("Takes about")
	p, err := f.system.PlanModel(t.Context(), backend.Model{ID: 1})
	if err != nil || p.Choice.Context != 2048 {
		t.Errorf("%+v, %v", p.Choice, err)
	}
}
