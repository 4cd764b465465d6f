//go:build window

package windowtest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/engine/enginetest/tinypicture"
	"loam/backend/imagemeta"
)

// easel is a data folder with a small picture model and controls that draw small pictures with it.
func easel(t testing.TB, side, steps int) (data string) {
	t.Helper()
	data = t.TempDir()
	models := t.TempDir()
	if _, err := tinypicture.Write(models, 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"t5.safetensors", "tae.safetensors", "flux.safetensors"} {
		if _, stderr, code := command(t, data, "models", "add", filepath.Join(models, name)); code != 0 {
			t.Fatalf("%s: %s", name, stderr)
		}
	}
	wish := map[string]any{
		"quality": "good", "count": 1, "shape": "",
		"family": map[string]any{"flux": map[string]any{"width": side, "height": side, "steps": steps}},
	}
	h := history(t, data)
	if err := h.s.SetSetting(t.Context(), "pictures.wish", wish); err != nil {
		t.Fatal(err)
	}
	return data
}

// jobs counts the jobs in some states.
func (h History) jobs(states ...backend.JobState) []backend.Job {
	h.t.Helper()
	js, err := h.s.Jobs(h.t.Context(), states...)
	if err != nil {
		h.t.Fatal(err)
	}
	return js
}

// pictures are the finished pictures, the newest first.
func (h History) pictures() []backend.Picture {
	h.t.Helper()
	ps, err := h.s.Pictures(h.t.Context(), 0, 0)
	if err != nil {
		h.t.Fatal(err)
	}
	return ps
}

// whole fails unless the file of a picture is there and holds what made it.
func whole(t testing.TB, data string, p backend.Picture) imagemeta.Meta {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(data, "pictures", p.SHA256+".png"))
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() != p.Width {
		t.Errorf("picture %d: %v", p.ID, err)
	}
	m, err := imagemeta.ReadPNG(bytes.NewReader(b))
	if err != nil || m.Receipt == nil || m.Parameters == "" {
		t.Fatalf("picture %d says nothing of its making: %v", p.ID, err)
	}
	return m
}

// stage is the part of a screenshot where pictures grow.
func stage(img image.Image) image.Image {
	r := image.Rect(480, 60, 1000, 480)
	out := image.NewRGBA(r)
	draw.Draw(out, r, img, r.Min, draw.Src)
	return out
}

// painted is the share of pixels with a strong colour: the window itself has few.
func painted(img image.Image) float64 {
	r, n := img.Bounds(), 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			red, green, blue, _ := img.At(x, y).RGBA()
			if max(red, green, blue)-min(red, green, blue) > 0x4000 {
				n++
			}
		}
	}
	return float64(n) / float64(r.Dx()*r.Dy())
}

func TestPictureGrowsOnScreenAndIsThereAfterARestart(t *testing.T) {
	data := easel(t, 128, 16)
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.key("ctrl+2")
	l.typeText("a lighthouse at dusk")
	if share := painted(stage(s.shot(t, "pictures-1-empty"))); share > 0.05 {
		t.Fatalf("an empty stage is painted to %.2f", share)
	}
	l.key("ctrl+Return")
	l.until("the first preview", func() bool {
		l.alive()
		return painted(stage(s.shot(t, "pictures-2-first"))) > 0.2
	})
	first := stage(s.shot(t, "pictures-2-first"))
	l.until("another preview", func() bool {
		l.alive()
		if len(h.pictures()) > 0 {
			t.Fatal("it was finished before a second preview was seen")
		}
		return changed(first, stage(s.shot(t, "pictures-3-second"))) > 0.05
	})
	l.until("the picture", func() bool { l.alive(); return len(h.pictures()) == 1 })
	l.saveCopy(h.pictures()[0])

	l.key("ctrl+Return")
	l.until("the next one to run", func() bool { l.alive(); return len(h.jobs(backend.JobRunning)) == 1 })
	time.Sleep(500 * time.Millisecond)
	l.key("Escape")
	l.until("its stop", func() bool { l.alive(); return len(h.jobs(backend.JobStopped)) == 1 })
	time.Sleep(300 * time.Millisecond)
	s.shot(t, "pictures-4-stopped")
	l.key("ctrl+q")
	l.until("the end of the program", func() bool {
		select {
		case <-l.ended:
			return true
		default:
			return false
		}
	})

	l = start(t, s, data)
	time.Sleep(time.Second)
	if painted(stage(s.shot(t, "pictures-5-restarted"))) < 0.2 {
		t.Error("the picture is not on screen after a restart")
	}
	ps := h.pictures()
	if len(ps) != 1 {
		t.Fatalf("%d pictures", len(ps))
	}
	m := whole(t, data, ps[0])
	got := m.Receipt.Settings
	if got.Prompt != "a lighthouse at dusk" || got.Steps != 16 || got.Width != 128 || got.Seed != ps[0].Seed || !strings.Contains(m.Parameters, "Steps: 16") {
		t.Errorf("the file says %+v", got)
	}
	l.alive()
}

// saveCopy saves the picture on the stage in the home folder and compares the copy with the stored file.
func (l *Loam) saveCopy(p backend.Picture) {
	l.t.Helper()
	want, err := os.ReadFile(filepath.Join(l.data, "pictures", p.SHA256+".png"))
	if err != nil {
		l.t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond) // the finished picture takes the place of the preview
	l.key("ctrl+s")
	time.Sleep(time.Second)
	l.screen.shot(l.t, "pictures-save")
	l.key("Return") // the name is filled in and has the focus
	var copies []string
	l.until("the copy", func() bool {
		l.alive()
		copies, _ = filepath.Glob(filepath.Join(l.data, "home", "*.png"))
		if len(copies) != 1 {
			return false
		}
		got, err := os.ReadFile(copies[0])
		return err == nil && bytes.Equal(got, want)
	})
	if name := filepath.Base(copies[0]); !strings.HasPrefix(name, "a-lighthouse-at-dusk-") {
		l.t.Errorf("the copy is called %s", name)
	}
	l.screen.shot(l.t, "pictures-saved")
}

func TestKillInAQueueLosesNoPictureAndNoJob(t *testing.T) {
	data := easel(t, 64, 12)
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.key("ctrl+2")
	l.typeText("boats")
	const queue = 5
	for range queue {
		l.key("ctrl+Return")
	}
	l.until("a finished picture and a running one", func() bool {
		l.alive()
		return len(h.pictures()) > 0 && len(h.jobs(backend.JobRunning)) == 1
	})
	before := h.pictures()
	l.kill()
	h.intact()

	l = start(t, s, data)
	time.Sleep(time.Second)
	s.shot(t, "queue-1-restarted")
	after := map[string]bool{}
	for _, p := range h.pictures() {
		whole(t, data, p)
		after[p.SHA256] = true
	}
	for _, p := range before {
		if !after[p.SHA256] {
			t.Errorf("picture %d is gone", p.ID)
		}
	}
	left := h.jobs(backend.JobWaiting, backend.JobInterrupted)
	if done := h.jobs(backend.JobDone); len(left)+len(done) != queue || len(left) == 0 || len(done) != len(after) {
		t.Errorf("%d jobs are done, %d wait, %d pictures", len(done), len(left), len(after))
	}
	if n := len(h.jobs(backend.JobRunning)); n != 0 {
		t.Errorf("%d jobs started by themselves", n)
	}
	l.click(continueX, continueY)
	l.until("all pictures", func() bool { l.alive(); return len(h.jobs(backend.JobDone)) == queue })
	for _, p := range h.pictures() {
		whole(t, data, p)
	}
	time.Sleep(500 * time.Millisecond)
	s.shot(t, "queue-2-continued")
}

// Where "Continue" stands in a window of its first size.
const continueX, continueY = 933, 87

// rewrite changes the header of a safetensors file and keeps its bytes.
func rewrite(t testing.TB, from, to string, change func(header map[string]json.RawMessage)) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	n := binary.LittleEndian.Uint64(b)
	header := map[string]json.RawMessage{}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	change(header)
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	if err := os.WriteFile(to, append(append(out, text...), b[8+n:]...), 0o600); err != nil {
		t.Fatal(err)
	}
}

// brokenPictureFiles are picture models that are damaged, each in a way of its own, and files that never were one.
func brokenPictureFiles(t testing.TB) map[string]string {
	t.Helper()
	dir := t.TempDir()
	good, err := tinypicture.Write(dir, 2)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(good.Diffusion)
	if err != nil {
		t.Fatal(err)
	}
	list, err := tinypicture.BrokenModels(whole)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for _, b := range list {
		files[b.Name] = filepath.Join(dir, b.Name)
		if err := os.WriteFile(files[b.Name], b.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// Each broken file is answered in one line: when it is added, or at the latest when something is drawn with it. In the
// window all are dropped whose damage is behind the header, and some of the others.
func TestBrokenPictureFilesAreAnsweredInOneLine(t *testing.T) {
	data := easel(t, 64, 1)
	files := brokenPictureFiles(t)
	var dropped []string
	for i, name := range slices.Sorted(maps.Keys(files)) {
		path := files[name]
		_, stderr, code := command(t, data, "models", "add", path)
		if code == 0 || i%5 == 0 {
			dropped = append(dropped, name)
		}
		if code == 0 {
			if _, stderr, code = command(t, data, "image", "-m", path, "--size", "64x64", "--steps", "1", "x"); code == 0 {
				t.Errorf("%s draws", name)
				continue
			}
		}
		oneLine(t, name, stderr)
		t.Logf("%s: %s", name, strings.TrimSpace(stderr))
	}
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	l.key("ctrl+2")
	for _, name := range dropped {
		path := files[name]
		clean := s.shot(t, "broken-before")
		l.drop(path)
		time.Sleep(time.Second)
		l.alive()
		if changed(clean, s.shot(t, "broken-"+name)) < 0.0005 {
			t.Errorf("the drop of %s is not answered on screen", name)
		}
		l.key("Escape")
		time.Sleep(200 * time.Millisecond)
	}
	h := history(t, data)
	l.typeText("still draws")
	l.key("ctrl+Return")
	l.until("a picture after all that", func() bool { l.alive(); return len(h.pictures()) == 1 })
}

// A first start draws what is typed with nothing downloaded, shows that it grows, and a LoRA of its own that is dropped does
// what it says.
func TestTheFirstClickOnPicturesDraws(t *testing.T) {
	data := t.TempDir()
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.key("ctrl+2")
	l.typeText("a tomato")
	empty := stage(s.shot(t, "starter-1-empty"))
	l.key("ctrl+Return")
	l.until("the picture", func() bool { l.alive(); return len(h.pictures()) == 1 })
	l.until("it on screen", func() bool {
		l.alive()
		return changed(empty, stage(s.shot(t, "starter-2-drawn"))) > 0.05
	})
	m := whole(t, data, h.pictures()[0])
	if got := m.Receipt.Settings; got.Prompt != "a tomato" || !strings.HasPrefix(got.Model, "Loam starter") || got.Width != 128 || got.Steps != 4 {
		t.Errorf("the file says %+v", got)
	}
	drawn := pixels(t, filepath.Join(data, "pictures", h.pictures()[0].SHA256+".png"))
	if red := painted(drawn); red < 0.05 || red > 0.6 {
		t.Errorf("the tomato is %.2f of the picture", red)
	}

	night, err := filepath.Abs("../starter/picture/loras/loam-starter-night.lora.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	l.drop(night)
	l.until("the library to know it", func() bool { return installed(t, data)["lora"] == 1 })
	time.Sleep(900 * time.Millisecond)
	s.shot(t, "starter-3-night")
	l.clickPrimary("Try it")
	l.until("two more pictures", func() bool { l.alive(); return len(h.pictures()) == 3 })
	time.Sleep(1200 * time.Millisecond)
	s.shot(t, "starter-4-compared")
	with, without := h.pictures()[0], h.pictures()[1]
	if got := whole(t, data, with).Receipt.Settings.LoRAs; len(got) != 1 || got[0].Total == 0 || got[0].Applied != got[0].Total {
		t.Errorf("the receipt says %+v", got)
	}
	light := func(p backend.Picture) float64 {
		return lightness(pixels(t, filepath.Join(data, "pictures", p.SHA256+".png")))
	}
	if day, dark := light(without), light(with); dark > 0.7*day {
		t.Errorf("by night it is as light as %.2f, by day as %.2f", dark, day)
	}
}

// lightness is the mean of all pixels, 0 to 1.
func lightness(img image.Image) float64 {
	b, sum := img.Bounds(), 0.0
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			red, green, blue, _ := img.At(x, y).RGBA()
			sum += float64(red+green+blue) / 3 / 0xffff
		}
	}
	return sum / float64(b.Dx()*b.Dy())
}
