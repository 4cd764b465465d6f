package pages

import (
	"context"
	"errors"
	"slices"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/chat"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/words"
)

// send stores the words and has them answered. The composer keeps them until they are stored.
func (c *conversation) send(text string) { c.sendAs(text, false) }

// sendAs sends; leaveOut = older messages that no longer fit may be left out, also where the chat asks about them.
func (c *conversation) sendAs(text string, leaveOut bool) {
	c.sendWith(text, leaveOut, slices.Clone(c.files.list), false)
}

// sendWith sends with files; picked = the person has seen what of them is shown.
func (c *conversation) sendWith(text string, leaveOut bool, files []backend.Attachment, picked bool) {
	c.composer.setSending(true)
	ch, editing, mark := c.chat, c.editing, c.opened
	c.drafts.flush()
	c.env.Host.Load("send", func(ctx context.Context) func() {
		var err error
		var sent chat.Sent
		if editing != 0 {
			_, err = c.env.Chats.Edit(ctx, editing, text)
		} else {
			if ch.ID == 0 {
				ch, err = c.env.Chats.Create(ctx, ch)
			}
			if err == nil {
				sent, err = c.env.Chats.Send(ctx, ch.ID, chat.SendRequest{Text: text, LeaveOut: leaveOut, Attachments: files, Picked: picked})
			}
		}
		return func() {
			if p, ok := errors.AsType[*chat.Picking](err); ok && mark == c.opened {
				c.sent(ch, editing, mark, text, errAsked)
				c.files.counted(p.Files)
				c.askPassages(p, leaveOut)
				return
			}
			c.sent(ch, editing, mark, text, err)
			if err == nil && mark == c.opened && editing == 0 {
				c.files.keepPartly(sent.User.Attachments)
			}
		}
	})
}

func (c *conversation) sent(ch backend.Chat, editing int64, mark int, text string, err error) {
	c.composer.setSending(false)
	here := mark == c.opened
	if here && c.chat.ID == 0 && ch.ID != 0 {
		// The chat exists now, even when its first message was refused: a second try must not make another one.
		c.drafts.clearUnsent()
		c.showChat(ch)
		if c.onOpened != nil {
			c.onOpened(ch.ID)
		}
	}
	if err != nil {
		c.drafts.touch()
		if errors.Is(err, errAsked) {
			return
		}
		if o, ok := errors.AsType[*chat.Overflowing](err); ok && editing == 0 {
			if here {
				c.askOverflow(o)
			}
			return
		}
		c.env.Host.Fail(err, func() {
			if mark == c.opened {
				c.composer.submit()
			}
		})
		return
	}
	if !here {
		return
	}
	if editing != 0 {
		c.endEdit()
	} else {
		c.composer.setText("")
		c.drafts.touch()
		c.drafts.flush()
	}
	c.view.ScrollToBottom()
	c.reload()
}

// errAsked is a message that is not sent yet: the person is asked about it.
var errAsked = errors.New("the person is asked")

// act does what a button of a message asks for. The view copies by itself.
func (c *conversation) act(id int64, a chatview.Action) {
	switch a {
	case chatview.ActionRegenerate:
		c.do(func(ctx context.Context) error {
			c.env.Engines.Retry() // a person asks: an engine that was given up may start again
			_, err := c.env.Chats.Regenerate(ctx, id)
			return err
		})
	case chatview.ActionLearn:
		it, _ := c.view.Item(id)
		c.env.Host.Guide(words.LearnOf(it.Error))
	case chatview.ActionEdit:
		c.startEdit(id)
	case chatview.ActionLike:
		c.rate(id, backend.ThumbsUp)
	case chatview.ActionDislike:
		c.rate(id, backend.ThumbsDown)
	case chatview.ActionUnpin:
		c.pin(id, false)
	case chatview.ActionPrevious:
		c.do(func(ctx context.Context) error { return c.env.Chats.ShowSibling(ctx, id, -1) })
	case chatview.ActionNext:
		c.do(func(ctx context.Context) error { return c.env.Chats.ShowSibling(ctx, id, +1) })
	case chatview.ActionAlternatives:
		c.showAlternatives(id)
	case chatview.ActionResume:
		c.resume(id)
	case chatview.ActionStop:
		c.env.Chats.Stop(id)
	case chatview.ActionChange:
		if id == laterID {
			c.goOn()
			return
		}
		c.showPlan(c.titleArea)
	case chatview.ActionCopy, chatview.ActionMore, chatview.ActionNone:
	}
}

// rate stores a thumb; the same one again takes it back.
func (c *conversation) rate(id int64, r backend.Rating) {
	if it, ok := c.view.Item(id); ok && it.Rating == int8(r) {
		r = backend.Unrated
	}
	c.do(func(ctx context.Context) error { return c.env.Chats.Rate(ctx, id, r) })
}

func (c *conversation) do(act func(ctx context.Context) error) {
	c.env.Host.Load("send", func(ctx context.Context) func() {
		err := act(ctx)
		return func() {
			if err != nil {
				c.env.Host.Fail(err, func() { c.do(act) })
			}
			c.reload()
		}
	})
}

func (c *conversation) resume(id int64) {
	c.composer.focus()
	c.do(func(ctx context.Context) error {
		c.env.Engines.Retry()
		return c.env.Chats.Resume(ctx, id)
	})
}

// menu is what a message's menu holds after the actions that it shows: a reply that was stopped can go on too.
func (c *conversation) menu(id int64) []*fyne.MenuItem {
	it, ok := c.view.Item(id)
	if !ok || it.State == chatview.StateRunning {
		return nil
	}
	var list []*fyne.MenuItem
	add := func(text string, icon fyne.ThemeIconName, do func()) {
		item := fyne.NewMenuItem(text, do)
		item.Icon = theme.Icon(icon)
		list = append(list, item)
	}
	if it.State != chatview.StateFailed && !it.Pinned && (it.Role == chatview.RoleUser || it.Role == chatview.RoleAssistant) {
		add("Pin: the model always sees it", theme.IconPin, func() { c.pin(id, true) })
	}
	if c.chat.ID != 0 {
		add("What the model sees", theme.IconShow, func() { c.showPlan(c.tune) })
	}
	list = append(list, c.chipMenu(id)...)
	removes := func() []*fyne.MenuItem {
		if c.running == 0 && c.comparing == nil {
			list = append(list, fyne.NewMenuItemSeparator())
			add("Remove", theme.IconRemove, func() { c.remove(id) })
		}
		return list
	}
	if it.Role != chatview.RoleAssistant {
		if c.running == 0 && c.isLast(id) { // its reply was removed
			add("Regenerate", theme.IconRegenerate, func() { c.act(id, chatview.ActionRegenerate) })
		}
		return removes()
	}
	if it.State == chatview.StateStopped && c.running == 0 {
		add("Resume", theme.IconPlay, func() { c.resume(id) })
	}
	if it.State == chatview.StateFailed {
		return removes()
	}
	if it.State == chatview.StateDone && c.running == 0 {
		add("Continue", theme.IconPlay, func() { c.goFurther(id) })
	}
	if c.running == 0 && !c.isLast(id) {
		add("Branch from here", theme.IconBranch, func() { c.goBack(id) })
	}
	if !it.Choices {
		add("Alternatives", theme.IconGauge, func() { c.offerAlternatives(id) })
	}
	if c.running == 0 && len(c.comparable()) > 0 {
		add("Compare…", theme.IconBeside, func() { c.compare(id) })
	}
	if rerunnable(it) {
		add("Run again exactly", theme.IconHistory, func() { c.runAgain(id) })
	}
	add("How it was written", theme.IconInfo, func() { c.showReceipt(id) })
	return removes()
}

// isLast says whether a message is the last one that is shown.
func (c *conversation) isLast(id int64) bool {
	for _, it := range slices.Backward(c.view.Items()) {
		if it.Role != chatview.RoleDivider {
			return it.ID == id
		}
	}
	return false
}

// interrupted is the last message when it was cut off, 0 otherwise.
func (c *conversation) interrupted() int64 {
	for _, it := range slices.Backward(c.view.Items()) {
		if it.Role == chatview.RoleDivider {
			continue
		}
		if it.State == chatview.StateInterrupted {
			return it.ID
		}
		break
	}
	return 0
}

// stop ends the reply that is being written.
func (c *conversation) stop() {
	if c.running != 0 {
		c.env.Chats.Stop(c.running)
	}
}

// startEdit puts the words of a message into the composer. The draft waits until that is done.
func (c *conversation) startEdit(id int64) {
	it, ok := c.view.Item(id)
	if !ok {
		return
	}
	c.drafts.flush()
	c.drafts.park(c.composer.text())
	c.editing = id
	c.drafts.hold(func() {
		c.composer.setEditing(true, it.Role == chatview.RoleAssistant)
		c.files.show()
		c.composer.setText(it.Text)
	})
	c.composer.focus()
}

// editAgain goes on with the edit that was under way when the chat was left, or the program ended.
func (c *conversation) editAgain(d backend.Draft) {
	it, ok := c.view.Item(d.Editing)
	if !ok {
		return
	}
	c.drafts.park(d.Text)
	c.editing = d.Editing
	c.composer.setEditing(true, it.Role == chatview.RoleAssistant)
	c.files.show()
	c.composer.setText(d.Edited)
}

// editLast puts the last words of the person into the composer, if there are any.
func (c *conversation) editLast() {
	for _, it := range slices.Backward(c.view.Items()) {
		if it.Role == chatview.RoleUser {
			c.startEdit(it.ID)
			return
		}
	}
}

// endEdit brings the draft back that was there before.
func (c *conversation) endEdit() {
	c.editing = 0
	draft := c.drafts.unpark()
	c.drafts.hold(func() {
		c.composer.setEditing(false, false)
		c.files.show()
		c.composer.setText(draft)
	})
	c.drafts.touch() // what was being changed is no draft any more
	c.composer.focus()
}
