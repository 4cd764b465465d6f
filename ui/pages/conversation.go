package pages

import (
	"context"
	"errors"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/chat"
	"loam/backend/event"
	"loam/ui/chatview"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// conversation is the open chat: its title row, the transcript and the composer. The store is the truth: events only
// say that something is new, and whatever does not fit is read again.
type conversation struct {
	env      Env
	onOpened func(chatID int64) // another chat is open now; 0 = one that is not stored yet
	onRun    func(chatID int64, running bool)

	view     *chatview.View
	composer *composer
	picker   *picker
	finder   *finder
	loras    *chatLoRAs
	files    *attachments
	temp     *temporaryChat
	empty    *emptyChat
	title    *widgets.Label
	// titleArea tells under the pointer how full the model's context is; a click opens what the model sees.
	titleArea *widgets.TapArea
	titleRoom *fyne.Container // what the title may take
	fill      [2]int          // tokens in the context when the last reply ended, and its size; 0 = not known
	toggle    *widgets.Button
	tune      *widgets.Button
	body      *fyne.Container

	chat      backend.Chat              // ID 0 = not stored yet
	running   int64                     // the reply that is being written here, 0 = none
	comparing *comparing                // two answers that are being compared; nil = none
	filed     map[int64]backend.Message // messages with files and replies with sources
	editing   int64                     // the message whose text is in the composer
	manner    chat.Manner               // of the model mannerOf
	mannerOf  int64
	verdict   backend.TemplateVerdict // of the template of the model verdictOf
	verdictOf int64
	defaults  backend.Sampling // of the model mannerOf
	guessed   bool             // the last reply was asked for in a guessed format
	drafts    draftKeeper
	follows   int  // versions of what came after the last message that is shown
	opened    int  // counts openings: results of an earlier one are dropped
	reading   bool // a transcript is being read
	again     bool // and it was changed meanwhile
}

func newConversation(env Env, toggleSidebar func()) *conversation {
	c := &conversation{env: env}
	c.defaults = backend.DefaultSampling()
	c.drafts = draftKeeper{env: env, now: c.draftNow}
	c.composer = newComposer()
	c.composer.onFocus = func(o fyne.Focusable) {
		if env.Host.Shown(PageChats) {
			env.Host.Focus(o)
		}
	}
	c.composer.onSend = c.send
	c.composer.onStop = c.stop
	c.composer.onChange = func(string) { c.drafts.touch() }
	c.composer.onCancel = c.endEdit
	c.composer.onLast = c.editLast
	c.picker = newPicker(env, c.chooseModel)
	c.picker.onUsable = c.usable
	c.picker.onEngine = c.loadManner
	c.loras = newChatLoRAs(c)
	c.files = &attachments{of: c}
	c.composer.onAttach = c.files.ask
	c.composer.field.OnPaste = c.files.paste
	c.empty = newEmptyChat(env)
	c.view = chatview.New(chatview.Options{
		OnAction:  c.act,
		OnLink:    c.openLink,
		OnChip:    c.openChip,
		OnScroll:  func(chatview.ScrollState) { c.drafts.touch() },
		Menu:      c.menu,
		Clipboard: env.Host.Copy,
		Tip:       env.Host.Tip,
		Empty:     c.empty.body,
	})

	c.toggle = widgets.NewIconButton(theme.Icon(theme.IconSidebar), "Chats ("+widgets.Mod+"\\)", toggleSidebar)
	c.title = widgets.NewLabel("", widgets.LabelStyle{Size: theme.SizeTitle, Bold: true, Natural: true})
	c.titleArea = widgets.NewTapArea(c.title, nil)
	c.titleArea.OnHover = func(in bool) {
		text := ""
		if in {
			text = fillText(c.fill[0], c.fill[1])
		}
		env.Host.Tip(text, c.titleArea)
	}
	c.titleArea.OnTapped = func() {
		if c.fill[1] > 0 {
			env.Host.Tip("", c.titleArea)
			c.showPlan(c.titleArea)
		}
	}
	c.titleRoom = container.New(widgets.Lead{}, c.titleArea)
	c.tune = widgets.NewIconButton(theme.Icon(theme.IconSliders), "Settings of this chat", func() { c.showTuning(c.tune) })
	c.temp = newTemporaryChat(c)
	bar := container.New(widgets.Inset{Left: 16, Top: 9, Right: 14, Bottom: 9},
		container.New(widgets.Row{Gap: 8, Grow: 2}, c.toggle, c.titleRoom, c.temp.mark, c.temp.begin, c.tune, c.picker.button))
	l := &conversationLayout{c}
	relayout := func() {
		l.Layout(c.body.Objects, c.body.Size())
		canvas.Refresh(c.body)
	}
	c.finder = newFinder(c.view, env.Host.Focus, relayout, c.composer.focus)
	c.body = container.New(l, bar, widgets.NewLine(false), c.view, c.composer.body, c.finder.body, c.temp.strip)
	c.composer.onHeight = relayout
	return c
}

// conversationLayout gives the composer what it needs, at most two fifths of the height for its text, and the
// transcript the rest.
type conversationLayout struct{ c *conversation }

// Layout implements fyne.Layout.
func (l *conversationLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	bar, line, view, composer := objects[0], objects[1], objects[2], objects[3]
	l.c.composer.room = size.Height * 0.4
	top, bottom := bar.MinSize().Height, composer.MinSize().Height
	put := func(o fyne.CanvasObject, y, h float32) {
		o.Move(fyne.NewPos(0, y))
		o.Resize(fyne.NewSize(size.Width, max(h, 0)))
	}
	put(bar, 0, top)
	put(line, top, 1)
	if find := objects[4]; find.Visible() {
		h := find.MinSize().Height
		put(find, top+1, h)
		top += h
	}
	put(composer, size.Height-bottom, bottom)
	if strip := objects[5]; strip.Visible() {
		h := widgets.HeightFor(strip, size.Width) + 2*stripGap
		put(strip, size.Height-bottom-h+stripGap, h-2*stripGap)
		bottom += h
	}
	put(view, top+1, size.Height-top-1-bottom)
}

// MinSize implements fyne.Layout.
func (l *conversationLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(320, 240) }

// openLink copies an address: Loam opens no pages by itself.
func (c *conversation) openLink(url string) {
	c.env.Host.Copy(url)
	c.env.Host.Notify(linkNotice(url))
}

func linkNotice(url string) widgets.Notice {
	return widgets.Notice{Key: "link", Text: "Loam opens no web pages by itself. The address is copied: " + url}
}

// open shows a stored chat: transcript, draft and the place it was scrolled to. It waits for drafts being stored.
func (c *conversation) open(id int64, then func()) {
	c.leave()
	mark := c.opened
	c.env.Host.Load("drafts", func(ctx context.Context) func() {
		ch, err := c.env.Chats.Chat(ctx, id)
		if errors.Is(err, backend.ErrNotFound) || err == nil && !ch.Deleted.IsZero() {
			return func() {
				if mark == c.opened {
					c.openNew(0, then) // it was removed meanwhile
				}
			}
		}
		if err != nil {
			return func() { c.env.Host.Fail(err, nil) }
		}
		path, err := c.env.Chats.Transcript(ctx, id)
		if err != nil {
			return func() { c.env.Host.Fail(err, func() { c.open(id, then) }) }
		}
		draft, draftErr := c.env.Chats.Draft(ctx, id)
		follows := c.following(ctx, path)
		return func() {
			if mark != c.opened {
				return
			}
			c.follows = follows
			if draftErr != nil {
				c.env.Host.Fail(draftErr, nil)
			}
			c.show(ch, path, draft)
			if then != nil {
				then()
			}
		}
	})
}

// openNew shows a chat that is stored with its first message.
func (c *conversation) openNew(modelID int64, then func()) {
	c.leave()
	mark := c.opened
	c.env.Host.Load("drafts", func(ctx context.Context) func() {
		draft, err := c.drafts.loadUnsent(ctx)
		return func() {
			if mark != c.opened {
				return
			}
			if err != nil {
				c.env.Host.Fail(err, nil)
			}
			c.show(backend.Chat{ModelID: modelID}, nil, draft)
			c.beginPreset()
			if then != nil {
				then()
			}
		}
	})
}

// leave keeps what is written in the chat that is open.
func (c *conversation) leave() {
	c.drafts.flush()
	c.temp.leave()
	c.opened++
}

func (c *conversation) show(ch backend.Chat, path []backend.Message, draft backend.Draft) {
	c.chat, c.editing = ch, 0
	c.finder.hide()
	c.drafts.unpark() // it was of the chat before
	c.drafts.hold(func() {
		c.composer.setEditing(false, false)
		c.files.put(draft.Attachments)
		c.composer.setText(draft.Text)
		c.view.SetItems(c.items(path))
		c.view.SetScrollState(chatview.ScrollState{Message: draft.ScrollMessage, Offset: draft.ScrollOffset})
		c.editAgain(draft)
	})
	c.afterPath(path)
	c.showChat(ch)
	if c.onOpened != nil {
		c.onOpened(ch.ID)
	}
}

func (c *conversation) showChat(ch backend.Chat) {
	c.chat = ch
	c.title.SetText(chatTitle(ch))
	c.titleRoom.Refresh()
	c.picker.setChat(ch)
	c.loras.show()
	c.empty.setModel(c.picker.model())
	c.temp.show()
}

// afterPath takes from the path whether a reply is being written.
func (c *conversation) afterPath(path []backend.Message) {
	c.noteFiles(path)
	was := c.running
	c.running = 0
	for _, m := range path {
		if m.State == backend.MessageRunning {
			c.running = m.ID
		}
	}
	c.noteGuess(path)
	c.composer.setRunning(c.running != 0)
	c.temp.show()
	c.showMeter()
	if c.onRun != nil && (was != 0) != (c.running != 0) {
		c.onRun(c.chat.ID, c.running != 0)
	}
}

// items are the messages of a path as the transcript shows them, with the line where the model's sight begins.
func items(path []backend.Message, o backend.Overflow) []chatview.Item {
	list := make([]chatview.Item, 0, len(path)+1)
	var seen, asked backend.Message
	for _, m := range path {
		if m.Role == backend.RoleAssistant {
			seen = m
		}
	}
	for _, m := range path {
		if seen.LeftOut > 0 && m.ID == seen.SeenFrom {
			above := "above left out"
			if o == backend.OverflowSummarise && seen.Note != chat.NoteNoSummary {
				above = "above summarised"
			}
			list = append(list, chatview.Item{
				ID: -1, Role: chatview.RoleDivider,
				Text: "The model sees from here down (" + count(seen.LeftOut, "message") + " " + above + ")",
			})
		}
		it := chatview.FromMessage(m)
		switch m.Role {
		case backend.RoleUser:
			asked = m
			it.Chips = fileChips(m)
		case backend.RoleAssistant:
			it.Chips = sourceChips(asked)
		case backend.RoleSystem, backend.RoleTool:
		}
		if m.Role == backend.RoleAssistant && m.State != backend.MessageRunning {
			it.Note, it.Facts = replyNote(m), replyFacts(m)
		}
		list = append(list, it)
	}
	return list
}

// reload reads the path of the open chat again. While one reading is under way, further wishes become one.
func (c *conversation) reload() {
	if c.chat.ID == 0 {
		return
	}
	if c.reading {
		c.again = true
		return
	}
	c.reading = true
	id, mark := c.chat.ID, c.opened
	c.env.Host.Load("transcript", func(ctx context.Context) func() {
		path, err := c.env.Chats.Transcript(ctx, id)
		follows := c.following(ctx, path)
		return func() {
			c.reading = false
			if mark != c.opened || c.chat.ID != id {
				c.again = false
				return
			}
			if err != nil {
				c.env.Host.Fail(err, c.reload)
				return
			}
			c.follows = follows
			c.replace(path)
			if c.again {
				c.again = false
				c.reload()
			}
		}
	})
}

// replace shows a path that was read. Text that arrived by events while it was being read is newer and stays.
func (c *conversation) replace(path []backend.Message) {
	for i, m := range path {
		shown, ok := c.view.Item(m.ID)
		if ok && m.State == backend.MessageRunning && len(shown.Text) > len(m.Text) && shown.Text[:len(m.Text)] == m.Text {
			path[i].Text = shown.Text
		}
	}
	c.drafts.hold(func() { c.view.Replace(c.items(path)) })
	c.afterPath(path)
}

// handle takes an event about a message.
func (c *conversation) handle(e event.Event) {
	if c.comparing != nil && c.comparing.handle(e) {
		return
	}
	switch e := e.(type) {
	case event.MessageGrew:
		if e.ChatID == c.chat.ID && !c.view.Grow(e.MessageID, e.Offset, e.Text) {
			c.reload()
		}
	case event.MessageProgress:
		if e.ChatID == c.chat.ID {
			c.view.Progress(e.MessageID, chatview.Phase(e.Phase), e.Done, e.Total)
		}
	case event.MessageChanged:
		if e.ChatID == c.chat.ID {
			c.reload()
		}
	case event.ChatChanged:
		if e.ChatID == c.chat.ID && c.chat.ID != 0 {
			c.reloadChat()
		}
	case event.FileMeaning:
		c.files.heard(e)
	}
}

func (c *conversation) reloadChat() {
	id, mark := c.chat.ID, c.opened
	c.env.Host.Load("transcript", func(ctx context.Context) func() {
		ch, err := c.env.Chats.Chat(ctx, id)
		if err != nil || mark != c.opened {
			return nil // it went to the trash: the list tells
		}
		return func() {
			// A chat that is being left is still the open one for a moment: its news must not bring it back.
			if mark == c.opened && c.chat.ID == id {
				leaf := c.chat.Leaf
				c.showChat(ch)
				if leaf != ch.Leaf {
					c.reload()
				}
			}
		}
	})
}

// draftNow is the draft of the open chat as it should be stored.
func (c *conversation) draftNow() backend.Draft {
	d := backend.Draft{ChatID: c.chat.ID, Text: c.composer.text(), Attachments: slices.Clone(c.files.list)}
	if c.editing != 0 {
		d.Text, d.Editing, d.Edited = c.drafts.parked, c.editing, d.Text
	}
	at := c.view.ScrollState()
	d.ScrollMessage, d.ScrollOffset = at.Message, at.Offset
	return d
}

// chooseModel gives the chat another model.
func (c *conversation) chooseModel(id int64) {
	c.chat.ModelID = id
	c.picker.setChat(c.chat)
	c.empty.setModel(c.picker.model())
	if c.chat.ID == 0 {
		c.beginPreset()
		return
	}
	chatID := c.chat.ID
	c.do(func(ctx context.Context) error { return c.env.Chats.SetModel(ctx, chatID, id) })
}

// usable hears from the picker whether there is a model to answer with.
func (c *conversation) usable(why string) {
	if m := c.picker.model(); m == nil && c.mannerOf != 0 || m != nil && m.ID != c.mannerOf {
		c.loadManner()
	}
	c.composer.setBlocked(why)
	c.empty.setModel(c.picker.model())
}
