package chatview

// finder looks for words in the transcript.
type finder struct {
	query   string
	hits    []hit
	byBlock map[findKey][][2]int
	current int
	stale   bool // the transcript changed since
}

type hit struct {
	entry  *entry
	block  int
	nth    int // among the hits of its block
	offset int
}

type findKey struct {
	entry *entry
	block int
}

func (f *finder) reset() { *f = finder{} }

func (f *finder) inBlock(e *entry, block int) [][2]int {
	if f.byBlock == nil {
		return nil
	}
	return f.byBlock[findKey{e, block}]
}

func (f *finder) isCurrent(e *entry, block, nth int) bool {
	if f.current >= len(f.hits) {
		return false
	}
	h := f.hits[f.current]
	return h.entry == e && h.block == block && h.nth == nth
}

// maxHits bounds what a search marks.
const maxHits = 10_000

// SetFind marks all places of the words, without regard to case and diacritics, and returns how many there are. Where they stand
// nowhere as they are, each of them is looked for by itself, "in quotes" as they stand. The place nearest below the upper edge
// becomes the current one. Empty words end the search.
func (v *View) SetFind(query string) int {
	v.search(query)
	if len(v.find.hits) > 0 {
		v.showHit()
	} else {
		v.update()
	}
	return len(v.find.hits)
}

// search finds the places without moving to one.
func (v *View) search(query string) {
	v.find.reset()
	v.find.query = query
	if query == "" {
		return
	}
	if v.mark([]string{fold(query).text}) > 0 {
		return
	}
	words := asked(query)
	for i, w := range words {
		words[i] = fold(w).text
	}
	if len(words) > 1 || len(words) == 1 && words[0] != fold(query).text {
		v.mark(words)
	}
}

// mark finds the places of folded words and returns how many there are.
func (v *View) mark(words []string) int {
	v.find.byBlock = map[findKey][][2]int{}
	first := -1
	for _, e := range v.entries {
		if v.width > 0 {
			e.parse(v)
		}
		for b := range e.blocks {
			for _, at := range fold(blockText(&e.blocks[b].block)).all(words) {
				key := findKey{e, b}
				v.find.hits = append(v.find.hits, hit{e, b, len(v.find.byBlock[key]), at[0]})
				v.find.byBlock[key] = append(v.find.byBlock[key], at)
				if first < 0 && (e.index > v.anchor.entry || e.index == v.anchor.entry && b >= v.anchor.piece) {
					first = len(v.find.hits) - 1
				}
				if len(v.find.hits) >= maxHits {
					break
				}
			}
		}
	}
	v.find.current = max(first, 0)
	return len(v.find.hits)
}

// FindNext goes delta places on, around the ends, and returns the 1-based number of the place; 0 = there is none.
func (v *View) FindNext(delta int) int {
	if v.find.stale {
		v.search(v.find.query)
	}
	n := len(v.find.hits)
	if n == 0 {
		return 0
	}
	v.find.current = ((v.find.current+delta)%n + n) % n
	v.showHit()
	return v.find.current + 1
}

// showHit brings the current place into the upper third of the view.
func (v *View) showHit() {
	h := v.find.hits[v.find.current]
	if v.width <= 0 || h.block >= len(h.entry.blocks) {
		return
	}
	p := v.laid(h.entry, h.block)
	y := v.gapAbove(h.entry, h.block)
	for _, f := range p.layout.frags {
		if h.offset < f.End {
			y += f.y
			break
		}
	}
	v.follow = false
	v.anchor = place{entry: h.entry.index, piece: h.block, dy: y - v.Size().Height/3}
	v.moved()
	v.slideToShow(h.entry, h.block, h.offset)
}
