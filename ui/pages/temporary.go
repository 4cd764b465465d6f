package pages

import (
	"context"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// What is said of a temporary chat.
const (
	temporaryHeading = "Temporary, gone when Loam closes"
	temporaryNews    = "Temporary chat: nothing of it is stored or searched, and a crash ends it too."
	temporaryHint    = "Message, not stored"
	messageHint      = "Message"
)

// temporaryChat marks the open chat where nothing of it is stored: in the title row, where a click also begins one, and
// above the composer, where Keep stands.
type temporaryChat struct {
	c     *conversation
	begin *widgets.Button // in the title row of a chat that has no message yet
	mark  *widgets.Chip
	keep  *widgets.Button
	strip *fyne.Container
}

func newTemporaryChat(c *conversation) *temporaryChat {
	t := &temporaryChat{c: c}
	t.begin = widgets.NewIconButton(theme.Icon(theme.IconHide), "Temporary chat ("+widgets.Mod+"Shift+N)", func() {
		c.openTemporary(c.composer.focus)
	})
	t.mark = widgets.NewChip("Temporary", theme.ColorWarn)
	t.mark.Hide()
	t.keep = widgets.NewButton("Keep", widgets.KindPlain, c.keepChat)
	t.keep.Small, t.keep.Tip = true, "Make it a normal chat, with all that is in it"
	row := container.New(widgets.Row{Gap: 8, Grow: 2},
		widgets.NewIcon(theme.Icon(theme.IconHide), theme.ColorWarn, 16),
		widgets.NewLabel(temporaryNews, widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall, Wrap: true}), t.keep)
	t.strip = container.New(composerMargin{}.column(), row)
	t.strip.Hide()
	return t
}

// show follows the open chat.
func (t *temporaryChat) show() {
	on := backend.IsTemporary(t.c.chat.ID)
	set := func(o fyne.CanvasObject, visible bool) {
		if visible {
			o.Show()
		} else {
			o.Hide()
		}
	}
	set(t.mark, on)
	set(t.strip, on)
	set(t.begin, t.c.chat.ID == 0)
	hint := messageHint
	if on {
		hint = temporaryHint
	}
	t.c.composer.field.SetPlaceHolder(hint)
	t.keep.SetEnabled(t.c.running == 0 && t.c.chat.Leaf != 0)
	t.c.composer.relayout()
}

// leave drops a temporary chat in which nothing was written.
func (t *temporaryChat) leave() {
	id := t.c.chat.ID
	if !backend.IsTemporary(id) || t.c.chat.Leaf != 0 || t.c.running != 0 || t.c.composer.text() != "" || len(t.c.files.list) > 0 {
		return
	}
	t.c.env.Host.Load("chats", func(ctx context.Context) func() {
		ch, err := t.c.env.Chats.Chat(ctx, id)
		if err == nil && ch.Leaf == 0 {
			err = t.c.env.Chats.Trash(ctx, id)
		}
		if err != nil {
			return func() { t.c.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

// openTemporary begins a chat that is kept in memory. It exists at once, so that not even its draft is stored; what is
// written and not sent comes along.
func (c *conversation) openTemporary(then func()) {
	model, text := int64(0), ""
	var files []backend.Attachment
	if c.chat.ID == 0 {
		model, text = c.chat.ModelID, c.composer.text()
		files = slices.Clone(c.files.list)
		c.drafts.hold(func() {
			c.composer.setText("")
			c.files.put(nil)
		})
		c.drafts.clearUnsent()
	}
	c.leave()
	mark := c.opened
	c.env.Host.Load("drafts", func(ctx context.Context) func() {
		ch, err := c.env.Chats.CreateTemporary(ctx, backend.Chat{ModelID: model})
		if err == nil {
			err = c.env.Chats.HoldFiles(ctx, files)
		}
		return func() {
			if mark != c.opened {
				return
			}
			if err != nil {
				c.env.Host.Fail(err, func() { c.openTemporary(then) })
				return
			}
			c.show(ch, nil, backend.Draft{ChatID: ch.ID, Text: text, Attachments: files})
			c.drafts.touch()
			if then != nil {
				then()
			}
		}
	})
}

// keepChat makes the open temporary chat a normal one.
func (c *conversation) keepChat() {
	c.drafts.touch()
	c.drafts.flush()
	id, mark := c.chat.ID, c.opened
	c.env.Host.Load("drafts", func(ctx context.Context) func() {
		ch, err := c.env.Chats.Keep(ctx, id)
		return func() {
			if err != nil {
				c.env.Host.Fail(err, c.keepChat)
				return
			}
			if mark == c.opened {
				c.open(ch.ID, c.composer.focus)
			}
		}
	})
}
