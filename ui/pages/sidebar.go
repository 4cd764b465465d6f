package pages

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/backend/studio"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// sidebar lists the chats under the days they were last changed, with a search field above. It scrolls any number of
// them: only the rows in sight exist.
type sidebar struct {
	env    Env
	onOpen func(chatID int64)
	onNew  func()
	onGoTo func(f Found, query string)
	onStep func(chatID int64) // opens a chat; the focus stays in the list

	search *widgets.Field
	list   *widgets.List
	none   *widgets.Label
	empty  *fyne.Container // holds none
	edges  *fyne.Container
	body   fyne.CanvasObject

	chats    []backend.Chat
	rows     []sidebarRow
	order    listOrder
	archived bool           // those that were put away are shown
	chosen   map[int64]bool // nil = one chat is opened at a time
	anchor   int64          // the chat that was chosen last
	strip    *fyne.Container
	foot     *fyne.Container // holds strip
	current  int64
	renaming int64
	running  map[int64]bool // chats whose reply is being written
	found    finds          // what has the words of the search
	allNames bool           // all chats whose names have the words of the search are shown
	allFiles bool           // likewise, files
	picked   int            // the row that Enter in the search opens; -1 = the first one
	looked   string         // the words for which found is
	waiting  func()         // cancels the search that is about to begin
	thumbs   *thumbs        // of the pictures that were found
	places   map[fyne.CanvasObject]*wanting
}

// sidebarRow is a day's heading or a chat.
type sidebarRow struct {
	heading string
	folder  string // a folder's heading, with how many chats are in it
	inside  int
	closed  bool
	indent  bool // it is in a folder
	chat    backend.Chat
	found   *Found // a message or a file
	command *Command
	picture *studio.Found
}

// The kinds of rows.
const (
	rowHeading = iota
	rowChat
	rowFound
	rowFolder
	rowPicture
)

func newSidebar(env Env, onOpen func(int64), onNew func(), onLeave func() bool) *sidebar {
	s := &sidebar{env: env, onOpen: onOpen, onNew: onNew, running: map[int64]bool{}, places: map[fyne.CanvasObject]*wanting{}, picked: -1}
	s.thumbs = newThumbs(env)
	s.search = searchField(env, "Search and commands", onLeave)
	s.search.OnChanged = func(string) {
		s.allNames, s.allFiles, s.picked = false, false, -1
		s.group()
		s.list.ToTop() // what fits best stands there
		s.lookIn()
	}
	s.search.OnEnter = s.openPicked
	s.search.OnArrow = s.pick
	add := widgets.NewButton("New chat", widgets.KindQuiet, onNew)
	add.Icon, add.Left, add.Tip = theme.Icon(theme.IconPlus), true, "New chat ("+widgets.Mod+"N)"
	var menu *widgets.Button
	menu = widgets.NewIconButton(theme.Icon(theme.IconMore), "Sort, archive, select", func() {
		at := fyne.CurrentApp().Driver().AbsolutePositionForObject(menu)
		env.Host.Menu(s.listMenu(), at.Add(fyne.NewPos(0, menu.Size().Height)))
	})
	s.strip = container.New(widgets.Row{Gap: 6, Grow: 1})
	s.foot = container.New(widgets.Inset{Left: 18, Top: 6, Right: 10, Bottom: 8}, s.strip)
	s.foot.Hide()
	s.list = widgets.NewList(s)
	s.none = widgets.NewLabel("", widgets.LabelStyle{
		Ink: theme.ColorQuiet, Size: theme.SizeSmall, Align: fyne.TextAlignCenter, Wrap: true,
	})
	s.none.Hide()
	top := container.New(widgets.Column{Gap: 6, Pad: 10}, s.search,
		container.New(widgets.Row{Gap: 4, Grow: 1}, add, menu))
	s.empty = container.New(widgets.Column{Pad: 16}, s.none)
	s.edges = widgets.NewEdges(widgets.Edges{Top: top, Bottom: s.foot}, s.list, s.empty)
	s.body = widgets.NewGround(theme.ColorRail, s.edges)
	s.loadOrder()
	return s
}

// setChats shows other chats; rows that stay keep their place.
func (s *sidebar) setChats(chats []backend.Chat) {
	s.chats = chats
	s.group()
}

// chat is one of the list; false = it is not there.
func (s *sidebar) chat(id int64) (backend.Chat, bool) {
	for _, c := range s.chats {
		if c.ID == id && id != 0 {
			return c, true
		}
	}
	return backend.Chat{}, false
}

// setCurrent marks the chat that is open and brings it into sight.
func (s *sidebar) setCurrent(id int64) {
	s.current = id
	s.list.Reload()
	for i, r := range s.rows {
		if r.chat.ID == id && id != 0 {
			s.list.Reveal(i)
		}
	}
}

// setRunning marks a chat whose reply is being written.
func (s *sidebar) setRunning(chatID int64, on bool) {
	if s.running[chatID] != on {
		s.running[chatID] = on
		if !on {
			delete(s.running, chatID)
		}
		s.list.Reload()
	}
}

func (s *sidebar) group() {
	s.rows = arrange(s.chats, s.search.Text, s.env.Host.Now(), s.order, s.archived)
	if s.search.Text != "" && !s.allNames {
		s.shortenNames()
	}
	if s.env.Commands != nil && s.search.Text != "" {
		commands := findCommands(s.env.Commands(), s.search.Text)
		if len(commands) > 0 {
			s.rows = append(s.rows, sidebarRow{heading: "Commands"})
		}
		for _, c := range commands {
			s.rows = append(s.rows, sidebarRow{command: &c})
		}
	}
	s.groupPictures()
	s.groupFiles()
	if len(s.found.messages) > 0 {
		s.rows = append(s.rows, sidebarRow{heading: "In messages"})
		for _, f := range s.found.messages {
			s.rows = append(s.rows, sidebarRow{found: &f})
		}
	}
	switch {
	case len(s.rows) > 0:
		s.none.Hide()
	case strings.TrimSpace(s.search.Text) != s.looked:
		s.none.Hide() // the search is under way
	case s.search.Text != "":
		s.none.SetText("Nothing has “" + s.search.Text + "”: no chat, message, file, picture or command.")
		s.none.Show()
	case s.archived:
		s.none.SetText("Nothing is archived.")
		s.none.Show()
	default:
		s.none.SetText("Your chats will stand here.")
		s.none.Show()
	}
	s.empty.Refresh() // its text may have come back
	s.list.Reload()
	s.showStrip()
}

// searchAfter is how long a search waits for the next key, and searchMost how many messages it shows.
const (
	searchAfter = 150 * time.Millisecond
	searchMost  = 50
)

// lookIn searches messages and pictures soon; what was found for other words goes at once.
func (s *sidebar) lookIn() {
	if s.waiting != nil {
		s.waiting()
		s.waiting = nil
	}
	if len(s.found.messages) > 0 || len(s.found.files) > 0 || len(s.found.pictures) > 0 {
		s.found = finds{}
		s.group()
	}
	query := strings.TrimSpace(s.search.Text)
	if query == "" {
		s.looked = ""
		s.group()
		s.thumbs = newThumbs(s.env) // what was decoded for the search goes with it
		return
	}
	s.waiting = s.env.Host.After(searchAfter, func() {
		s.waiting = nil
		s.env.Host.Load("search", func(ctx context.Context) func() {
			found, err := s.searchAll(ctx, query)
			return func() {
				switch {
				case strings.TrimSpace(s.search.Text) != query: // other words meanwhile
				case err != nil:
					s.env.Host.Fail(err, s.lookIn)
				default:
					s.found, s.looked = found, query
					s.group()
				}
			}
		})
	})
}

// run does what a command says, and the search is over.
func (s *sidebar) run(c Command) {
	if !c.Keep {
		s.search.SetText("")
	}
	c.Do()
}

// step opens the chat above or below the open one.
func (s *sidebar) step(delta int) {
	at := -1
	for i, r := range s.rows {
		if r.heading == "" && r.chat.ID == s.current {
			at = i
		}
	}
	if i := s.next(at, delta); i >= 0 {
		s.onOpen(s.rows[i].chat.ID)
	}
}

// next is the nearest row of a chat above or below one; -1 = none.
func (s *sidebar) next(i, delta int) int {
	for i += delta; i >= 0 && i < len(s.rows); i += delta {
		if s.rows[i].chat.ID != 0 {
			return i
		}
	}
	return -1
}

// walk moves the focus from a row to the next one. Its chat is opened, unless several are being chosen.
func (s *sidebar) walk(i, delta int) {
	if i = s.next(i, delta); i < 0 {
		return
	}
	if s.chosen == nil {
		s.onStep(s.rows[i].chat.ID)
	}
	s.focusRow(i)
}

func (s *sidebar) focusRow(i int) {
	s.list.Reveal(i)
	if r, ok := s.list.Row(i).(*widgets.ListRow); ok {
		s.env.Host.Focus(r)
	}
}

// Len implements widgets.Rows.
func (s *sidebar) Len() int { return len(s.rows) }

// Kind implements widgets.Rows.
func (s *sidebar) Kind(i int) int {
	switch {
	case s.rows[i].heading != "":
		return rowHeading
	case s.rows[i].found != nil, s.rows[i].command != nil:
		return rowFound
	case s.rows[i].picture != nil:
		return rowPicture
	case s.rows[i].folder != "":
		return rowFolder
	}
	return rowChat
}

// Height implements widgets.Rows.
func (s *sidebar) Height(kind int) float32 {
	switch kind {
	case rowHeading:
		return theme.Size(theme.SizeSmall) + 22
	case rowFound, rowPicture:
		return theme.Size(theme.SizeBody) + theme.Size(theme.SizeSmall) + 28
	}
	return theme.Size(theme.SizeBody) + 19
}

// Make implements widgets.Rows.
func (s *sidebar) Make(kind int) fyne.CanvasObject {
	if kind == rowHeading {
		l := widgets.NewLabel("", widgets.LabelStyle{Ink: theme.ColorQuiet, Size: theme.SizeSmall})
		return container.New(widgets.Inset{Left: 20, Top: 12, Right: 10, Bottom: 2}, l)
	}
	if kind == rowFound {
		return container.New(widgets.Inset{Left: 8, Right: 8}, widgets.NewChoiceRow("", "", false, nil))
	}
	if kind == rowPicture {
		return container.New(widgets.Inset{Left: 8, Right: 8}, widgets.NewPictureRow())
	}
	return widgets.NewListRow()
}

// Fill implements widgets.Rows.
func (s *sidebar) Fill(i int, o fyne.CanvasObject) {
	row := s.rows[i]
	if c, ok := o.(*fyne.Container); ok {
		if r, ok := c.Objects[0].(*widgets.ChoiceRow); ok {
			r.SetCurrent(i == s.enters())
		}
	}
	if row.heading != "" {
		o.(*fyne.Container).Objects[0].(*widgets.Label).SetText(row.heading)
		return
	}
	if c := row.command; c != nil {
		o.(*fyne.Container).Objects[0].(*widgets.ChoiceRow).Set(c.Name, cmp.Or(c.Keys, c.Of), func() { s.run(*c) })
		return
	}
	if f := row.found; f != nil {
		s.fillFound(o.(*fyne.Container).Objects[0].(*widgets.ChoiceRow), *f)
		return
	}
	if p := row.picture; p != nil {
		s.fillPicture(o, *p)
		return
	}
	if name := row.folder; name != "" {
		r := o.(*widgets.ListRow)
		r.Text, r.Icon = name+" ("+strconv.Itoa(row.inside)+")", theme.IconFolderOpen
		if row.closed {
			r.Icon = theme.IconFolder
		}
		r.OnTapped = func() { s.toggleFolder(name) }
		r.OnMenu = func(at fyne.Position) { s.env.Host.Menu(s.folderMenu(name), at) }
		r.Refresh()
		return
	}
	c, r := row.chat, o.(*widgets.ListRow)
	r.Indent, r.Icon = 0, ""
	if row.indent {
		r.Indent = 16
	}
	r.Text, r.Selected, r.Busy = chatTitle(c), c.ID == s.current, s.running[c.ID]
	if at := s.enters(); at >= 0 {
		r.Selected = i == at
	}
	r.OnTapped = func() { s.onOpen(c.ID) }
	r.OnMenu = func(at fyne.Position) { s.env.Host.Menu(s.menu(c), at) }
	r.OnDelete = func() { s.trash(c) }
	r.OnRename = func() { s.rename(c.ID) }
	r.OnArrow = func(delta int) { s.walk(i, delta) }
	r.OnChoose = func(reach bool) { s.chooseHere(i, reach) }
	r.OnExtend = func(delta int) { s.extend(i, delta) }
	r.OnAll = s.chooseAll
	r.OnRenamed = func(title string, ok bool) { s.renamed(c, title, ok) }
	r.SetEditing(c.ID == s.renaming, c.Title)
	if s.chosen != nil {
		r.Icon = theme.IconUnticked
		if s.chosen[c.ID] {
			r.Icon = theme.IconTicked
		}
		r.OnTapped = func() { s.choose(c.ID) }
		r.OnDelete = func() { s.trashAll(s.chosenChats()) }
		r.OnMenu = func(at fyne.Position) {
			if !s.chosen[c.ID] {
				s.choose(c.ID)
			}
			s.env.Host.Menu(s.shelfMenu(s.chosenChats()), at)
		}
	}
	r.Refresh()
}

func (s *sidebar) menu(c backend.Chat) []*fyne.MenuItem {
	rename := fyne.NewMenuItem("Rename", func() { s.rename(c.ID) })
	rename.Icon = theme.Icon(theme.IconEdit)
	items := []*fyne.MenuItem{rename}
	if !backend.IsTemporary(c.ID) {
		items = append(items, s.shelfMenu([]backend.Chat{c})...)
	}
	if s.env.Transfer != nil && !backend.IsTemporary(c.ID) {
		items = append(items, exportMenu(s.env, c))
	}
	remove := fyne.NewMenuItem("Remove", func() { s.trash(c) })
	remove.Icon = theme.Icon(theme.IconRemove)
	return append(items, remove)
}

// rename turns the row of a chat into a field.
func (s *sidebar) rename(id int64) {
	s.renaming = id
	s.list.Reload()
}

func (s *sidebar) renamed(c backend.Chat, title string, ok bool) {
	if s.renaming != c.ID {
		return
	}
	s.renaming = 0
	if title = strings.TrimSpace(title); !ok || title == c.Title {
		s.list.Reload()
		return
	}
	for i := range s.chats {
		if s.chats[i].ID == c.ID {
			s.chats[i].Title = title
		}
	}
	s.group()
	s.env.Host.Load("chats", func(ctx context.Context) func() {
		if err := s.env.Chats.Rename(ctx, c.ID, title); err != nil {
			return func() { s.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

// trash puts a chat into the trash at once and offers to take it back.
func (s *sidebar) trash(c backend.Chat) {
	s.env.Host.Load("chats", func(ctx context.Context) func() {
		if err := s.env.Chats.Trash(ctx, c.ID); err != nil {
			return func() { s.env.Host.Fail(err, nil) }
		}
		return func() {
			if c.ID == s.current {
				s.onNew()
			}
			stays := "It stays in the trash for 30 days."
			if backend.IsTemporary(c.ID) {
				stays = "It is gone when Loam closes."
			}
			s.env.Host.Undone(widgets.Undo{
				Text: "Removed “" + widgets.Shorten(chatTitle(c), 260, measureBody) + "”. " + stays,
				Undo: func() { s.restore(c) },
			})
		}
	})
}

func (s *sidebar) restore(c backend.Chat) {
	s.env.Host.Load("chats", func(ctx context.Context) func() {
		if err := s.env.Chats.Restore(ctx, c.ID); err != nil {
			return func() { s.env.Host.Fail(err, nil) }
		}
		return func() { s.onOpen(c.ID) }
	})
}

func measureBody(text string) float32 {
	return fyne.MeasureText(text, theme.Size(theme.SizeBody), fyne.TextStyle{}).Width
}
