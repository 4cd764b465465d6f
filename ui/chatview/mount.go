package chatview

import (
	"sort"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/markdown"
	"loam/ui/textflow"
	"loam/ui/theme"
	"loam/ui/typeset"
)

// mountKey names a piece of the transcript.
type mountKey struct {
	entry *entry
	piece int
}

// mount holds the canvas objects of one piece that is in sight. Objects move with the piece; they are made anew only
// when what they show changes.
type mount struct {
	view   *View
	key    mountKey
	y      float32 // upper edge in the view, the gap above included
	height float32
	gap    float32 // above what is drawn
	x      float32 // where the content's x = 0 stands in the view
	under  []placed
	over   []placed
	hots   []hot
	tips   []tip
	sign   mountSign
	layout *blockLayout // nil for feet
	from   int          // the frags that are objects
	to     int
}

type placed struct {
	object fyne.CanvasObject
	x, y   float32 // from the content's origin
}

// mountSign tells whether a mount still shows what it should.
type mountSign struct {
	layout   *blockLayout
	gen      int
	from, to int
	caret    bool
	x        float32
	gap      float32
	item     Item // feet: without text
	shown    bool
	bare     bool
	height   float32
	slide    float32 // of what is wider than its strip
}

// tip is a place that tells more while the pointer is over it.
type tip struct {
	text       string
	at         fyne.CanvasObject
	x, y, w, h float32
}

// hot is a place that can be clicked: an action, a link or a code block's button.
type hot struct {
	action     Action
	code       bool   // copies the code of the block
	chip       int    // 1-based: opens it
	fold       bool   // folds or unfolds a section
	link       string // opens it
	x, y, w, h float32
	solid      bool // stands on the accent: hover shows differently
}

// mountPiece returns the up-to-date mount of a piece at a height.
func (v *View) mountPiece(key mountKey, y, height float32, size fyne.Size) *mount {
	e := key.entry
	sign := mountSign{gen: v.gen, x: v.column.x, height: height}
	gap := float32(0)
	if key.piece < len(e.blocks) {
		p := v.laid(e, key.piece)
		gap = v.gapAbove(e, key.piece)
		sign.gap = gap
		sign.layout = p.layout
		sign.from, sign.to = p.layout.inRange(-y-gap-margin, size.Height-y-gap+margin)
		sign.caret = e.item.State == StateRunning && key.piece == len(e.blocks)-1 && e.blocks[key.piece].fold == nil
		if p.layout.strip.on() {
			sign.slide = e.slideOf(key.piece)
		}
		if sign.x = v.textX(e); p.layout.fromRight && e.item.Role == RoleUser { // on the right of its bubble
			sign.x = v.column.x + v.column.width - bubblePadX - v.textWidth(e)
		}
	} else {
		sign.item, sign.shown, sign.bare = e.item, v.showsActions(e), e.bare()
	}
	m := v.mounts[key]
	if m == nil || m.sign != sign {
		m = &mount{view: v, key: key, height: height, gap: gap, x: sign.x, sign: sign, layout: sign.layout, from: sign.from, to: sign.to}
		v.mounts[key] = m
		if m.layout != nil {
			m.drawBlock()
		} else {
			v.mountFoot(m)
		}
		m.y = y
		m.moveTo()
	} else if m.y != y {
		m.y = y
		m.moveTo()
	}
	return m
}

// textX is where the text of an entry starts.
func (v *View) textX(e *entry) float32 {
	if e.item.Role != RoleUser {
		return v.column.x
	}
	return v.column.x + v.column.width - v.bubbleWidth(e) + bubblePadX
}

// bubbleWidth is as wide as the words need, up to a part of the column.
func (v *View) bubbleWidth(e *entry) float32 {
	if e.bubble > 0 {
		return e.bubble
	}
	widest := v.textWidth(e)
	e.bubble = widest + 2*bubblePadX
	if len(e.blocks) > 6 {
		return e.bubble
	}
	width := float32(0)
	for i := range e.blocks {
		if e.blocks[i].block.Kind == markdown.Code {
			return e.bubble
		}
		width = max(width, v.laid(e, i).layout.width)
	}
	e.bubble = min(round(width+0.5), widest) + 2*bubblePadX
	return e.bubble
}

// inRange returns which frags touch a stretch of height. Frags of a table row share heights, so it looks at both ends.
func (out *blockLayout) inRange(top, bottom float32) (from, to int) {
	from, to = 0, len(out.frags)
	for from < to && out.frags[from].y+out.frags[from].height < top {
		from++
	}
	for to > from && out.frags[to-1].y > bottom {
		to--
	}
	// Steps, so that a scroll by a pixel does not make a long block's objects anew.
	if len(out.frags) > rangeStep {
		from = from / rangeStep * rangeStep
		to = min((to+rangeStep-1)/rangeStep*rangeStep, len(out.frags))
	} else {
		from, to = 0, len(out.frags)
	}
	return from, to
}

const rangeStep = 16

func (m *mount) moveTo() {
	for _, list := range [][]placed{m.under, m.over} {
		for _, p := range list {
			p.object.Move(fyne.NewPos(m.x+p.x, m.y+m.gap+p.y))
		}
	}
}

// top and bottom of the drawn stretch of a block, for shapes that are taller than the window.
func (m *mount) stretch() (top, bottom float32) {
	if m.layout == nil || len(m.layout.frags) <= rangeStep {
		return 0, m.height
	}
	frags := m.layout.frags
	top, bottom = 0, m.layout.height
	if m.from > 0 {
		top = frags[m.from].y - 40
	}
	if m.to == 0 { // only the gap above it is near
		return 0, frags[0].y + 40
	}
	if m.to < len(frags) {
		bottom = frags[m.to-1].y + frags[m.to-1].height + 40
	}
	return top, bottom
}

func (m *mount) drawBlock() {
	b, l := m.layout, m.view.look
	top, bottom := m.stretch()
	for _, s := range b.shapes {
		if s.y > bottom || s.y+s.h < top {
			continue
		}
		if s.kind == shapeChip && b.strip.on() {
			if s = m.slidChip(s); s.w <= 0 {
				continue
			}
		}
		m.drawShape(s, top, bottom)
	}
	for _, f := range b.frags[m.from:m.to] {
		for _, r := range f.Runs {
			if r.Blank || r.Tab {
				continue
			}
			if b.strip.on() {
				if r = m.slid(r, f); r.End <= r.Start {
					continue
				}
			}
			text := printable(r.Drawn(b.text))
			if text == "" {
				continue
			}
			m.run(text, r, f, b.inks[r.Span])
			if link := b.links[r.Span]; link != "" {
				width := r.Width
				if trimmed := strings.TrimRight(text, " "); trimmed != text {
					width = l.Width(trimmed, r.Style)
				}
				m.rect(false, f.x+r.X, f.y+f.rise+2, width, 1, inkAccent, 0)
				m.hots = append(m.hots, hot{link: link, x: f.x + r.X, y: f.y, w: r.Width, h: f.height})
			}
		}
	}
	if m.sign.caret {
		x, y, h := float32(0), float32(0), l.heights[classBody]
		if n := len(b.frags); n > 0 {
			last := b.frags[n-1]
			x, y, h = last.x+last.Width+2, last.y, last.height
			if last.RightToLeft {
				x = last.x - 4
			}
		}
		if s := b.strip; s.on() {
			x = min(max(x-m.sign.slide, s.x), s.x+s.w)
		}
		m.rect(false, x, y+h*0.14, 2, h*0.72, inkAccent, 1)
	}
}

// printable removes what has no shape of its own but would be drawn as a box.
func printable(text string) string {
	clean := true
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] == 0x7F || text[i] == 0xE2 {
			clean = false
			break
		}
	}
	if clean {
		return text
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F || r == '\u2028' || r == '\u2029' || r >= '\u200b' && r <= '\u200c' || r == '\ufeff' {
			return -1
		}
		return r
	}, text)
}

// run draws one run of a line. Runs of one line share a baseline, whatever their sizes; the font engine puts it on a
// whole pixel.
func (m *mount) run(text string, r textflow.Run, f frag, c ink) {
	l := m.view.look
	style, size := l.text(r.Style)
	_, baseline := fyne.CurrentApp().Driver().RenderedTextSize("x", size, style, nil)
	x := f.x + r.X
	for len(text) > 0 {
		n, tall := typeset.Cut(text, style)
		y := f.y + f.rise - ceil(baseline)
		t := canvas.NewText(typeset.Anchored(text[:n]), l.colors[c])
		t.TextStyle, t.TextSize = style, size
		if tall {
			t.FontSource = theme.Tall(style)
			y -= theme.TallRise * size
		}
		width := r.Width
		if n < len(text) {
			width = l.Width(text[:n], r.Style)
		}
		t.Resize(fyne.NewSize(width, t.MinSize().Height))
		m.over = append(m.over, placed{t, x, y})
		x += width
		text = text[n:]
	}
}

func (m *mount) drawShape(s shape, top, bottom float32) {
	l := m.view.look
	y, end := max(s.y, top), min(s.y+s.h, bottom)
	switch s.kind {
	case shapeChip:
		m.rect(true, s.x, s.y, s.w, s.h, s.ink, 4)
	case shapeLine:
		m.rect(true, s.x, s.y, s.w, s.h, s.ink, 0)
	case shapeBar:
		m.rect(true, s.x, y, s.w, end-y, s.ink, 1.5)
	case shapeMarker:
		style := styleOf(classBody, 0)
		x := s.x + s.w - l.Width(s.text, style)
		if s.mirrored {
			x = s.x
		}
		m.label(s.text, style, x, s.y, s.h, s.ink)
	case shapeLabel:
		m.label(s.text, styleOf(classSmall, 0), s.x, s.y, s.h, s.ink)
	case shapeTaskOpen, shapeTaskDone:
		size := round(l.sizes[classBody] + 1)
		icon, color := theme.IconUnticked, inkQuiet
		if s.kind == shapeTaskDone {
			icon, color = theme.IconTicked, inkAccent
		}
		x := s.x + s.w - size + 2
		if s.mirrored {
			x = s.x - 2
		}
		m.icon(icon, x, s.y+(s.h-size)/2, size, color)
	case shapeGround: // drawn under everything else
	case shapeCopy:
		m.copyButton(s)
	case shapeFold, shapeUnfold:
		m.foldLine(s)
	}
}

// foldLine draws the line of a section: an arrow and a few quiet words, all of it to be clicked.
func (m *mount) foldLine(s shape) {
	l := m.view.look
	style := styleOf(classBody, 0)
	size := round(l.sizes[classBody])
	icon := theme.IconNext
	if s.kind == shapeUnfold {
		icon = theme.IconDown
	}
	room := s.w - size - 8
	text := shorten(s.text, room, func(t string) float32 { return l.Width(t, style) })
	m.icon(icon, s.x-2, s.y+(s.h-size)/2, size, s.ink)
	m.label(text, style, s.x+size+4, s.y, s.h, s.ink)
	m.hots = append(m.hots, hot{fold: true, x: s.x - 6, y: s.y, w: size + l.Width(text, style) + 16, h: s.h})
}

// shorten cuts a text to a width.
func shorten(text string, room float32, width func(string) float32) string {
	if width(text) <= room {
		return text
	}
	runes := []rune(text)
	n := sort.Search(len(runes), func(n int) bool { return width(string(runes[:n])+"…") > room })
	return strings.TrimRight(string(runes[:max(n-1, 0)]), " ") + "…"
}

func (m *mount) copyButton(s shape) {
	l := m.view.look
	style := styleOf(classSmall, 0)
	word := m.view.words.CopyCode
	size := round(l.sizes[classSmall] + 1)
	w := l.Width(word, style) + size + 18
	x := s.x - w - 4
	m.icon(theme.IconCopy, x+6, s.y+(s.h-size)/2, size, inkQuiet)
	m.label(word, style, x+size+11, s.y, s.h, inkQuiet)
	m.hots = append(m.hots, hot{code: true, x: x, y: s.y + 4, w: w, h: s.h - 8})
}

func (m *mount) rect(under bool, x, y, w, h float32, c ink, radius float32) {
	r := canvas.NewRectangle(m.view.look.colors[c])
	r.CornerRadius = radius
	r.Resize(fyne.NewSize(w, h))
	if under {
		m.under = append(m.under, placed{r, x, y})
	} else {
		m.over = append(m.over, placed{r, x, y})
	}
}

func (m *mount) outline(x, y, w, h float32, c ink, radius float32) {
	r := canvas.NewRectangle(nil)
	r.StrokeColor, r.StrokeWidth, r.CornerRadius = m.view.look.colors[c], 1, radius
	r.Resize(fyne.NewSize(w, h))
	m.over = append(m.over, placed{r, x, y})
}

// label draws words that are not part of the text, in the middle of a height.
func (m *mount) label(text string, s textflow.Style, x, y, h float32, c ink) {
	l := m.view.look
	style, size := l.text(s)
	t := canvas.NewText(text, l.colors[c])
	t.TextStyle, t.TextSize = style, size
	measured := fyne.MeasureText(text, size, style)
	t.Resize(measured)
	m.over = append(m.over, placed{t, x, y + (h-measured.Height)/2})
}

func (m *mount) icon(name fyne.ThemeIconName, x, y, size float32, c ink) {
	i := canvas.NewImageFromResource(theme.IconIn(name, inkNames[c]))
	i.FillMode = canvas.ImageFillContain
	i.Resize(fyne.NewSize(size, size))
	m.over = append(m.over, placed{i, x, y})
}
