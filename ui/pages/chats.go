package pages

import (
	"context"
	"strings"
	"time"

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

// sidebarWidth is its width at text size 100 %.
const sidebarWidth = 264

// ChatsPage is the list of chats and the open one.
type ChatsPage struct {
	env  Env
	side *sidebar
	talk *conversation
	body *fyne.Container
	// sidePane is the list: before the conversation, as it is read, or over it.
	sidePane fyne.CanvasObject
	shown    bool // the sidebar is wanted in a wide window
	over     bool // it is open over a narrow one
	was      bool // the window was narrow at the last layout
	onOpen   func(chatID int64)
	reading  bool
	again    bool
}

// NewChatsPage builds the page. onOpen hears which chat is open, 0 = one that is not stored yet.
func NewChatsPage(env Env, onOpen func(chatID int64)) *ChatsPage {
	p := &ChatsPage{env: env, shown: true, onOpen: onOpen}
	p.talk = newConversation(env, p.ToggleSidebar)
	p.talk.onOpened = func(id int64) {
		p.side.setCurrent(id)
		p.onOpen(id)
	}
	p.talk.onRun = func(id int64, on bool) { p.side.setRunning(id, on) }
	p.side = newSidebar(env, func(id int64) { p.Open(id) }, func() { p.NewChat(0) }, p.leaveSearch)
	p.side.onGoTo = p.goTo
	side := widgets.NewEdges(widgets.Edges{Right: widgets.NewLine(true)}, p.side.body)
	p.side.onStep = func(id int64) { p.talk.open(id, nil) }
	p.sidePane = side
	p.body = container.New(&chatsLayout{p}, side, p.talk.body)
	p.talk.picker.reload()
	p.Reload()
	return p
}

// chatsLayout puts the sidebar beside the conversation, or over it in a narrow window.
type chatsLayout struct{ p *ChatsPage }

// Layout implements fyne.Layout.
func (l *chatsLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	p, talk, side := l.p, l.p.talk.body, l.p.sidePane
	narrow := p.env.Host.Narrow()
	if narrow != p.was {
		p.was, p.over = narrow, false
	}
	if last := objects[1] == side; last != narrow { // what comes last lies on top
		objects[0], objects[1] = objects[1], objects[0]
	}
	visible := p.shown && !narrow || p.over && narrow
	width := min(sidebarWidth*max(theme.Size(theme.SizeBody)/15, 1), size.Width*0.6)
	left := float32(0)
	if visible {
		if !narrow {
			left = width
		}
		side.Move(fyne.NewPos(0, 0))
		side.Resize(fyne.NewSize(width, size.Height))
	}
	if visible != side.Visible() {
		if visible {
			side.Show()
		} else {
			side.Hide()
		}
	}
	if p.talk.toggle.Visible() == (visible && !narrow) {
		if visible && !narrow {
			p.talk.toggle.Hide()
		} else {
			p.talk.toggle.Show()
		}
	}
	talk.Move(fyne.NewPos(left, 0))
	talk.Resize(fyne.NewSize(size.Width-left, size.Height))
	p.env.Host.Relaid()
}

// MinSize implements fyne.Layout.
func (l *chatsLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(400, 300) }

// Body is what the window shows.
func (p *ChatsPage) Body() fyne.CanvasObject { return p.body }

// Away is what is part of the page and not in the tree now, but may come back.
func (p *ChatsPage) Away() fyne.CanvasObject { return p.talk.empty.body }

// ToggleSidebar shows or hides the list of chats.
func (p *ChatsPage) ToggleSidebar() {
	if p.env.Host.Narrow() {
		p.over = !p.over
	} else {
		p.shown = !p.shown
	}
	p.relayout()
}

// Middle is where the conversation begins, from the left edge of the page: notices stand over it.
func (p *ChatsPage) Middle() float32 { return p.talk.body.Position().X }

// SidebarShown says whether the list is wanted beside the conversation; SetSidebarShown says it again.
func (p *ChatsPage) SidebarShown() bool { return p.shown }

// SetSidebarShown shows or hides the list in a wide window.
func (p *ChatsPage) SetSidebarShown(on bool) {
	p.shown = on
	p.relayout()
}

// relayout puts list and conversation in their places. What is shown for the first time does not know its canvas yet, so
// the page asks for the frame.
func (p *ChatsPage) relayout() {
	p.body.Layout.Layout(p.body.Objects, p.body.Size())
	canvas.Refresh(p.body)
}

// Open shows a stored chat, with the focus where the next key is wanted: on Resume when its last reply was cut off.
func (p *ChatsPage) Open(id int64) { p.open(id, false) }

// Reopen is Open at the start of the program: an interrupted reply offers Resume under the finger.
func (p *ChatsPage) Reopen(id int64) { p.open(id, true) }

func (p *ChatsPage) open(id int64, atStart bool) {
	p.closeOver()
	p.talk.open(id, func() {
		if cut := p.talk.interrupted(); atStart && cut != 0 {
			p.focusResume(cut, 20)
			return
		}
		p.talk.composer.focus()
	})
}

// focusResume puts the focus on Resume. The window may not have been painted yet: then it tries again soon, unless the
// person was faster.
func (p *ChatsPage) focusResume(id int64, tries int) {
	c := p.env.Host.Canvas()
	if !p.env.Host.Shown(PageChats) {
		return
	}
	if focused := c.Focused(); focused != nil && focused != fyne.Focusable(p.talk.view) || p.talk.interrupted() != id {
		return
	}
	p.env.Host.Focus(p.talk.view)
	if !p.talk.view.FocusAction(id, chatview.ActionResume) && tries > 0 {
		p.env.Host.After(50*time.Millisecond, func() { p.focusResume(id, tries-1) })
	}
}

// goTo shows a message that a search found, with the words marked.
func (p *ChatsPage) goTo(f Found, query string) {
	p.closeOver()
	p.env.Host.Load("drafts", func(ctx context.Context) func() {
		err := p.env.Chats.ShowMessage(ctx, f.MessageID) // it may be on a branch that is not shown
		return func() {
			if err != nil {
				p.env.Host.Fail(err, nil)
				return
			}
			p.talk.open(f.ChatID, func() {
				if f.File != nil {
					p.talk.finder.hide()
					p.talk.view.ScrollTo(f.MessageID)
					p.talk.readFound(*f.File, f.Place, query)
					return
				}
				p.talk.view.ScrollTo(f.MessageID)
				p.talk.finder.show(query) // from there on
			})
		}
	})
}

// Find opens the search inside the conversation.
func (p *ChatsPage) Find() {
	p.closeOver()
	p.talk.finder.show(p.talk.finder.field.Text)
}

// NewChat shows an empty chat for a model; 0 = the default one.
func (p *ChatsPage) NewChat(modelID int64) {
	p.closeOver()
	p.talk.openNew(modelID, p.talk.composer.focus)
}

// NewTemporary shows an empty chat of which nothing is stored.
func (p *ChatsPage) NewTemporary() {
	p.closeOver()
	p.talk.openTemporary(p.talk.composer.focus)
}

func (p *ChatsPage) closeOver() {
	if p.over {
		p.over = false
		p.relayout()
	}
}

// FocusSearch brings the search field up.
func (p *ChatsPage) FocusSearch() {
	if p.env.Host.Narrow() {
		p.over = true
	} else {
		p.shown = true
	}
	p.relayout()
	seek(p.env, p.side.search)
}

// leaveSearch is Esc in the empty search field: the list goes where it lies over the chat, and the focus goes to the composer.
func (p *ChatsPage) leaveSearch() bool {
	p.closeOver()
	p.FocusComposer()
	return true
}

// FocusComposer puts the focus where a person writes.
func (p *ChatsPage) FocusComposer() { p.talk.composer.focus() }

// Cancel is Esc: it gives up the innermost of what goes on here; false = nothing does.
func (p *ChatsPage) Cancel() bool {
	switch {
	case p.over:
		p.closeOver()
	case p.side.chosen != nil:
		p.side.endSelecting()
	case p.talk.finder.body.Visible():
		p.talk.finder.hide()
	case p.talk.editing != 0:
		p.talk.endEdit()
	case p.talk.running != 0:
		p.talk.stop()
	default:
		return false
	}
	return true
}

// Current is the chat that is open; 0 = one that is not stored yet.
func (p *ChatsPage) Current() int64 { return p.talk.chat.ID }

// Step opens the chat above (-1) or below (+1) the open one.
func (p *ChatsPage) Step(delta int) { p.side.step(delta) }

// Cut says whether the shown chat itself tells of an engine that died: its reply was being written, or it offers Resume.
func (p *ChatsPage) Cut() bool { return p.talk.running != 0 || p.talk.interrupted() != 0 }

// ResumeLast goes on with the last reply when it was cut off.
func (p *ChatsPage) ResumeLast() {
	if cut := p.talk.interrupted(); cut != 0 {
		p.talk.resume(cut)
	}
}

// Flush stores drafts that wait.
func (p *ChatsPage) Flush() { p.talk.drafts.flush() }

// Handle takes an event of the bus.
func (p *ChatsPage) Handle(e event.Event) {
	switch e := e.(type) {
	case event.ChatChanged:
		p.Reload()
	case event.ModelChanged:
		p.talk.picker.reload()
		p.talk.loras.reload()
	case event.EngineChanged:
		p.talk.picker.setEngine(e)
	}
	p.talk.handle(e)
}

// Reload reads the list of chats again; wishes that come while it is read become one.
func (p *ChatsPage) Reload() {
	if p.reading {
		p.again = true
		return
	}
	p.reading = true
	p.env.Host.Load("chats", func(ctx context.Context) func() {
		chats, err := p.env.Chats.Chats(ctx)
		return func() {
			p.reading = false
			if err != nil {
				p.env.Host.Fail(err, p.Reload)
				return
			}
			p.side.setChats(chats)
			if p.again {
				p.again = false
				p.Reload()
			}
		}
	})
}

// Type writes a rune into the composer, which takes the focus.
func (p *ChatsPage) Type(r rune) {
	p.talk.composer.focus()
	p.talk.composer.field.TypedRune(r)
}

// Insert puts a text under what is being written.
func (p *ChatsPage) Insert(text string) {
	c := p.talk.composer
	if was := strings.TrimRight(c.text(), "\n "); was != "" {
		text = was + "\n\n" + text
	}
	c.setText(text)
	c.focus()
}

// TitleArea is what tells under the pointer how full the model's context is.
func (p *ChatsPage) TitleArea() *widgets.TapArea { return p.talk.titleArea }

// FocusAction puts the keyboard on an action of a message, or of the line where the model's sight begins (-1). false = it is
// not in sight.
func (p *ChatsPage) FocusAction(id int64, a chatview.Action) bool {
	return p.talk.view.FocusAction(id, a)
}

// OpenPicker shows the list of models.
func (p *ChatsPage) OpenPicker() { p.talk.picker.open() }

// ShowAlternatives shows what else could have stood in a reply of the open chat.
func (p *ChatsPage) ShowAlternatives(id int64) { p.talk.showAlternatives(id) }

// ShowReceipt shows how a reply of the open chat was written.
func (p *ChatsPage) ShowReceipt(id int64) { p.talk.showReceipt(id) }

// OpenTuning shows the settings of the open chat.
func (p *ChatsPage) OpenTuning() { p.talk.showTuning(p.talk.tune) }

// RunAgain runs a reply of the open chat again.
func (p *ChatsPage) RunAgain(id int64) { p.talk.runAgain(id) }

// Compare asks who should answer the message above a reply of the open chat once more.
func (p *ChatsPage) Compare(id int64) { p.talk.compare(id) }

// Rate gives a reply of the open chat a thumb, or takes the same one back.
func (p *ChatsPage) Rate(id int64, r backend.Rating) { p.talk.rate(id, r) }

// ListMenu is what can be done with the list of chats, ChatMenu with one of them.
func (p *ChatsPage) ListMenu() []*fyne.MenuItem { return p.side.listMenu() }

// ChatMenu is the menu of a chat in the list; nil = it is not there.
func (p *ChatsPage) ChatMenu(id int64) []*fyne.MenuItem {
	if c, ok := p.side.chat(id); ok {
		return p.side.menu(c)
	}
	return nil
}

// PresetMenu is the menu of presets of the open chat.
func (p *ChatsPage) PresetMenu(list []chat.Preset) []*fyne.MenuItem { return p.talk.presetMenu(list) }

// Pin keeps a message of the open chat in the model's sight, or no longer.
func (p *ChatsPage) Pin(id int64, on bool) { p.talk.pin(id, on) }

// ShowPlan opens what the model sees of the open chat.
func (p *ChatsPage) ShowPlan() { p.talk.showPlan(p.talk.tune) }

// Edit puts a message of the open chat into the composer.
func (p *ChatsPage) Edit(id int64) { p.talk.startEdit(id) }
