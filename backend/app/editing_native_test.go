//go:build !nonative

package app

import (
	"bytes"
	"encoding/json"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/imagemeta"
	"loam/backend/library"
	"loam/backend/studio"
)

// easel is an App with the real picture engine and small models.
type easel struct {
	*App
	t               *testing.T
	model, upscaler backend.Model
}

func newEasel(t *testing.T) easel {
	t.Helper()
	a := openWith(t, Deps{Folders: foldersIn(t, t.TempDir()), LibDir: enginetest.LibDir(t), Window: true})
	if a.PictureEngine() != enginePack {
		t.Fatal("the picture pack is not installed: run make setup once")
	}
	if err := a.SetSetting(t.Context(), KeyThreads, 1); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	files, err := tinypicture.Write(dir, 1)
	if err != nil {
		t.Fatal(err)
	}
	e := easel{App: a, t: t}
	for _, path := range []string{files.T5, files.TAE, files.Diffusion, files.Upscaler} {
		m, err := a.Library.Add(t.Context(), path, library.AddOptions{})
		if err != nil {
			t.Fatal(err)
		}
		switch path {
		case files.Diffusion:
			e.model = m
		case files.Upscaler:
			e.upscaler = m
		}
	}
	return e
}

// draw makes a picture.
func (e easel) draw(r studio.Request) (*image.NRGBA, backend.Picture) {
	e.t.Helper()
	jobs, err := e.Studio.Enqueue(e.t.Context(), r, 1)
	if err != nil {
		e.t.Fatal(err)
	}
	if j := e.Studio.Wait(e.t.Context(), jobs[0].ID); j.State != backend.JobDone {
		e.t.Fatalf("the picture is %s: %s", j.State, j.Error)
	}
	ps, err := e.Studio.Pictures(e.t.Context(), 1, 0)
	if err != nil {
		e.t.Fatal(err)
	}
	b, err := os.ReadFile(e.Studio.Path(ps[0]))
	if err != nil {
		e.t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		e.t.Fatal(err)
	}
	out := image.NewNRGBA(img.Bounds())
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			out.Set(x, y, img.At(x, y))
		}
	}
	return out, ps[0]
}

// apart is the mean difference of two pictures' bytes.
func apart(a, b *image.NRGBA) float64 {
	sum := 0.0
	for i := range a.Pix {
		sum += math.Abs(float64(a.Pix[i]) - float64(b.Pix[i]))
	}
	return sum / float64(len(a.Pix))
}

// TestPicturesAreMadeFromPictures draws with the real engine and small models: strength is how much of the start picture
// changes, a mask holds every byte outside it, and an upscaler enlarges.
func TestPicturesAreMadeFromPictures(t *testing.T) {
	e := newEasel(t)
	photo := filepath.Join(t.TempDir(), "photo.png")
	img := image.NewRGBA(image.Rect(0, 0, 192, 128))
	for y := range 128 {
		for x := range 192 {
			img.SetRGBA(x, y, color.RGBA{byte(x), byte(2 * y), byte(x * y / 100), 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(photo, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	start, err := e.Studio.KeepStart(t.Context(), photo)
	if err != nil {
		t.Fatal(err)
	}
	base := studio.Request{ModelID: e.model.ID, Prompt: "a harbour", Width: 128, Height: 64, Steps: 12, CFG: 1, Seed: 4}
	with := func(seed uint64, strength float32) *image.NRGBA {
		r := base
		r.Seed, r.Start, r.Strength = seed, start.SHA256, strength
		out, _ := e.draw(r)
		return out
	}
	// What another seed changes is what the start picture does not decide: the more strength, the more of it.
	var change [3]float64
	for i, strength := range []float32{0.05, 0.5, 1} {
		change[i] = apart(with(1, strength), with(2, strength))
	}
	if !(change[0] < change[1] && change[1] < change[2]) || change[0] > change[2]/3 {
		t.Errorf("another seed changes %v at strengths of 5, 50 and 100 %%", change)
	}
	t.Logf("another seed changes %.1f, %.1f, %.1f of 255 at strengths of 5, 50 and 100 %%", change[0], change[1], change[2])

	before, parent := e.draw(base)
	from, err := e.Studio.KeepStartOf(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	mask := image.NewGray(before.Rect)
	for y := 16; y < 48; y++ {
		for x := 40; x < 90; x++ {
			mask.Pix[mask.PixOffset(x, y)] = 255
		}
	}
	edit := base
	edit.Start, edit.Strength, edit.Seed = from.SHA256, 0.9, 77
	if edit.Mask, err = e.Studio.KeepMask(t.Context(), mask); err != nil {
		t.Fatal(err)
	}
	after, child := e.draw(edit)
	inside := 0
	for i := range mask.Pix {
		same := bytes.Equal(before.Pix[4*i:4*i+4], after.Pix[4*i:4*i+4])
		if mask.Pix[i] == 0 && !same {
			t.Fatalf("pixel %d outside the mask changed", i)
		}
		if mask.Pix[i] != 0 && !same {
			inside++
		}
	}
	if inside < 32*50/2 || child.MadeFrom != parent.ID {
		t.Errorf("%d pixels inside the mask changed; made from %d, want %d", inside, child.MadeFrom, parent.ID)
	}

	large, enlarged := e.draw(studio.Request{ModelID: e.upscaler.ID, Start: from.SHA256, Upscale: true})
	var rec imagemeta.Receipt
	if err := json.Unmarshal(enlarged.Settings, &rec); err != nil {
		t.Fatal(err)
	}
	if large.Rect.Dx() != 256 || large.Rect.Dy() != 128 || enlarged.MadeFrom != parent.ID || rec.Settings.Upscaler != e.upscaler.Name || rec.Settings.Factor != 2 {
		t.Errorf("%v, made from %d by %q", large.Rect, enlarged.MadeFrom, rec.Settings.Upscaler)
	}
}
