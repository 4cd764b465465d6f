package chatview

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/textflow"
	"loam/ui/theme"
)

// Code keeps its lines, and a table its words. Where they are wider than the column, the block slides sideways: by its bar,
// by the wheel with Shift or a touchpad, by the arrow keys, while text is selected beyond its edge, and when a found word is
// brought into sight. All pieces that long code is laid out in slide together.

// strip is the part of a block's width that its text slides through; the zero strip is of blocks that do not slide.
type strip struct {
	x, w  float32 // from the block's left edge
	inner float32 // the widest line
	step  float32 // text is moved by whole steps: characters of code, else pixels
	start float32 // how far it is moved before anyone slides it
}

func (s strip) on() bool { return s.w > 0 }

// codeColumns is how many characters a line of code may have before it is wrapped after all: a line of a megabyte is data.
const codeColumns = 1000

// slideBar is the bar under a block that is wider than its strip.
type slideBar struct {
	entry    *entry
	root     int     // the block's first piece
	x, y, w  float32 // where it runs
	thumb    float32 // its width
	farthest float32 // slide
	over     bool    // stands on lines that go on below the window
	code     bool
}

// stripRoot is the first piece of the block that a piece belongs to.
func (e *entry) stripRoot(piece int) int {
	for piece > 0 && e.blocks[piece].block.Continued {
		piece--
	}
	return piece
}

// slideOf is how far the text of a piece is moved to the left.
func (e *entry) slideOf(piece int) float32 {
	root := e.stripRoot(piece)
	if to, ok := e.slides[root]; ok {
		return to
	}
	if l := e.blocks[root].layout; l != nil {
		return l.strip.start
	}
	return 0
}

// farthest is how far a block can slide: to the end of its widest line among those that were laid out.
func (e *entry) farthest(root int) float32 {
	far := float32(0)
	for i := root; i < len(e.blocks) && (i == root || e.blocks[i].block.Continued); i++ {
		if l := e.blocks[i].layout; l != nil && l.strip.on() {
			far = max(far, l.strip.inner-l.strip.w)
		}
	}
	return far
}

// slid is the part of a run that is in sight, where the slide puts it.
func (m *mount) slid(r textflow.Run, f frag) textflow.Run {
	b, slide := m.layout, m.sign.slide
	if slide == 0 && b.strip.inner <= b.strip.w {
		return r
	}
	from := b.strip.x + slide - f.x
	start, end, x := f.Within(r, b.text, m.view.look, from, from+b.strip.w)
	if start != r.Start || end != r.End {
		r.Width = m.view.look.Width(b.text[start:end], r.Style)
	}
	r.Start, r.End, r.X = start, end, x-slide
	return r
}

// slidChip is the part of a ground behind code in a cell that is in sight.
func (m *mount) slidChip(s shape) shape {
	strip := m.layout.strip
	from, to := max(s.x-m.sign.slide, strip.x-3), min(s.x+s.w-m.sign.slide, strip.x+strip.w+3)
	s.x, s.w = from, to-from
	return s
}

// slideTo moves a block; it reports whether it moved.
func (v *View) slideTo(e *entry, root int, to float32) bool {
	step := v.laid(e, root).layout.strip.step
	far := e.farthest(root)
	if to = min(max(to, 0), far); to < far && step > 0 { // whole characters, so that none is cut at the left
		to = float32(int(to/step+0.5)) * step
	}
	if to == e.slideOf(root) {
		return false
	}
	if e.slides == nil {
		e.slides = map[int]float32{}
	}
	e.slides[root] = to
	v.arrange()
	canvas.Refresh(v)
	return true
}

// stripUnder is the block at a point that can slide.
func (v *View) stripUnder(pos fyne.Position) (e *entry, root int, ok bool) {
	for _, m := range v.visible {
		if m.layout == nil || !m.layout.strip.on() || pos.Y < m.y+m.gap || pos.Y >= m.y+m.height {
			continue
		}
		if x, s := pos.X-m.x, m.layout.strip; x < s.x-codePad || x >= s.x+s.w+codePad {
			continue
		}
		root = m.key.entry.stripRoot(m.key.piece)
		return m.key.entry, root, m.key.entry.farthest(root) > 0
	}
	return nil, 0, false
}

// slideKey slides the block that the keyboard stands on, else the first one in sight.
func (v *View) slideKey(by float32) {
	if e := v.focus.entry; e != nil && v.focus.index != 0 && v.focus.piece < len(e.blocks) && e.blocks[v.focus.piece].layout != nil && e.blocks[v.focus.piece].layout.strip.on() {
		root := e.stripRoot(v.focus.piece)
		v.slideTo(e, root, e.slideOf(root)+by)
		return
	}
	for _, b := range v.slideBars {
		if b.y > 0 && b.y < v.Size().Height {
			v.slideTo(b.entry, b.root, b.entry.slideOf(b.root)+by)
			return
		}
	}
}

// slideToShow moves a block so that a place in it is in sight.
func (v *View) slideToShow(e *entry, piece, offset int) {
	l := e.blocks[piece].layout
	if l == nil || !l.strip.on() {
		return
	}
	for i := range l.frags {
		f := &l.frags[i]
		if offset >= f.End && i < len(l.frags)-1 {
			continue
		}
		x := f.x - l.strip.x + f.At(l.text, v.look, offset)
		root := e.stripRoot(piece)
		if at := e.slideOf(root); x < at || x > at+l.strip.w*0.9 {
			v.slideTo(e, root, x-l.strip.w/3)
		}
		return
	}
}

// slideWhileSelecting follows a pointer that was dragged beyond the edge of a block that slides.
func (v *View) slideWhileSelecting(pos fyne.Position) {
	e, b := v.chosen.to.entry, v.chosen.to.block
	if e == nil || b >= len(e.blocks) || e.blocks[b].layout == nil || !e.blocks[b].layout.strip.on() {
		return
	}
	l := e.blocks[b].layout
	left := v.textX(e) + l.strip.x
	root := e.stripRoot(b)
	if pos.X < left {
		v.slideTo(e, root, e.slideOf(root)-min(left-pos.X, 60))
	} else if right := left + l.strip.w; pos.X > right {
		v.slideTo(e, root, e.slideOf(root)+min(pos.X-right, 60))
	}
}

// slideBarAt is the bar at a point.
func (v *View) slideBarAt(pos fyne.Position) (slideBar, bool) {
	for _, b := range v.slideBars {
		if pos.X >= b.x && pos.X < b.x+b.w && pos.Y >= b.y-5 && pos.Y < b.y+barSlim+5 {
			return b, true
		}
	}
	return slideBar{}, false
}

// grabSlideBar takes the thumb, which comes to a pointer beside it.
func (v *View) grabSlideBar(b slideBar, pos fyne.Position) {
	v.slideDrag.on, v.slideDrag.bar = true, b
	at := b.thumbX()
	v.slideDrag.grabAt = pos.X - at
	if pos.X < at || pos.X > at+b.thumb {
		v.slideDrag.grabAt = b.thumb / 2
		v.dragSlideBar(pos)
	}
}

func (v *View) dragSlideBar(pos fyne.Position) {
	b := v.slideDrag.bar
	if room := b.w - b.thumb; room > 0 {
		v.slideTo(b.entry, b.root, (pos.X-v.slideDrag.grabAt-b.x)/room*b.farthest)
	}
}

func (b slideBar) thumbX() float32 {
	return b.x + (b.w-b.thumb)*min(b.entry.slideOf(b.root)/max(b.farthest, 1), 1)
}

// putSlideBar remembers the bar of a block that begins with m and ends at a height of the view; it stands at the lower edge, or
// at that of the window where the block goes on below. Where not even a line of the block is in sight there is none.
func (v *View) putSlideBar(m *mount, bottom float32) {
	e, l := m.key.entry, m.layout
	root := e.stripRoot(m.key.piece)
	far := e.farthest(root)
	if far <= 0.5 {
		return
	}
	w, y := l.strip.w, min(bottom, v.Size().Height)-barSlim-4
	if line := l.frags[0]; y < 0 || y < m.y+m.gap+line.y+line.height {
		return
	}
	v.slideBars = append(v.slideBars, slideBar{
		entry: e, root: root, x: m.x + l.strip.x, y: y, w: w,
		thumb: max(w*w/(w+far), barLeast), farthest: far, over: bottom > v.Size().Height, code: l.code,
	})
}

func (v *View) slideBarObjects() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, b := range v.slideBars {
		if b.over { // no line is struck through
			ground := canvas.NewRectangle(theme.ColorFor(v, "background"))
			if b.code {
				ground.FillColor = v.look.colors[inkCode]
			}
			ground.Resize(fyne.NewSize(b.w, v.Size().Height-b.y+2))
			ground.Move(fyne.NewPos(b.x, b.y-2))
			out = append(out, ground)
		}
		r := canvas.NewRectangle(theme.ColorFor(v, "scrollBar"))
		r.CornerRadius = barSlim / 2
		r.Resize(fyne.NewSize(b.thumb, barSlim))
		r.Move(fyne.NewPos(b.thumbX(), b.y))
		out = append(out, r)
	}
	return out
}
