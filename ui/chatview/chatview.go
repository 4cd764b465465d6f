// Package chatview is the transcript of a conversation: a widget that shows messages as Markdown, follows a reply while
// it streams, lets people select, copy and search text, and offers each message's actions.
//
// It is virtual: messages are parsed when they come near the window, blocks are laid out when they are seen, and only
// the lines in sight are canvas objects, so that a transcript of any length opens at once and costs the same per frame.
// What is scrolled to is kept as a place in the text, not as a number of pixels: heights that turn out different above
// never move what is being read. While a reply grows only its last blocks are laid out again.
//
// The chats page owns a View and feeds it from the store and the event bus. All methods belong to Fyne's main thread.
package chatview

import (
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"loam/ui/theme"
)

// Options are what a View needs from the page around it. Every field may be empty.
type Options struct {
	// OnAction tells that a person chose an action of a message. Copy has been done by then.
	OnAction func(id int64, a Action)
	// OnChip opens a chip of a message, the first is 0.
	OnChip func(id int64, chip int)
	// OnLink opens a link.
	OnLink func(url string)
	// OnScroll tells that the reader moved, to be kept with the draft. SetScrollState does not call it.
	OnScroll func(ScrollState)
	// Menu returns what a message's menu holds after its own actions.
	Menu func(id int64) []*fyne.MenuItem
	// Tip shows a few words about an object under the pointer; "" takes them away.
	Tip func(text string, at fyne.CanvasObject)
	// Clipboard takes copied text; nil = the app's clipboard.
	Clipboard func(text string)
	// ReadOnly leaves out the actions that change something: messages can be read, selected and copied.
	ReadOnly bool
	// Words are what the view says; nil = English.
	Words *Words
	// Empty is shown while there is no item.
	Empty fyne.CanvasObject
}

// ScrollState is a place in the transcript: Offset pixels of Message are above the upper edge. The zero value follows
// the end of the text.
type ScrollState struct {
	Message int64
	Offset  float32
}

// View is the transcript widget.
type View struct {
	widget.BaseWidget

	options Options
	words   *Words
	now     func() time.Time // for counting clicks

	entries []*entry
	byID    map[int64]*entry
	heights heightIndex

	look   *look
	width  float32 // of the last layout
	column column
	gen    int // grows when the width or the look changes: older layouts are void

	follow   bool
	anchor   place
	wanted   *ScrollState // where the page put the reader, until the reader moves
	newBelow bool         // text came while the reader was elsewhere

	mounts    map[mountKey]*mount
	visible   []*mount // from the top down
	objects   []fyne.CanvasObject
	marks     []fyne.CanvasObject // grounds of selected and found text
	pill      pill
	bar       scrollBar
	slideBars []slideBar // in sight
	slideDrag struct {
		on     bool
		bar    slideBar
		grabAt float32
	}
	hover   hotID
	tip     tip // under the pointer
	focus   hotID
	focused bool
	over    *entry // the message under the pointer
	mouse   mouse
	chosen  selection
	find    finder
	shift   bool

	laidOut int // blocks that hold a layout
}

var _ fyne.Widget = (*View)(nil)

// New returns an empty transcript.
func New(options Options) *View {
	v := &View{options: options, words: options.Words, now: time.Now, follow: true}
	if v.words == nil {
		v.words = English()
	}
	v.byID = map[int64]*entry{}
	v.mounts = map[mountKey]*mount{}
	v.ExtendBaseWidget(v)
	return v
}

// SetItems shows another conversation, from its end.
func (v *View) SetItems(items []Item) {
	v.dropAll()
	for _, it := range items {
		if _, twice := v.byID[it.ID]; !twice {
			v.push(newEntry(it))
		}
	}
	v.rebuildHeights()
	v.follow, v.newBelow, v.anchor, v.wanted = true, false, place{}, nil
	v.chosen = selection{}
	v.hover, v.focus, v.over = hotID{}, hotID{}, nil
	v.find.reset()
	v.update()
}

// Replace shows another path of the same conversation. What both paths share stays as it is: the place, the selection
// and what was laid out.
func (v *View) Replace(items []Item) {
	state, anchor := v.ScrollState(), v.anchor
	var top *entry
	if !v.follow && anchor.entry < len(v.entries) {
		top = v.entries[anchor.entry]
	}
	old := v.byID
	v.entries, v.byID = nil, map[int64]*entry{}
	for _, it := range items {
		if _, twice := v.byID[it.ID]; twice {
			continue
		}
		e, ok := old[it.ID]
		if ok {
			v.change(e, it)
		} else {
			e = newEntry(it)
		}
		v.push(e)
	}
	for id, e := range old {
		if v.byID[id] != e {
			v.forget(e)
		}
	}
	v.rebuildHeights()
	for _, e := range v.entries {
		e.regap(v)
	}
	v.keepPointers()
	if top != nil && v.byID[top.item.ID] == top {
		v.anchor.entry = top.index
		if last := v.entries[len(v.entries)-1]; old[last.item.ID] == nil {
			v.newBelow = true
		}
	} else {
		v.restore(state)
	}
	v.update()
}

// keepPointers lets go of entries that are not in the transcript any more.
func (v *View) keepPointers() {
	gone := func(e *entry) bool { return e != nil && v.byID[e.item.ID] != e }
	if gone(v.chosen.from.entry) || gone(v.chosen.to.entry) {
		v.chosen = selection{}
	}
	if gone(v.over) {
		v.over = nil
	}
	if gone(v.hover.entry) {
		v.hover = hotID{}
	}
	if gone(v.focus.entry) {
		v.focus = hotID{}
	}
	v.researchLater()
}

// researchLater has the search made anew when it goes on: its places may have moved.
func (v *View) researchLater() {
	if query := v.find.query; query != "" {
		v.find.reset()
		v.find.query, v.find.stale = query, true
	}
}

// Append adds an item at the end.
func (v *View) Append(it Item) {
	if _, ok := v.byID[it.ID]; ok {
		v.Update(it)
		return
	}
	v.push(newEntry(it))
	v.rebuildHeights()
	v.newBelow = v.newBelow || !v.follow
	v.update()
}

// Update shows an item's new state; an item that is not there is appended.
func (v *View) Update(it Item) {
	e, ok := v.byID[it.ID]
	if !ok {
		v.Append(it)
		return
	}
	v.change(e, it)
	v.resetHeight(e)
	if next := e.index + 1; next < len(v.entries) {
		v.entries[next].regap(v)
	}
	v.update()
}

// Remove takes an item away.
func (v *View) Remove(id int64) {
	e, ok := v.byID[id]
	if !ok {
		return
	}
	items := make([]Item, 0, len(v.entries))
	for _, o := range v.entries {
		if o != e {
			items = append(items, o.current())
		}
	}
	v.Replace(items)
}

// Grow adds text to an item at a byte offset. It returns false where text before it is missing: the caller reads the
// item anew then. Text that is there already is skipped.
func (v *View) Grow(id int64, offset int, text string) bool {
	e, ok := v.byID[id]
	if !ok || offset > e.text.Len() {
		return false
	}
	have := e.text.Len() - offset
	if have >= len(text) {
		return true
	}
	e.text.WriteString(text[have:])
	e.item.Phase = PhaseWriting
	if e.item.Role == RoleDivider { // its words are its foot
		v.resetHeight(e)
	}
	v.newBelow = v.newBelow || !v.follow
	v.update()
	return true
}

// Progress shows what a running item that has no text yet is waiting for.
func (v *View) Progress(id int64, phase Phase, done, total int) {
	e, ok := v.byID[id]
	if !ok || e.item.State != StateRunning {
		return
	}
	e.item.Phase, e.item.Done, e.item.Total = phase, done, total
	if e.text.Len() == 0 {
		v.update()
	}
}

// Item returns an item as it is shown.
func (v *View) Item(id int64) (Item, bool) {
	e, ok := v.byID[id]
	if !ok {
		return Item{}, false
	}
	return e.current(), true
}

// Items returns all items.
func (v *View) Items() []Item {
	items := make([]Item, len(v.entries))
	for i, e := range v.entries {
		items[i] = e.current()
	}
	return items
}

// Len returns how many items there are.
func (v *View) Len() int { return len(v.entries) }

func (v *View) push(e *entry) {
	e.index = len(v.entries)
	v.entries = append(v.entries, e)
	v.byID[e.item.ID] = e
}

// change gives an entry another item, keeping what was parsed where the text goes on.
func (v *View) change(e *entry, it Item) {
	text := e.text.String()
	if len(it.Text) < len(text) || it.Text[:len(text)] != text || it.Role != e.item.Role {
		v.forget(e)
		e.renew(it)
		return
	}
	e.text.WriteString(it.Text[len(text):])
	e.item = it
	e.item.Text = ""
}

func (v *View) dropAll() {
	v.entries, v.byID = nil, map[int64]*entry{}
	v.mounts = map[mountKey]*mount{}
	v.visible, v.laidOut = nil, 0
}

// update lays out what is in sight and repaints, once the widget has a size.
func (v *View) update() {
	if v.width <= 0 {
		return
	}
	v.arrange()
	canvas.Refresh(v)
}

// CreateRenderer implements fyne.Widget.
func (v *View) CreateRenderer() fyne.WidgetRenderer {
	v.ExtendBaseWidget(v)
	return &renderer{view: v}
}

// MinSize implements fyne.Widget: the transcript scrolls, so it can be small.
func (v *View) MinSize() fyne.Size {
	v.ExtendBaseWidget(v)
	return fyne.NewSize(240, 120)
}

type renderer struct{ view *View }

func (r *renderer) Layout(size fyne.Size) {
	v := r.view
	if v.look == nil {
		v.look = newLook(v)
	}
	if size.Width != v.width {
		v.keepPlace(func() { v.width = size.Width; v.void() })
	}
	v.arrange()
}

func (r *renderer) MinSize() fyne.Size           { return fyne.NewSize(240, 120) }
func (r *renderer) Objects() []fyne.CanvasObject { return r.view.objects }
func (r *renderer) Destroy()                     {}

// Refresh follows the theme and the text size.
func (r *renderer) Refresh() {
	v := r.view
	if v.width <= 0 {
		return
	}
	fresh := newLook(v)
	if v.look == nil || !fresh.same(v.look) {
		v.keepPlace(func() { v.look = fresh; v.void() })
	}
	v.arrange()
	canvas.Refresh(v)
}

// void gives up all layouts, after the width or the look has changed.
func (v *View) void() {
	v.gen++
	v.mounts = map[mountKey]*mount{}
	v.column = newColumn(v.width, theme.SizeFor(v, theme.SizeReading))
	for _, e := range v.entries {
		e.void(v)
	}
	v.laidOut = 0
	v.rebuildHeights()
}
