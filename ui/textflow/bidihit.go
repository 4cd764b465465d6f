package textflow

// Extent is a stretch of a line.
type Extent struct{ From, To float32 }

// Extents returns where the bytes from start to end stand on the line: one stretch, or several where scripts that run
// different ways meet. They are in the order of the text.
func (l Line) Extents(text string, m Measurer, start, end int) []Extent {
	start, end = max(start, l.Start), min(end, l.End)
	if start >= end {
		return nil
	}
	if !l.Bidi {
		return []Extent{{l.At(text, m, start), l.At(text, m, end)}}
	}
	var out []Extent
	for _, r := range l.Runs {
		from, to := max(start, r.Start), min(end, r.End)
		if from >= to {
			continue
		}
		a, b := r.at(text, m, from), r.at(text, m, to)
		e := Extent{min(a, b), max(a, b)}
		if n := len(out) - 1; n >= 0 && (near(out[n].To, e.From) || near(out[n].From, e.To)) {
			out[n] = Extent{min(out[n].From, e.From), max(out[n].To, e.To)}
			continue
		}
		out = append(out, e)
	}
	return out
}

func near(a, b float32) bool { return a-b < 0.5 && b-a < 0.5 }

// at is where a byte of the run stands; its end counts.
func (r Run) at(text string, m Measurer, offset int) float32 {
	w := r.Width
	if offset < r.End && !r.Tab {
		w = min(m.Width(drawn(text[r.Start:offset]), r.Style), r.Width)
	} else if offset <= r.Start {
		w = 0
	}
	if r.RightToLeft {
		return r.X + r.Width - w
	}
	return r.X + w
}

func (l Line) bidiAt(text string, m Measurer, offset int) float32 {
	for _, r := range l.Runs {
		if offset < r.End {
			return r.at(text, m, max(offset, r.Start))
		}
	}
	if n := len(l.Runs); n > 0 {
		return l.Runs[n-1].at(text, m, l.Runs[n-1].End)
	}
	return 0
}

func (l Line) bidiOffset(text string, m Measurer, x float32) int {
	best, far := 0, float32(1e9)
	for i, r := range l.Runs {
		d := max(r.X-x, x-r.X-r.Width, 0)
		if d < far {
			best, far = i, d
		}
	}
	r := l.Runs[best]
	in := min(max(x-r.X, 0), r.Width)
	if r.RightToLeft {
		in = r.Width - in
	}
	if r.Tab {
		if in < r.Width/2 {
			return r.Start
		}
		return r.End
	}
	return r.Start + nearest(text[r.Start:r.End], r, m, in)
}
