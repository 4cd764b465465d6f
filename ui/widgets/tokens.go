package widgets

import (
	"image/color"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"loam/ui/theme"
)

// Token is one token of a text with how likely it was, 0 to 1.
type Token struct {
	Text  string
	Share float64
}

// TokenText shows a text as its tokens, those tinted that were unlikely, and lets one of them be chosen by the pointer or
// the arrow keys. Only the lines in sight are canvas objects.
type TokenText struct {
	focus
	OnChosen func(index int) // the pointer is over a token, or the keys went to it
	OnEnter  func()          // Enter: go on with the chosen one

	tokens []Token
	cells  []tokenCell
	lines  []int   // the first cell of each line
	width  float32 // that the cells are laid out for
	size   float32 // of their text
	scroll *container.Scroll
	chosen int
	pinned bool // by a click or a key: the pointer may leave without another one being chosen on its way
}

// tokenCell is where a token stands.
type tokenCell struct {
	label string
	line  int
	x, w  float32
}

// NewTokenText makes a text of tokens; the first one is chosen.
func NewTokenText(tokens []Token) *TokenText {
	t := &TokenText{tokens: tokens}
	t.ExtendBaseWidget(t)
	t.scroll = container.NewVScroll(t)
	t.scroll.OnScrolled = func(fyne.Position) { t.Refresh() }
	return t
}

// Body is the text in its scrolling frame, to be put into a layout.
func (t *TokenText) Body() fyne.CanvasObject { return t.scroll }

// Chosen is the chosen token.
func (t *TokenText) Chosen() int { return t.chosen }

// Choose chooses a token and brings it into sight.
func (t *TokenText) Choose(index int) {
	if index < 0 || index >= len(t.tokens) {
		return
	}
	t.pinned = true
	t.choose(index)
	t.arrange()
	y, h := float32(t.cells[index].line)*t.lineHeight(), t.lineHeight()
	view := t.scroll.Size().Height
	switch at := t.scroll.Offset.Y; {
	case y < at:
		t.scroll.Offset.Y = y
	case y+h > at+view:
		t.scroll.Offset.Y = y + h - view
	default:
		return
	}
	t.scroll.Refresh()
	t.Refresh()
}

func (t *TokenText) choose(index int) {
	if index == t.chosen {
		return
	}
	t.chosen = index
	t.Refresh()
	if t.OnChosen != nil {
		t.OnChosen(index)
	}
}

// tokenLabelRunes bounds what is shown of one token: vocabularies come out of files.
const tokenLabelRunes = 64

// tokenLabel is how a token is written where its white space has to be seen.
func tokenLabel(text string) string {
	text = strings.NewReplacer("\r\n", "↵", "\n", "↵", "\r", "↵", "\t", "→").Replace(text)
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return '·'
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > tokenLabelRunes {
		text = string(runes[:tokenLabelRunes]) + "…"
	}
	return text
}

// tokenLeast is how wide the narrowest token is, so that the pointer finds it.
const tokenLeast = 5

func (t *TokenText) lineHeight() float32 { return t.measure(theme.SizeBody) * 1.65 }

// arrange lays the cells out for the width there is.
func (t *TokenText) arrange() {
	width, size := t.scroll.Size().Width-14, t.measure(theme.SizeBody)
	if width == t.width && size == t.size || width <= 0 {
		return
	}
	t.width, t.size = width, size
	known := map[string]float32{}
	t.cells, t.lines = make([]tokenCell, len(t.tokens)), []int{0}
	x := float32(0)
	for i, k := range t.tokens {
		label := tokenLabel(k.Text)
		w, ok := known[label]
		if !ok {
			w = max(textWidth(label, size, fyne.TextStyle{}), tokenLeast)
			known[label] = w
		}
		w = min(w, width)
		if x > 0 && x+w > width {
			x = 0
			t.lines = append(t.lines, i)
		}
		t.cells[i] = tokenCell{label: label, line: len(t.lines) - 1, x: x, w: w}
		if x += w; strings.HasSuffix(k.Text, "\n") && i+1 < len(t.tokens) {
			x = 0
			t.lines = append(t.lines, i+1)
		}
	}
}

// MinSize implements fyne.CanvasObject.
func (t *TokenText) MinSize() fyne.Size {
	t.ExtendBaseWidget(t)
	t.arrange()
	return fyne.NewSize(0, float32(len(t.lines))*t.lineHeight())
}

// tokenAt is the token at a place of the text; -1 = none.
func (t *TokenText) tokenAt(pos fyne.Position) int {
	line := int(pos.Y / t.lineHeight())
	if pos.Y < 0 || line >= len(t.lines) || len(t.cells) == 0 {
		return -1
	}
	end := len(t.cells)
	if line+1 < len(t.lines) {
		end = t.lines[line+1]
	}
	for i := t.lines[line]; i < end; i++ {
		if c := t.cells[i]; pos.X >= c.x && pos.X < c.x+c.w {
			return i
		}
	}
	return -1
}

// MouseIn implements desktop.Hoverable.
func (t *TokenText) MouseIn(e *desktop.MouseEvent) { t.MouseMoved(e) }

// MouseMoved implements desktop.Hoverable.
func (t *TokenText) MouseMoved(e *desktop.MouseEvent) {
	if i := t.tokenAt(e.Position); i >= 0 && !t.pinned {
		t.choose(i)
	}
}

// MouseOut implements desktop.Hoverable.
func (t *TokenText) MouseOut() {}

// Tapped implements fyne.Tappable.
func (t *TokenText) Tapped(e *fyne.PointEvent) {
	if c := canvasOf(t); c != nil {
		c.Focus(t)
	}
	i := t.tokenAt(e.Position)
	if t.pinned = i >= 0; t.pinned {
		t.choose(i)
	}
}

// TypedShortcut implements fyne.Shortcutable.
func (t *TokenText) TypedShortcut(s fyne.Shortcut) { passShortcut(t, s) }

// TypedKey implements fyne.Focusable.
func (t *TokenText) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyLeft:
		t.Choose(t.chosen - 1)
	case fyne.KeyRight:
		t.Choose(t.chosen + 1)
	case fyne.KeyUp:
		t.step(-1)
	case fyne.KeyDown:
		t.step(+1)
	case fyne.KeyHome:
		t.Choose(0)
	case fyne.KeyEnd:
		t.Choose(len(t.tokens) - 1)
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		if t.OnEnter != nil {
			t.OnEnter()
		}
	default:
		passKey(t, e)
	}
}

// step goes to the token above or below.
func (t *TokenText) step(lines int) {
	if t.arrange(); len(t.cells) == 0 {
		return
	}
	c := t.cells[t.chosen]
	line := c.line + lines
	if line < 0 || line >= len(t.lines) {
		return
	}
	y := (float32(line) + 0.5) * t.lineHeight()
	for x := c.x + c.w/2; x >= 0; x -= tokenLeast {
		if i := t.tokenAt(fyne.NewPos(x, y)); i >= 0 {
			t.Choose(i)
			return
		}
	}
	t.Choose(t.lines[line])
}

// How unlikely a token has to be for its tints.
const unlikely, veryUnlikely = 0.5, 0.1

// CreateRenderer implements fyne.Widget.
func (t *TokenText) CreateRenderer() fyne.WidgetRenderer {
	mark := canvas.NewRectangle(color.Transparent)
	d := &drawn{of: t}
	d.min = t.MinSize
	var from, to int // the cells that are objects
	var width, size float32
	var variant fyne.ThemeVariant
	var texts []fyne.CanvasObject
	build := func() {
		t.arrange()
		h := t.lineHeight()
		first := min(max(int(t.scroll.Offset.Y/h)-1, 0), len(t.lines)-1)
		last := min(int((t.scroll.Offset.Y+t.scroll.Size().Height)/h)+1, len(t.lines)-1)
		begin, end := 0, len(t.cells)
		if len(t.cells) > 0 {
			begin = t.lines[first]
			if last+1 < len(t.lines) {
				end = t.lines[last+1]
			}
		}
		now := fyne.CurrentApp().Settings().ThemeVariant()
		if begin == from && end == to && t.width == width && t.size == size && now == variant && len(d.objects) > 0 {
			return
		}
		from, to, width, size, variant = begin, end, t.width, t.size, now
		d.objects, texts = nil, nil
		for i := from; i < to; i++ {
			c := t.cells[i]
			y := float32(c.line) * h
			if share := t.tokens[i].Share; share < unlikely {
				tint := theme.ColorHover
				if share < veryUnlikely {
					tint = theme.ColorFind
				}
				ground := canvas.NewRectangle(t.ink(tint))
				ground.CornerRadius = 3
				place(ground, c.x+0.5, y+1, c.w-1, h-3)
				d.objects = append(d.objects, ground)
			}
			text := newWords()
			text.ink(t.ink(theme.ColorText))
			text.say(c.label, t.size, fyne.TextStyle{})
			text.place(c.x, y, c.w, h)
			texts = append(texts, text.box)
		}
		d.objects = append(d.objects, mark)
		d.objects = append(d.objects, texts...)
	}
	repaint := func() {
		build()
		mark.CornerRadius, mark.StrokeWidth = 3, 1.5
		mark.StrokeColor, mark.FillColor = t.ink(theme.ColorControl), t.ink(theme.ColorHover)
		if t.focused {
			mark.StrokeColor, mark.StrokeWidth = t.ink(theme.ColorFocus), 2
		}
		shown(mark, len(t.cells) > 0)
		if len(t.cells) > 0 {
			c := t.cells[t.chosen]
			place(mark, c.x-1, float32(c.line)*t.lineHeight(), c.w+2, t.lineHeight()-1)
		}
	}
	d.layout = func(fyne.Size) { repaint() }
	d.repaint = repaint
	repaint()
	return d
}
