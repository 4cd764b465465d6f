package chatview

import (
	"fyne.io/fyne/v2"
)

// place is a point of the transcript: dy pixels of a piece are above the upper edge of the view.
type place struct {
	entry int
	piece int
	dy    float32
	whole bool // dy counts from the entry's upper edge, and piece is not known yet
}

// bottomSpace is kept free below the last message.
const bottomSpace = 16

// margin is how far outside of the view lines are kept as objects, so that a small scroll needs no new ones.
const margin = 120

// arrange finds what is in sight from the place that is scrolled to, lays it out, and brings the objects in line.
func (v *View) arrange() {
	size := v.Size()
	if v.look == nil || v.width <= 0 || size.Height <= 0 {
		return
	}
	if len(v.entries) == 0 {
		v.arrangeEmpty(size)
		return
	}
	if o := v.options.Empty; o != nil && v.options.Tip != nil && len(v.objects) == 1 && v.objects[0] == o {
		v.options.Tip("", nil) // what told about itself goes away, and the pointer never leaves it
	}
	if v.follow {
		v.toBottom(size.Height)
	} else {
		v.settle(size.Height)
	}
	v.mountVisible(size)
	v.trim()
	v.compose(size)
}

func (v *View) arrangeEmpty(size fyne.Size) {
	v.mounts = map[mountKey]*mount{}
	v.visible, v.objects = nil, nil
	if o := v.options.Empty; o != nil {
		o.Resize(size)
		o.Move(fyne.NewPos(0, 0))
		v.objects = []fyne.CanvasObject{o}
	}
}

// pieces returns how many pieces an entry has, which needs its blocks.
func (v *View) pieces(e *entry) int {
	e.parse(v)
	return len(e.blocks) + 1
}

// pieceHeight returns the exact height of a piece.
func (v *View) pieceHeight(e *entry, i int) float32 {
	e.parse(v)
	if i >= len(e.blocks) {
		return v.footHeight(e)
	}
	if p := &e.blocks[i]; p.exact {
		return p.height
	}
	return v.laid(e, i).height
}

// exactPieces is up to how many blocks of a message are laid out only to know how far into it the reader is. In longer
// ones the heights of what was never seen are guessed.
const exactPieces = 300

// offsetHeight is the height of a block for the purpose of a ScrollState.
func (v *View) offsetHeight(e *entry, i int) float32 {
	if len(e.blocks) > exactPieces {
		return e.blocks[i].height
	}
	return v.pieceHeight(e, i)
}

// resolve finds the piece of a place that is only known as an offset into its entry.
func (v *View) resolve(a *place) {
	if !a.whole {
		return
	}
	a.whole, a.piece = false, 0
	e := v.entries[a.entry]
	e.parse(v)
	for i := range e.blocks {
		h := v.offsetHeight(e, i)
		if a.dy < h {
			break
		}
		a.dy -= h
		a.piece = i + 1
	}
}

// laid returns a block with its layout made.
func (v *View) laid(e *entry, i int) *piece {
	p := &e.blocks[i]
	if p.exact && p.layout != nil {
		return p
	}
	switch {
	case p.fold != nil:
		p.layout = v.layoutFold(p)
	default:
		wide := v.column.wide
		if e.item.Role == RoleUser { // nothing reaches out of a bubble
			wide = v.textWidth(e)
		}
		p.layout = layoutBlock(&p.block, v.look, v.textWidth(e), wide)
	}
	if p.quiet {
		p.layout.hush()
	}
	v.laidOut++
	h := p.layout.height + v.gapAbove(e, i)
	if !p.exact || h != p.height {
		e.sum += h - p.height
		p.height, p.exact = h, true
		v.heights.set(e.index, e.sum)
	}
	return p
}

func (v *View) textWidth(e *entry) float32 {
	if e.item.Role == RoleUser {
		return v.column.width*bubblePart - 2*bubblePadX
	}
	return v.column.width
}

// toBottom scrolls to the end.
func (v *View) toBottom(height float32) {
	y := height - bottomSpace
	for i := len(v.entries) - 1; i >= 0; i-- {
		e := v.entries[i]
		for p := v.pieces(e) - 1; p >= 0; p-- {
			y -= v.pieceHeight(e, p)
			if y <= 0 {
				v.anchor = place{entry: i, piece: p, dy: -y}
				return
			}
		}
	}
	v.anchor = place{} // everything fits
}

// settle brings the anchor to the piece that crosses the upper edge, and keeps the view inside the transcript.
func (v *View) settle(height float32) {
	a := &v.anchor
	a.entry = min(max(a.entry, 0), len(v.entries)-1)
	v.resolve(a)
	a.piece = min(max(a.piece, 0), v.pieces(v.entries[a.entry])-1)
	for a.dy < 0 {
		if a.piece == 0 && a.entry == 0 {
			a.dy = 0
			break
		}
		if a.piece == 0 {
			a.entry--
			a.piece = v.pieces(v.entries[a.entry])
		}
		a.piece--
		a.dy += v.pieceHeight(v.entries[a.entry], a.piece)
	}
	for {
		h := v.pieceHeight(v.entries[a.entry], a.piece)
		if a.dy < h {
			break
		}
		if a.piece < v.pieces(v.entries[a.entry])-1 {
			a.piece++
		} else if a.entry < len(v.entries)-1 {
			a.entry++
			a.piece = 0
		} else {
			break
		}
		a.dy -= h
	}
	if v.below(height) <= height-bottomSpace {
		v.toBottom(height)
	}
}

// below returns the height from the upper edge to the end of the transcript, or anything greater than limit.
func (v *View) below(limit float32) float32 {
	y := -v.anchor.dy
	first := v.anchor.piece
	for i := v.anchor.entry; i < len(v.entries); i++ {
		e := v.entries[i]
		for p := first; p < v.pieces(e); p++ {
			y += v.pieceHeight(e, p)
			if y > limit {
				return y
			}
		}
		first = 0
	}
	return y
}

// atBottom says whether the end of the transcript is in sight.
func (v *View) atBottom() bool {
	h := v.Size().Height
	return v.below(h+8) <= h-bottomSpace+4
}

// mountVisible makes the objects of what is in sight and lets go of the rest.
func (v *View) mountVisible(size fyne.Size) {
	v.visible = v.visible[:0]
	y := -v.anchor.dy
	first := v.anchor.piece
	stamp := map[mountKey]bool{}
	for i := v.anchor.entry; i < len(v.entries) && y < size.Height+margin; i++ {
		e := v.entries[i]
		for p := first; p < v.pieces(e) && y < size.Height+margin; p++ {
			h := v.pieceHeight(e, p)
			m := v.mountPiece(mountKey{e, p}, y, h, size)
			stamp[m.key] = true
			v.visible = append(v.visible, m)
			y += h
		}
		first = 0
	}
	for key := range v.mounts {
		if !stamp[key] {
			delete(v.mounts, key)
		}
	}
}

// above returns the height of everything above the upper edge; what was never seen is guessed.
func (v *View) above() float64 {
	v.resolve(&v.anchor)
	e := v.entries[v.anchor.entry]
	y := v.heights.before(v.anchor.entry) + float64(v.anchor.dy)
	for i := 0; i < v.anchor.piece && i < len(e.blocks); i++ {
		y += float64(e.blocks[i].height)
	}
	return y
}

// keepPlace runs a change of the widths or the look so that what stands at the upper edge stays there.
func (v *View) keepPlace(change func()) {
	part := float32(-1)
	if len(v.entries) > 0 && v.width > 0 && v.look != nil && v.anchor.entry < len(v.entries) && !v.anchor.whole {
		if e := v.entries[v.anchor.entry]; e.parsed && v.anchor.piece < len(e.blocks) {
			if h := e.blocks[v.anchor.piece].height; h > 0 {
				part = v.anchor.dy / h
			}
		}
	}
	change()
	if v.wanted != nil { // windows grow in steps when they open: the place is meant for the last of them
		v.restore(*v.wanted)
		return
	}
	if part >= 0 && v.look != nil {
		v.anchor.dy = part * v.pieceHeight(v.entries[v.anchor.entry], v.anchor.piece)
	}
}
