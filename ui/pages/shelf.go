package pages

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"loam/backend"
	"loam/ui/theme"
	"loam/ui/widgets"
)

// listOrder is how the list of chats is arranged; it is remembered.
type listOrder struct {
	Sort   string   `json:"sort,omitempty"`   // "" = last used, "name", "made"
	Closed []string `json:"closed,omitempty"` // folders that are folded
}

// KeyChatList is the setting that holds a listOrder.
const KeyChatList = "window.chats"

const (
	sortName = "name"
	sortMade = "made"
)

var sorts = []struct{ is, name string }{{"", "Last used"}, {sortName, "Name"}, {sortMade, "Newest"}}

// arrange turns chats, the last changed first, into rows: pinned ones, folders, then the others under their days or, sorted
// otherwise, under one heading. archived shows those that were put away, and nothing else; a query looks everywhere.
func arrange(chats []backend.Chat, query string, now time.Time, o listOrder, archived bool) []sidebarRow {
	query = strings.ToLower(strings.TrimSpace(query))
	var temporary, pinned, others []backend.Chat
	folders := map[string][]backend.Chat{}
	for _, c := range chats {
		switch {
		case query != "" && !matches(c, query):
		case query == "" && c.Shelf.Archived != archived:
		case backend.IsTemporary(c.ID):
			temporary = append(temporary, c)
		case query == "" && c.Shelf.Pinned && !archived:
			pinned = append(pinned, c)
		case query == "" && c.Shelf.Folder != "":
			folders[c.Shelf.Folder] = append(folders[c.Shelf.Folder], c)
		default:
			others = append(others, c)
		}
	}
	rows := make([]sidebarRow, 0, len(chats)+8)
	put := func(heading string, list []backend.Chat) {
		if len(list) > 0 {
			rows = append(rows, sidebarRow{heading: heading})
		}
		for _, c := range list {
			rows = append(rows, sidebarRow{chat: c})
		}
	}
	put(temporaryHeading, temporary)
	sortChats(pinned, o.Sort)
	put("Pinned", pinned)
	for _, name := range folderNames(chats) {
		list := folders[name]
		if len(list) == 0 {
			continue
		}
		closed := slices.Contains(o.Closed, name)
		rows = append(rows, sidebarRow{folder: name, inside: len(list), closed: closed})
		sortChats(list, o.Sort)
		for _, c := range list {
			if !closed {
				rows = append(rows, sidebarRow{chat: c, indent: true})
			}
		}
	}
	switch o.Sort {
	case sortName, sortMade:
		sortChats(others, o.Sort)
		put("Chats", others)
		return rows
	}
	for len(others) > 0 {
		day := dayGroup(others[0].Updated, now)
		n := 1
		for n < len(others) && dayGroup(others[n].Updated, now) == day {
			n++
		}
		put(day, others[:n])
		others = others[n:]
	}
	return rows
}

// matches says whether a chat's name, folder or tags hold the words. "#tag" asks for a tag alone.
func matches(c backend.Chat, query string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), query) }
	if tag, ok := strings.CutPrefix(query, "#"); ok {
		return slices.ContainsFunc(c.Shelf.Tags, func(t string) bool { return strings.HasPrefix(strings.ToLower(t), tag) })
	}
	return has(chatTitle(c)) || has(c.Shelf.Folder) || slices.ContainsFunc(c.Shelf.Tags, has)
}

func sortChats(list []backend.Chat, by string) {
	switch by {
	case sortName:
		backend.SortByName(list, chatTitle)
	case sortMade:
		slices.SortStableFunc(list, func(a, b backend.Chat) int { return b.Created.Compare(a.Created) })
	}
}

// folderNames are those of all folders, in their order.
func folderNames(chats []backend.Chat) []string {
	seen := map[string]bool{}
	for _, c := range chats {
		if c.Shelf.Folder != "" {
			seen[c.Shelf.Folder] = true
		}
	}
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	backend.SortByName(names, func(name string) string { return name })
	return names
}

// shelve changes where chats stand. undo, if any, is what a notice offers to take it back.
func (s *sidebar) shelve(list []backend.Chat, change func(*backend.Shelf), done string) {
	list = slices.DeleteFunc(slices.Clone(list), func(c backend.Chat) bool { return backend.IsTemporary(c.ID) })
	if len(list) == 0 {
		return
	}
	apply := func(to func(c backend.Chat) backend.Shelf, then func()) {
		s.env.Host.Load("chats", func(ctx context.Context) func() {
			shelves := make(map[int64]backend.Shelf, len(list))
			for _, c := range list {
				shelves[c.ID] = to(c)
			}
			if err := s.env.Chats.SetShelves(ctx, shelves); err != nil {
				return func() { s.env.Host.Fail(err, nil) }
			}
			return then
		})
	}
	apply(func(c backend.Chat) backend.Shelf {
		shelf := c.Shelf
		shelf.Tags = slices.Clone(shelf.Tags)
		change(&shelf)
		return shelf
	}, func() {
		s.endSelecting()
		if done != "" {
			s.env.Host.Undone(widgets.Undo{Text: done, Undo: func() {
				apply(func(c backend.Chat) backend.Shelf { return c.Shelf }, nil)
			}})
		}
	})
}

// shelfMenu is what of a menu says where chats stand.
func (s *sidebar) shelfMenu(list []backend.Chat) []*fyne.MenuItem {
	all := func(is func(backend.Shelf) bool) bool {
		return !slices.ContainsFunc(list, func(c backend.Chat) bool { return !is(c.Shelf) })
	}
	item := func(text string, icon fyne.ThemeIconName, do func()) *fyne.MenuItem {
		m := fyne.NewMenuItem(text, do)
		m.Icon = theme.Icon(icon)
		return m
	}
	name := "“" + widgets.Shorten(chatTitle(list[0]), 220, measureBody) + "”"
	if len(list) > 1 {
		name = count(len(list), "chat")
	}
	pinned, archived := all(func(h backend.Shelf) bool { return h.Pinned }), all(func(h backend.Shelf) bool { return h.Archived })
	pin := item("Pin on top", theme.IconPin, func() { s.shelve(list, func(h *backend.Shelf) { h.Pinned, h.Archived = true, false }, "") })
	if pinned {
		pin = item("Unpin", theme.IconPin, func() { s.shelve(list, func(h *backend.Shelf) { h.Pinned = false }, "") })
	}
	folder := item("Folder", theme.IconFolder, nil)
	var folders []*fyne.MenuItem
	for _, f := range folderNames(s.chats) {
		m := fyne.NewMenuItem(f, func() { s.shelve(list, func(h *backend.Shelf) { h.Folder = f }, "") })
		m.Checked = all(func(h backend.Shelf) bool { return h.Folder == f })
		folders = append(folders, m)
	}
	folders = append(folders, item("New folder…", theme.IconPlus, func() {
		askName(s.env, "New folder", "Name of the folder", "", func(text string) {
			s.shelve(list, func(h *backend.Shelf) { h.Folder = text }, "")
		})
	}))
	if !all(func(h backend.Shelf) bool { return h.Folder == "" }) {
		folders = append(folders, fyne.NewMenuItem("Out of the folder", func() { s.shelve(list, func(h *backend.Shelf) { h.Folder = "" }, "") }))
	}
	folder.ChildMenu = fyne.NewMenu("", folders...)
	tags := item("Tags…", theme.IconTag, func() {
		was := ""
		if len(list) == 1 {
			was = strings.Join(list[0].Shelf.Tags, ", ")
		}
		askName(s.env, "Tags", "Separated by commas, as: work, travel", was, func(text string) {
			words := strings.Split(text, ",")
			s.shelve(list, func(h *backend.Shelf) {
				if len(list) > 1 {
					words = append(h.Tags, words...)
				}
				h.Tags = words
			}, "")
		})
	})
	archive := item("Archive", theme.IconArchive, func() {
		s.shelve(list, func(h *backend.Shelf) { h.Archived = true }, "Archived "+name+". The menu beside New chat shows the archive.")
	})
	if archived {
		archive = item("Out of the archive", theme.IconArchive, func() { s.shelve(list, func(h *backend.Shelf) { h.Archived = false }, "") })
	}
	return []*fyne.MenuItem{pin, folder, tags, archive}
}

// folderMenu is the menu of a folder.
func (s *sidebar) folderMenu(name string) []*fyne.MenuItem {
	var inside []backend.Chat
	for _, c := range s.chats {
		if c.Shelf.Folder == name {
			inside = append(inside, c)
		}
	}
	rename := fyne.NewMenuItem("Rename…", func() {
		askName(s.env, "Rename the folder", "Name of the folder", name, func(text string) {
			s.shelve(inside, func(h *backend.Shelf) { h.Folder = text }, "")
		})
	})
	rename.Icon = theme.Icon(theme.IconEdit)
	dissolve := fyne.NewMenuItem("Dissolve the folder", func() {
		s.shelve(inside, func(h *backend.Shelf) { h.Folder = "" }, "Dissolved “"+name+"”. Its chats stand under their days again.")
	})
	dissolve.Icon = theme.Icon(theme.IconRemove)
	return []*fyne.MenuItem{rename, dissolve}
}

// toggleFolder folds or unfolds a folder.
func (s *sidebar) toggleFolder(name string) {
	if at := slices.Index(s.order.Closed, name); at >= 0 {
		s.order.Closed = slices.Delete(s.order.Closed, at, at+1)
	} else {
		s.order.Closed = append(s.order.Closed, name)
	}
	s.group()
	s.storeOrder()
}

// askName asks for a line of text.
func askName(env Env, heading, hint, was string, take func(string)) {
	field := widgets.NewField(hint)
	field.SetText(was)
	done := func() {
		env.Host.ClosePopover()
		take(strings.TrimSpace(field.Text))
	}
	field.OnEnter = done
	ok, cancel := widgets.NewButton("Done", widgets.KindPrimary, done), widgets.NewButton("Cancel", widgets.KindPlain, env.Host.ClosePopover)
	env.Host.Dialog(container.New(widgets.Column{Gap: 14}, widgets.Heading(heading),
		container.New(widgets.Sized{Width: min(380, env.Host.Canvas().Size().Width-100)}, field),
		container.New(widgets.Row{Gap: 8, Grow: 1}, widgets.NewLabel("", widgets.LabelStyle{}), cancel, ok)))
	env.Host.Focus(field)
}

// listMenu is the menu of the whole list.
func (s *sidebar) listMenu() []*fyne.MenuItem {
	var by []*fyne.MenuItem
	for _, o := range sorts {
		m := fyne.NewMenuItem(o.name, func() {
			s.order.Sort = o.is
			s.group()
			s.storeOrder()
		})
		m.Checked = s.order.Sort == o.is
		by = append(by, m)
	}
	sorted := fyne.NewMenuItem("Sort by", nil)
	sorted.ChildMenu = fyne.NewMenu("", by...)
	archived := fyne.NewMenuItem("Show the archive", func() { s.showArchived(!s.archived) })
	archived.Icon, archived.Checked = theme.Icon(theme.IconArchive), s.archived
	choose := fyne.NewMenuItem("Select several", func() {
		s.chosen = map[int64]bool{}
		s.group()
	})
	choose.Icon = theme.Icon(theme.IconTicked)
	return []*fyne.MenuItem{sorted, archived, choose}
}

func (s *sidebar) showArchived(on bool) {
	s.archived = on
	s.group()
}

// loadOrder reads how the list was arranged.
func (s *sidebar) loadOrder() {
	s.env.Host.Load("list", func(ctx context.Context) func() {
		var o listOrder
		if found, err := s.env.System.Setting(ctx, KeyChatList, &o); err != nil || !found {
			return nil // as at the first start
		}
		return func() {
			s.order = o
			s.group()
		}
	})
}

func (s *sidebar) storeOrder() {
	o := s.order
	o.Closed = slices.Clone(o.Closed)
	s.env.Host.Load("list", func(ctx context.Context) func() {
		if err := s.env.System.SetSetting(ctx, KeyChatList, o); err != nil {
			return func() { s.env.Host.Fail(err, nil) }
		}
		return nil
	})
}

// showStrip shows under the list what can be done with the chats that are chosen, or that the archive is shown.
func (s *sidebar) showStrip() {
	s.strip.RemoveAll()
	defer func() {
		if s.edges != nil {
			s.edges.Layout.Layout(s.edges.Objects, s.edges.Size())
		}
	}()
	add := func(b *widgets.Button) { b.Small = true; s.strip.Add(b) }
	switch n := len(s.chosenChats()); {
	case s.chosen != nil:
		text := "Choose chats"
		if n > 0 {
			text = count(n, "chat")
		}
		s.strip.Add(widgets.NewLabel(text, widgets.LabelStyle{Size: theme.SizeSmall}))
		more := widgets.NewButton("Move…", widgets.KindPlain, nil)
		more.OnTapped = func() {
			s.env.Host.Menu(s.shelfMenu(s.chosenChats()), fyne.CurrentApp().Driver().AbsolutePositionForObject(more))
		}
		more.SetEnabled(n > 0)
		add(more)
		remove := widgets.NewIconButton(theme.Icon(theme.IconRemove), "Remove these chats", func() { s.trashAll(s.chosenChats()) })
		remove.SetEnabled(n > 0)
		add(remove)
		add(widgets.NewIconButton(theme.Icon(theme.IconClose), "Done (Esc)", s.endSelecting))
	case s.archived:
		s.strip.Add(widgets.NewLabel("The archive", widgets.LabelStyle{Size: theme.SizeSmall}))
		add(widgets.NewButton("Back to the chats", widgets.KindPlain, func() { s.showArchived(false) }))
	default:
		s.foot.Hide()
		return
	}
	s.foot.Show()
}

// trashAll puts chats into the trash and offers to take them back.
func (s *sidebar) trashAll(list []backend.Chat) {
	ids := make([]int64, 0, len(list))
	for _, c := range list {
		ids = append(ids, c.ID)
	}
	each := func(do func(ctx context.Context, ids ...int64) error, then func()) {
		s.env.Host.Load("chats", func(ctx context.Context) func() {
			if err := do(ctx, ids...); err != nil {
				return func() { s.env.Host.Fail(err, nil) }
			}
			return then
		})
	}
	each(s.env.Chats.Trash, func() {
		if slices.ContainsFunc(list, func(c backend.Chat) bool { return c.ID == s.current }) {
			s.onNew()
		}
		s.endSelecting()
		s.env.Host.Undone(widgets.Undo{
			Text: "Removed " + count(len(list), "chat") + ". They stay in the trash for 30 days.",
			Undo: func() { each(s.env.Chats.Restore, nil) },
		})
	})
}
