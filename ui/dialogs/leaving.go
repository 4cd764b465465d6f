package dialogs

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/widgets"
)

// LeavingUses are the ways to go on when the window is closed while pictures are drawn, models are downloaded, or wait.
type LeavingUses struct{ Stay, Background, Stop func() }

// Leaving asks what is to become of pictures and downloads that are not finished.
func Leaving(pictures, downloads int, uses LeavingUses) fyne.CanvasObject {
	text, them := "A picture is not finished.", "them"
	if pictures+downloads == 1 {
		them = "it"
	}
	switch {
	case pictures > 0 && downloads > 0:
		text = "Pictures and downloads are not finished."
	case pictures > 1:
		text = fmt.Sprintf("%d pictures are not finished.", pictures)
	case downloads == 1:
		text = "A download is not finished."
	case downloads > 1:
		text = fmt.Sprintf("%d downloads are not finished.", downloads)
	}
	return frame(text, uses.Stay,
		widgets.NewLabel("Loam can finish "+them+" without its window and end by itself. What is stopped is offered again at the next start.",
			widgets.LabelStyle{Wrap: true}),
		container.New(widgets.Row{Gap: 8},
			widgets.NewButton("Finish in the background", widgets.KindPrimary, uses.Background),
			widgets.NewButton("Stop", widgets.KindPlain, uses.Stop)))
}
