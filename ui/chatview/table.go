package chatview

import (
	"strings"

	"loam/ui/markdown"
	"loam/ui/textflow"
)

// sampledRows is how many rows decide about the widths of columns.
const sampledRows = 200

// tableLook is how a table is set: closer, and then in small text, where the words of a wide one would break otherwise.
type tableLook struct {
	class class
	padX  float32
}

var tableLooks = []tableLook{{classBody, cellPadX}, {classBody, cellPadX / 2}, {classSmall, cellPadX / 2}}

// comfort is how many letters wide a column of a table that slides is where its text is longer than that.
const comfort = 28

// layoutTable lays a table out. A table that needs more than the column gets up to wide, around the column's middle; one
// whose words would break even there keeps them and slides.
func layoutTable(b *markdown.Block, l *look, out *blockLayout, left, width, wide float32) {
	var widths []float32
	var set tableLook
	fits := false
	for _, set = range tableLooks {
		if widths, fits = set.columnWidths(b, l, width, wide); fits {
			break
		}
	}
	if !fits {
		set = tableLooks[0]
		widths = set.slidingWidths(b, l, wide)
	}
	total := sum(widths)
	seen := total // of its width
	if !fits && total > wide {
		seen = wide
	}
	x0 := left
	if out.fromRight = len(b.Rows) > 0 && textflow.FromRight(headSpans(b)); out.fromRight { // the first column is on the right
		x0 = left + width - seen
	}
	if seen > width {
		x0 = left - (seen-width)/2
	}
	y := float32(0)
	text := make([]byte, 0, 256)
	for r, row := range b.Rows {
		if r > 0 {
			text = append(text, '\n')
		}
		height := l.heights[set.class]
		x := x0
		if out.fromRight {
			x += total
		}
		for c, cell := range row {
			if c > 0 {
				text = append(text, '\t')
			}
			if out.fromRight {
				x -= widths[c]
			}
			style := markdown.Style(0)
			if r == 0 {
				style = markdown.Bold
			}
			height = max(height, out.cell(l, cell, style, b.Aligns[c], cellBox{x + set.padX, y + cellPadY, widths[c] - 2*set.padX, set.class}, &text))
			if !out.fromRight {
				x += widths[c]
			}
		}
		y += height + 2*cellPadY
		ink := inkHairline
		if r == 0 {
			ink = inkControl
		}
		if r < len(b.Rows)-1 {
			out.shapes = append(out.shapes, shape{kind: shapeLine, x: x0, y: y - 1, w: seen, h: 1, ink: ink})
		}
	}
	out.text = string(text)
	out.height = y
	out.width = x0 + seen
	if total > seen {
		out.strip = strip{x: x0, w: seen, inner: total, step: 1}
		if out.fromRight {
			out.strip.start = total - seen
		}
		out.height += barSlim + 2*cellPadY
	}
	out.chips(l)
}

func headSpans(b *markdown.Block) []textflow.Span {
	var spans []textflow.Span
	for _, cell := range b.Rows[0] {
		for _, in := range cell {
			spans = append(spans, textflow.Span{Text: in.Text})
		}
	}
	return spans
}

type cellBox struct {
	x, y, width float32
	class       class
}

// cell lays one cell out and returns its height. The cell's text goes to the end of text.
func (out *blockLayout) cell(l *look, cell markdown.Cell, add markdown.Style, align markdown.Align, box cellBox, text *[]byte) float32 {
	part := blockLayout{links: out.links, inks: out.inks}
	spans := part.spans(cell, box.class)
	for i := range spans {
		spans[i].Style |= textflow.Style(add)
	}
	part.flow(l, spans, textflow.Options{Width: box.width}, box.x, box.y, box.class)
	base := len(*text)
	for _, f := range part.frags {
		f.Start += base
		f.End += base
		for i := range f.Runs {
			f.Runs[i].Start += base
			f.Runs[i].End += base
		}
		free := max(box.width-f.Width, 0)
		if f.RightToLeft {
			f.x -= free // flow put it on the right
			if align == markdown.AlignLeft {
				align = markdown.AlignRight
			}
		}
		switch align {
		case markdown.AlignCenter:
			f.x += round(free / 2)
		case markdown.AlignRight:
			f.x += free
		case markdown.AlignLeft:
		}
		out.frags = append(out.frags, f)
	}
	*text = append(*text, part.text...)
	out.links, out.inks = part.links, part.inks
	return part.height - box.y
}

// columnWidths shares the width out: columns that need little get what they need, the others share the rest. Where
// a word would break, the table does not fit.
func (t tableLook) columnWidths(b *markdown.Block, l *look, width, wide float32) (widths []float32, fits bool) {
	need := t.needs(b, l)
	total := sum(need)
	room := width
	if total > width {
		room = min(total, wide)
	}
	if total <= room {
		return need, true
	}
	least := t.leastWidths(b, l, need, room*0.4)
	if sum(least) > room {
		return nil, false
	}
	return share(need, least, room), true
}

// slidingWidths is how wide columns are that need not fit in: no word of theirs breaks, and each can be seen whole.
func (t tableLook) slidingWidths(b *markdown.Block, l *look, room float32) []float32 {
	need := t.needs(b, l)
	least := t.leastWidths(b, l, need, room*0.8)
	letters := min(l.Width("n", styleOf(t.class, 0))*comfort, room*0.8)
	for c := range need {
		need[c] = min(need[c], max(least[c], letters))
	}
	return need
}

// needs is how wide columns must be so that none of their cells wraps.
func (t tableLook) needs(b *markdown.Block, l *look) []float32 {
	need := make([]float32, len(b.Aligns))
	for c := range need {
		for r, row := range b.Rows[:min(len(b.Rows), sampledRows)] {
			w := float32(0)
			for _, in := range row[c] {
				style := in.Style
				if r == 0 {
					style |= markdown.Bold
				}
				w += l.Width(in.Text[:min(len(in.Text), 400)], styleOf(t.class, style))
			}
			need[c] = max(need[c], w+1)
		}
		need[c] = max(need[c], 12) + 2*t.padX
	}
	return need
}

func sum(widths []float32) float32 {
	total := float32(0)
	for _, w := range widths {
		total += w
	}
	return total
}

// leastWidths is how wide columns must be so that no word of theirs breaks, up to a width.
func (t tableLook) leastWidths(b *markdown.Block, l *look, need []float32, most float32) []float32 {
	least := make([]float32, len(need))
	for c := range least {
		for r, row := range b.Rows[:min(len(b.Rows), sampledRows)] {
			for _, in := range row[c] {
				style := in.Style
				if r == 0 {
					style |= markdown.Bold
				}
				for word := range strings.FieldsSeq(in.Text[:min(len(in.Text), 400)]) {
					if strings.IndexFunc(word, func(r rune) bool { return r >= 0x2E80 }) >= 0 {
						continue // it may break anywhere
					}
					least[c] = max(least[c], l.Width(word, styleOf(t.class, style))+1)
				}
			}
		}
		least[c] = min(max(least[c], 20)+2*t.padX, need[c], most)
	}
	return least
}

// share gives columns widths that add up to room: all the same, but none less than it must have and none more than it
// needs. The least must fit in.
func share(need, least []float32, room float32) []float32 {
	out := make([]float32, len(need))
	from, to := float32(0), room
	for range 24 { // a twentieth of a pixel in any window
		level := (from + to) / 2
		for c := range out {
			out[c] = min(max(level, least[c]), need[c])
		}
		if sum(out) > room {
			to = level
		} else {
			from = level
		}
	}
	return out
}
