//go:build window

package windowtest

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"loam/backend"
	"loam/backend/imagemeta"
)

// receipt is what a picture's row says of its making.
func receipt(t testing.TB, p backend.Picture) imagemeta.Receipt {
	t.Helper()
	var rec imagemeta.Receipt
	if err := json.Unmarshal(p.Settings, &rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

// pixels decodes a kept file of the data folder.
func pixels(t testing.TB, path string) image.Image {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// Where things stand on the pictures page of a window of its first size.
const (
	stripX, stripY   = 420, 712 // the first picture of the strip
	largeX, largeY   = 440, 380 // the middle of the picture in the large view
	editX, editY     = 1040, 604
	enlargeX         = 900
	enlargeY         = 646
	drawPartX, drawY = 1040, 730
)

// TestAPartIsDrawnAnewWithThePointer draws a picture, marks a part of it with the mouse and has that drawn anew; then it
// makes the result larger, with the upscaler that came with the program. All of it by real clicks.
func TestAPartIsDrawnAnewWithThePointer(t *testing.T) {
	data := easel(t, 128, 6)
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	h := history(t, data)
	l.key("ctrl+2")
	l.typeText("a lighthouse at dusk")
	l.key("ctrl+Return")
	l.until("the picture", func() bool { l.alive(); return len(h.pictures()) == 1 })
	time.Sleep(500 * time.Millisecond)
	l.reach("edit-2-large", 0.2, stripX, stripY)
	clean := l.reach("edit-3-editor", 0.01, editX, editY)
	l.drag(largeX-60, largeY, largeX+60, largeY+40)
	l.until("the mark", func() bool { return changed(clean, s.shot(t, "edit-4-marked")) > 0.002 })
	l.reach("edit-5-draws", 0.2, drawPartX, drawY)
	l.until("the edited picture", func() bool { l.alive(); return len(h.pictures()) == 2 })

	child, parent := h.pictures()[0], h.pictures()[1]
	rec := receipt(t, child)
	if child.MadeFrom != parent.ID || rec.MadeFrom != parent.SHA256 || len(rec.Settings.Mask) != 64 {
		t.Fatalf("made from %d, receipt %+v", child.MadeFrom, rec)
	}
	mask := pixels(t, filepath.Join(data, "pictures", "start", rec.Settings.Mask+".png"))
	before, after := pixels(t, filepath.Join(data, "pictures", parent.SHA256+".png")), pixels(t, filepath.Join(data, "pictures", child.SHA256+".png"))
	marked, moved := 0, 0
	for y := range 128 {
		for x := range 128 {
			m, _, _, _ := mask.At(x, y).RGBA()
			same := before.At(x, y) == after.At(x, y)
			if m == 0 && !same {
				t.Fatalf("%d, %d is outside the mask and changed", x, y)
			}
			if m != 0 {
				marked++
				if !same {
					moved++
				}
			}
		}
	}
	if marked < 100 || marked > 128*64 || moved < marked/2 {
		t.Errorf("%d pixels are marked, %d of them changed", marked, moved)
	}

	time.Sleep(500 * time.Millisecond)
	view := l.reach("edit-6-large", 0.2, stripX, stripY)
	l.key("space")
	l.until("the comparison", func() bool { return changed(view, s.shot(t, "edit-7-compared")) > 0.0005 })
	l.key("space")
	l.reach("edit-8-enlarging", 0.2, enlargeX, enlargeY)
	l.until("the larger picture", func() bool { l.alive(); return len(h.pictures()) == 3 })
	large := h.pictures()[0]
	if large.Width != 256 || large.MadeFrom != child.ID || receipt(t, large).Settings.Factor != 2 {
		t.Errorf("%d wide, made from %d: %+v", large.Width, large.MadeFrom, receipt(t, large).Settings)
	}
	time.Sleep(500 * time.Millisecond)
	s.shot(t, "edit-9-larger")
	whole(t, data, large)
}

// TestKilledJobsKeepTheirStartPicture kills the program with a queue of pictures that start from a file, and removes the
// file: the jobs go on from the copy that was kept.
func TestKilledJobsKeepTheirStartPicture(t *testing.T) {
	data := easel(t, 64, 12)
	photo := filepath.Join(t.TempDir(), "photo.png")
	img := image.NewGray(image.Rect(0, 0, 96, 64))
	for i := range img.Pix {
		img.Pix[i] = byte(i)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(photo, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stderr, code := command(t, data, "image", "--start", photo, "--size", "64x64", "--steps", "1", "boats"); code != 0 {
		t.Fatal(stderr)
	}
	h := history(t, data)
	sum := receipt(t, h.pictures()[0]).Settings.Start
	wish := map[string]any{
		"prompt": "boats", "quality": "good", "count": 4, "shape": "", "strength": 1, "fold_open": true,
		"start":  map[string]any{"sha256": sum, "width": 96, "height": 64, "name": "photo.png"},
		"family": map[string]any{"flux": map[string]any{"width": 64, "height": 64, "steps": 12}},
	}
	if err := h.s.SetSetting(t.Context(), "pictures.wish", wish); err != nil {
		t.Fatal(err)
	}
	s := newScreen(t, "1280x800")
	l := start(t, s, data)
	l.key("ctrl+2")
	l.key("ctrl+Return")
	l.until("a running picture", func() bool { l.alive(); return len(h.jobs(backend.JobRunning)) == 1 })
	l.kill()
	if err := os.Remove(photo); err != nil {
		t.Fatal(err)
	}
	left := len(h.jobs(backend.JobWaiting, backend.JobInterrupted, backend.JobRunning))
	if left == 0 {
		t.Fatal("no job was left to go on with")
	}
	l = start(t, s, data)
	time.Sleep(time.Second)
	s.shot(t, "start-1-restarted")
	l.click(continueX, continueY)
	l.until("all pictures", func() bool { l.alive(); return len(h.pictures()) == 5 })
	for _, p := range h.pictures() {
		if got := whole(t, data, p).Receipt.Settings.Start; got != sum {
			t.Errorf("picture %d started from %q, want %q", p.ID, got, sum)
		}
	}
}

// reach clicks until so much of the window changed, and gives what is seen then.
func (l *Loam) reach(what string, share float64, x, y int) image.Image {
	l.t.Helper()
	before := l.screen.shot(l.t, "before-"+what)
	var now image.Image
	l.until(what, func() bool {
		l.alive()
		l.click(x, y)
		now = l.screen.shot(l.t, what)
		return changed(before, now) > share
	})
	return now
}

// drag moves the pointer with its button down.
func (l *Loam) drag(x0, y0, x1, y1 int) {
	l.t.Helper()
	move := func(x, y int) {
		l.screen.tool(l.t, "xdotool", "mousemove", "--window", l.window, strconv.Itoa(x), strconv.Itoa(y))
		time.Sleep(30 * time.Millisecond)
	}
	move(x0, y0)
	l.screen.tool(l.t, "xdotool", "mousedown", "1")
	for i := 1; i <= 8; i++ {
		move(x0+(x1-x0)*i/8, y0+(y1-y0)*i/8)
	}
	l.screen.tool(l.t, "xdotool", "mouseup", "1")
	time.Sleep(250 * time.Millisecond)
}
