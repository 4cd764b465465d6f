//go:build !nonative

package app

import (
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/imagemeta"
	"loam/backend/library"
	"loam/backend/studio"
)

// pictureStarterOf is the installation's picture model, as a first start takes it in.
func pictureStarterOf(t *testing.T, a *App) backend.Model {
	t.Helper()
	list, err := a.Library.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m backend.Model) bool { return m.Starter && m.Kind == backend.KindDiffusion })
	if i < 0 {
		t.Fatalf("a first start has no picture model among %d", len(list))
	}
	return list[i]
}

// drawn gives a finished picture and what its file says of its making.
func drawn(t *testing.T, a *App, r studio.Request) (image.Image, backend.Picture, imagemeta.Settings) {
	t.Helper()
	jobs, err := a.Studio.Enqueue(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if j := a.Studio.Wait(t.Context(), jobs[0].ID); j.State != backend.JobDone {
		t.Fatalf("%q is %s: %s", r.Prompt, j.State, j.Error)
	}
	ps, err := a.Studio.Pictures(t.Context(), 1, 0)
	if err != nil || len(ps) != 1 || ps[0].JobID != jobs[0].ID {
		t.Fatalf("%+v, %v", ps, err)
	}
	f, err := os.Open(a.Studio.Path(ps[0]))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	var receipt imagemeta.Receipt
	if err := json.Unmarshal(ps[0].Settings, &receipt); err != nil {
		t.Fatal(err)
	}
	return img, ps[0], receipt.Settings
}

// colour is a mean of pixels, 0 to 255.
type colour struct{ r, g, b float64 }

func (c colour) red() bool    { return c.r > c.g+60 && c.r > c.b+60 }
func (c colour) yellow() bool { return c.r > c.b+60 && c.g > c.b+50 }
func (c colour) green() bool  { return c.g > c.r+20 && c.g > c.b+20 }
func (c colour) blue() bool   { return c.b > c.r+30 && c.b > c.g }
func (c colour) white() bool  { return min(c.r, c.g, c.b) > 235 }
func (c colour) light() float64 {
	return (c.r + c.g + c.b) / 3
}

// groundAndInk are the mean colour of a picture's corners and of what stands out from it, with the share of that.
func groundAndInk(img image.Image) (ground, ink colour, share float64) {
	b := img.Bounds()
	side := b.Dx() / 16
	mean := func(take func(x, y int, c colour) bool) (m colour, n float64) {
		for y := b.Min.Y; y < b.Max.Y; y++ {
			for x := b.Min.X; x < b.Max.X; x++ {
				r, g, bl, _ := img.At(x, y).RGBA()
				c := colour{float64(r >> 8), float64(g >> 8), float64(bl >> 8)}
				if take(x, y, c) {
					m.r, m.g, m.b, n = m.r+c.r, m.g+c.g, m.b+c.b, n+1
				}
			}
		}
		n = max(n, 1)
		return colour{m.r / n, m.g / n, m.b / n}, n / float64(b.Dx()*b.Dy())
	}
	ground, _ = mean(func(x, y int, _ colour) bool {
		return (x < b.Min.X+side || x >= b.Max.X-side) && (y < b.Min.Y+side || y >= b.Max.Y-side)
	})
	far := func(v, w float64) bool { return v-w > 40 || w-v > 40 }
	ink, share = mean(func(_, _ int, c colour) bool { return far(c.r, ground.r) || far(c.g, ground.g) || far(c.b, ground.b) })
	return ground, ink, share
}

// A first start can draw, with real weights: what is drawn has the colours that were asked for, each LoRA that is made for the
// starter fits wholly and does what it says, and the starter's own upscaler makes a picture twice as large and leaves it what it was.
func TestAFirstStartDrawsWhatIsAsked(t *testing.T) {
	a := openReal(t, t.TempDir())
	m := pictureStarterOf(t, a)
	if m.License != "MIT" || !strings.HasPrefix(m.Name, "Loam starter (") {
		t.Errorf("the starter is %+v", m)
	}
	d := studio.DefaultsFor(m.Family, m.Name)
	ask := func(prompt string) studio.Request {
		return studio.Request{ModelID: m.ID, Prompt: prompt, Width: d.Size, Height: d.Size, Steps: d.Steps, CFG: d.CFG, Seed: 7}
	}
	for _, c := range []struct {
		prompt      string
		ground, ink func(colour) bool
	}{
		{"a tomato", colour.white, colour.red},
		{"a lemon", colour.white, colour.yellow},
		{"a cactus", colour.white, colour.green},
		{"a whale", colour.white, colour.blue},
		{"a lemon on a blue background", colour.blue, colour.yellow},
		{"a red car on a yellow background", colour.yellow, colour.red},
		{"two red apples on a blue background, flat style", colour.blue, colour.red},
		{"two blue apples on a red background, flat style", colour.red, colour.blue},
	} {
		img, _, _ := drawn(t, a, ask(c.prompt))
		ground, ink, share := groundAndInk(img)
		t.Logf("%s: ground %.0f, ink %.0f on %.2f of the picture", c.prompt, ground, ink, share)
		if !c.ground(ground) || !c.ink(ink) || share < 0.04 || share > 0.7 {
			t.Errorf("%q: the ground is %.0f, what stands on it is %.0f on %.2f of the picture", c.prompt, ground, ink, share)
		}
	}

	loras, err := filepath.Glob("../../packaging/starter/picture/loras/*.safetensors")
	if err != nil || len(loras) != 3 {
		t.Fatalf("the starter's LoRAs: %q, %v", loras, err)
	}
	plain, picture, _ := drawn(t, a, ask("a lemon"))
	ground, ink, _ := groundAndInk(plain)
	for _, path := range loras {
		lora, err := a.Library.Add(t.Context(), path, library.AddOptions{})
		if err != nil || lora.Kind != backend.KindLoRA || lora.License != "MIT" {
			t.Fatalf("%s: %+v, %v", path, lora, err)
		}
		r := ask("a lemon")
		if strings.Contains(path, "character") {
			r.Prompt = "loamy"
		}
		r.LoRAs = []studio.LoRA{{ModelID: lora.ID, Weight: 1}}
		img, _, says := drawn(t, a, r)
		if len(says.LoRAs) != 1 || says.LoRAs[0].Total == 0 || says.LoRAs[0].Applied != says.LoRAs[0].Total {
			t.Errorf("%s: the receipt says %+v", path, says.LoRAs)
		}
		g, i, share := groundAndInk(img)
		t.Logf("%s: ground %.0f, ink %.0f on %.2f of the picture", filepath.Base(path), g, i, share)
		switch {
		case strings.Contains(path, "night"):
			if !g.blue() || g.light() > 0.6*ground.light() {
				t.Errorf("the night's ground is %.0f", g)
			}
		case strings.Contains(path, "outline"):
			if i.light() > ink.light()-40 || i.yellow() {
				t.Errorf("the outline's ink is %.0f", i)
			}
		case strings.Contains(path, "character"):
			if share < 0.1 || i.yellow() {
				t.Errorf("loamy is %.0f on %.2f of the picture", i, share)
			}
		}
	}

	list, err := a.Library.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(list, func(m backend.Model) bool { return m.Kind == backend.KindUpscaler })
	if i < 0 {
		t.Fatal("the starter comes without its upscaler")
	}
	start, err := a.Studio.KeepStartOf(t.Context(), picture)
	if err != nil {
		t.Fatal(err)
	}
	large, _, says := drawn(t, a, studio.Request{ModelID: list[i].ID, Start: start.SHA256, Upscale: true, Prompt: "a lemon"})
	g, in, _ := groundAndInk(large)
	if large.Bounds().Dx() != 2*d.Size || says.Factor != 2 || !g.white() || !in.yellow() {
		t.Errorf("%v pixels, ground %.0f, ink %.0f, %+v", large.Bounds(), g, in, says)
	}
}
