//go:build !nonative

package sd

import (
	"testing"
)

func TestTheLibrarysWordsBecomeAClause(t *testing.T) {
	for msg, want := range map[string]string{
		"cannot open model: Diffusion model tensor 'model.diffusion_model.img_in.weight' has wrong shape in model metadata: got [128, 64, 1, 1], expected [64, 128, 1, 1]": "its tensor img_in.weight is 64 x 128 where this kind of model has 128 x 64: it is damaged, or of a kind that the engine does not know",
		"cannot open model: Diffusion model tensor 'model.diffusion_model.final_layer.linear.weight' not in model metadata":                                                "its tensor final_layer.linear.weight is missing: it is damaged, or of a kind that the engine does not know",
		"cannot open model: get sd version from file failed: ''":                                                                                                           "it is of no kind of picture model that this engine knows",
		"no text encoder given for Flux\nmore": "no text encoder given for Flux",
	} {
		if got := reason(msg); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
