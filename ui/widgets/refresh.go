package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// RefreshAll paints an object and everything in it again, also what is hidden. Fyne does so only for what is on the
// screen when the theme changes, and pages that come back later would show the old colours.
func RefreshAll(o fyne.CanvasObject) {
	var children []fyne.CanvasObject
	switch o := o.(type) {
	case nil:
		return
	case *fyne.Container:
		children = o.Objects
	case *container.Scroll:
		children = []fyne.CanvasObject{o.Content}
	case *container.Clip:
		children = []fyne.CanvasObject{o.Content}
	case interface{ Children() []fyne.CanvasObject }:
		children = o.Children()
	}
	for _, child := range children {
		RefreshAll(child)
	}
	if c, ok := o.(*fyne.Container); ok {
		if c.Layout != nil {
			c.Layout.Layout(c.Objects, c.Size())
		}
		return // its own Refresh would paint the children once more
	}
	o.Refresh()
}

// Children is what RefreshAll goes on with.
func (p *Panel) Children() []fyne.CanvasObject { return []fyne.CanvasObject{p.Content} }

// Children is what RefreshAll goes on with.
func (h *Hint) Children() []fyne.CanvasObject { return []fyne.CanvasObject{h.Content} }

// Children is what RefreshAll goes on with.
func (b *Banner) Children() []fyne.CanvasObject { return []fyne.CanvasObject{b.card} }

// Children is what RefreshAll goes on with.
func (r *ListRow) Children() []fyne.CanvasObject { return []fyne.CanvasObject{r.more} }

// Children is what RefreshAll goes on with.
func (r *ChoiceRow) Children() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.name, r.facts, r.check}
}

// Children is what RefreshAll goes on with: the rows in sight. Rows kept for later are made anew.
func (l *List) Children() []fyne.CanvasObject {
	clear(l.spare)
	rows := make([]fyne.CanvasObject, 0, len(l.live))
	for _, row := range l.live {
		rows = append(rows, row)
	}
	return rows
}

// Children is what RefreshAll goes on with.
func (a *MenuArea) Children() []fyne.CanvasObject { return []fyne.CanvasObject{a.Content} }

// Children is what RefreshAll goes on with.
func (a *TapArea) Children() []fyne.CanvasObject { return []fyne.CanvasObject{a.Content} }
