package chatview

import (
	"unicode"
	"unicode/utf8"

	"fyne.io/fyne/v2"

	"loam/ui/textflow"
)

// Text is selected by the keyboard from where it was clicked last, or from the first line in sight: Shift with the arrows by
// characters and lines, with Home and End to the ends of a paragraph, with Ctrl too by words and to the ends of everything.

// selectKey moves the free end of the selection; it reports whether the key means that.
func (v *View) selectKey(key fyne.KeyName, far bool) bool {
	if len(v.entries) == 0 {
		return false
	}
	if e := v.chosen.from.entry; e == nil || v.byID[e.item.ID] != e {
		at, ok := v.firstSpot()
		if !ok {
			return false
		}
		v.chosen = selection{from: at, to: at, start: at, end: at}
	}
	v.chosen.unit = unitCharacter
	to := v.chosen.to
	switch key {
	case fyne.KeyLeft:
		to = v.step(to, -1, far)
	case fyne.KeyRight:
		to = v.step(to, +1, far)
	case fyne.KeyUp:
		to = v.stepLine(to, -1)
	case fyne.KeyDown:
		to = v.stepLine(to, +1)
	case fyne.KeyHome:
		if to.offset = 0; far {
			to = spot{entry: v.entries[0]}
		}
	case fyne.KeyEnd:
		if far {
			to.entry = v.entries[len(v.entries)-1]
			to.entry.parse(v)
			to.block = max(len(to.entry.blocks)-1, 0)
		}
		to.offset = len(v.textOf(to))
	default:
		return false
	}
	v.selectTo(to)
	v.bringSpot(to)
	v.update()
	return true
}

// firstSpot is where the first line in sight begins.
func (v *View) firstSpot() (spot, bool) {
	for _, m := range v.visible {
		if m.layout != nil && m.y+m.gap >= 0 {
			return spot{m.key.entry, m.key.piece, 0}, true
		}
	}
	return v.spotAt(fyne.NewPos(0, 0))
}

// step is the place one character, or one word, further.
func (v *View) step(s spot, delta int, word bool) spot {
	text := v.textOf(s)
	if delta < 0 && s.offset == 0 || delta > 0 && s.offset >= len(text) {
		return v.nextBlock(s, delta)
	}
	if !word {
		if delta > 0 {
			_, size := utf8.DecodeRuneInString(text[s.offset:])
			s.offset += size
		} else {
			_, size := utf8.DecodeLastRuneInString(text[:s.offset])
			s.offset -= size
		}
		return s
	}
	if delta > 0 {
		for s.offset < len(text) {
			r, size := utf8.DecodeRuneInString(text[s.offset:])
			if !unicode.IsSpace(r) {
				break
			}
			s.offset += size
		}
		_, end := textflow.Word(text, s.offset)
		s.offset = max(end, s.offset)
		return s
	}
	for s.offset > 0 {
		r, size := utf8.DecodeLastRuneInString(text[:s.offset])
		if !unicode.IsSpace(r) {
			start, _ := textflow.Word(text, s.offset-size)
			s.offset = min(start, s.offset-size)
			break
		}
		s.offset -= size
	}
	return s
}

// nextBlock is the near end of the next block that has text, in a direction; s itself where there is none.
func (v *View) nextBlock(s spot, delta int) spot {
	e, block := s.entry, s.block
	for {
		block += delta
		for block < 0 || block >= len(e.blocks) {
			if e.index+delta < 0 || e.index+delta >= len(v.entries) {
				return s
			}
			e = v.entries[e.index+delta]
			e.parse(v)
			if block = 0; delta < 0 {
				block = len(e.blocks) - 1
			}
			if len(e.blocks) == 0 {
				block = -1
				if delta > 0 {
					block = 0
				}
			}
		}
		next := spot{entry: e, block: block}
		size := len(v.textOf(next))
		if e.blocks[block].fold != nil || size == 0 {
			continue
		}
		if delta < 0 {
			next.offset = size
		}
		return next
	}
}

// place is where a spot is in the view, and how high its line; false where it is not laid out.
func (v *View) placeOf(s spot) (pos fyne.Position, height float32, ok bool) {
	for _, m := range v.visible {
		if m.key.entry != s.entry || m.key.piece != s.block || m.layout == nil {
			continue
		}
		for i := range m.layout.frags {
			f := &m.layout.frags[i]
			if s.offset >= f.End && i < len(m.layout.frags)-1 || s.offset < f.Start {
				continue
			}
			x := m.x + f.x + f.At(m.layout.text, v.look, min(s.offset, f.End)) - m.sign.slide
			return fyne.NewPos(x, m.y+m.gap+f.y), f.height, true
		}
	}
	return fyne.Position{}, 0, false
}

// stepLine is the place in the line above or below. What is not in sight moves by whole blocks.
func (v *View) stepLine(s spot, delta int) spot {
	pos, height, ok := v.placeOf(s)
	if !ok {
		return v.nextBlock(s, delta)
	}
	for tries := float32(1); tries <= 8; tries++ { // over the gap between two messages
		y := pos.Y + height/2 + float32(delta)*height*(0.5+tries/2)
		if at, ok := v.spotAt(fyne.NewPos(pos.X, y)); ok && at != s && before(s, at) == (delta > 0) {
			return at
		}
	}
	if next := v.nextBlock(s, delta); next != s {
		return next
	}
	if s.offset = 0; delta > 0 {
		s.offset = len(v.textOf(s))
	}
	return s
}

// bringSpot scrolls until a place is in sight.
func (v *View) bringSpot(s spot) {
	v.slideToShow(s.entry, s.block, s.offset)
	pos, height, ok := v.placeOf(s)
	switch {
	case !ok && s.entry.index < v.anchor.entry || ok && pos.Y < 0:
		v.follow = false
		if !ok {
			v.anchor = place{entry: s.entry.index, piece: s.block}
			v.moved()
			return
		}
		v.scrollBy(pos.Y - height)
	case !ok:
		v.follow = false
		v.anchor = place{entry: s.entry.index, piece: s.block, dy: -v.Size().Height / 2}
		v.moved()
	case pos.Y+height > v.Size().Height:
		v.scrollBy(pos.Y + 2*height - v.Size().Height)
	}
}
