package chatview

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"

	"loam/ui/markdown"
	"loam/ui/theme"
)

// compose puts the objects in their order: bubbles, grounds, marks of selection and search, words, and on top what
// belongs to the window and not to the text.
func (v *View) compose(size fyne.Size) {
	objects := v.objects[:0:0]
	objects = append(objects, v.bubbles()...)
	objects = append(objects, v.codeGrounds()...)
	for _, m := range v.visible {
		for _, p := range m.under {
			objects = append(objects, p.object)
		}
	}
	v.marks = v.markText()
	objects = append(objects, v.marks...)
	if r := v.hoverMark(); r != nil {
		objects = append(objects, r)
	}
	for _, m := range v.visible {
		for _, p := range m.over {
			objects = append(objects, p.object)
		}
	}
	if r := v.focusRing(); r != nil {
		objects = append(objects, r)
	}
	objects = append(objects, v.slideBarObjects()...)
	objects = append(objects, v.barObjects(size)...)
	objects = append(objects, v.pillObjects(size)...)
	v.objects = objects
}

// bubbles draws the grounds of the person's words.
func (v *View) bubbles() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	for i := 0; i < len(v.visible); {
		e := v.visible[i].key.entry
		first, last := v.visible[i], v.visible[i]
		for ; i < len(v.visible) && v.visible[i].key.entry == e; i++ {
			last = v.visible[i]
		}
		if e.item.Role == RoleText && e.item.Marked {
			out = append(out, v.markedGround(first, last))
		}
		if e.item.Role != RoleUser {
			continue
		}
		top, bottom := first.y-margin, last.y+last.height+margin
		if first.key.piece == 0 {
			top = first.y + entryGap
		}
		if last.key.piece == len(e.blocks) {
			bottom = last.y + bubblePadY
		}
		w := v.bubbleWidth(e)
		r := canvas.NewRectangle(v.look.colors[inkBubble])
		r.CornerRadius = v.look.radius + 4
		r.Resize(fyne.NewSize(w, bottom-top))
		r.Move(fyne.NewPos(v.column.x+v.column.width-w, top))
		out = append(out, r)
	}
	return out
}

// markedGround is the ground of a part of a file that was looked for.
func (v *View) markedGround(first, last *mount) fyne.CanvasObject {
	const out = 8 // beside the words
	top, bottom := max(first.y+first.gap-2, -margin), min(last.y+last.height+2, v.Size().Height+margin)
	r := canvas.NewRectangle(v.look.colors[inkFind])
	r.CornerRadius = v.look.nested
	r.Resize(fyne.NewSize(v.column.width+2*out, max(bottom-top, 0)))
	r.Move(fyne.NewPos(v.column.x-out, top))
	return r
}

// codeGrounds draws the grounds of code blocks, which reach over all pieces that long code is laid out in, and remembers
// the bars of what slides.
func (v *View) codeGrounds() []fyne.CanvasObject {
	var out []fyne.CanvasObject
	v.slideBars = v.slideBars[:0]
	for i := 0; i < len(v.visible); i++ {
		first := v.visible[i]
		if first.layout == nil || !first.layout.code {
			if first.layout != nil && first.layout.strip.on() {
				v.putSlideBar(first, first.y+first.height)
			}
			continue
		}
		last := first
		for i+1 < len(v.visible) && v.visible[i].block().Continues {
			i++
			last = v.visible[i]
		}
		top, bottom := first.y+first.gap, last.y+last.height
		if first.block().Continued {
			top = first.y - margin
		}
		if last.block().Continues {
			bottom += margin
		}
		v.putSlideBar(first, bottom)
		// No taller than needed: the software painter draws every pixel.
		top, bottom = max(top, -margin), min(bottom, v.Size().Height+margin)
		r := canvas.NewRectangle(v.look.colors[inkCode])
		r.CornerRadius, r.StrokeColor, r.StrokeWidth = v.look.radius, v.look.colors[inkHairline], 1
		r.Resize(fyne.NewSize(first.layout.codeW, max(bottom-top, 0)))
		r.Move(fyne.NewPos(first.x+first.layout.codeX, top))
		out = append(out, r)
	}
	return out
}

func (m *mount) block() *markdown.Block { return &m.key.entry.blocks[m.key.piece].block }

// hotID names a hot place over re-mounts.
type hotID struct {
	entry *entry
	piece int
	index int // 1-based; 0 = none
}

func (v *View) hotAt(id hotID) (*mount, *hot) {
	if id.index == 0 {
		return nil, nil
	}
	m := v.mounts[mountKey{id.entry, id.piece}]
	if m == nil || id.index > len(m.hots) {
		return nil, nil
	}
	return m, &m.hots[id.index-1]
}

func (v *View) hoverMark() fyne.CanvasObject {
	m, h := v.hotAt(v.hover)
	if h == nil || h.link != "" {
		return nil
	}
	r := canvas.NewRectangle(v.look.colors[inkHover])
	r.CornerRadius = v.look.nested
	r.Resize(fyne.NewSize(h.w, h.h))
	r.Move(fyne.NewPos(m.x+h.x, m.y+m.gap+h.y))
	return r
}

// focusRing draws a ring of two pixels with a gap of two around what the keyboard stands on.
func (v *View) focusRing() fyne.CanvasObject {
	m, h := v.hotAt(v.focus)
	if !v.focused || h == nil {
		return nil
	}
	ring := theme.SizeFor(v, theme.SizeFocusRing)
	out := 2 * ring
	r := canvas.NewRectangle(nil)
	r.StrokeColor, r.StrokeWidth, r.CornerRadius = v.look.colors[inkFocus], ring, v.look.nested+ring
	r.Resize(fyne.NewSize(h.w+2*out, h.h+2*out))
	r.Move(fyne.NewPos(m.x+h.x-out, m.y+m.gap+h.y-out))
	return r
}
