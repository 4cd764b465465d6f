package studio

import (
	"bytes"
	"image"
	"image/png"
	"os"
	"strings"
	"testing"

	"loam/backend"
	"loam/store/storetest"
)

// drawn is the picture that a request gives.
func (b bench) drawn(t *testing.T, r Request) (*image.NRGBA, backend.Picture) {
	t.Helper()
	jobs, err := b.Enqueue(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if j := b.settle(t, jobs[0].ID, backend.JobDone, backend.JobFailed); j.State != backend.JobDone {
		t.Fatalf("no picture: %s", j.Error)
	}
	ps, err := b.Pictures(t.Context(), 1, 0)
	if err != nil || len(ps) != 1 {
		t.Fatalf("%d pictures, %v", len(ps), err)
	}
	data, err := os.ReadFile(b.Path(ps[0]))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out := image.NewNRGBA(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out, ps[0]
}

func TestALoRAOfWeightNoughtNeverWasThere(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	plain, _ := b.drawn(t, request())
	r := request()
	r.LoRAs = []LoRA{{ModelID: 3, Weight: 0}}
	nought, p := b.drawn(t, r)
	r.LoRAs[0].Weight = 0.5
	with, _ := b.drawn(t, r)
	if !bytes.Equal(plain.Pix, nought.Pix) || strings.Contains(string(p.Settings), "loras") {
		t.Errorf("weight 0 leaves a trace: %s", p.Settings)
	}
	if bytes.Equal(plain.Pix, with.Pix) {
		t.Error("the test cannot tell a picture with a LoRA from one without")
	}
}

func TestALoRAWithoutEffectIsAFailureAndNoPicture(t *testing.T) {
	for name, x := range map[string]struct {
		painter *painter
		loras   []LoRA
		want    string
	}{
		"nothing applied":        {&painter{lost: 7}, []LoRA{{3, 1}}, "the LoRA ink changed nothing: tiny has no place for any of its 9 tensors"},
		"shapes that do not fit": {&painter{}, []LoRA{{misfit, 1}}, "lora cannot be used: its shapes do not fit this model"},
		"an engine without them": {&painter{plain: true}, []LoRA{{3, 1}}, "the engine that draws here cannot use LoRAs: take ink out"},
		"one asked for twice":    {&painter{}, []LoRA{{3, 1}, {3, 0.5}}, "the LoRA ink is asked for twice"},
	} {
		b := open(t, x.painter, storetest.New(t), t.TempDir())
		r := request()
		r.LoRAs = x.loras
		jobs, err := b.Enqueue(t.Context(), r, 1)
		if err != nil {
			t.Fatal(err)
		}
		if j := b.settle(t, jobs[0].ID, backend.JobDone, backend.JobFailed); !strings.Contains(j.Error, x.want) {
			t.Errorf("%s: %s, %q", name, j.State, j.Error)
		}
		if ps, err := b.Pictures(t.Context(), 1, 0); err != nil || len(ps) != 0 {
			t.Errorf("%s: %d pictures, %v", name, len(ps), err)
		}
	}
}

func TestALoRAIsFoundByWhatPeopleWrite(t *testing.T) {
	installed := []backend.Model{
		{ID: 1, Kind: backend.KindDiffusion, Name: "Ink Sketch"},
		{ID: 2, Kind: backend.KindLoRA, Name: "Ink Sketch", Path: "/l/inkV3.safetensors"},
		{ID: 3, Kind: backend.KindLoRA, Name: "Watercolour", Path: "/l/wc-v2.1.safetensors"},
	}
	for name, want := range map[string]int64{
		"Ink Sketch": 2, "ink_sketch": 2, "INK-SKETCH": 2, "inkv3": 2, "wc-v2.1": 3, "wc_v21": 3, "ink": 0, "": 0, "!!": 0,
	} {
		if m, ok := FindLoRA(name, installed); m.ID != want || ok != (want != 0) {
			t.Errorf("%q is %d, want %d", name, m.ID, want)
		}
	}
	if got := WithoutLoRA("a boat <lora:Ink_Sketch:0.6>, <lora:other> at sea", "ink sketch"); got != "a boat, <lora:other> at sea" {
		t.Errorf("%q", got)
	}
}
