package textflow

// Within returns which bytes of a run are drawn wholly between two places of the line, and where the first of them stands:
// what is left of a line that is longer than the room for it. Runs that may run from right to left are whole or left out.
func (l Line) Within(r Run, text string, m Measurer, from, to float32) (start, end int, x float32) {
	const slack = 0.5
	if r.X >= from-slack && r.X+r.Width <= to+slack {
		return r.Start, r.End, r.X
	}
	if l.Bidi || r.Tab || r.X >= to || r.X+r.Width <= from {
		return r.Start, r.Start, r.X
	}
	width := func(end int) float32 { return m.Width(drawn(text[r.Start:end]), r.Style) }
	start, end = r.Start, r.End
	if r.X < from-slack {
		start = r.Start + nearest(text[r.Start:r.End], r, m, from-r.X)
		for start < r.End && r.X+width(start) < from-slack {
			start += clusterLen(text[start:r.End])
		}
	}
	x = r.X
	if start > r.Start {
		x += width(start)
	}
	if r.X+r.Width > to+slack {
		end = r.Start + nearest(text[r.Start:r.End], r, m, to-r.X)
		if end > start && r.X+width(end) > to+slack { // nearest may lie one cluster behind
			before, at := start, start
			for at < end {
				before = at
				at += clusterLen(text[at:r.End])
			}
			end = before
		}
	}
	return start, max(start, end), x
}
