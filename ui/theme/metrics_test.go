package theme

import (
	"bytes"
	"os"
	"testing"

	"github.com/go-text/typesetting/font"
)

// FuzzWithBox: whatever the bytes are, they are refused or stay as long as they were.
func FuzzWithBox(f *testing.F) {
	inter, err := os.ReadFile("../../assets/fonts/Inter-Regular.ttf")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(inter[:2000])
	f.Add([]byte("\x00\x01\x00\x00\xff\xff"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, file []byte) {
		before := bytes.Clone(file)
		out, err := withBox(file, boxAscent, boxDescent)
		if err == nil && len(out) != len(file) {
			t.Errorf("%d bytes became %d", len(file), len(out))
		}
		if !bytes.Equal(before, file) {
			t.Error("the file itself was changed")
		}
	})
}

func TestABoxChangesNoGlyph(t *testing.T) {
	file, err := os.ReadFile("../../assets/fonts/Inter-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	out, err := withBox(file, 1.5, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	was, err := font.ParseTTF(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	is, err := font.ParseTTF(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range "Agjß…" {
		a, _ := was.NominalGlyph(r)
		b, _ := is.NominalGlyph(r)
		if a != b || was.HorizontalAdvance(a) != is.HorizontalAdvance(b) {
			t.Errorf("%c changed", r)
		}
	}
	if e, ok := is.FontHExtents(); !ok || e.Ascender != 1.5*2048 || e.Descender != -0.5*2048 || e.LineGap != 0 {
		t.Errorf("the box is %+v", e)
	}
}
