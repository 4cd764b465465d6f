package pages

import (
	"testing"

	"loam/backend"
	"loam/backend/studio"
)

// The starter has the shapes of Flux and a hundredth of its size: what was set for the one says nothing of the other.
func TestTheStarterHasATuneOfItsOwn(t *testing.T) {
	large := backend.Model{ID: 1, Kind: backend.KindDiffusion, Family: "flux", Name: "FLUX.1 schnell"}
	small := large
	small.ID, small.Name, small.Starter = 2, "Loam starter (draws simple pictures; for learning and testing)", true
	w := wish{Quality: studio.Good}
	w.setTune(tuned(large), tune{Steps: 28, Width: 1024, Height: 1024})
	if r, err := w.request(small, nil); err != nil || r.Width != 128 || r.Height != 128 || r.Steps != 4 {
		t.Errorf("the starter is asked for %+v, %v", r, err)
	}
	w.Shape = "16:9"
	if got := w.shapeOf(small); got != (studio.Shape{Width: 128, Height: 128}) {
		t.Errorf("the starter is asked for %v, and knows squares alone", got)
	}
	w.Shape = ""
	w.setTune(tuned(small), tune{Steps: 2, Width: 64, Height: 64})
	if r, err := w.request(large, nil); err != nil || r.Width != 1024 || r.Steps != 28 {
		t.Errorf("the large model is asked for %+v, %v", r, err)
	}
}
