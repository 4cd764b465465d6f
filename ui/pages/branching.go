package pages

import (
	"context"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/ui/chatview"
	"loam/ui/widgets"
)

// laterID is the line below a message from which the chat went on in another branch.
const laterID = -2

// items are the messages of a path with the lines between them.
func (c *conversation) items(path []backend.Message) []chatview.Item {
	list := items(path, c.chat.Overflow)
	if c.follows > 0 && len(path) > 0 {
		list = append(list, chatview.Item{
			ID: laterID, Role: chatview.RoleDivider, Note: "Show",
			Text: "The chat goes on from here with your next message. What came after is kept beside it.",
		})
	}
	return list
}

// following counts the versions of what comes after the end of a path. It is no news of a chat that cannot be read.
func (c *conversation) following(ctx context.Context, path []backend.Message) int {
	if len(path) == 0 {
		return 0
	}
	n, err := c.env.Chats.Follows(ctx, path[len(path)-1].ID)
	if err != nil {
		return 0
	}
	return n
}

// goBack ends what is shown with a message: what is written next goes on from there.
func (c *conversation) goBack(id int64) {
	c.do(func(ctx context.Context) error { return c.env.Chats.GoBack(ctx, id) })
	c.view.ScrollToBottom()
	c.composer.focus()
}

// goOn shows again what came after the end.
func (c *conversation) goOn() {
	list := c.view.Items()
	if len(list) < 2 {
		return
	}
	id := list[len(list)-2].ID // the last one is the line
	c.do(func(ctx context.Context) error { return c.env.Chats.GoOn(ctx, id) })
}

// goFurther has a whole reply go on.
func (c *conversation) goFurther(id int64) {
	c.view.ScrollToBottom()
	c.do(func(ctx context.Context) error {
		c.env.Engines.Retry() // a person asks: an engine that was given up may start again
		_, err := c.env.Chats.Continue(ctx, id)
		return err
	})
}

// remove takes a message away, with all that follows it, and offers to take that back.
func (c *conversation) remove(id int64) {
	it, ok := c.view.Item(id)
	if !ok {
		return
	}
	if id == c.editing {
		c.endEdit()
	}
	c.env.Host.Load("send", func(ctx context.Context) func() {
		cut, err := c.env.Chats.Remove(ctx, id)
		return func() {
			if err != nil {
				c.env.Host.Fail(err, nil)
				return
			}
			c.reload()
			c.env.Host.Undone(widgets.Undo{Text: removedLine(it, cut), Undo: func() {
				c.do(func(ctx context.Context) error { return c.env.Chats.Unremove(ctx, cut) })
			}})
		}
	})
}

// removedLine says what was removed.
func removedLine(it chatview.Item, cut backend.Cut) string {
	what := "a message"
	if it.Role == chatview.RoleAssistant {
		what = "a reply"
	}
	if cut.Messages > 1 {
		what += " and " + count(cut.Messages-1, "message") + " after it"
	}
	if backend.IsTemporary(cut.ChatID) {
		return "Removed " + what + "."
	}
	return "Removed " + what + ". The trash keeps that for 30 days."
}

// MessageMenu is what the menu of a message holds beside its own actions.
func (p *ChatsPage) MessageMenu(id int64) []*fyne.MenuItem { return p.talk.menu(id) }

// ShowLater shows again what came after the message from which the chat goes on.
func (p *ChatsPage) ShowLater() { p.talk.goOn() }
