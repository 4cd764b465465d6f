package chatview

import (
	"strings"

	"loam/ui/markdown"
	"loam/ui/textflow"
)

// blockLayout is where everything of a block stands, in pixels from the block's upper left corner (without the gap
// above it; x from the reading column's left edge).
type blockLayout struct {
	height float32
	width  float32 // of the widest line
	text   string  // what can be selected; every frag shows a part of it
	frags  []frag  // in the order of the text
	shapes []shape
	code   bool // stands on a ground of its own, from codeX on, codeW wide
	codeX  float32
	codeW  float32
	strip  strip
	links  []string // by Run.Span; empty = no link
	inks   []ink    // by Run.Span; empty = text colour
	// fromRight: the text runs from right to left and is aligned on the right, with its marker and bars.
	fromRight bool
}

// frag is one line of text.
type frag struct {
	textflow.Line         // offsets count in blockLayout.text
	x, y, height  float32 // of the line's box; runs count from x
	rise          float32 // baseline below y
}

// shape is a ground, a line or a sign.
type shape struct {
	kind       shapeKind
	x, y, w, h float32
	text       string // marker and label
	ink        ink
	mirrored   bool // a marker on the right of its text
}

type shapeKind uint8

const (
	shapeGround shapeKind = iota // of code
	shapeChip                    // behind code in a sentence
	shapeLine                    // hairline
	shapeBar                     // beside a quote
	shapeMarker                  // right-aligned words at x+w
	shapeLabel                   // small quiet words
	shapeTaskOpen
	shapeTaskDone
	shapeCopy // the button of a code block
	shapeFold // the line of a section that is folded
	shapeUnfold
)

// Measures of blocks in pixels.
const (
	quoteIndent = 16
	listIndent  = 26
	codeHead    = 30
	codePad     = 12
	cellPadX    = 10
	cellPadY    = 6
	ruleHeight  = 17
	maxColumns  = 40 // a wider table is shown as text
)

// layoutBlock lays a block out in a column; wide is how wide a table may get.
func layoutBlock(b *markdown.Block, l *look, width, wide float32) *blockLayout {
	out := &blockLayout{}
	left := containers(b, l, out)
	width = max(width-left, 60)
	switch b.Kind {
	case markdown.Code:
		layoutCode(b, l, out, left, width)
	case markdown.Table:
		if len(b.Aligns) > maxColumns {
			text := tableText(b)
			out.links, out.inks = append(out.links, ""), append(out.inks, inkText)
			out.flow(l, []textflow.Span{{Text: text, Style: styleOf(classCode, 0)}}, textflow.Options{Width: width, Break: true}, left, 0, classCode)
			break
		}
		if len(b.Containers) > 0 {
			wide = width
		}
		layoutTable(b, l, out, left, width, wide)
	case markdown.Rule:
		out.shapes = append(out.shapes, shape{kind: shapeLine, x: left, y: ruleHeight / 2, w: width, h: 1, ink: inkHairline})
		out.height = ruleHeight
	case markdown.Paragraph, markdown.Heading:
		c := classBody
		if b.Kind == markdown.Heading {
			c = headingClass(b.Level)
		}
		spans := out.spans(b.Inlines, c)
		out.flow(l, spans, textflow.Options{Width: width}, left, 0, c)
		out.chips(l)
	}
	if out.fromRight {
		out.mirror(left, left+width)
	}
	for i := range out.shapes { // bars reach over the whole block
		if out.shapes[i].kind == shapeBar {
			out.shapes[i].h = out.height
		}
	}
	return out
}

// mirror moves text, markers and bars to the other side of a block that reaches from 0 to width and has left pixels for
// markers and bars.
func (out *blockLayout) mirror(left, width float32) {
	for i := range out.frags {
		out.frags[i].x -= left
	}
	out.strip.x -= left
	for i := range out.shapes {
		s := &out.shapes[i]
		switch s.kind {
		case shapeChip, shapeLine:
			s.x -= left
		case shapeMarker, shapeTaskOpen, shapeTaskDone:
			s.x, s.mirrored = width-s.x-s.w, true
			s.text = markerFromRight(s.text)
		case shapeBar:
			s.x = width - s.x - s.w
		case shapeGround, shapeLabel, shapeCopy, shapeFold, shapeUnfold:
		}
	}
}

// markerFromRight is a list's marker as it stands right of its text: "1." with its point on the left.
func markerFromRight(marker string) string {
	if number, ok := strings.CutSuffix(marker, "."); ok {
		return "." + number
	}
	if number, ok := strings.CutSuffix(marker, ")"); ok {
		return "(" + number
	}
	return marker
}

func headingClass(level int) class {
	switch level {
	case 1:
		return classHeading1
	case 2:
		return classHeading2
	}
	return classHeading3
}

// containers draws the bars and the marker left of a block and returns where its text starts.
func containers(b *markdown.Block, l *look, out *blockLayout) float32 {
	left := float32(0)
	for i, c := range b.Containers {
		if c == markdown.Quote {
			out.shapes = append(out.shapes, shape{kind: shapeBar, x: left, w: 3, ink: inkHairline})
			left += quoteIndent
			continue
		}
		left += listIndent * max(l.sizes[classBody]/15, 1)
		if i == len(b.Containers)-1 && b.Marker != "" {
			h := l.heights[classBody]
			if b.Kind == markdown.Heading {
				h = l.heights[headingClass(b.Level)]
			}
			s := shape{kind: shapeMarker, x: left - listIndent, w: listIndent - 8, h: h, text: b.Marker, ink: inkQuiet}
			switch b.Task {
			case markdown.TaskOpen:
				s.kind = shapeTaskOpen
			case markdown.TaskDone:
				s.kind = shapeTaskDone
			case markdown.NoTask:
			}
			out.shapes = append(out.shapes, s)
		}
	}
	return left
}

// spans turns inlines into spans and remembers their links and colours.
func (out *blockLayout) spans(inlines []markdown.Inline, c class) []textflow.Span {
	spans := make([]textflow.Span, len(inlines))
	for i, in := range inlines {
		spans[i] = textflow.Span{Text: in.Text, Style: styleOf(c, in.Style)}
		out.links = append(out.links, in.Link)
		color := inkText
		if in.Link != "" {
			color = inkAccent
		}
		out.inks = append(out.inks, color)
	}
	return spans
}

// flow adds wrapped text whose spans are the last ones in links and inks, and moves the height below it.
func (out *blockLayout) flow(l *look, spans []textflow.Span, o textflow.Options, x, y float32, c class) {
	if o.Tab == 0 {
		o.Tab = 4 * max(l.Width("0", styleOf(c, 0)), 1)
	}
	base := len(out.text)
	firstSpan := max(len(out.links)-len(spans), 0)
	out.text += textflow.Text(spans)
	h := l.heights[c]
	for _, line := range textflow.Wrap(spans, l, o) {
		line.Start += base
		line.End += base
		for i := range line.Runs {
			line.Runs[i].Start += base
			line.Runs[i].End += base
			line.Runs[i].Span += firstSpan
		}
		at := x
		if line.RightToLeft {
			out.fromRight = true
			at += max(o.Width-line.Width, 0)
		}
		out.frags = append(out.frags, frag{Line: line, x: at, y: y, height: h, rise: l.rises[c]})
		out.width = max(out.width, x+line.Width)
		y += h
	}
	out.height = max(out.height, y)
}

// chips puts grounds behind code in sentences.
func (out *blockLayout) chips(l *look) {
	for _, f := range out.frags {
		for _, r := range f.Runs {
			if markdown.Style(r.Style)&markdown.Mono == 0 || r.Blank {
				continue
			}
			_, size := l.text(r.Style)
			h := size * 1.4
			out.shapes = append(out.shapes, shape{
				kind: shapeChip, x: f.x + r.X - 3, y: f.y + f.rise - round(size*1.08), w: r.Width + 6, h: h, ink: inkCode,
			})
		}
	}
}

func layoutCode(b *markdown.Block, l *look, out *blockLayout, left, width float32) {
	var top float32
	if !b.Continued {
		top = codeHead
		out.shapes = append(out.shapes,
			shape{kind: shapeLabel, x: left + codePad, y: 0, w: width, h: codeHead, text: b.Lang, ink: inkQuiet},
			shape{kind: shapeCopy, x: left + width, y: 0, h: codeHead})
	}
	style := styleOf(classCode, 0)
	cell := l.Width("0", style)
	spans := []textflow.Span{{Text: b.Text, Style: style}}
	spans = out.highlight(b, spans)
	out.flow(l, spans, textflow.Options{
		Width: max(codeColumns*cell, width-2*codePad), Break: true, Hanging: 2 * cell, Tab: 4 * cell,
	}, left+codePad, top, classCode)
	out.strip = strip{x: left + codePad, w: width - 2*codePad, inner: out.width - left - codePad, step: max(cell, 1)}
	for i := range out.frags {
		if f := &out.frags[i]; f.RightToLeft {
			f.x = left + codePad + max(out.strip.w, out.strip.inner) - f.Width
		}
	}
	if !b.Continues {
		out.height += codePad
	}
	out.code, out.codeX, out.codeW, out.fromRight = true, left, width, false
	out.width = left + width
}

// layoutFold lays out the line that folds a section.
func (v *View) layoutFold(p *piece) *blockLayout {
	kind := shapeFold
	if p.unfolded {
		kind = shapeUnfold
	}
	h := v.foldHeight()
	return &blockLayout{height: h, shapes: []shape{{kind: kind, w: v.column.width, h: h, text: p.label, ink: inkQuiet}}}
}

func (v *View) foldHeight() float32 { return v.look.heights[classBody] + 6 }

// hush makes words quiet that are an aside.
func (out *blockLayout) hush() {
	for i, c := range out.inks {
		if c == inkText {
			out.inks[i] = inkQuiet
		}
	}
}

// tableText writes a table in plain text: cells with tabs between them, rows with line feeds.
func tableText(b *markdown.Block) string {
	var t strings.Builder
	for i, row := range b.Rows {
		if i > 0 {
			t.WriteByte('\n')
		}
		for j, cell := range row {
			if j > 0 {
				t.WriteByte('\t')
			}
			t.WriteString(markdown.Plain(cell))
		}
	}
	return t.String()
}

// blockText is the text of a block that can be selected, without laying it out.
func blockText(b *markdown.Block) string {
	switch b.Kind {
	case markdown.Code:
		return b.Text
	case markdown.Table:
		return tableText(b)
	case markdown.Rule:
		return ""
	case markdown.Paragraph, markdown.Heading:
	}
	return markdown.Plain(b.Inlines)
}
