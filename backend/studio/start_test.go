package studio

import (
	"bytes"
	"encoding/json"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"loam/backend"
	"loam/backend/engine"
	"loam/backend/imagemeta"
	"loam/store/storetest"
)

// photo writes a JPEG and gives its path.
func photo(t *testing.T, w, h int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{byte(255 * x / w), byte(255 * y / h), 90, 255})
		}
	}
	path := filepath.Join(t.TempDir(), "photo.jpg")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := jpeg.Encode(f, img, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

// circle is a mask with a disc of radius r in the middle.
func circle(w, h, r int) *image.Gray {
	m := image.NewGray(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if (x-w/2)*(x-w/2)+(y-h/2)*(y-h/2) <= r*r {
				m.Pix[m.PixOffset(x, y)] = 255
			}
		}
	}
	return m
}

func (b bench) receipt(t *testing.T, p backend.Picture) imagemeta.Receipt {
	t.Helper()
	var rec imagemeta.Receipt
	if err := json.Unmarshal(p.Settings, &rec); err != nil {
		t.Fatal(err)
	}
	return rec
}

// starting is a request that starts from a photo, whose file is gone by then.
func (b bench) starting(t *testing.T, w, h int) Request {
	t.Helper()
	path := photo(t, w, h)
	start, err := b.KeepStart(t.Context(), path)
	if err != nil || start.Width != w || start.Height != h {
		t.Fatalf("%+v, %v", start, err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Start, r.Strength = start.SHA256, 0.5
	return r
}

func TestAJobKeepsItsStartPictureAcrossARestart(t *testing.T) {
	st, dir := storetest.New(t), t.TempDir()
	p := &painter{hold: make(chan struct{}), started: make(chan int, 9)}
	first := open(t, p, st, dir)
	r := first.starting(t, 40, 20)
	jobs, err := first.Enqueue(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	<-p.started
	first.Close()

	q := &painter{}
	second := open(t, q, st, dir)
	second.d.Now = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if n, err := second.CleanStarts(t.Context()); n != 0 || err != nil {
		t.Errorf("the start picture of a waiting job was removed: %d, %v", n, err)
	}
	if err := second.Continue(t.Context(), jobs[0].ID); err != nil {
		t.Fatal(err)
	}
	if j := second.settle(t, jobs[0].ID, backend.JobDone, backend.JobFailed); j.State != backend.JobDone {
		t.Fatal(j.Error)
	}
	if q.got.Init == nil || q.got.Init.Width != 16 || q.got.Init.Height != 16 || q.got.Strength != 0.5 || q.got.Mask != nil {
		t.Fatalf("the engine was asked with %+v", q.got)
	}
	// 40 x 20 becomes 16 x 16: what is left and right of the middle is cut off.
	if left := q.got.Init.Data[0]; left < 50 || left > 90 {
		t.Errorf("the left edge is %d", left)
	}
	ps, err := second.Pictures(t.Context(), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	rec := second.receipt(t, ps[0])
	if rec.Settings.Start != r.Start || rec.Settings.Strength != 0.5 || rec.MadeFrom != "" || ps[0].MadeFrom != 0 {
		t.Errorf("the receipt says %+v", rec)
	}
	if n, err := second.CleanStarts(t.Context()); n != 0 || err != nil {
		t.Errorf("the start picture of a finished picture was removed: %d, %v", n, err)
	}
}

func TestStartPicturesGoWhenNothingRefersToThem(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	if n, err := b.CleanStarts(t.Context()); n != 0 || err != nil {
		t.Errorf("with no folder: %d, %v", n, err)
	}
	held, loose := b.starting(t, 32, 32), b.starting(t, 48, 32)
	foreign := filepath.Join(b.dir, startDir, "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if n, err := b.CleanStarts(t.Context(), held.Start); n != 0 || err != nil {
		t.Errorf("a young one was removed: %d, %v", n, err)
	}
	b.d.Now = func() time.Time { return time.Now().Add(2 * startAge) }
	if n, err := b.CleanStarts(t.Context(), held.Start); n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	for path, want := range map[string]bool{b.StartPath(held.Start): true, b.StartPath(loose.Start): false, foreign: true} {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s: %v", filepath.Base(path), err)
		}
	}
	if _, err := b.Enqueue(t.Context(), loose, 1); err == nil || !strings.Contains(err.Error(), "choose it again") {
		t.Errorf("a start picture that is gone: %v", err)
	}
}

func TestBadStartPicturesAreRefusedInWords(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	dir := t.TempDir()
	text := filepath.Join(dir, "letter.png")
	if err := os.WriteFile(text, []byte("Dear all"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := b.KeepStart(t.Context(), text)
	if bad, ok := errors.AsType[*backend.BadFile](err); !ok || bad.Path != text {
		t.Errorf("a letter: %v", err)
	}
	if _, err := b.KeepStart(t.Context(), filepath.Join(dir, "nowhere.png")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := b.KeepStart(t.Context(), dir); err == nil {
		t.Error("a folder was kept")
	}
	sum := strings.Repeat("a", 64)
	for name, change := range map[string]func(*Request){
		"a path": func(r *Request) { r.Start, r.Strength = "../../etc/passwd", 0.5 }, "no strength": func(r *Request) { r.Strength = 0 },
		"strength": func(r *Request) { r.Strength = 1.5 }, "a mask alone": func(r *Request) { r.Start, r.Mask = "", sum },
		"one that is gone": func(r *Request) { r.Start = sum }, "nothing to enlarge": func(r *Request) { r.Start, r.Upscale = "", true },
	} {
		r := b.starting(t, 32, 32)
		change(&r)
		if _, err := b.Enqueue(t.Context(), r, 1); err == nil {
			t.Errorf("%s was not refused", name)
		}
	}
	start, err := b.KeepStart(t.Context(), photo(t, 32, 32))
	if err != nil {
		t.Fatal(err)
	}
	for says, path := range map[string]string{"the size of the start picture, 32 × 32": photo(t, 40, 32), "no PNG, JPEG or WebP": text} {
		if _, err := b.KeepMaskFile(t.Context(), path, start); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("a mask: %v, want %q", err, says)
		}
	}
	plain := open(t, &painter{plain: true}, storetest.New(t), b.dir)
	r := b.starting(t, 32, 32)
	jobs, err := plain.Enqueue(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if j := plain.settle(t, jobs[0].ID, backend.JobFailed, backend.JobDone); !strings.Contains(j.Error, "cannot start from a picture") {
		t.Errorf("an engine that cannot: %s, %q", j.State, j.Error)
	}
}

func TestAnEditedPictureKeepsEveryByteOutsideTheMask(t *testing.T) {
	st, dir := storetest.New(t), t.TempDir()
	p := &painter{}
	b := open(t, p, st, dir)
	r := request()
	r.Width, r.Height = 96, 64
	before, parent := b.drawn(t, r)
	start, err := b.KeepStartOf(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, radius := range []int{0, 1, 5, 20, 31, 33, 47, 60} {
		m := circle(96, 64, radius)
		mask, err := b.KeepMask(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		edit := r
		edit.Start, edit.Mask, edit.Strength, edit.Seed = start.SHA256, mask, 0.9, uint64(radius+6)
		after, pic := b.drawn(t, edit)
		for i, v := range m.Pix {
			if v == 0 && !bytes.Equal(before.Pix[4*i:4*i+4], after.Pix[4*i:4*i+4]) {
				t.Fatalf("pixel %d outside the mask changed", i)
			}
		}
		rec := b.receipt(t, pic)
		if pic.MadeFrom != parent.ID || rec.MadeFrom != parent.SHA256 || rec.Settings.Mask != mask || pic.Width != 96 {
			t.Fatalf("made from %d, receipt %+v", pic.MadeFrom, rec)
		}
	}
	if p.got.Mask == nil || p.got.Init == nil || p.got.Width != p.got.Mask.Width {
		t.Errorf("the engine was asked with %+v", p.got)
	}
}

func TestAPartOfALargePictureIsDrawnInTheModelsSize(t *testing.T) {
	p := &painter{}
	b := open(t, p, storetest.New(t), t.TempDir())
	start, err := b.KeepStart(t.Context(), photo(t, 1500, 1000))
	if err != nil {
		t.Fatal(err)
	}
	mask, err := b.KeepMask(t.Context(), circle(1500, 1000, 50))
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Width, r.Height, r.Start, r.Mask, r.Strength = 1500, 1000, start.SHA256, mask, 0.9
	_, pic := b.drawn(t, r)
	if pic.Width != 1500 || pic.Height != 1000 || p.got.Width != 512 || p.got.Height != 512 {
		t.Errorf("a picture of %d x %d, drawn at %d x %d", pic.Width, pic.Height, p.got.Width, p.got.Height)
	}
	r.Width = 1496
	jobs, err := b.Enqueue(t.Context(), r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if j := b.settle(t, jobs[0].ID, backend.JobFailed, backend.JobDone); j.State != backend.JobFailed {
		t.Error("a mask of another size than the picture was taken")
	}
}

func TestAnEnlargedPictureNamesWhatItWasMadeFrom(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	_, parent := b.drawn(t, request())
	start, err := b.KeepStartOf(t.Context(), parent)
	if err != nil {
		t.Fatal(err)
	}
	img, pic := b.drawn(t, Request{ModelID: enlarger, Start: start.SHA256, Upscale: true})
	rec := b.receipt(t, pic)
	want := b.receipt(t, parent).Settings
	want.Width, want.Height, want.Upscaler, want.UpscalerHash, want.Factor = 32, 32, "twice", "bb", 2
	if d := cmp.Diff(want, rec.Settings); d != "" || img.Rect.Dx() != 32 || pic.Width != 32 || pic.MadeFrom != parent.ID || rec.MadeFrom != parent.SHA256 {
		t.Errorf("%s%+v", d, pic)
	}
	again, err := b.KeepStartOf(t.Context(), pic)
	if err != nil {
		t.Fatal(err)
	}
	_, larger := b.drawn(t, Request{ModelID: enlarger, Start: again.SHA256, Upscale: true})
	if f := b.receipt(t, larger).Settings.Factor; f != 4 {
		t.Errorf("twice by 2 is told as %d", f)
	}
	for says, r := range map[string]Request{"no upscaler": {ModelID: 1, Start: start.SHA256, Upscale: true}} {
		jobs, err := b.Enqueue(t.Context(), r, 1)
		if err != nil {
			t.Fatal(err)
		}
		if j := b.settle(t, jobs[0].ID, backend.JobFailed, backend.JobDone); !strings.Contains(j.Error, says) {
			t.Errorf("%q, want %q", j.Error, says)
		}
	}
}

func TestAPictureOfLoamsOwnIsKnownAgain(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	_, pic := b.drawn(t, request())
	path := filepath.Join(t.TempDir(), "copy.png")
	if err := b.SaveCopy(pic, path); err != nil {
		t.Fatal(err)
	}
	start, err := b.KeepStart(t.Context(), path)
	if err != nil || start != (Start{pic.SHA256, 16, 16}) {
		t.Errorf("%+v, %v", start, err)
	}
}

func TestStepsTakenGrowWithStrength(t *testing.T) {
	for _, x := range []struct {
		steps    int
		strength float32
		want     int
	}{{20, 0, 20}, {20, 1, 20}, {20, 0.5, 11}, {20, 0.01, 1}, {1, 0.9, 1}, {4, 0.99, 4}} {
		if got := StepsTaken(x.steps, x.strength); got != x.want {
			t.Errorf("%d steps at %g: %d, want %d", x.steps, x.strength, got, x.want)
		}
	}
}

func TestAShapeFollowsTheStartPicture(t *testing.T) {
	d := Defaults{Size: 1024}
	for in, want := range map[Shape]Shape{
		{1024, 768}: {1024, 768}, {4000, 3000}: {1216, 896}, {333, 333}: {1024, 1024}, {10_000, 100}: {1728, 576}, {100, 10_000}: {576, 1728}, {0, 5}: {1024, 1024},
	} {
		if got := d.ShapeLike(in.Width, in.Height, 64); got != want {
			t.Errorf("%v becomes %v, want %v", in, got, want)
		}
	}
}

// A preview of a part is shown in its place.
func TestThePreviewOfAPartStandsInItsPicture(t *testing.T) {
	b := open(t, &painter{}, storetest.New(t), t.TempDir())
	start, err := b.KeepStart(t.Context(), photo(t, 64, 64))
	if err != nil {
		t.Fatal(err)
	}
	mask, err := b.KeepMask(t.Context(), circle(64, 64, 10))
	if err != nil {
		t.Fatal(err)
	}
	r := request()
	r.Start, r.Mask, r.Width, r.Height, r.Strength = start.SHA256, mask, 64, 64, 1
	in, err := b.input(r, backend.Model{}, (&painter{}).Info())
	if err != nil {
		t.Fatal(err)
	}
	px := in.preview()(engine.Pixels{Width: 8, Height: 8, Channels: 3, Data: bytes.Repeat([]byte{1, 2, 3}, 64)})
	if px.Width != 64 || px.Height != 64 || !bytes.Equal(px.Data[3*(32*64+32):][:3], []byte{1, 2, 3}) {
		t.Errorf("%d x %d, in the middle %v", px.Width, px.Height, px.Data[3*(32*64+32):][:3])
	}
	f, err := os.Open(b.StartPath(start.SHA256))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	whole, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	red, _, _, _ := whole.At(63, 0).RGBA()
	if px.Data[3*63] != byte(red>>8) {
		t.Error("outside the mask the preview is not the picture")
	}
}
