package chatview

import (
	"slices"
	"strings"
	"time"

	"loam/backend/prompt"
	"loam/ui/markdown"
)

// entry is an item in the transcript. Its pieces are its blocks and, last, its foot (state and actions).
type entry struct {
	item  Item // without Text
	text  strings.Builder
	index int // place in View.entries

	parsed bool
	doc    markdown.Doc // of RoleSystem and RoleDocument
	fed    int          // bytes of text that were taken in
	blocks []piece

	// Of RoleAssistant: the text taken apart.
	split    prompt.Splitter
	closed   bool // split has given out the end of the text
	sections []*section
	parts    *prompt.Parts // what sections were made of, where the engine took the reply apart
	unfolded []int         // the sections that a person opened
	shown    labelSign     // what the labels were made for

	slides map[int]float32 // how far what is wider than its strip is moved to the left, by its first piece

	sum    float32 // height of all pieces, known or guessed
	bubble float32 // width of the person's bubble; 0 = not known
}

// piece is the layout state of one block.
type piece struct {
	block  markdown.Block
	height float32 // with the gap above; a guess until layout was made once for this gen
	exact  bool

	fold     *section // the line that folds a section; block is empty then
	label    string   // of the line
	unfolded bool     // of the line
	quiet    bool     // shown as an aside

	layout *blockLayout // nil until needed, and again when it was far away for long
}

func newEntry(it Item) *entry {
	e := &entry{item: it}
	e.text.WriteString(it.Text)
	e.item.Text = ""
	return e
}

// renew makes the entry show another item from scratch, in its place.
func (e *entry) renew(it Item) {
	e.text.Reset()
	e.text.WriteString(it.Text)
	e.item = it
	e.item.Text = ""
	e.parsed, e.doc, e.fed, e.blocks, e.bubble, e.unfolded = false, markdown.Doc{}, 0, nil, 0, nil
	e.restart()
}

// current returns the item with its text.
func (e *entry) current() Item {
	it := e.item
	it.Text = e.text.String()
	return it
}

// parse brings the blocks up to date with the text. Blocks that stay the same keep their layout.
func (e *entry) parse(v *View) {
	sign := labelSign{e.item.State, e.item.Thought, e.item.Parts}
	if e.parsed && e.fed == e.text.Len() && sign == e.shown {
		return
	}
	e.shown = sign
	if e.item.Role == RoleAssistant {
		e.feed(v)
		e.parsed = true
		e.resum(v)
		return
	}
	text := e.text.String()
	var blocks []markdown.Block
	first := 0 // blocks before it are known to be the same
	switch e.item.Role {
	case RoleSystem, RoleDocument:
		first = e.doc.Stable()
		e.doc.Append(text[e.fed:])
		blocks = e.doc.Blocks()
	case RoleUser, RoleText:
		blocks = markdown.Verbatim(text)
	case RoleAssistant, RoleDivider:
	}
	e.fed = len(text)
	e.bubble = 0
	if !e.parsed {
		e.parsed, first = true, 0
		e.blocks = make([]piece, 0, len(blocks))
	}
	first = min(first, len(e.blocks))
	for i := first; i < len(blocks); i++ {
		if i < len(e.blocks) {
			if !sameBlock(&e.blocks[i].block, &blocks[i]) {
				v.drop(&e.blocks[i])
				e.blocks[i] = piece{block: blocks[i]}
			}
			continue
		}
		e.blocks = append(e.blocks, piece{block: blocks[i]})
	}
	for i := len(blocks); i < len(e.blocks); i++ {
		v.drop(&e.blocks[i])
	}
	e.blocks = e.blocks[:len(blocks)]
	for i := first; i < len(e.blocks); i++ {
		if p := &e.blocks[i]; !p.exact {
			p.height = v.guess(e, i)
		}
	}
	e.resum(v)
}

// labelSign is what the lines of folded sections depend on, beside the text.
type labelSign struct {
	state   State
	thought time.Duration
	parts   *prompt.Parts
}

// resum adds the heights up.
func (e *entry) resum(v *View) {
	e.sum = v.footHeight(e)
	for i := range e.blocks {
		e.sum += e.blocks[i].height
	}
	v.heights.set(e.index, e.sum)
}

// void forgets all layouts; heights become guesses.
func (e *entry) void(v *View) {
	e.bubble = 0
	if !e.parsed {
		e.sum = v.guessEntry(e)
		return
	}
	e.sum = v.footHeight(e)
	for i := range e.blocks {
		p := &e.blocks[i]
		p.exact, p.layout = false, nil
		p.height = v.guess(e, i)
		e.sum += p.height
	}
}

// guessEntry estimates the height of an entry that was not parsed.
func (v *View) guessEntry(e *entry) float32 {
	if v.look == nil {
		return 0
	}
	text := e.text.String()
	lines := strings.Count(text[:min(len(text), 1<<14)], "\n")
	if len(text) > 1<<14 { // long texts are sampled
		lines = lines * len(text) / (1 << 14)
	}
	width := v.column.width
	if e.item.Role == RoleUser {
		width *= bubblePart
	}
	perLine := max(width/(v.look.sizes[classBody]*0.5), 1)
	rows := float32(lines)*0.7 + float32(len(text))/perLine + 1
	return rows*v.look.heights[classBody] + v.footHeight(e) + entryGap
}

// guess estimates the height of a block that was not laid out.
func (v *View) guess(e *entry, i int) float32 {
	b := &e.blocks[i].block
	body := v.look.heights[classBody]
	perLine := max(v.column.width/(v.look.sizes[classBody]*0.5), 1)
	h := v.gapAbove(e, i)
	if e.blocks[i].fold != nil {
		return h + v.foldHeight()
	}
	switch b.Kind {
	case markdown.Code:
		h += float32(strings.Count(b.Text, "\n")+1)*v.look.heights[classCode] + codeHead + 2*codePad
	case markdown.Table:
		h += float32(len(b.Rows)) * (body + 2*cellPadY)
	case markdown.Rule:
		h += ruleHeight
	case markdown.Paragraph, markdown.Heading:
		n := 0
		for _, in := range b.Inlines {
			n += len(in.Text)
		}
		h += (float32(int(float32(n)/perLine)) + 1) * body
	}
	return h
}

// The gaps between pieces.
const (
	entryGap   = 20 // above the person's words
	replyGap   = 6  // above a reply: the row of actions before it is space enough
	blockGap   = 12
	tightGap   = 4
	headingGap = 20 // above a heading
	underHead  = 8
)

func (v *View) gapAbove(e *entry, i int) float32 {
	if i == 0 {
		if e.item.Role == RoleUser {
			return entryGap + bubblePadY
		}
		return v.startGap(e)
	}
	b, before := &e.blocks[i].block, &e.blocks[i-1].block
	switch {
	case e.blocks[i-1].fold != nil && e.blocks[i].quiet:
		return tightGap
	case b.Continued:
		return 0
	case b.Kind == markdown.Heading:
		return headingGap
	case before.Kind == markdown.Heading:
		return underHead
	case b.Tight:
		return tightGap
	}
	return blockGap
}

// startGap is the space above an entry's first words.
func (v *View) startGap(e *entry) float32 {
	if e.index > 0 && e.item.Role == RoleAssistant && v.entries[e.index-1].item.Role == RoleUser {
		return replyGap
	}
	return entryGap
}

// regap follows a change of the entry before, on which the space above the first words depends.
func (e *entry) regap(v *View) {
	if !e.parsed || v.look == nil {
		return
	}
	if len(e.blocks) > 0 {
		if p := &e.blocks[0]; p.layout != nil {
			p.height = p.layout.height + v.gapAbove(e, 0)
		} else {
			p.exact, p.height = false, v.guess(e, 0)
		}
	}
	e.resum(v)
}

func (v *View) rebuildHeights() {
	heights := make([]float32, len(v.entries))
	for i, e := range v.entries {
		if e.sum == 0 && v.width > 0 {
			e.sum = v.guessEntry(e)
		}
		heights[i] = e.sum
	}
	v.heights.reset(heights)
}

// resetHeight brings the sum up to date after the item changed.
func (v *View) resetHeight(e *entry) {
	if v.width <= 0 {
		return
	}
	if !e.parsed {
		e.sum = v.guessEntry(e)
		v.heights.set(e.index, e.sum)
		return
	}
	e.parse(v)
	e.resum(v)
}

// forget drops the layouts of an entry that goes away.
func (v *View) forget(e *entry) {
	for i := range e.blocks {
		v.drop(&e.blocks[i])
	}
	for key := range v.mounts {
		if key.entry == e {
			delete(v.mounts, key)
		}
	}
}

func (v *View) drop(p *piece) {
	if p.layout != nil {
		p.layout = nil
		v.laidOut--
	}
}

// keptLayouts is how many blocks may hold a layout; a window shows some dozens.
const keptLayouts = 600

// trim drops the layouts of blocks that are far from the window. Their heights stay.
func (v *View) trim() {
	if v.laidOut <= keptLayouts {
		return
	}
	near := map[*piece]bool{}
	for _, m := range v.visible {
		if m.key.piece < len(m.key.entry.blocks) {
			near[&m.key.entry.blocks[m.key.piece]] = true
		}
	}
	for _, e := range v.entries {
		if !e.parsed {
			continue
		}
		for i := range e.blocks {
			if p := &e.blocks[i]; p.layout != nil && !near[p] {
				v.drop(p)
			}
		}
	}
}

func sameBlock(a, b *markdown.Block) bool {
	if a.Kind != b.Kind || a.Marker != b.Marker || a.Task != b.Task || a.Tight != b.Tight || a.Level != b.Level ||
		a.Lang != b.Lang || a.Continued != b.Continued || a.Continues != b.Continues || a.Text != b.Text ||
		!slices.Equal(a.Containers, b.Containers) || !slices.Equal(a.Inlines, b.Inlines) || len(a.Rows) != len(b.Rows) ||
		!slices.Equal(a.Aligns, b.Aligns) {
		return false
	}
	for i := range a.Rows {
		if !slices.EqualFunc(a.Rows[i], b.Rows[i], func(x, y markdown.Cell) bool { return slices.Equal(x, y) }) {
			return false
		}
	}
	return true
}
