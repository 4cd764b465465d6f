package cli

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"loam/backend"
	"loam/backend/engine/enginetest"
	"loam/backend/imagemeta"
)

// scene writes a picture in which every pixel differs from its neighbours.
func scene(t *testing.T, name string, w, h int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{byte(x * 5), byte(y * 9), byte(x ^ y), 255})
		}
	}
	return store(t, name, img)
}

func store(t *testing.T, name string, img image.Image) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func load(t *testing.T, path string) (image.Image, imagemeta.Settings) {
	t.Helper()
	b, err := os.ReadFile(strings.TrimSpace(path))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	m, err := imagemeta.ReadPNG(bytes.NewReader(b))
	if err != nil || m.Receipt == nil {
		t.Fatalf("no receipt: %v", err)
	}
	return img, m.Receipt.Settings
}

func TestImageStartsFromAPicture(t *testing.T) {
	term := paintings(t, enginetest.PictureModel{Family: "sd1"})
	photo := scene(t, "photo.png", 200, 100)
	draw := func(args ...string) (image.Image, imagemeta.Settings) {
		t.Helper()
		out, stderr, code := term.run(t.Context(), append([]string{"image", "--seed", "7", "--steps", "2"}, args...)...)
		if code != 0 {
			t.Fatalf("%v: code %d, %q", args, code, stderr)
		}
		return load(t, out)
	}
	img, s := draw("--start", photo, "a lighthouse")
	if len(s.Start) != 64 || s.Strength != 0.65 || img.Bounds().Dx() != 768 || img.Bounds().Dy() != 384 {
		t.Errorf("%v %+v", img.Bounds(), s)
	}
	if img, s := draw("--start", photo, "--strength", "0.3", "--size", "64x64", "a lighthouse"); s.Strength != 0.3 || img.Bounds().Dx() != 64 {
		t.Errorf("%v %+v", img.Bounds(), s)
	}
	mask := image.NewGray(image.Rect(0, 0, 200, 100))
	for y := 20; y < 60; y++ {
		for x := 30; x < 120; x++ {
			mask.Pix[mask.PixOffset(x, y)] = 255
		}
	}
	img, s = draw("--start", photo, "--mask", store(t, "mask.png", mask), "a boat")
	if len(s.Mask) != 64 || s.Strength != 0.85 || img.Bounds() != mask.Bounds() {
		t.Fatalf("%v %+v", img.Bounds(), s)
	}
	was, _, err := image.Decode(bytes.NewReader(read(t, photo)))
	if err != nil {
		t.Fatal(err)
	}
	inside := 0
	for y := range 100 {
		for x := range 200 {
			same := color.NRGBAModel.Convert(was.At(x, y)) == color.NRGBAModel.Convert(img.At(x, y))
			if mask.GrayAt(x, y).Y == 0 && !same {
				t.Fatalf("%d, %d is outside the mask and changed", x, y)
			}
			if !same {
				inside++
			}
		}
	}
	if inside < 3000 {
		t.Errorf("only %d of 3600 pixels inside the mask changed", inside)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestImageMakesAPictureLarger(t *testing.T) {
	term := paintings(t, enginetest.PictureModel{})
	photo := scene(t, "photo.png", 40, 30)
	if _, stderr, code := term.run(t.Context(), "image", "--upscale", photo); code == 0 || !strings.Contains(stderr, "No upscaler is installed") {
		t.Errorf("code %d, %q", code, stderr)
	}
	path := enginetest.WritePictureModel(t, t.TempDir(), enginetest.PictureModel{})
	if _, err := term.look(t, false).Store.AddModel(t.Context(), backend.Model{
		Name: "Twice", Kind: backend.KindUpscaler, Family: "esrgan", Path: path, State: backend.ModelReady,
	}); err != nil {
		t.Fatal(err)
	}
	out, stderr, code := term.run(t.Context(), "image", "--upscale", photo)
	if code != 0 {
		t.Fatalf("code %d, %q", code, stderr)
	}
	if img, s := load(t, out); img.Bounds().Dx() != 80 || s.Upscaler != "Twice" || s.Factor != 2 {
		t.Errorf("%v %+v", img.Bounds(), s)
	}
	if _, stderr, code := term.run(t.Context(), "image", "--upscale", photo, "-m", "painter"); code == 0 || !strings.Contains(stderr, "is no upscaler") {
		t.Errorf("code %d, %q", code, stderr)
	}
}

func TestImageRefusesWhatCannotBeStartedFromInOneLine(t *testing.T) {
	photo, small := scene(t, "photo.png", 64, 64), scene(t, "small.png", 32, 32)
	letter := filepath.Join(t.TempDir(), "letter.png")
	if err := os.WriteFile(letter, []byte("Dear all"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		only bool
		args []string
		says string
	}{
		"no prompt":      {args: []string{"image", "--start", photo}, says: "Say what to draw"},
		"no start":       {args: []string{"image", "--mask", photo, "x"}, says: "--mask needs --start"},
		"strength":       {args: []string{"image", "--start", photo, "--strength", "2", "x"}, says: "out of range"},
		"lone strength":  {args: []string{"image", "--strength", "0.5", "x"}, says: "--strength needs --start"},
		"mask and size":  {args: []string{"image", "--start", photo, "--mask", photo, "--size", "64x64", "x"}, says: "leave out --size"},
		"letter":         {args: []string{"image", "--start", letter, "x"}, says: "“letter.png” cannot be used: it is no PNG"},
		"nowhere":        {args: []string{"image", "--start", letter + ".not", "x"}, says: "There is no file"},
		"small mask":     {args: []string{"image", "--start", photo, "--mask", small, "x"}, says: "the size of the start picture, 64 × 64"},
		"upscale and":    {args: []string{"image", "--upscale", photo, "x"}, says: "leave out the prompt"},
		"larger letter":  {args: []string{"image", "--upscale", letter}, says: "No upscaler"},
		"older engine":   {only: true, args: []string{"image", "--start", photo, "--steps", "1", "--size", "64x64", "x"}, says: "cannot start from a picture"},
		"older engine 2": {only: true, args: []string{"image", "--start", photo, "--mask", photo, "--steps", "1", "x"}, says: "cannot start from a picture"},
	} {
		t.Run(name, func(t *testing.T) {
			term := paintings(t, enginetest.PictureModel{Only: c.only})
			out, stderr, code := term.run(t.Context(), c.args...)
			if code == 0 || out != "" || !strings.Contains(stderr, c.says) || strings.Count(strings.TrimSpace(stderr), "\n") != 0 {
				t.Errorf("code %d, stdout %q, stderr %q", code, out, stderr)
			}
		})
	}
}
