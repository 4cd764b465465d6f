package pages

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
	"loam/ui/widgets"
)

// composer is where a person writes: a field that grows with the text to two fifths of the page, and one button that
// sends, or stops while a reply is being written. Enter sends, Shift+Enter begins a new line.
type composer struct {
	onSend   func(text string)
	onStop   func()
	onChange func(text string)
	onCancel func() // editing a message was given up
	onLast   func() // Up where nothing is written: edit what was sent last
	onFocus  func(o fyne.Focusable)
	onHeight func() // it wants another height
	onAttach func()

	field    *widgets.Field
	send     *widgets.Button
	think    *widgets.Button // how the model thinks; hidden where it cannot be told
	reason   *widgets.Label
	meter    *widgets.Button // how full the context is; hidden while it is not
	strip    *fyne.Container // "Editing a message"
	edits    *widgets.Label  // what the strip says
	news     *fyne.Container // what the person should know of the model, with a button
	newsFor  string
	extras   *fyne.Container // LoRAs of the chat
	files    *fyne.Container // chips of what is attached
	attach   *widgets.Button
	card     *widgets.Panel
	clip     *container.Clip
	body     fyne.CanvasObject
	room     float32 // the most the field may be high
	running  bool
	blocked  string // why nothing can be sent; "" = it can
	sending  bool
	hasFiles bool // a message may be files alone
	reading  bool // a file is being read, which is to go along
	editing  bool
	lines    int
}

func newComposer() *composer {
	c := &composer{room: 200}
	c.field = widgets.NewArea("Message")
	c.field.SetMinRowsVisible(1)
	c.field.OnChanged = func(text string) {
		c.fit()
		c.refresh()
		if c.onChange != nil {
			c.onChange(text)
		}
	}
	c.field.OnEnter = func() {
		if !c.running {
			c.submit()
		}
	}
	c.field.OnEsc = func() bool {
		if !c.editing {
			return false
		}
		c.onCancel()
		return true
	}
	c.field.OnArrow = func(delta int) bool {
		if delta > 0 || c.editing || c.field.Text != "" || c.onLast == nil {
			return false
		}
		c.onLast()
		return true
	}
	c.send = widgets.NewButton("", widgets.KindPrimary, func() {
		if c.running {
			c.onStop()
			return
		}
		c.submit()
	})
	c.reason = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	cancel := widgets.NewButton("Cancel", widgets.KindQuiet, func() { c.onCancel() })
	cancel.Small = true
	c.edits = widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
	c.strip = container.New(widgets.Row{Gap: 8, Grow: 2},
		widgets.NewIcon(theme.Icon(theme.IconEdit), theme.ColorQuiet, 16),
		c.edits, cancel)
	c.strip.Hide()
	c.news = container.New(widgets.Row{Gap: 8, Grow: 2})
	c.news.Hide()
	c.clip = container.NewClip(container.NewWithoutLayout(c.field))
	c.clip.ExtendBaseWidget(c.clip) // Fyne does it late, and until then nothing inside can take the focus
	c.extras = container.New(widgets.Row{Gap: 4})
	c.think = widgets.NewButton("", widgets.KindQuiet, nil)
	c.think.Small, c.think.Trailing = true, theme.Icon(theme.IconDown)
	c.think.Hide()
	c.meter = widgets.NewButton("", widgets.KindQuiet, nil)
	c.meter.Small, c.meter.Icon, c.meter.Tip = true, theme.Icon(theme.IconGauge), "How much of the model's context this chat takes"
	c.meter.Hide()
	c.files = container.New(widgets.Flow{Gap: 6, Lines: 4})
	c.files.Hide()
	c.attach = widgets.NewIconButton(theme.Icon(theme.IconPlus), "Attach a file (or drop it here, or paste it)", func() { c.onAttach() })
	c.attach.Small = true
	bottom := container.New(widgets.Row{Gap: 8, Grow: 3}, c.attach, c.extras, c.reason, c.meter, c.think, c.send)
	c.card = widgets.NewCard(container.New(composerLayout{c}, c.strip, c.news, c.files, c.clip, bottom))
	c.card.Margin = widgets.Inset{Left: 12, Top: 9, Right: 8, Bottom: 8}
	c.field.OnFocus = func(in bool) {
		line := theme.ColorControl
		if in {
			line = theme.ColorAccent
		}
		c.card.SetLine(line)
	}
	c.card.Line = theme.ColorControl
	c.body = container.New(composerMargin{}, widgets.NewTapArea(c.card, c.focus))
	c.refresh()
	return c
}

// composerMargin keeps the composer as wide as the reading column and off the window's edge.
type composerMargin struct{}

func (composerMargin) column() widgets.Centred {
	return widgets.Centred{Width: theme.Size(theme.SizeReading) + 32, Margin: 16}
}

// Layout implements fyne.Layout.
func (m composerMargin) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	m.column().Layout(objects, size.Subtract(fyne.NewSize(0, 16)))
}

// MinSize implements fyne.Layout.
func (m composerMargin) MinSize(objects []fyne.CanvasObject) fyne.Size {
	s := m.column().MinSize(objects)
	return fyne.NewSize(s.Width+32, s.Height+16)
}

// composerLayout stands strip, field and buttons under each other. The field is a little larger than the clip around
// it, so that its own box is not seen: the card is its box.
type composerLayout struct{ c *composer }

const (
	fieldBleed = 6
	stripGap   = 6 // under a strip
)

func (l composerLayout) fieldHeight() float32 {
	rows := max(l.c.lines, 1)
	line := theme.Size(theme.SizeBody) * theme.BoxHeight
	return min(float32(rows)*line+12, max(l.c.room, line+12))
}

// Layout implements fyne.Layout.
func (l composerLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	clip, bottom := objects[3], objects[4]
	y := float32(0)
	for _, strip := range objects[:3] {
		if strip.Visible() {
			h := widgets.HeightFor(strip, size.Width-6)
			strip.Move(fyne.NewPos(6, y))
			strip.Resize(fyne.NewSize(size.Width-6, h))
			y += h + stripGap
		}
	}
	h := l.fieldHeight()
	clip.Move(fyne.NewPos(0, y))
	clip.Resize(fyne.NewSize(size.Width, h))
	l.c.field.Move(fyne.NewPos(-fieldBleed, -fieldBleed))
	l.c.field.Resize(fyne.NewSize(size.Width+2*fieldBleed, h+2*fieldBleed))
	bh := bottom.MinSize().Height
	bottom.Move(fyne.NewPos(6, size.Height-bh))
	bottom.Resize(fyne.NewSize(size.Width-6, bh))
}

// MinSize implements fyne.Layout.
func (l composerLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	h := l.fieldHeight() + objects[4].MinSize().Height
	for _, strip := range objects[:3] {
		if strip.Visible() {
			h += widgets.HeightFor(strip, max(strip.Size().Width, 200)) + stripGap
		}
	}
	return fyne.NewSize(200, h)
}

// fit counts the lines of the text and grows or shrinks the field.
func (c *composer) fit() {
	lines := c.field.LinesAt(c.clip.Size().Width)
	if lines != c.lines {
		c.lines = lines
		c.relayout()
	}
}

// relayout asks the page for another height. Only what moved is painted again: the transcript above keeps its views.
func (c *composer) relayout() {
	if c.onHeight != nil {
		c.onHeight()
	}
}

// text is what is written.
func (c *composer) text() string { return c.field.Text }

// setText replaces what is written, with the cursor at its end.
func (c *composer) setText(text string) {
	if c.field.Text == text {
		return
	}
	c.field.SetText(text)
	c.field.CursorRow = strings.Count(text, "\n")
	c.field.TypedKey(&fyne.KeyEvent{Name: fyne.KeyPageDown})
	c.fit()
	c.refresh()
}

// setRunning turns Send into Stop and back.
func (c *composer) setRunning(on bool) {
	if c.running != on {
		c.running = on
		c.refresh()
	}
}

// setBlocked says why nothing can be sent now; "" = it can.
func (c *composer) setBlocked(why string) {
	if c.blocked != why {
		c.blocked = why
		c.refresh()
	}
}

// setEditing shows or hides the strip that says that a message, or the model's reply, is being edited.
func (c *composer) setEditing(on, reply bool) {
	c.editing = on
	if on {
		text := "Editing a message: the old one and its replies are kept beside the new one."
		if reply {
			text = "Editing a reply: the old one is kept beside it, and nothing is written anew."
		}
		c.edits.SetText(text)
		c.strip.Show()
	} else {
		c.strip.Hide()
	}
	c.relayout()
}

// setThinking shows how the model thinks, to be changed by a click; "" hides it.
func (c *composer) setThinking(how string, tapped func(anchor fyne.CanvasObject)) {
	if how == "" {
		c.think.Hide()
		return
	}
	c.think.SetText("Thinking: " + how)
	c.think.OnTapped = func() { tapped(c.think) }
	c.think.Show()
	c.relayout()
}

// setMeter shows how full the context is, nearly full or not; "" hides it.
func (c *composer) setMeter(text string, full bool, tapped func(anchor fyne.CanvasObject)) {
	if text == "" {
		c.meter.Hide()
		return
	}
	c.meter.Kind = widgets.KindQuiet
	if full {
		c.meter.Kind = widgets.KindPlain
	}
	c.meter.SetText(text)
	c.meter.OnTapped = func() { tapped(c.meter) }
	c.meter.Show()
	c.relayout()
}

// setNews shows what the person should know of the model, with a button for what to do about it; "" shows nothing.
func (c *composer) setNews(text, action string, do func(anchor fyne.CanvasObject)) {
	if text+action == c.newsFor {
		return
	}
	c.newsFor = text + action
	c.news.RemoveAll()
	if text == "" {
		c.news.Hide()
		c.relayout()
		return
	}
	button := widgets.NewButton(action, widgets.KindPlain, nil)
	button.Small = true
	button.OnTapped = func() { do(button) }
	c.news.Add(widgets.NewIcon(theme.Icon(theme.IconWarn), theme.ColorWarn, 16))
	c.news.Add(widgets.NewLabel(text, widgets.LabelStyle{Size: theme.SizeSmall, Wrap: true}))
	c.news.Add(button)
	c.news.Show()
	c.relayout()
}

// submit hands the text over, unless there is none or nothing can be sent. The text stays until the page clears it: it
// must not be lost when the message is refused.
func (c *composer) submit() {
	text := strings.TrimSpace(c.field.Text)
	if text == "" && !c.hasFiles || c.reading || c.blocked != "" || c.sending || c.running {
		return
	}
	c.onSend(text)
}

// setReading holds the message back while a file is being read that is to go along.
func (c *composer) setReading(on bool) {
	c.reading = on
	c.refresh()
}

func (c *composer) setSending(on bool) {
	c.sending = on
	c.refresh()
}

func (c *composer) refresh() {
	if c.running {
		c.send.Icon, c.send.Tip = theme.Icon(theme.IconStop), "Stop (Esc)"
		c.send.Kind = widgets.KindPlain
		c.send.SetEnabled(true)
	} else {
		c.send.Icon, c.send.Tip = theme.Icon(theme.IconSend), "Send (Enter)"
		c.send.Kind = widgets.KindPrimary
		c.send.SetEnabled(c.blocked == "" && !c.sending && !c.reading && (c.hasFiles || strings.TrimSpace(c.field.Text) != ""))
	}
	c.send.Refresh()
	c.reason.SetText(c.blocked)
}

func (c *composer) focus() { c.onFocus(c.field) }
