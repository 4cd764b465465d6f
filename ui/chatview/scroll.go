package chatview

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/theme"
)

// Scrolled implements fyne.Scrollable, which also keeps what is drawn inside the view.
func (v *View) Scrolled(ev *fyne.ScrollEvent) {
	if ev.Scrolled.DX != 0 {
		if e, root, ok := v.stripUnder(ev.Position); ok {
			v.slideTo(e, root, e.slideOf(root)-ev.Scrolled.DX)
		}
	}
	v.scrollBy(-ev.Scrolled.DY)
}

// scrollBy moves the text up by dy pixels, as the reader wishes.
func (v *View) scrollBy(dy float32) {
	if len(v.entries) == 0 || dy == 0 || v.width <= 0 {
		return
	}
	if dy < 0 {
		if v.follow && v.anchor == (place{}) {
			return // everything is in sight
		}
		v.follow = false
	} else if v.follow {
		return
	}
	v.anchor.dy += dy
	v.moved()
}

// moved arranges after the reader moved and tells the page.
func (v *View) moved() {
	v.wanted = nil
	v.arrange()
	if !v.follow && v.atBottom() {
		v.follow, v.newBelow = true, false
		v.arrange()
	}
	v.trackPointer()
	canvas.Refresh(v)
	if v.options.OnScroll != nil {
		v.options.OnScroll(v.ScrollState())
	}
}

// Following says whether the view keeps the end of the text in sight.
func (v *View) Following() bool { return v.follow }

// ScrollToBottom shows the end and follows it from now on.
func (v *View) ScrollToBottom() {
	v.follow, v.newBelow = true, false
	v.update()
	if v.options.OnScroll != nil {
		v.options.OnScroll(v.ScrollState())
	}
}

// ScrollTo shows the beginning of an item at the upper edge.
func (v *View) ScrollTo(id int64) {
	e, ok := v.byID[id]
	if !ok {
		return
	}
	v.follow, v.wanted = false, nil
	v.anchor = place{entry: e.index}
	v.update()
}

// ScrollState returns where the reader is.
func (v *View) ScrollState() ScrollState {
	if v.follow || len(v.entries) == 0 || v.anchor.entry >= len(v.entries) {
		return ScrollState{}
	}
	e := v.entries[v.anchor.entry]
	offset := v.anchor.dy
	for i := 0; i < v.anchor.piece && i < len(e.blocks) && !v.anchor.whole; i++ {
		offset += v.offsetHeight(e, i)
	}
	return ScrollState{Message: e.item.ID, Offset: offset}
}

// SetScrollState goes back to where the reader was. It may be called before the view has a size.
func (v *View) SetScrollState(s ScrollState) {
	v.restore(s)
	v.update()
}

func (v *View) restore(s ScrollState) {
	e, ok := v.byID[s.Message]
	if !ok {
		v.follow, v.newBelow = true, false
		v.anchor = place{}
		return
	}
	v.follow = false
	v.anchor = place{entry: e.index, dy: s.Offset, whole: true}
	v.wanted = &s
}

// scrollToPart goes to a part of the whole height, 0 to 1, as the scroll bar asks.
func (v *View) scrollToPart(part float64) {
	if len(v.entries) == 0 {
		return
	}
	height := float64(v.Size().Height)
	y := part * max(v.heights.total()+bottomSpace-height, 0)
	index, into := v.heights.find(y)
	v.follow = false
	v.anchor = place{entry: index}
	e := v.entries[index]
	e.parse(v)
	for i := range e.blocks { // by the known and guessed heights: what is far away is not laid out
		if into < e.blocks[i].height {
			break
		}
		into -= e.blocks[i].height
		v.anchor.piece = i + 1
	}
	v.anchor.dy = into
	if part >= 1 {
		v.follow, v.newBelow = true, false
	}
	v.moved()
}

// scrollBar is the bar at the right edge.
type scrollBar struct {
	y, h   float32 // of the thumb
	shown  bool
	hover  bool
	drag   bool
	grabAt float32
}

const (
	barSlim  = 4
	barWide  = 8
	barZone  = 14 // from the right edge: where the pointer finds the bar
	barLeast = 32
)

func (v *View) barObjects(size fyne.Size) []fyne.CanvasObject {
	total := v.heights.total() + bottomSpace
	v.bar.shown = total > float64(size.Height)+1
	if !v.bar.shown {
		return nil
	}
	room := size.Height - 4
	v.bar.h = max(float32(float64(room)*float64(size.Height)/total), barLeast)
	part := v.above() / max(total-float64(size.Height), 1)
	if v.follow {
		part = 1
	}
	v.bar.y = 2 + (room-v.bar.h)*float32(min(max(part, 0), 1))
	w := float32(barSlim)
	if v.bar.hover || v.bar.drag {
		w = barWide
	}
	r := canvas.NewRectangle(theme.ColorFor(v, "scrollBar"))
	r.CornerRadius = w / 2
	r.Resize(fyne.NewSize(w, v.bar.h))
	r.Move(fyne.NewPos(size.Width-w-3, v.bar.y))
	return []fyne.CanvasObject{r}
}

// pill is the button that leads to text below the window.
type pill struct {
	x, y, w, h float32
	shown      bool
	hover      bool
}

// pillFar is how far from the end a reader gets the way back offered, in windows.
const pillFar = 1.5

func (v *View) pillObjects(size fyne.Size) []fyne.CanvasObject {
	v.pill.shown = false
	if v.follow || len(v.entries) > 0 && (v.entries[0].item.Role == RoleDocument || v.entries[len(v.entries)-1].item.Role == RoleText) { // the end of a document is no news
		return nil
	}
	far := v.heights.total()+bottomSpace-v.above()-float64(size.Height) > pillFar*float64(size.Height)
	if !v.newBelow && !far {
		return nil
	}
	l := v.look
	style := styleOf(classSmall, 0)
	icon := round(l.sizes[classSmall] + 3)
	h := round(l.heights[classSmall] + 14)
	w := h
	if v.newBelow {
		w = round(l.Width(v.words.NewText, style) + icon + 34)
	}
	v.pill = pill{x: round((size.Width - w) / 2), y: size.Height - h - 12, w: w, h: h, shown: true, hover: v.pill.hover}

	ground := canvas.NewRectangle(l.colors[inkSurface])
	ground.CornerRadius, ground.StrokeColor, ground.StrokeWidth = h/2, l.colors[inkHairline], 1
	ground.Shadow = canvas.Shadow{Color: l.colors[inkShadow], BlurRadius: 8, Offset: fyne.NewPos(0, 2)}
	ground.Resize(fyne.NewSize(w, h))
	ground.Move(fyne.NewPos(v.pill.x, v.pill.y))
	out := []fyne.CanvasObject{ground}
	if v.pill.hover {
		r := canvas.NewRectangle(l.colors[inkHover])
		r.CornerRadius = h / 2
		r.Resize(ground.Size())
		r.Move(ground.Position())
		out = append(out, r)
	}
	m := &mount{view: v, x: v.pill.x, y: v.pill.y}
	if v.newBelow {
		m.label(v.words.NewText, style, 14, 0, h, inkText)
		m.icon(theme.IconArrowDown, w-icon-12, (h-icon)/2, icon, inkText)
	} else {
		m.icon(theme.IconArrowDown, (w-icon)/2, (h-icon)/2, icon, inkText)
	}
	m.moveTo()
	for _, p := range m.over {
		out = append(out, p.object)
	}
	return out
}
