package raster

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"loam/backend"
)

// scene is an opaque picture in which every pixel differs from its neighbours.
func scene(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetRGBA(x, y, color.RGBA{byte(x * 7), byte(y * 11), byte(x ^ y), 255})
		}
	}
	return img
}

func pngOf(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := EncodePNG(&b, img); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

func jpegOf(tb testing.TB, img image.Image) []byte {
	tb.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, nil); err != nil {
		tb.Fatal(err)
	}
	return b.Bytes()
}

// held is a JPEG whose camera was held as an orientation says.
func held(data []byte, orientation uint16, order binary.AppendByteOrder, mark string) []byte {
	body := append([]byte("Exif\x00\x00"), mark...)
	body = order.AppendUint16(body, 42)
	body = order.AppendUint32(body, 8)
	body = order.AppendUint16(body, 1)
	body = order.AppendUint16(body, 0x0112)
	body = order.AppendUint16(body, 3)
	body = order.AppendUint32(body, 1)
	body = order.AppendUint16(body, orientation)
	body = order.AppendUint16(body, 0)
	out := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(out, body...), data[2:]...)
}

// webPOf is a lossless WebP (RFC 9649, section 3) of one colour: each of the five prefix codes has one symbol, so that
// pixels take no bits.
func webPOf(w, h int, red, green, blue byte) []byte {
	var bits []byte
	n := 0
	put := func(v uint32, count int) {
		for i := range count {
			if n%8 == 0 {
				bits = append(bits, 0)
			}
			bits[n/8] |= byte(v>>i&1) << (n % 8)
			n++
		}
	}
	put(uint32(w-1), 14)
	put(uint32(h-1), 14)
	put(0, 1+3+1+1+1) // no alpha, version 0, no transform, no colour cache, one group of codes
	for _, symbol := range []byte{green, red, blue, 255, 0} {
		put(1, 1) // simple
		put(0, 1) // of one symbol
		put(1, 1) // of eight bits
		put(uint32(symbol), 8)
	}
	put(0, 8)
	body := append([]byte{0x2f}, bits...)
	if len(body)%2 == 1 {
		body = append(body, 0)
	}
	out := append([]byte("RIFF"), binary.LittleEndian.AppendUint32(nil, uint32(4+8+len(body)))...)
	out = append(append(out, "WEBPVP8L"...), binary.LittleEndian.AppendUint32(nil, uint32(len(body)))...)
	return append(out, body...)
}

func TestPNGComesBackByteByByte(t *testing.T) {
	want := scene(40, 24)
	got, err := Decode(bytes.NewReader(pngOf(t, want)))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want.Pix, got.Pix); d != "" || got.Rect != want.Rect {
		t.Errorf("%v: %s", got.Rect, d)
	}
}

func TestWhatIsTransparentStandsOnWhite(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
	img.Set(1, 1, color.NRGBA{0, 0, 0, 255})
	got, err := Decode(bytes.NewReader(pngOf(t, img)))
	if err != nil {
		t.Fatal(err)
	}
	if got.RGBAAt(0, 0) != (color.RGBA{255, 255, 255, 255}) || got.RGBAAt(1, 1) != (color.RGBA{0, 0, 0, 255}) {
		t.Errorf("%v %v", got.RGBAAt(0, 0), got.RGBAAt(1, 1))
	}
}

func TestPhotosStandUpright(t *testing.T) {
	img := image.NewRGBA(image.Rect(0, 0, 32, 16))
	for y := range 16 {
		for x := range 32 {
			img.SetRGBA(x, y, color.RGBA{byte(8 * x), byte(16 * y), 0, 255})
		}
	}
	plain := jpegOf(t, img)
	// Where the picture's top left corner is to be found in the file's pixels.
	corners := map[uint16][2]int{1: {0, 0}, 2: {31, 0}, 3: {31, 15}, 4: {0, 15}, 5: {0, 0}, 6: {0, 15}, 7: {31, 15}, 8: {31, 0}}
	base, err := Decode(bytes.NewReader(plain))
	if err != nil {
		t.Fatal(err)
	}
	for o, corner := range corners {
		for _, data := range [][]byte{held(plain, o, binary.LittleEndian, "II"), held(plain, o, binary.BigEndian, "MM")} {
			got, err := Decode(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("orientation %d: %v", o, err)
			}
			want := image.Pt(32, 16)
			if o >= 5 {
				want = image.Pt(16, 32)
			}
			if got.Rect.Size() != want || got.RGBAAt(0, 0) != base.RGBAAt(corner[0], corner[1]) {
				t.Errorf("orientation %d: %v, %v", o, got.Rect, got.RGBAAt(0, 0))
			}
		}
	}
	if got, err := Decode(bytes.NewReader(held(plain, 99, binary.LittleEndian, "II"))); err != nil || got.Rect.Dx() != 32 {
		t.Errorf("a nonsensical orientation: %v", err)
	}
}

func TestWebPIsRead(t *testing.T) {
	img, err := Decode(bytes.NewReader(webPOf(16, 9, 200, 100, 50)))
	if err != nil {
		t.Fatal(err)
	}
	if img.Rect.Size() != image.Pt(16, 9) || img.RGBAAt(15, 8) != (color.RGBA{200, 100, 50, 255}) {
		t.Errorf("%v, %v", img.Rect, img.RGBAAt(15, 8))
	}
}

func TestBadPicturesAreRefusedInOneClause(t *testing.T) {
	var anim bytes.Buffer
	if err := gif.Encode(&anim, scene(16, 16), nil); err != nil {
		t.Fatal(err)
	}
	whole := pngOf(t, scene(64, 64))
	huge := slices.Clone(whole)
	binary.BigEndian.PutUint32(huge[16:], 1<<20)
	binary.BigEndian.PutUint32(huge[20:], 1<<20)
	binary.BigEndian.PutUint32(huge[29:], crcOf(huge[12:29]))
	for says, data := range map[string][]byte{
		"it is a GIF": anim.Bytes(),
		"PNG picture is damaged or ends too soon": whole[:len(whole)/2],
		"million pixels":          huge,
		"it is empty":             nil,
		"no PNG, JPEG or WebP":    []byte("once upon a time"),
		"only 4 × 4":              pngOf(t, scene(4, 4)),
		"JPEG picture is damaged": append([]byte("\xff\xd8\xff\xe0"), make([]byte, 100)...),
		"HEIC":                    []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
		"WebP picture is damaged": []byte("RIFF\x10\x00\x00\x00WEBPVP8 "),
	} {
		_, err := Decode(bytes.NewReader(data))
		broken, ok := errors.AsType[*backend.BadFile](err)
		if !ok || !strings.Contains(broken.Reason, says) || strings.Contains(broken.Reason, "\n") {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

func TestLargePicturesAreMadeSmaller(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 5000, 4000))
	got, err := Decode(bytes.NewReader(pngOf(t, img)))
	if err != nil {
		t.Fatal(err)
	}
	if s := got.Rect.Size(); s.X*s.Y > MaxKept || s.X < 4570 || s.X*4/5-s.Y > 1 {
		t.Errorf("kept as %v", s)
	}
}

func TestCropKeepsTheMiddleAndTheShape(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 5000)
		w, h, tw, th := n.Draw(t, "w"), n.Draw(t, "h"), n.Draw(t, "tw"), n.Draw(t, "th")
		r := Crop(w, h, tw, th)
		if r.Empty() || !r.In(image.Rect(0, 0, w, h)) || r.Dx() != w && r.Dy() != h {
			t.Fatalf("%v of %d x %d", r, w, h)
		}
		if left, right := r.Min.X, w-r.Max.X; left-right > 1 || right-left > 1 {
			t.Fatalf("%v is not in the middle", r)
		}
	})
}

func TestRGBComesBack(t *testing.T) {
	want := scene(9, 5)
	if d := cmp.Diff(want, FromRGB(RGB(want), 9, 5)); d != "" {
		t.Error(d)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(pngOf(f, scene(16, 16)))
	f.Add(pngOf(f, image.NewNRGBA64(image.Rect(0, 0, 9, 9))))
	j := jpegOf(f, scene(16, 16))
	f.Add(j)
	f.Add(held(j, 6, binary.LittleEndian, "II"))
	f.Add(webPOf(9, 9, 1, 2, 3))
	f.Fuzz(func(t *testing.T, data []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(data)); err == nil && c.Width*c.Height > 1<<22 {
			t.Skip("large")
		}
		img, err := Decode(bytes.NewReader(data))
		if err != nil {
			if _, ok := errors.AsType[*backend.BadFile](err); !ok {
				t.Fatalf("%v is no reason", err)
			}
			return
		}
		if b := img.Rect; b.Min != (image.Point{}) || b.Dx() < minSide || b.Dy() < minSide || len(img.Pix) != 4*b.Dx()*b.Dy() || !img.Opaque() {
			t.Fatalf("%v, %d bytes", b, len(img.Pix))
		}
	})
}

// crcOf is the checksum of a PNG chunk.
func crcOf(b []byte) uint32 {
	crc := ^uint32(0)
	for _, c := range b {
		crc ^= uint32(c)
		for range 8 {
			crc = crc>>1 ^ 0xedb88320&-(crc&1)
		}
	}
	return ^crc
}
