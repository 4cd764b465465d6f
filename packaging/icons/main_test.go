package main

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// written writes squares of the sides as PNGs.
func written(t *testing.T, sides ...int) (names []string, data map[int][]byte) {
	t.Helper()
	data = map[int][]byte{}
	for i, side := range sides {
		var b bytes.Buffer
		if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, side, side))); err != nil {
			t.Fatal(err)
		}
		data[side] = b.Bytes()
		names = append(names, filepath.Join(t.TempDir(), string(rune('a'+i))+".png"))
		if err := os.WriteFile(names[i], b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return names, data
}

// packed runs the command.
func packed(t *testing.T, kind string, names []string) []byte {
	t.Helper()
	out := filepath.Join(t.TempDir(), "icon")
	if err := run(append([]string{kind, out}, names...)); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestWindowsIconNamesEachPictureAndWhereItLies(t *testing.T) {
	names, data := written(t, 256, 16, 512, 48)
	b := packed(t, "ico", names)
	if d := cmp.Diff([]byte{0, 0, 1, 0, 3, 0}, b[:6]); d != "" {
		t.Fatal(d)
	}
	for i, side := range []int{16, 48, 256} { // 512 has no place in the format
		e := b[6+16*i:]
		size, at := binary.LittleEndian.Uint32(e[8:]), binary.LittleEndian.Uint32(e[12:])
		if int(e[0]) != side%256 || int(e[1]) != side%256 {
			t.Errorf("entry %d is %d x %d", i, e[0], e[1])
		}
		if d := cmp.Diff(data[side], b[at:at+size]); d != "" {
			t.Errorf("the picture of %d: %s", side, d)
		}
	}
}

func TestMacIconHoldsEachPictureUnderItsNames(t *testing.T) {
	names, data := written(t, 32, 128, 48)
	b := packed(t, "icns", names)
	if string(b[:4]) != "icns" || int(binary.BigEndian.Uint32(b[4:])) != len(b) {
		t.Fatalf("the head is %q", b[:8])
	}
	got := map[string][]byte{}
	for rest := b[8:]; len(rest) > 0; {
		n := binary.BigEndian.Uint32(rest[4:])
		got[string(rest[:4])] = rest[8:n]
		rest = rest[n:]
	}
	want := map[string][]byte{"icp5": data[32], "ic11": data[32], "ic07": data[128]}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestWhatIsNoSquarePNGIsRefused(t *testing.T) {
	out := filepath.Join(t.TempDir(), "icon")
	text := filepath.Join(t.TempDir(), "words.png")
	if err := os.WriteFile(text, []byte("words"), 0o600); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 16, 32))); err != nil {
		t.Fatal(err)
	}
	tall := filepath.Join(t.TempDir(), "tall.png")
	if err := os.WriteFile(tall, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	odd, _ := written(t, 24)
	for _, args := range [][]string{{"ico", out, text}, {"ico", out, tall}, {"icns", out, odd[0]}, {"bmp", out, text}, {"ico", out}} {
		if err := run(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("something was written")
	}
}
