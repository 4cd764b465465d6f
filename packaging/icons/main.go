// Command icons packs PNG files into the icon file of a system: icons ico OUT PNG... for Windows, icons icns OUT PNG... for
// macOS. Both formats are lists of PNGs with their sizes, and both systems take PNGs as they are. Used by the packages'
// scripts only; one goroutine.
package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"image/png"
	"os"
	"slices"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "icons:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 3 {
		return errors.New("usage: icons ico|icns OUT PNG [PNG ...]")
	}
	pack, ok := map[string]func([]picture) ([]byte, error){"ico": ico, "icns": icns}[args[0]]
	if !ok {
		return fmt.Errorf("%q is neither ico nor icns", args[0])
	}
	var pictures []picture
	for _, name := range args[2:] {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		p, err := newPicture(data)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		pictures = append(pictures, p)
	}
	slices.SortFunc(pictures, func(a, b picture) int { return a.side - b.side })
	out, err := pack(pictures)
	if err != nil {
		return err
	}
	return os.WriteFile(args[1], out, 0o644)
}

// picture is a square PNG.
type picture struct {
	side int // pixels
	data []byte
}

func newPicture(data []byte) (picture, error) {
	c, err := png.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return picture{}, err
	}
	if c.Width != c.Height {
		return picture{}, fmt.Errorf("%d x %d pixels are no square", c.Width, c.Height)
	}
	return picture{side: c.Width, data: data}, nil
}

// ico is ICONDIR, an ICONDIRENTRY of 16 bytes for each picture, then the pictures. A side is a byte there, and 0 is 256.
func ico(pictures []picture) ([]byte, error) {
	const head, entry, most = 6, 16, 256
	var fit []picture
	for _, p := range pictures {
		if p.side <= most {
			fit = append(fit, p)
		}
	}
	out := binary.LittleEndian.AppendUint16(nil, 0)
	out = binary.LittleEndian.AppendUint16(out, 1) // icons, not cursors
	out = binary.LittleEndian.AppendUint16(out, uint16(len(fit)))
	at := head + entry*len(fit)
	for _, p := range fit {
		out = append(out, byte(p.side%most), byte(p.side%most), 0, 0)
		out = binary.LittleEndian.AppendUint16(out, 1)  // planes
		out = binary.LittleEndian.AppendUint16(out, 32) // bits of a pixel
		out = binary.LittleEndian.AppendUint32(out, uint32(len(p.data)))
		out = binary.LittleEndian.AppendUint32(out, uint32(at))
		at += len(p.data)
	}
	for _, p := range fit {
		out = append(out, p.data...)
	}
	return out, nil
}

// icnsTypes are the names of the sizes in pixels; the second of a size is for a screen with two pixels a point.
var icnsTypes = map[int][]string{
	16: {"icp4"}, 32: {"icp5", "ic11"}, 64: {"icp6", "ic12"}, 128: {"ic07"}, 256: {"ic08", "ic13"}, 512: {"ic09", "ic14"}, 1024: {"ic10"},
}

// icns is "icns", its own length, and elements of a type, a length that includes those 8 bytes, and a PNG; big endian.
func icns(pictures []picture) ([]byte, error) {
	const head = 8
	var body []byte
	for _, p := range pictures {
		for _, name := range icnsTypes[p.side] {
			body = append(body, name...)
			body = binary.BigEndian.AppendUint32(body, uint32(head+len(p.data)))
			body = append(body, p.data...)
		}
	}
	if len(body) == 0 {
		return nil, errors.New("macOS knows none of these sizes")
	}
	return append(binary.BigEndian.AppendUint32([]byte("icns"), uint32(head+len(body))), body...), nil
}
