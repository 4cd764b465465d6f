// Command outline turns stroked SVG icons into filled outlines.
//
// Fyne recolours an icon by replacing the fill of its paths and drops every stroke attribute on the way, so an icon that
// is drawn with strokes comes out as a blob. This program draws the strokes once, when the assets are fetched, and
// writes what they cover as one filled path. fetch.sh calls it; Loam itself never does.
//
// Usage: outline -width 1.75 -out DIR FILE.svg...
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	width := flag.Float64("width", 1.75, "stroke width in units of the icon's 24x24 box")
	out := flag.String("out", ".", "folder to write to")
	flag.Parse()
	for _, path := range flag.Args() {
		if err := convert(path, *out, *width); err != nil {
			fmt.Fprintln(os.Stderr, "outline:", err)
			os.Exit(1)
		}
	}
}

func convert(path, dir string, width float64) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read icon: %w", err)
	}
	lines, err := shapes(source)
	if err != nil {
		return fmt.Errorf("parse icon %s: %w", path, err)
	}
	var d strings.Builder
	for _, line := range lines {
		for _, polygon := range stroke(line.points, line.closed, width/2) {
			writePolygon(&d, simplify(polygon))
		}
	}
	svg := `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#000000" d="` + d.String() + `"/></svg>` + "\n"
	if err := os.WriteFile(filepath.Join(dir, filepath.Base(path)), []byte(svg), 0o644); err != nil {
		return fmt.Errorf("write icon: %w", err)
	}
	return nil
}

func writePolygon(d *strings.Builder, points []point) {
	for i, p := range points {
		d.WriteByte("ML"[min(i, 1)])
		d.WriteString(strconv.FormatFloat(p.x, 'f', -1, 64))
		d.WriteByte(' ')
		d.WriteString(strconv.FormatFloat(p.y, 'f', -1, 64))
	}
	d.WriteByte('Z')
}
