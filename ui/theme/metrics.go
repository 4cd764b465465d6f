package theme

import (
	"encoding/binary"
	"errors"
	"math"

	"fyne.io/fyne/v2"
)

// The line box of a typeface, as multiples of its size. Fyne gives every text the box of the first typeface, but puts the
// baseline as low as the tallest of the typefaces that the text needs: where the system's Arabic or Japanese letters
// claim more height than the bundled ones, the line sinks and its feet are cut off. So the bundled typefaces claim what
// nearly all others stay under, evenly above and below, so that text stays in the middle of what it stands in.
const (
	boxAscent  = 1.16
	boxDescent = 0.44
	// BoxHeight is the height of a canvas.Text as a multiple of its size: more than TextHeight, and mostly empty.
	BoxHeight = boxAscent + boxDescent
)

// A few typefaces claim more. Text that needs one is drawn with a typeface that claims this, in a box that is TallRise
// higher above the baseline. The rise is a whole size, so that whole sizes stay on whole pixels.
const (
	TallRise    = 1.0
	tallAscent  = boxAscent + TallRise
	tallDescent = 1.0
)

// TextHeight is the height that a line of text of a size takes up where it is not part of a paragraph.
func TextHeight(size float32) float32 { return faceHeight * size }

// Tall returns the typeface of a style with a line box that holds any system's letters, for a canvas.Text's FontSource, or
// nil where another theme is in use.
func Tall(style fyne.TextStyle) fyne.Resource {
	t, ok := fyne.CurrentApp().Settings().Theme().(*Theme)
	if !ok {
		return nil
	}
	return t.assets.tall[fontName(style)]
}

// errNoTypeface says that bytes are not a typeface.
var errNoTypeface = errors.New("not a TrueType typeface")

// withBox returns a copy of a TrueType file whose line box is ascent above and descent below the baseline, in multiples of
// its size. The tables head, hhea and OS/2 are as in the OpenType specification 1.9; sums are left as they are, nobody
// here asks for them.
func withBox(file []byte, ascent, descent float64) ([]byte, error) {
	tables := map[string][]byte{}
	out := append([]byte(nil), file...)
	if len(out) < 12 {
		return nil, errNoTypeface
	}
	count := int(binary.BigEndian.Uint16(out[4:]))
	if len(out) < 12+16*count {
		return nil, errNoTypeface
	}
	for i := range count {
		record := out[12+16*i:]
		from, size := uint64(binary.BigEndian.Uint32(record[8:])), uint64(binary.BigEndian.Uint32(record[12:]))
		if from+size > uint64(len(out)) {
			return nil, errNoTypeface
		}
		tables[string(record[:4])] = out[from : from+size]
	}
	head, hhea, os2 := tables["head"], tables["hhea"], tables["OS/2"]
	if len(head) < 20 || len(hhea) < 10 || len(os2) < 78 {
		return nil, errNoTypeface
	}
	unit := float64(binary.BigEndian.Uint16(head[18:]))
	up, down := uint16(math.Round(ascent*unit)), uint16(math.Round(descent*unit))
	for _, at := range [][]byte{hhea[4:], os2[68:]} { // ascender, descender, line gap
		binary.BigEndian.PutUint16(at, up)
		binary.BigEndian.PutUint16(at[2:], -down)
		binary.BigEndian.PutUint16(at[4:], 0)
	}
	binary.BigEndian.PutUint16(os2[74:], up) // Windows' own, both upwards
	binary.BigEndian.PutUint16(os2[76:], down)
	return out, nil
}
