package ui

import (
	"fmt"
	"image"
	"image/color"
	"os"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// ExitAfterFrame is the environment variable for measuring the start: when it is set, the window writes
// "first frame 212 ms" (since the process began) to stderr after it was painted for the first time, and quits; with the
// value "idle" it stays open.
const ExitAfterFrame = "LOAM_EXIT_AFTER_FRAME"

// watchFirstFrame puts a single transparent pixel into the window whose painting tells of the first frame. Without the
// variable there is none.
func (u *UI) watchFirstFrame() {
	mode := os.Getenv(ExitAfterFrame)
	if mode == "" {
		return
	}
	var once sync.Once
	pixel := canvas.NewRaster(func(int, int) image.Image {
		// Called while the frame is painted: what is posted runs after it is on the screen.
		once.Do(func() {
			u.dispatch.post(func() {
				fmt.Fprintf(os.Stderr, "first frame %d ms\n", time.Since(u.deps.Started).Milliseconds())
				if mode != "idle" {
					u.Close()
				}
			})
		})
		return image.NewUniform(color.Transparent)
	})
	pixel.Resize(fyne.NewSize(1, 1))
	u.root.pixel = pixel
}
