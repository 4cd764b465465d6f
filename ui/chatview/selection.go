package chatview

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/markdown"
	"loam/ui/textflow"
)

// spot is a place in the text.
type spot struct {
	entry  *entry
	block  int
	offset int
}

// selection reaches from where the mouse went down to where it is; double and triple clicks select by words and
// paragraphs, and so does dragging on from them.
type selection struct {
	from, to   spot // as clicked; to may stand before from
	start, end spot // in order, grown to whole units
	unit       unit
}

type unit uint8

const (
	unitCharacter unit = iota
	unitWord
	unitBlock
)

func (s *selection) empty() bool { return s.start == s.end }

func before(a, b spot) bool {
	if a.entry != b.entry {
		if a.entry == nil || b.entry == nil {
			return a.entry == nil
		}
		return a.entry.index < b.entry.index
	}
	if a.block != b.block {
		return a.block < b.block
	}
	return a.offset < b.offset
}

// spotAt returns the place in the text that is nearest to a point of the view.
func (v *View) spotAt(pos fyne.Position) (spot, bool) {
	var best *mount
	for _, m := range v.visible {
		if m.layout == nil || len(m.layout.frags) == 0 {
			continue
		}
		if best == nil || m.y+m.gap <= pos.Y {
			best = m
		}
	}
	if best == nil {
		return spot{}, false
	}
	x := pos.X - best.x
	if s := best.layout.strip; s.on() {
		x = min(max(x, s.x), s.x+s.w) + best.sign.slide
	}
	f := best.fragAt(x, pos.Y-best.y-best.gap)
	offset := f.Offset(best.layout.text, v.look, x-f.x)
	return spot{best.key.entry, best.key.piece, offset}, true
}

// fragAt returns the frag nearest to a point of the block: the row first, then, in tables, the cell.
func (m *mount) fragAt(x, y float32) *frag {
	frags := m.layout.frags
	best, bestDY, bestDX := 0, float32(1e9), float32(1e9)
	for i := range frags {
		f := &frags[i]
		dy := outside(y, f.y, f.y+f.height)
		dx := outside(x, f.x, f.x+f.Width)
		if dy < bestDY || dy == bestDY && dx < bestDX {
			best, bestDY, bestDX = i, dy, dx
		}
	}
	return &frags[best]
}

func outside(v, lo, hi float32) float32 {
	if v < lo {
		return lo - v
	}
	if v > hi {
		return v - hi
	}
	return 0
}

// selectTo moves the free end of the selection and grows it to whole units.
func (v *View) selectTo(to spot) {
	s := &v.chosen
	s.to = to
	s.start, s.end = s.from, to
	if before(s.end, s.start) {
		s.start, s.end = s.end, s.start
	}
	switch s.unit {
	case unitWord:
		s.start.offset, _ = textflow.Word(v.textOf(s.start), s.start.offset)
		_, s.end.offset = textflow.Word(v.textOf(s.end), s.end.offset)
	case unitBlock:
		s.start.offset = 0
		s.end.offset = len(v.textOf(s.end))
	case unitCharacter:
	}
}

// textOf is the text of the block that a spot stands in.
func (v *View) textOf(s spot) string {
	if s.entry == nil || s.block >= len(s.entry.blocks) {
		return ""
	}
	return blockText(&s.entry.blocks[s.block].block)
}

// SelectAll selects the text of all messages.
func (v *View) SelectAll() {
	if len(v.entries) == 0 {
		return
	}
	last := v.entries[len(v.entries)-1]
	last.parse(v)
	block := max(len(last.blocks)-1, 0)
	v.chosen = selection{from: spot{entry: v.entries[0]}}
	v.chosen.start = v.chosen.from
	v.chosen.end = spot{entry: last, block: block}
	v.chosen.end.offset = len(v.textOf(v.chosen.end))
	v.chosen.to = v.chosen.end
	v.update()
}

// ClearSelection selects nothing.
func (v *View) ClearSelection() {
	if v.chosen == (selection{}) {
		return
	}
	v.chosen = selection{}
	v.update()
}

// CopySelection copies the selected text and reports whether there was any.
func (v *View) CopySelection() bool {
	text := v.Selection()
	if text == "" {
		return false
	}
	v.copy(text)
	return true
}

func (v *View) copy(text string) {
	if v.options.Clipboard != nil {
		v.options.Clipboard(text)
		return
	}
	fyne.CurrentApp().Clipboard().SetContent(text)
}

// Selection returns the selected text. Code is byte for byte as the model wrote it.
func (v *View) Selection() string {
	s := &v.chosen
	if s.empty() || s.start.entry == nil || s.end.entry == nil {
		return ""
	}
	var out strings.Builder
	for i := s.start.entry.index; i <= s.end.entry.index && i < len(v.entries); i++ {
		e := v.entries[i]
		e.parse(v)
		for b := range e.blocks {
			from, to, ok := v.selected(e, b)
			if !ok || e.blocks[b].fold != nil {
				continue
			}
			block := &e.blocks[b].block
			if out.Len() > 0 {
				out.WriteString(separator(block, b == 0))
			}
			if from == 0 && to > 0 {
				out.WriteString(markerText(block))
			}
			out.WriteString(blockText(block)[from:to])
		}
	}
	return out.String()
}

func separator(b *markdown.Block, first bool) string {
	switch {
	case first:
		return "\n\n"
	case b.Continued && !b.Tight && b.Kind == markdown.Paragraph: // cut inside a line
		return ""
	case b.Continued, b.Tight:
		return "\n"
	}
	return "\n\n"
}

func markerText(b *markdown.Block) string {
	if b.Marker == "" {
		return ""
	}
	indent := strings.Repeat("  ", max(len(b.Containers)-1, 0))
	switch b.Task {
	case markdown.TaskOpen:
		return indent + "- [ ] "
	case markdown.TaskDone:
		return indent + "- [x] "
	case markdown.NoTask:
	}
	return indent + strings.ReplaceAll(b.Marker, "•", "-") + " "
}

// selected returns which bytes of a block's text are selected.
func (v *View) selected(e *entry, block int) (from, to int, ok bool) {
	s := &v.chosen
	if s.empty() || s.start.entry == nil || s.end.entry == nil || e.index < s.start.entry.index || e.index > s.end.entry.index {
		return 0, 0, false
	}
	if e == s.start.entry && block < s.start.block || e == s.end.entry && block > s.end.block {
		return 0, 0, false
	}
	size := len(blockText(&e.blocks[block].block))
	from, to = 0, size
	if e == s.start.entry && block == s.start.block {
		from = min(s.start.offset, size)
	}
	if e == s.end.entry && block == s.end.block {
		to = min(s.end.offset, size)
	}
	return from, to, from < to || size == 0
}

// markText draws the grounds of selected and found text in sight.
func (v *View) markText() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for _, m := range v.visible {
		if m.layout == nil {
			continue
		}
		for n, hit := range v.find.inBlock(m.key.entry, m.key.piece) {
			ink := inkFind
			if v.find.isCurrent(m.key.entry, m.key.piece, n) {
				ink = inkFindCurrent
			}
			out = m.markRange(out, hit[0], hit[1], ink)
		}
		if from, to, ok := v.selected(m.key.entry, m.key.piece); ok {
			out = m.markRange(out, from, to, inkSelected)
		}
	}
	return out
}

func (m *mount) markRange(out []fyne.CanvasObject, from, to int, c ink) []fyne.CanvasObject {
	l := m.view.look
	for i := range m.layout.frags[m.from:m.to] {
		f := &m.layout.frags[m.from+i]
		a, b := max(from, f.Start), min(to, f.End)
		if a >= b {
			continue
		}
		extents := f.Extents(m.layout.text, l, a, b)
		if n := len(extents) - 1; n >= 0 && (to > f.End || b == f.End && m.layout.text[b-1] == '\n') {
			if f.RightToLeft { // the line end is selected too
				extents[n].From -= 5
			} else {
				extents[n].To += 5
			}
		}
		for _, x := range extents {
			from, to := f.x+x.From, f.x+x.To
			if s := m.layout.strip; s.on() { // as far as it is in sight
				from = max(from-m.sign.slide, s.x-2)
				to = min(to-m.sign.slide, s.x+s.w+5)
			}
			if to <= from {
				continue
			}
			r := canvas.NewRectangle(l.colors[c])
			r.CornerRadius = 2
			r.Resize(fyne.NewSize(to-from, f.height))
			r.Move(fyne.NewPos(m.x+from, m.y+m.gap+f.y))
			out = append(out, r)
		}
	}
	return out
}
