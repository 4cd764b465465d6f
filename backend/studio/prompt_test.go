package studio

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"loam/backend/engine"
)

func TestLoRAsInPrompt(t *testing.T) {
	for _, x := range []struct {
		prompt, clean string
		refs          []LoRARef
	}{
		{"a harbour", "a harbour", nil},
		{"a <lora:ink sketch:0.8> harbour", "a harbour", []LoRARef{{"ink sketch", 0.8}}},
		{"<lora:a><lora:b:-1>x", "x", []LoRARef{{"a", 1}, {"b", -1}}},
		{"a <lora:b:loud> c", "a <lora:b:loud> c", nil},
		{"a <lora:b:NaN> c", "a <lora:b:NaN> c", nil},
		{"a <lora::1> c", "a <lora::1> c", nil},
	} {
		clean, refs := LoRAsIn(x.prompt)
		if d := cmp.Diff(x.refs, refs); clean != x.clean || d != "" {
			t.Errorf("%q: %q %s", x.prompt, clean, d)
		}
	}
}

func FuzzLoRAsIn(f *testing.F) {
	f.Add("a <lora:b:0.5> <lora:c>")
	f.Fuzz(func(t *testing.T, prompt string) {
		clean, refs := LoRAsIn(prompt)
		if len(refs) == 0 && clean != prompt {
			t.Errorf("%q became %q without a LoRA", prompt, clean)
		}
		for _, r := range refs {
			if strings.ContainsAny(r.Name, "<>:") || !(r.Weight >= -8 && r.Weight <= 8) {
				t.Errorf("%+v", r)
			}
		}
	})
}

func TestDefaultsFollowTheFamily(t *testing.T) {
	if d := DefaultsFor("flux", "FLUX.1 schnell"); d.Steps != 4 || d.CFG != 1 {
		t.Errorf("schnell: %+v", d)
	}
	if d := DefaultsFor("flux", "Loam starter (draws simple pictures; for learning and testing)"); d != (Defaults{128, 4, 1}) {
		t.Errorf("the starter: %+v", d)
	}
	d := DefaultsFor("sd1", "dreamshaper 8")
	if got := d.ShapeOf(3, 2, 64); got != (Shape{640, 448}) {
		t.Errorf("3:2 is %+v", got)
	}
	if got := d.ShapeOf(1, 1, 64); got != (Shape{512, 512}) {
		t.Errorf("1:1 is %+v", got)
	}
	if d.StepsFor(Draft) != 10 || d.StepsFor(Good) != 20 || d.StepsFor(Best) != 30 {
		t.Errorf("steps %d %d %d", d.StepsFor(Draft), d.StepsFor(Good), d.StepsFor(Best))
	}
}

func TestSmallDecodersShowSteps(t *testing.T) {
	small, both := engine.PictureFiles{TAE: "tae"}, engine.PictureFiles{TAE: "tae", VAE: "vae"}
	for _, c := range []struct {
		files engine.PictureFiles
		w, h  int
		want  string
	}{{small, 128, 128, "tae"}, {small, 512, 512, "tae"}, {small, 1024, 512, "proj"}, {both, 128, 128, "proj"}, {engine.PictureFiles{}, 128, 128, "proj"}} {
		if got := previewOf(c.files, c.w, c.h); got != c.want {
			t.Errorf("%+v at %d x %d: %q", c.files, c.w, c.h, got)
		}
	}
}
