// Command mark draws the program's mark, assets/app/loam.svg, as PNG files in the sizes that desktops ask for.
//
// Usage: mark -out DIR FILE.svg
package main

import (
	"flag"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"

	"github.com/fyne-io/oksvg"
	"github.com/srwiley/rasterx"
)

func main() {
	out := flag.String("out", ".", "folder to write to")
	flag.Parse()
	for _, path := range flag.Args() {
		for _, size := range []int{16, 32, 48, 64, 128, 256, 512} {
			if err := draw(path, *out, size); err != nil {
				fmt.Fprintln(os.Stderr, "mark:", err)
				os.Exit(1)
			}
		}
	}
}

func draw(path, dir string, size int) error {
	icon, err := oksvg.ReadIcon(path)
	if err != nil {
		return fmt.Errorf("parse %s: %w", path, err)
	}
	icon.SetTarget(0, 0, float64(size), float64(size))
	img := image.NewRGBA(image.Rect(0, 0, size, size))
	icon.Draw(rasterx.NewDasher(size, size, rasterx.NewScannerGV(size, size, img, img.Bounds())), 1)

	name := fmt.Sprintf("%s-%d.png", strings.TrimSuffix(filepath.Base(path), ".svg"), size)
	f, err := os.Create(filepath.Join(dir, name))
	if err != nil {
		return fmt.Errorf("write the mark: %w", err)
	}
	if err := png.Encode(f, img); err != nil {
		return fmt.Errorf("write the mark: %w", err)
	}
	return f.Close()
}
