package widgets

import "fyne.io/fyne/v2"

// Flow stands objects side by side at their own widths and begins a new line where the width ends. Objects of a line are
// centred on it.
type Flow struct {
	Gap, Lines float32 // between objects, between lines
	Middle     bool    // every line stands in the middle of the width
}

// arrange calls put for every visible object and returns the height of all lines.
func (l Flow) arrange(objects []fyne.CanvasObject, width float32, put func(o fyne.CanvasObject, x, y, w, h float32)) float32 {
	var line []fyne.CanvasObject
	var x, y, high float32
	flush := func() {
		at := float32(0)
		if l.Middle {
			at = max(0, (width-(x-l.Gap))/2)
		}
		for _, o := range line {
			m := o.MinSize()
			w := min(m.Width, width)
			put(o, at, y+(high-m.Height)/2, w, m.Height)
			at += w + l.Gap
		}
		y += high
		line, x, high = line[:0], 0, 0
	}
	for _, o := range objects {
		if !o.Visible() {
			continue
		}
		m := o.MinSize()
		w := min(m.Width, width)
		if len(line) > 0 && x+w > width+0.5 {
			flush()
			y += l.Lines
		}
		line = append(line, o)
		x += w + l.Gap
		high = max(high, m.Height)
	}
	flush()
	return y
}

// Layout implements fyne.Layout.
func (l Flow) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.arrange(objects, size.Width, place)
}

// HeightFor is the height of all lines at a width.
func (l Flow) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	return l.arrange(objects, width, func(fyne.CanvasObject, float32, float32, float32, float32) {})
}

// MinSize implements fyne.Layout: one line may be as narrow as its widest object, within reason.
func (l Flow) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var m fyne.Size
	for _, o := range objects {
		if o.Visible() {
			m = m.Max(o.MinSize())
		}
	}
	return fyne.NewSize(min(m.Width, 120), m.Height)
}
