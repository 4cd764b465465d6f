package chatview

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/textflow"
	"loam/ui/theme"
)

// Code keeps its lines. Where they are wider than the column, the block slides sideways: by its bar, by the wheel with
// Shift or a touchpad, by the arrow keys, while text is selected beyond its edge, and when a found word is brought into
// sight. All pieces that long code is laid out in slide together.

// codeColumns is how many characters a line of code may have before it is wrapped after all: a line of a megabyte is data.
const codeColumns = 1000

// codeBar is the bar under a code block that is wider than its room.
type codeBar struct {
	entry    *entry
	root     int     // the block's first piece
	x, y, w  float32 // where it runs
	thumb    float32 // its width
	farthest float32 // slide
}

// codeRoot is the first piece of the code block that a piece belongs to.
func (e *entry) codeRoot(piece int) int {
	for piece > 0 && e.blocks[piece].block.Continued {
		piece--
	}
	return piece
}

// slideOf is how far the code of a piece is moved to the left.
func (e *entry) slideOf(piece int) float32 {
	if len(e.slides) == 0 {
		return 0
	}
	return e.slides[e.codeRoot(piece)]
}

// farthest is how far a code block can slide: to the end of its widest line among those that were laid out.
func (e *entry) farthest(root int) float32 {
	far := float32(0)
	for i := root; i < len(e.blocks) && (i == root || e.blocks[i].block.Continued); i++ {
		if l := e.blocks[i].layout; l != nil && l.code {
			far = max(far, l.inner-l.codeRoom())
		}
	}
	return far
}

// codeRoom is how wide a line of code may be before the block slides.
func (out *blockLayout) codeRoom() float32 { return out.codeW - 2*codePad }

// slid is the part of a run of code that is in sight, where the slide puts it.
func (m *mount) slid(r textflow.Run, f frag) textflow.Run {
	b, slide := m.layout, m.sign.slide
	if slide == 0 && b.inner <= b.codeRoom() {
		return r
	}
	from := b.codeX + codePad + slide - f.x
	start, end, x := f.Within(r, b.text, m.view.look, from, from+b.codeRoom())
	if start != r.Start || end != r.End {
		r.Width = m.view.look.Width(b.text[start:end], r.Style)
	}
	r.Start, r.End, r.X = start, end, x-slide
	return r
}

// slideTo moves a code block; it reports whether it moved.
func (v *View) slideTo(e *entry, root int, to float32) bool {
	cell := max(v.look.Width("0", styleOf(classCode, 0)), 1)
	far := e.farthest(root)
	if to = min(max(to, 0), far); to < far { // whole characters, so that none is cut at the left
		to = float32(int(to/cell+0.5)) * cell
	}
	if to == e.slides[root] {
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

// codeUnder is the code block at a point that can slide.
func (v *View) codeUnder(pos fyne.Position) (e *entry, root int, ok bool) {
	for _, m := range v.visible {
		if m.layout == nil || !m.layout.code || pos.Y < m.y+m.gap || pos.Y >= m.y+m.height {
			continue
		}
		if x := pos.X - m.x - m.layout.codeX; x < 0 || x >= m.layout.codeW {
			continue
		}
		root = m.key.entry.codeRoot(m.key.piece)
		return m.key.entry, root, m.key.entry.farthest(root) > 0
	}
	return nil, 0, false
}

// slideKey slides the code that the keyboard stands on, else the first one in sight.
func (v *View) slideKey(by float32) {
	if e := v.focus.entry; e != nil && v.focus.index != 0 && v.focus.piece < len(e.blocks) && e.blocks[v.focus.piece].layout != nil && e.blocks[v.focus.piece].layout.code {
		root := e.codeRoot(v.focus.piece)
		v.slideTo(e, root, e.slides[root]+by)
		return
	}
	for _, b := range v.codeBars {
		if b.y > 0 && b.y < v.Size().Height {
			v.slideTo(b.entry, b.root, b.entry.slides[b.root]+by)
			return
		}
	}
}

// slideToShow moves code so that a place in it is in sight.
func (v *View) slideToShow(e *entry, piece, offset int) {
	l := e.blocks[piece].layout
	if l == nil || !l.code {
		return
	}
	for i := range l.frags {
		f := &l.frags[i]
		if offset >= f.End && i < len(l.frags)-1 {
			continue
		}
		x := f.x - l.codeX - codePad + f.At(l.text, v.look, offset)
		root := e.codeRoot(piece)
		if at := e.slides[root]; x < at || x > at+l.codeRoom()*0.9 {
			v.slideTo(e, root, x-l.codeRoom()/3)
		}
		return
	}
}

// slideWhileSelecting follows a pointer that was dragged beyond the edge of code.
func (v *View) slideWhileSelecting(pos fyne.Position) {
	e, b := v.chosen.to.entry, v.chosen.to.block
	if e == nil || b >= len(e.blocks) || e.blocks[b].layout == nil || !e.blocks[b].layout.code {
		return
	}
	l := e.blocks[b].layout
	left := v.textX(e) + l.codeX + codePad
	root := e.codeRoot(b)
	if pos.X < left {
		v.slideTo(e, root, e.slides[root]-min(left-pos.X, 60))
	} else if right := left + l.codeRoom(); pos.X > right {
		v.slideTo(e, root, e.slides[root]+min(pos.X-right, 60))
	}
}

// codeBarAt is the bar at a point.
func (v *View) codeBarAt(pos fyne.Position) (codeBar, bool) {
	for _, b := range v.codeBars {
		if pos.X >= b.x && pos.X < b.x+b.w && pos.Y >= b.y-5 && pos.Y < b.y+barSlim+5 {
			return b, true
		}
	}
	return codeBar{}, false
}

// grabCodeBar takes the thumb, which comes to a pointer beside it.
func (v *View) grabCodeBar(b codeBar, pos fyne.Position) {
	v.codeDrag.on, v.codeDrag.bar = true, b
	at := b.thumbX()
	v.codeDrag.grabAt = pos.X - at
	if pos.X < at || pos.X > at+b.thumb {
		v.codeDrag.grabAt = b.thumb / 2
		v.dragCodeBar(pos)
	}
}

func (v *View) dragCodeBar(pos fyne.Position) {
	b := v.codeDrag.bar
	if room := b.w - b.thumb; room > 0 {
		v.slideTo(b.entry, b.root, (pos.X-v.codeDrag.grabAt-b.x)/room*b.farthest)
	}
}

func (b codeBar) thumbX() float32 {
	return b.x + (b.w-b.thumb)*min(b.entry.slides[b.root]/max(b.farthest, 1), 1)
}

// putCodeBar remembers the bar of a code block whose ground reaches from top to bottom of the view; it stands at the lower
// edge, or at that of the window where the code goes on below.
func (v *View) putCodeBar(m *mount, bottom float32) {
	e, l := m.key.entry, m.layout
	root := e.codeRoot(m.key.piece)
	far := e.farthest(root)
	if far <= 0.5 {
		return
	}
	w := l.codeRoom()
	v.codeBars = append(v.codeBars, codeBar{
		entry: e, root: root, x: m.x + l.codeX + codePad, y: min(bottom, v.Size().Height) - barSlim - 4, w: w,
		thumb: max(w*w/(w+far), barLeast), farthest: far,
	})
}

func (v *View) codeBarObjects() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, b := range v.codeBars {
		r := canvas.NewRectangle(theme.ColorFor(v, "scrollBar"))
		r.CornerRadius = barSlim / 2
		r.Resize(fyne.NewSize(b.thumb, barSlim))
		r.Move(fyne.NewPos(b.thumbX(), b.y))
		out = append(out, r)
	}
	return out
}
