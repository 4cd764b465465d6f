package dialogs

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// ReportUses are what can be done with the report of a crash.
type ReportUses struct{ Close, Copy, Folder, Remove func() }

// Report shows what is kept of a crash. Nothing is sent anywhere: whoever wants to pass it on copies it.
func Report(text string, uses ReportUses) fyne.CanvasObject {
	words := widgets.NewLabel(text, widgets.LabelStyle{Size: theme.SizeSmall, Mono: true, Wrap: true})
	button := func(label string, kind widgets.Kind, do func()) fyne.CanvasObject {
		b := widgets.NewButton(label, kind, do)
		b.Small = true
		return b
	}
	return frame("Report of a crash", uses.Close,
		widgets.Quiet("Where Loam's own code stood when it ended. It holds no words of yours, no names of files and no folders, and is not sent anywhere."),
		container.New(widgets.Sized{Width: 600, Height: 220}, widgets.Scrolled(words)),
		container.New(widgets.Row{Gap: 8},
			button("Copy", widgets.KindPlain, uses.Copy),
			button("Open folder", widgets.KindPlain, uses.Folder),
			button("Delete", widgets.KindQuiet, uses.Remove)))
}
