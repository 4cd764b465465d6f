package widgets

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/ui/theme"
)

// Tone says how bad the news of a banner is.
type Tone uint8

// The tones of banners.
const (
	ToneInfo Tone = iota
	ToneWarn
	ToneError
	ToneSuccess
)

// Notice is what a banner says: one sentence that names the thing, the cause and the next step, and a button for it.
type Notice struct {
	Key     string // a newer notice of the same key takes the place of the older one; "" = its text
	Tone    Tone
	Text    string
	Action  string // label of the button for the next step; "" = none
	Do      func() // what the button does
	Other   string // label of a second button, for the other way to go on; "" = none
	OtherDo func() // what the second button does
	Details string // folds out; can be copied
	Learn   func() // opens the guide where it says more; nil = it does not
	Keep    bool   // stays until it is closed or its action is taken
	OnClose func() // it left without its action being taken
}

// Banner shows a Notice in a card with its button, foldable details and a cross.
type Banner struct {
	base
	Notice Notice
	card   *Panel
	body   *fyne.Container
	detail *fyne.Container
}

// NewBanner makes a banner. closed is called when the person closes it or takes its action; copyText puts the details
// on the clipboard.
func NewBanner(n Notice, closed func(), copyText func(string)) *Banner {
	b := &Banner{Notice: n}
	icon, ink := toneIcon(n.Tone)
	text := NewLabel(n.Text, LabelStyle{Wrap: true})
	line := []fyne.CanvasObject{NewIcon(theme.Icon(icon), ink, 18), text}
	if n.Details != "" {
		var fold *Button
		fold = NewButton("Details", KindQuiet, func() {
			if b.detail.Visible() {
				b.detail.Hide()
				fold.SetText("Details")
			} else {
				b.detail.Show()
				fold.SetText("Less")
			}
			b.Refresh()
			if b.card.OnResize != nil {
				b.card.OnResize(b.Size())
			}
		})
		fold.Small = true
		line = append(line, fold)
	}
	if n.Learn != nil {
		learn := NewButton("Learn more", KindQuiet, n.Learn)
		learn.Small = true
		line = append(line, learn)
	}
	if n.Action != "" {
		kind := KindPlain
		if n.Tone == ToneError {
			kind = KindPrimary
		}
		act := NewButton(n.Action, kind, func() {
			closed()
			if n.Do != nil {
				n.Do()
			}
		})
		act.Small = true
		line = append(line, act)
	}
	if n.Other != "" {
		other := NewButton(n.Other, KindPlain, func() {
			closed()
			if n.OtherDo != nil {
				n.OtherDo()
			}
		})
		other.Small = true
		line = append(line, other)
	}
	cross := NewIconButton(theme.Icon(theme.IconClose), "Close", func() {
		closed()
		if n.OnClose != nil {
			n.OnClose()
		}
	})
	cross.Small = true
	line = append(line, cross)

	words := NewLabel(n.Details, LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Mono: true, Wrap: true})
	copyIt := NewButton("Copy details", KindPlain, func() { copyText(n.Text + "\n\n" + n.Details) })
	copyIt.Small = true
	b.detail = container.New(Column{Gap: 8}, words, container.New(Row{}, copyIt))
	b.detail.Hide()
	b.body = container.New(Column{Gap: 10}, container.New(bannerLine{gap: 10}, line...), b.detail)
	b.card = NewCard(b.body)
	b.card.Margin = Inset{Left: 14, Top: 8, Right: 8, Bottom: 8}
	b.ExtendBaseWidget(b)
	return b
}

// bannerLine stands icon, text, buttons and cross in one row. Where that would break the text into more than two lines,
// the buttons get a row of their own.
type bannerLine struct{ gap float32 }

// split says how wide the text is, and whether the buttons stand under it.
func (l bannerLine) split(objects []fyne.CanvasObject, width float32) (text float32, under bool) {
	last := len(objects) - 1
	text = width - objects[0].MinSize().Width - objects[last].MinSize().Width - 2*l.gap
	buttons := float32(0)
	for _, o := range objects[2:last] {
		buttons += o.MinSize().Width + l.gap
	}
	line := HeightFor(objects[1], 1e6)
	if buttons > 0 && HeightFor(objects[1], text-buttons) > 2*line+1 {
		return text, true
	}
	return text - buttons, false
}

// Layout implements fyne.Layout.
func (l bannerLine) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	last := len(objects) - 1
	text, under := l.split(objects, size.Width)
	row := size.Height
	if under {
		row = HeightFor(objects[1], text)
	}
	x := float32(0)
	put := func(o fyne.CanvasObject, w, h, y float32) {
		place(o, x, y, w, h)
		x += w + l.gap
	}
	middle := func(o fyne.CanvasObject, w float32) {
		h := min(HeightFor(o, w), row)
		put(o, w, h, (row-h)/2)
	}
	middle(objects[0], objects[0].MinSize().Width)
	middle(objects[1], text)
	if !under {
		for _, o := range objects[2:] {
			middle(o, o.MinSize().Width)
		}
		return
	}
	middle(objects[last], objects[last].MinSize().Width)
	x = size.Width
	for i := last - 1; i >= 2; i-- {
		m := objects[i].MinSize()
		x -= m.Width
		place(objects[i], x, size.Height-m.Height, m.Width, m.Height)
		x -= l.gap
	}
}

// HeightFor is the height at a width.
func (l bannerLine) HeightFor(objects []fyne.CanvasObject, width float32) float32 {
	text, under := l.split(objects, width)
	h, buttons := HeightFor(objects[1], text), float32(0)
	for _, o := range objects[2 : len(objects)-1] {
		buttons = max(buttons, o.MinSize().Height)
	}
	if under {
		return h + 8 + buttons
	}
	return max(h, buttons, objects[len(objects)-1].MinSize().Height)
}

// MinSize implements fyne.Layout.
func (l bannerLine) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(120, objects[1].MinSize().Height)
}

// OnFold is called when the banner became taller or shorter.
func (b *Banner) OnFold(f func()) {
	last := float32(-1)
	b.card.OnResize = func(s fyne.Size) {
		if h := b.HeightFor(s.Width); h != last {
			last = h
			f()
		}
	}
}

func toneIcon(t Tone) (fyne.ThemeIconName, fyne.ThemeColorName) {
	switch t {
	case ToneWarn:
		return theme.IconWarn, theme.ColorWarn
	case ToneError:
		return theme.IconError, theme.ColorError
	case ToneSuccess:
		return theme.IconSuccess, theme.ColorSuccess
	case ToneInfo:
	}
	return theme.IconInfo, theme.ColorQuiet
}

// HeightFor is the height at a width.
func (b *Banner) HeightFor(width float32) float32 { return b.card.HeightFor(width) }

// CreateRenderer implements fyne.Widget.
func (b *Banner) CreateRenderer() fyne.WidgetRenderer {
	return &drawn{
		of: b, objects: []fyne.CanvasObject{b.card},
		min:     func() fyne.Size { return b.card.MinSize() },
		layout:  func(s fyne.Size) { place(b.card, 0, 0, s.Width, s.Height) },
		repaint: func() { b.card.Refresh() },
	}
}
