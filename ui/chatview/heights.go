package chatview

// heightIndex sums the heights of the entries so that one height changes, and a place is found, in logarithmic time
// (a binary indexed tree). Sums are float64: transcripts grow to millions of pixels.
type heightIndex struct {
	tree []float64 // 1-based
	each []float32
}

func (h *heightIndex) reset(heights []float32) {
	h.each = heights
	h.tree = make([]float64, len(heights)+1)
	for i, v := range heights {
		h.tree[i+1] += float64(v)
		if up := i + 1 + (i+1)&-(i+1); up < len(h.tree) {
			h.tree[up] += h.tree[i+1]
		}
	}
}

func (h *heightIndex) set(i int, v float32) {
	delta := float64(v) - float64(h.each[i])
	if delta == 0 {
		return
	}
	h.each[i] = v
	for i++; i < len(h.tree); i += i & -i {
		h.tree[i] += delta
	}
}

// before returns the height of the first n entries.
func (h *heightIndex) before(n int) float64 {
	var sum float64
	for ; n > 0; n -= n & -n {
		sum += h.tree[n]
	}
	return sum
}

func (h *heightIndex) total() float64 { return h.before(len(h.each)) }

// find returns the entry at a height, and how far into it the height lies.
func (h *heightIndex) find(y float64) (index int, into float32) {
	bit := 1
	for bit*2 < len(h.tree) {
		bit *= 2
	}
	at := 0
	for ; bit > 0; bit /= 2 {
		if next := at + bit; next < len(h.tree) && h.tree[next] <= y {
			at = next
			y -= h.tree[next]
		}
	}
	return min(at, max(len(h.each)-1, 0)), float32(y)
}
