package ui

import (
	"fmt"
	"testing"

	"loam/ui/uitest"
)

// What a drop costs the window's goroutine until its card is laid out; the budget until it is seen is 200 ms.
func BenchmarkDropCard(b *testing.B) {
	for _, files := range []int{1, 24} {
		b.Run(fmt.Sprint(files), func(b *testing.B) {
			f := fakes(b).open(1280, 800)
			var paths []string
			for i := range files {
				path := fmt.Sprintf("/m/lora%d.safetensors", i)
				f.models.Files[path] = uitest.LoRA(0, "flux")
				paths = append(paths, path)
			}
			f.time.hold = true // what is read elsewhere is not waited for
			for b.Loop() {
				f.addFiles(paths)
				f.time.held = nil
			}
		})
	}
}
