package chatview

import (
	"cmp"
	"strings"

	"fyne.io/fyne/v2"

	"loam/ui/textflow"
	"loam/ui/theme"
)

// The foot of a message says what state it is in and offers its actions. Its height depends on the item only, never on
// the pointer, so that nothing moves.
const (
	actionRow    = 32
	statusRow    = 38
	progressRow  = 52
	footBottom   = 4
	barWidth     = 260
	barHeight    = 4
	bubblePadX   = 14
	bubblePadY   = 9
	bubblePart   = 0.8 // of the column, at most
	dividerSpace = 44
)

// footHeight returns the height of an entry's foot.
func (v *View) footHeight(e *entry) float32 {
	if v.look == nil {
		return 0
	}
	scale := max(v.look.sizes[classBody]/15, 1)
	it := &e.item
	switch it.Role {
	case RoleDivider:
		return v.divider(e).height + (dividerSpace-actionRow)*scale
	case RoleDocument, RoleText:
		return 0
	case RoleUser:
		return bubblePadY + v.userChips(e) + actionRow*scale
	case RoleAssistant, RoleSystem:
	}
	h := actionRow*scale + footBottom + v.chipsHeight(e)
	if v.options.ReadOnly && it.State == StateDone {
		return footBottom + v.chipsHeight(e)
	}
	switch it.State {
	case StateRunning:
		if e.bare() {
			return progressRow*scale + v.startGap(e) + footBottom
		}
	case StateInterrupted:
		h += statusRow*scale + 4
		if it.Error != "" {
			h += v.sentenceHeight(it.Error) + 8
		}
	case StateFailed:
		h += v.sentenceHeight(v.failure(it)) + 12
	case StateStopped, StateDone:
	}
	if e.bare() {
		h += v.startGap(e)
	}
	return h
}

// bare says whether a message shows no words, so that its foot stands alone.
func (e *entry) bare() bool {
	return len(e.blocks) == 0 && (e.parsed || e.text.Len() == 0)
}

func (v *View) failure(it *Item) string {
	if it.Error == "" {
		return v.words.Failed
	}
	return it.Error
}

func (v *View) sentence(text string) []textflow.Line {
	return textflow.Wrap([]textflow.Span{{Text: text}}, v.look, textflow.Options{Width: v.column.width - 2*codePad - 24})
}

func (v *View) sentenceHeight(text string) float32 {
	if text == "" {
		return 0
	}
	return float32(len(v.sentence(text))) * v.look.heights[classBody]
}

// mountFoot draws an entry's foot.
func (v *View) mountFoot(m *mount) {
	e := m.key.entry
	it := &e.item
	if it.Role == RoleDivider {
		v.mountDivider(m)
		return
	}
	if it.Role == RoleDocument || it.Role == RoleText {
		return
	}
	scale := max(v.look.sizes[classBody]/15, 1)
	y := float32(0)
	if it.Role == RoleUser {
		y = bubblePadY
		if h := v.userChips(e); h > 0 {
			v.mountChips(m, y)
			y += h
		}
	} else {
		if e.bare() {
			y = v.startGap(e)
		}
		switch it.State {
		case StateRunning:
			if e.bare() {
				v.mountProgress(m, y)
			}
			return
		case StateInterrupted:
			y = v.mountInterrupted(m, y, scale)
		case StateFailed:
			y = v.mountSentence(m, v.failure(it), inkError, theme.IconError, y+4) + 8
		case StateStopped, StateDone:
		}
	}
	if it.Role != RoleUser {
		y = v.mountChips(m, y)
	}
	v.mountActions(m, y, scale)
}

// divider is how a divider is laid out: its words in lines, with its button behind the last one.
type divider struct {
	text          string
	lines         []textflow.Line
	row           float32 // height of a line
	word          string  // of the button
	button        float32 // width of the button; 0 = there is none
	height, width float32 // width: of the widest line, with the button
}

const dividerGap = 12 // between words, button and hairlines

func (v *View) divider(e *entry) divider {
	style := styleOf(classSmall, 0)
	d := divider{text: e.text.String(), row: max(v.look.heights[classSmall], actionRow*max(v.look.sizes[classBody]/15, 1))}
	if !v.options.ReadOnly {
		d.word = cmp.Or(e.item.Note, v.words.Change)
		d.button = v.look.Width(d.word, style) + 20
	}
	d.lines = textflow.Wrap([]textflow.Span{{Text: d.text, Style: style}}, v.look, textflow.Options{
		Width: max(v.column.width-d.button-4*dividerGap, 80),
	})
	for i, line := range d.lines {
		w := v.look.Width(d.text[line.Start:line.End], style)
		if i == len(d.lines)-1 && d.button > 0 {
			w += dividerGap + d.button
		}
		d.width = max(d.width, w)
	}
	if len(d.lines) > 1 {
		d.row = v.look.heights[classSmall] + 4
	}
	d.height = d.row * float32(len(d.lines))
	return d
}

func (v *View) mountDivider(m *mount) {
	d, style := v.divider(m.key.entry), styleOf(classSmall, 0)
	y, h := (m.height-d.height)/2, v.look.heights[classSmall]
	side := (v.column.width-d.width)/2 - dividerGap
	if side > 0 {
		m.rect(true, 0, m.height/2, side, 1, inkHairline, 0)
		m.rect(true, v.column.width-side, m.height/2, side, 1, inkHairline, 0)
	}
	for i, line := range d.lines {
		text := d.text[line.Start:line.End]
		w := v.look.Width(text, style)
		last := i == len(d.lines)-1 && d.button > 0
		x := (v.column.width - w) / 2
		if last {
			x -= (dividerGap + d.button) / 2
		}
		m.label(text, style, x, y+(d.row-h)/2, h, inkQuiet)
		if last {
			x += w + dividerGap
			m.outline(x, y+(d.row-h)/2-3, d.button, h+6, inkControl, v.look.nested)
			m.label(d.word, style, x+10, y+(d.row-h)/2, h, inkText)
			m.hots = append(m.hots, hot{action: ActionChange, x: x, y: y + (d.row-h)/2 - 3, w: d.button, h: h + 6})
		}
		y += d.row
	}
}

// mountProgress draws what a reply is waiting for, with a bar where the end is known.
func (v *View) mountProgress(m *mount, y float32) {
	it := &m.key.entry.item
	text, part := v.words.Queued, float32(-1)
	switch it.Phase {
	case PhaseLoading:
		text = v.words.Loading(it.Done, it.Total)
	case PhaseReading:
		text = v.words.Reading(it.Done, it.Total)
	case PhaseSummarising:
		text = v.words.Summarising(it.Done, it.Total)
	case PhaseWriting:
		text = v.words.Writing
	case PhaseQueued:
	}
	if it.Total > 0 && (it.Phase == PhaseLoading || it.Phase == PhaseReading || it.Phase == PhaseSummarising) {
		part = min(max(float32(it.Done)/float32(it.Total), 0), 1)
	}
	h := v.look.heights[classBody]
	m.label(text, styleOf(classBody, 0), 0, y, h, inkQuiet)
	if part < 0 {
		return
	}
	width := min(float32(barWidth), v.column.width)
	m.rect(true, 0, y+h+6, width, barHeight, inkHairline, barHeight/2)
	if part > 0 {
		m.rect(true, 0, y+h+6, max(width*part, barHeight), barHeight, inkAccent, barHeight/2)
	}
}

func (v *View) mountInterrupted(m *mount, y, scale float32) float32 {
	it := &m.key.entry.item
	if it.Error != "" {
		y = v.mountSentence(m, it.Error, inkWarn, theme.IconWarn, y+8)
	}
	y += 4
	h := statusRow * scale
	text := v.words.Interrupted(it.Tokens)
	style := styleOf(classBody, 0)
	m.label(text, style, 0, y+(h-v.look.heights[classBody])/2, v.look.heights[classBody], inkQuiet)
	x := v.look.Width(text, style) + 14
	for _, a := range []Action{ActionResume, ActionRegenerate} {
		if v.options.ReadOnly {
			break
		}
		word := v.actionWord(a)
		w := v.look.Width(word, style) + 24
		if x+w > v.column.width && a != ActionResume {
			break // narrow: the same action stands in the row below
		}
		ink := inkText
		if a == ActionResume {
			m.rect(false, x, y+3, w, h-6, inkAccent, v.look.nested)
			ink = inkOnAccent
		} else {
			m.outline(x, y+3, w, h-6, inkControl, v.look.nested)
		}
		m.label(word, style, x+12, y+(h-v.look.heights[classBody])/2, v.look.heights[classBody], ink)
		m.hots = append(m.hots, hot{action: a, x: x, y: y + 3, w: w, h: h - 6, solid: a == ActionResume})
		x += w + 12
	}
	return y + h
}

func (v *View) mountSentence(m *mount, text string, ink ink, icon fyne.ThemeIconName, y float32) float32 {
	h := v.look.heights[classBody]
	size := v.look.sizes[classBody] + 1
	m.icon(icon, 0, y+(h-size)/2, size, ink)
	for _, line := range v.sentence(text) {
		m.label(text[line.Start:line.End], styleOf(classBody, 0), size+8, y, h, inkText)
		y += h
	}
	return y
}

// mountActions draws the row of actions where it is seen: under the last reply, and under the message at the pointer.
func (v *View) mountActions(m *mount, y, scale float32) {
	e := m.key.entry
	it := &e.item
	shown := v.showsActions(e)
	if !shown && it.Siblings <= 1 && it.State != StateStopped && it.Rating == 0 && !it.Pinned {
		return
	}
	h := float32(actionRow-4) * scale
	style := styleOf(classSmall, 0)
	iconSize := round(15 * scale)
	labels := v.column.width >= 420*scale
	width := v.actionsWidth(it, style, iconSize, labels, shown)
	x := float32(-6)
	if it.Role == RoleUser {
		x = v.column.width - width + 6
	}
	y += 2
	if it.State == StateStopped && it.Role == RoleAssistant {
		w := v.look.Width(v.words.Stopped, style)
		m.label(v.words.Stopped, style, 0, y+(h-v.look.heights[classSmall])/2, v.look.heights[classSmall], inkQuiet)
		x = w + 8
	}
	for _, a := range it.actions() {
		if !shown && a != ActionPrevious && a != ActionNext && !it.set(a) {
			continue
		}
		w := iconSize + 12
		ink := inkQuiet
		if it.set(a) {
			m.rect(false, x+2, y+2, w-4, h-4, inkSelected, v.look.nested)
			ink = inkAccent
		}
		m.icon(actionIcon(a), x+6, y+(h-iconSize)/2, iconSize, ink)
		picture := m.over[len(m.over)-1].object
		if word := v.actionLabel(a); labels && word != "" {
			m.label(word, style, x+iconSize+11, y+(h-v.look.heights[classSmall])/2, v.look.heights[classSmall], inkQuiet)
			w += v.look.Width(word, style) + 6
		}
		m.hots = append(m.hots, hot{action: a, x: x, y: y, w: w, h: h})
		if v.actionLabel(a) == "" || !labels {
			m.tips = append(m.tips, tip{v.actionWord(a), picture, x, y, w, h})
		}
		x += w
		if a == ActionPrevious {
			word := v.words.Sibling(it.Sibling, it.Siblings)
			m.label(word, style, x, y+(h-v.look.heights[classSmall])/2, v.look.heights[classSmall], inkQuiet)
			x += v.look.Width(word, style)
		}
	}
	if shown && it.Role == RoleAssistant {
		width := func(text string) float32 { return v.look.Width(text, style) }
		if note := fitNote(it.Note, v.column.width-x-12, width); note != "" {
			w := width(note)
			m.label(note, style, v.column.width-w, y+(h-v.look.heights[classSmall])/2, v.look.heights[classSmall], inkQuiet)
			if it.Facts != "" {
				m.tips = append(m.tips, tip{it.Facts, m.over[len(m.over)-1].object, v.column.width - w, y, w, h})
			}
		}
	}
}

// fitNote leaves out the last parts of a note until it fits, all of it where not even the first does.
func fitNote(note string, room float32, width func(string) float32) string {
	for note != "" && width(note) > room {
		at := strings.LastIndex(note, " · ")
		note = note[:max(at, 0)]
	}
	return note
}

func (v *View) actionsWidth(it *Item, style textflow.Style, iconSize float32, labels, shown bool) float32 {
	width := float32(0)
	for _, a := range it.actions() {
		if !shown && a != ActionPrevious && a != ActionNext && !it.set(a) {
			continue
		}
		width += iconSize + 12
		if word := v.actionLabel(a); labels && word != "" {
			width += v.look.Width(word, style) + 6
		}
		if a == ActionPrevious {
			width += v.look.Width(v.words.Sibling(it.Sibling, it.Siblings), style)
		}
	}
	return width
}

func (v *View) showsActions(e *entry) bool {
	if e.item.State == StateRunning || v.options.ReadOnly {
		return false
	}
	if e == v.over || v.focused && v.focus.entry == e {
		return true
	}
	return e.item.Role == RoleAssistant && e.index == v.lastReply()
}

// lastReply is the index of the last message of the model, which shows its actions always.
func (v *View) lastReply() int {
	for i := len(v.entries) - 1; i >= 0; i-- {
		if v.entries[i].item.Role == RoleAssistant {
			return i
		}
	}
	return -1
}

func (v *View) actionWord(a Action) string {
	switch a {
	case ActionCopy:
		return v.words.Copy
	case ActionRegenerate:
		return v.words.Regenerate
	case ActionLearn:
		return v.words.Learn
	case ActionEdit:
		return v.words.Edit
	case ActionLike:
		return v.words.Like
	case ActionDislike:
		return v.words.Dislike
	case ActionUnpin:
		return v.words.Unpin
	case ActionAlternatives:
		return v.words.Alternatives
	case ActionResume:
		return v.words.Resume
	case ActionStop:
		return v.words.Stop
	case ActionChange:
		return v.words.Change
	case ActionPrevious:
		return v.words.Previous
	case ActionNext:
		return v.words.Next
	case ActionMore:
		return v.words.More
	case ActionNone:
	}
	return ""
}

// actionLabel is the word beside an action's icon; arrows, thumbs and dots need none.
func (v *View) actionLabel(a Action) string {
	if a == ActionPrevious || a == ActionNext || a == ActionLike || a == ActionDislike || a == ActionUnpin || a == ActionMore {
		return ""
	}
	return v.actionWord(a)
}

func actionIcon(a Action) fyne.ThemeIconName {
	switch a {
	case ActionCopy:
		return theme.IconCopy
	case ActionRegenerate:
		return theme.IconRegenerate
	case ActionLearn:
		return theme.IconBook
	case ActionEdit:
		return theme.IconEdit
	case ActionLike:
		return theme.IconThumbsUp
	case ActionDislike:
		return theme.IconThumbsDown
	case ActionUnpin:
		return theme.IconPin
	case ActionAlternatives:
		return theme.IconGauge
	case ActionResume:
		return theme.IconPlay
	case ActionStop:
		return theme.IconStop
	case ActionPrevious:
		return theme.IconPrevious
	case ActionNext:
		return theme.IconNext
	case ActionChange:
		return theme.IconSliders
	case ActionMore, ActionNone:
	}
	return theme.IconMore
}
