// Package dialogs builds what the window shows over itself in a card: the list of shortcuts, the licences. The window
// puts them on the screen and closes them.
package dialogs

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// frame is a title with a cross above some content.
func frame(title string, closed func(), content fyne.CanvasObject, foot ...fyne.CanvasObject) fyne.CanvasObject {
	cross := widgets.NewIconButton(theme.Icon(theme.IconClose), "Close (Esc)", closed)
	head := container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.Heading(title), cross)
	column := []fyne.CanvasObject{head, content}
	return container.New(widgets.Column{Gap: 14}, append(column, foot...)...)
}

// Shortcuts lists keys and what they do, in two columns that scroll where the window, which is as large as room, has no
// place for all.
func Shortcuts(rows [][2]string, closed func(), room fyne.Size) fyne.CanvasObject {
	scale := theme.Size(theme.SizeBody) / 15
	side := func(part [][2]string) fyne.CanvasObject {
		lines := make([]fyne.CanvasObject, 0, len(part))
		for _, r := range part {
			lines = append(lines, container.New(widgets.Row{Gap: 10, Grow: 2},
				container.New(widgets.Sized{Width: 104 * scale}, widgets.NewLabel(r[0], widgets.LabelStyle{Size: theme.SizeSmall, Mono: true})),
				widgets.NewLabel(r[1], widgets.LabelStyle{Wrap: true})))
		}
		return container.New(widgets.Column{Gap: 5}, lines...)
	}
	half := (len(rows) + 1) / 2
	list := container.New(columns{gap: 24}, side(rows[:half]), side(rows[half:]))
	const around, bar = 88, 12 // of a dialog
	width := min(640*scale+bar, room.Width-around)
	height := min(widgets.HeightFor(list, width-bar), room.Height-around-50*scale)
	return frame("Shortcuts", closed, container.New(widgets.Sized{Width: width, Height: height},
		widgets.Scrolled(container.New(widgets.Inset{Right: bar}, list))))
}

// columns stands objects side by side with equal widths, their tops on one line.
type columns struct{ gap float32 }

func (c columns) width(n int, width float32) float32 {
	return (width - c.gap*float32(n-1)) / float32(n)
}

// Layout implements fyne.Layout.
func (c columns) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	w := c.width(len(objects), size.Width)
	for i, o := range objects {
		o.Move(fyne.NewPos(float32(i)*(w+c.gap), 0))
		o.Resize(fyne.NewSize(w, widgets.HeightFor(o, w)))
	}
}

// HeightFor is the height of the tallest column.
func (c columns) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	var h float32
	for _, o := range objects {
		h = max(h, widgets.HeightFor(o, c.width(len(objects), width)))
	}
	return h
}

// MinSize implements fyne.Layout.
func (c columns) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var w float32
	for _, o := range objects {
		w = max(w, o.MinSize().Width)
	}
	w = w*float32(len(objects)) + c.gap*float32(len(objects)-1)
	return fyne.NewSize(w, c.HeightFor(objects, w))
}

// Licenses shows the licences of what is built in.
func Licenses(text string, closed func(), copyText func(string)) fyne.CanvasObject {
	words := widgets.NewLabel(text, widgets.LabelStyle{Size: theme.SizeSmall, Mono: true, Wrap: true})
	dup := widgets.NewButton("Copy", widgets.KindPlain, func() { copyText(text) })
	dup.Small = true
	return frame("Licences", closed, container.New(widgets.Sized{Width: 600, Height: 320}, widgets.Scrolled(words)),
		container.New(widgets.Row{}, dup))
}
