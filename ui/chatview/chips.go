package chatview

import (
	"loam/ui/theme"
)

// Chip is a small thing under a message that can be opened: a file beside the person's words, a source of a reply.
type Chip struct {
	Text string
	Tip  string // what the pointer over it tells
	More bool   // it stands for others
}

// Chips are the chips of an item. They are compared by their address: give an item other ones to show others.
type Chips struct{ List []Chip }

const (
	chipHeight = 26
	chipGap    = 6
	chipPad    = 10
)

// chipBox is where a chip stands.
type chipBox struct {
	text       string
	x, y, w, h float32
}

// chipBoxes lays the chips of an entry out in rows, from the left, or from the right under the person's words.
func (v *View) chipBoxes(e *entry) (boxes []chipBox, height float32) {
	if e.item.Chips == nil || len(e.item.Chips.List) == 0 {
		return nil, 0
	}
	scale := max(v.look.sizes[classBody]/15, 1)
	style, icon := styleOf(classSmall, 0), round(13*scale)
	h := round(chipHeight * scale)
	width := func(t string) float32 { return v.look.Width(t, style) }
	x, y, row := float32(0), float32(0), 0
	flush := func(end int) {
		if e.item.Role == RoleUser && end > row {
			last := boxes[end-1]
			for i := row; i < end; i++ {
				boxes[i].x += v.column.width - (last.x + last.w)
			}
		}
		row = end
	}
	for _, c := range e.item.Chips.List {
		most := min(v.column.width, 320*scale) - icon - 2*chipPad - 5
		text := shorten(c.Text, most, width)
		w := width(text) + icon + 2*chipPad + 5
		if x > 0 && x+w > v.column.width {
			flush(len(boxes))
			x, y = 0, y+h+chipGap
		}
		boxes = append(boxes, chipBox{text, x, y, w, h})
		x += w + chipGap
	}
	flush(len(boxes))
	return boxes, y + h + chipGap
}

// chipsHeight is how much of a foot its chips take.
func (v *View) chipsHeight(e *entry) float32 {
	if e.item.State == StateRunning {
		return 0
	}
	_, h := v.chipBoxes(e)
	if h > 0 {
		h += chipGap // above them
	}
	return h
}

// userChips is how much of the foot under the person's words their chips take, with the gap above them.
func (v *View) userChips(e *entry) float32 {
	return v.chipsHeight(e)
}

// mountChips draws the chips of an entry and returns where what follows begins.
func (v *View) mountChips(m *mount, y float32) float32 {
	e := m.key.entry
	if e.item.State == StateRunning {
		return y
	}
	boxes, height := v.chipBoxes(e)
	if len(boxes) > 0 {
		y += chipGap
	}
	style := styleOf(classSmall, 0)
	for i, b := range boxes {
		c := e.item.Chips.List[i]
		icon := round(b.h / 2)
		m.outline(b.x, y+b.y, b.w, b.h, inkControl, b.h/2)
		m.icon(theme.IconFile, b.x+chipPad-2, y+b.y+(b.h-icon)/2, icon, inkQuiet)
		m.label(b.text, style, b.x+chipPad+icon+3, y+b.y, b.h, inkText)
		m.hots = append(m.hots, hot{chip: i + 1, x: b.x, y: y + b.y, w: b.w, h: b.h})
		if c.Tip != "" {
			m.tips = append(m.tips, tip{c.Tip, m.over[len(m.over)-1].object, b.x, y + b.y, b.w, b.h})
		}
	}
	return y + height
}
