package chatview

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
)

var (
	_ fyne.Scrollable    = (*View)(nil)
	_ fyne.Draggable     = (*View)(nil)
	_ desktop.Mouseable  = (*View)(nil)
	_ desktop.Hoverable  = (*View)(nil)
	_ desktop.Cursorable = (*View)(nil)
)

// mouse is what the pointer does.
type mouse struct {
	at     fyne.Position
	inside bool
	down   bool
	hot    hotID // pressed
	onPill bool
	clicks int
	last   time.Time
	lastAt fyne.Position
}

// Two clicks are a double click within this time and distance.
const (
	clickTime  = 450 * time.Millisecond
	clickReach = 4
)

// hotUnder returns the hot place at a point.
func (v *View) hotUnder(pos fyne.Position) hotID {
	for _, m := range v.visible {
		if pos.Y < m.y || pos.Y >= m.y+m.height {
			continue
		}
		x, y := pos.X-m.x, pos.Y-m.y-m.gap
		for i, h := range m.hots {
			if x >= h.x && x < h.x+h.w && y >= h.y && y < h.y+h.h {
				return hotID{m.key.entry, m.key.piece, i + 1}
			}
		}
	}
	return hotID{}
}

func (v *View) entryUnder(pos fyne.Position) *entry {
	for _, m := range v.visible {
		if pos.Y >= m.y && pos.Y < m.y+m.height {
			return m.key.entry
		}
	}
	return nil
}

func (v *View) onPill(pos fyne.Position) bool {
	p := v.pill
	return p.shown && pos.X >= p.x && pos.X < p.x+p.w && pos.Y >= p.y && pos.Y < p.y+p.h
}

func (v *View) onBar(pos fyne.Position) bool {
	return v.bar.shown && pos.X >= v.Size().Width-barZone
}

// MouseDown implements desktop.Mouseable.
func (v *View) MouseDown(ev *desktop.MouseEvent) {
	pos := ev.Position
	v.mouse.at, v.mouse.inside = pos, true
	v.takeFocus()
	if ev.Button == desktop.MouseButtonSecondary {
		v.menuAt(pos, ev.AbsolutePosition)
		return
	}
	if ev.Button != desktop.MouseButtonPrimary {
		return
	}
	v.mouse.down = true
	v.mouse.onPill = v.onPill(pos)
	if v.mouse.onPill {
		return
	}
	if v.onBar(pos) {
		v.grabBar(pos)
		return
	}
	v.mouse.hot = v.hotUnder(pos)
	if v.mouse.hot.index != 0 {
		return
	}
	if b, ok := v.slideBarAt(pos); ok {
		v.grabSlideBar(b, pos)
		return
	}
	v.countClick(pos)
	at, ok := v.spotAt(pos)
	if !ok {
		return
	}
	if ev.Modifier&fyne.KeyModifierShift != 0 && v.chosen.from.entry != nil {
		v.selectTo(at)
	} else {
		v.chosen = selection{from: at, unit: unit(v.mouse.clicks - 1)}
		v.selectTo(at)
	}
	v.update()
}

func (v *View) countClick(pos fyne.Position) {
	now := v.now()
	near := abs(pos.X-v.mouse.lastAt.X) <= clickReach && abs(pos.Y-v.mouse.lastAt.Y) <= clickReach
	if near && now.Sub(v.mouse.last) <= clickTime {
		v.mouse.clicks = v.mouse.clicks%3 + 1
	} else {
		v.mouse.clicks = 1
	}
	v.mouse.last, v.mouse.lastAt = now, pos
}

func abs(v float32) float32 { return max(v, -v) }

// MouseUp implements desktop.Mouseable.
func (v *View) MouseUp(ev *desktop.MouseEvent) {
	if ev.Button != desktop.MouseButtonPrimary {
		return
	}
	pressed, pill := v.mouse.hot, v.mouse.onPill
	v.mouse.down, v.mouse.hot, v.mouse.onPill = false, hotID{}, false
	v.bar.drag, v.slideDrag.on = false, false
	switch {
	case pill && v.onPill(ev.Position):
		v.ScrollToBottom()
	case pressed.index != 0 && v.hotUnder(ev.Position) == pressed:
		v.press(pressed)
	}
}

// Dragged implements fyne.Draggable.
func (v *View) Dragged(ev *fyne.DragEvent) {
	v.mouse.at = ev.Position
	if v.bar.drag {
		v.dragBar(ev.Position)
		return
	}
	if v.slideDrag.on {
		v.dragSlideBar(ev.Position)
		return
	}
	if v.mouse.hot.index != 0 || v.mouse.onPill || v.chosen.from.entry == nil {
		return
	}
	if h := v.Size().Height; ev.Position.Y < 0 {
		v.scrollBy(max(ev.Position.Y, -60))
	} else if ev.Position.Y > h {
		v.scrollBy(min(ev.Position.Y-h, 60))
	}
	v.slideWhileSelecting(ev.Position)
	if at, ok := v.spotAt(ev.Position); ok {
		v.selectTo(at)
		v.update()
	}
}

// DragEnd implements fyne.Draggable.
func (v *View) DragEnd() {
	v.bar.drag, v.slideDrag.on = false, false
	v.mouse.down = false
}

func (v *View) grabBar(pos fyne.Position) {
	v.bar.drag = true
	if pos.Y < v.bar.y || pos.Y > v.bar.y+v.bar.h { // beside the thumb: it comes to the pointer
		v.bar.grabAt = v.bar.h / 2
		v.dragBar(pos)
		return
	}
	v.bar.grabAt = pos.Y - v.bar.y
}

func (v *View) dragBar(pos fyne.Position) {
	room := v.Size().Height - 4 - v.bar.h
	if room <= 0 {
		return
	}
	v.scrollToPart(float64(min(max((pos.Y-v.bar.grabAt-2)/room, 0), 1)))
}

// MouseIn implements desktop.Hoverable.
func (v *View) MouseIn(ev *desktop.MouseEvent) { v.MouseMoved(ev) }

// MouseMoved implements desktop.Hoverable.
func (v *View) MouseMoved(ev *desktop.MouseEvent) {
	v.mouse.at, v.mouse.inside = ev.Position, true
	if v.trackPointer() {
		canvas.Refresh(v)
	}
}

// MouseOut implements desktop.Hoverable.
func (v *View) MouseOut() {
	v.mouse.inside = false
	if v.trackPointer() {
		canvas.Refresh(v)
	}
}

// trackPointer brings what depends on the pointer up to date and reports whether anything looks different.
func (v *View) trackPointer() bool {
	var hover hotID
	var over *entry
	pill, bar := false, false
	if v.mouse.inside && len(v.visible) > 0 {
		pill, bar = v.onPill(v.mouse.at), v.onBar(v.mouse.at)
		if !pill && !bar {
			over = v.entryUnder(v.mouse.at)
		}
	}
	changed := over != v.over || pill != v.pill.hover || bar != v.bar.hover
	v.over, v.pill.hover, v.bar.hover = over, pill, bar
	if changed {
		v.arrange() // the actions of another message appear, in space that was reserved
	}
	if over != nil {
		hover = v.hotUnder(v.mouse.at)
	}
	v.showTip(over)
	if hover != v.hover {
		v.hover = hover
		v.compose(v.Size())
		changed = true
	}
	return changed
}

// tipUnder is the tip at a point; none has no text.
func (v *View) tipUnder(pos fyne.Position) tip {
	for _, m := range v.visible {
		if pos.Y < m.y || pos.Y >= m.y+m.height {
			continue
		}
		x, y := pos.X-m.x, pos.Y-m.y-m.gap
		for _, t := range m.tips {
			if x >= t.x && x < t.x+t.w && y >= t.y && y < t.y+t.h {
				return t
			}
		}
	}
	return tip{}
}

// showTip tells about what is under the pointer, and stops when the pointer leaves it.
func (v *View) showTip(over *entry) {
	var now tip
	if over != nil {
		now = v.tipUnder(v.mouse.at)
	}
	if now == v.tip || v.options.Tip == nil {
		return
	}
	v.tip = now
	v.options.Tip(now.text, now.at)
}

// Cursor implements desktop.Cursorable.
func (v *View) Cursor() desktop.Cursor {
	if v.pill.hover || v.bar.hover || len(v.visible) == 0 {
		return desktop.DefaultCursor
	}
	if v.hover.index != 0 {
		return desktop.PointerCursor
	}
	if _, ok := v.slideBarAt(v.mouse.at); ok {
		return desktop.DefaultCursor
	}
	for _, m := range v.visible {
		if m.layout == nil || v.mouse.at.Y < m.y+m.gap || v.mouse.at.Y >= m.y+m.height {
			continue
		}
		x := v.mouse.at.X - m.x
		if x >= -8 && x <= m.layout.width+8 {
			return desktop.TextCursor
		}
	}
	return desktop.DefaultCursor
}
