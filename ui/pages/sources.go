package pages

import (
	"fmt"

	"fyne.io/fyne/v2"

	"loam/backend"
	"loam/backend/attach"
	"loam/ui/chatview"
	"loam/ui/theme"
)

// mostSources is how many passages stand under a reply; the others are behind one chip more.
const mostSources = 8

// source is a passage that a reply was written with.
type source struct {
	file    backend.Attachment
	passage backend.Passage
}

// sourcesOf are the passages that a message sent along.
func sourcesOf(m backend.Message) []source {
	var list []source
	for _, f := range m.Attachments {
		if f.Partly {
			for _, p := range f.Passages {
				list = append(list, source{f, p})
			}
		}
	}
	return list
}

// fileChips are the files of a person's message.
func fileChips(m backend.Message) *chatview.Chips {
	if len(m.Attachments) == 0 {
		return nil
	}
	chips := &chatview.Chips{}
	for _, f := range m.Attachments {
		text := fileLabel(f)
		if f.Partly {
			text = f.Name + ", " + count(len(f.Passages), "passage") + " of it"
		}
		chips.List = append(chips.List, chatview.Chip{Text: text, Tip: fileTip(f, "")})
	}
	return chips
}

// sourceChips are the passages that a reply was written with.
func sourceChips(asked backend.Message) *chatview.Chips {
	list := sourcesOf(asked)
	if len(list) == 0 {
		return nil
	}
	chips := &chatview.Chips{}
	for i, s := range list {
		if i == mostSources-1 && len(list) > mostSources {
			chips.List = append(chips.List, chatview.Chip{Text: fmt.Sprintf("%d more", len(list)-i), Tip: "All passages that the model was shown", More: true})
			break
		}
		chips.List = append(chips.List, chatview.Chip{Text: s.file.Name + " " + s.passage.Place(), Tip: "The model was shown this passage. Click to read it there"})
	}
	return chips
}

// openChip shows what a chip under a message stands for.
func (c *conversation) openChip(id int64, chip int) {
	m, ok := c.filed[id]
	if !ok {
		return
	}
	if m.Role == backend.RoleUser {
		if chip < len(m.Attachments) {
			c.readFile(m.Attachments[chip], nil)
		}
		return
	}
	list := sourcesOf(backend.Message{Attachments: m.Attachments})
	if chip == mostSources-1 && len(list) > mostSources {
		c.env.Host.Menu(c.sourceMenu(list[chip:]), c.menuPlace())
		return
	}
	if chip < len(list) {
		c.readFile(list[chip].file, &list[chip].passage)
	}
}

// menuPlace is where a menu of a chip opens: near the foot of the transcript.
func (c *conversation) menuPlace() fyne.Position {
	at := fyne.CurrentApp().Driver().AbsolutePositionForObject(c.view)
	return at.AddXY(c.view.Size().Width/3, c.view.Size().Height/4)
}

func (c *conversation) sourceMenu(list []source) []*fyne.MenuItem {
	var items []*fyne.MenuItem
	for _, s := range list {
		item := fyne.NewMenuItem(s.file.Name+" "+s.passage.Place(), func() { c.readFile(s.file, &s.passage) })
		item.Icon = theme.Icon(theme.IconFile)
		items = append(items, item)
	}
	return items
}

// chipMenu are the entries of a message's menu that open its files or sources.
func (c *conversation) chipMenu(id int64) []*fyne.MenuItem {
	m, ok := c.filed[id]
	if !ok {
		return nil
	}
	if m.Role != backend.RoleUser {
		return c.sourceMenu(sourcesOf(backend.Message{Attachments: m.Attachments}))
	}
	var items []*fyne.MenuItem
	for _, f := range m.Attachments {
		item := fyne.NewMenuItem("Show "+f.Name, func() { c.readFile(f, nil) })
		item.Icon = theme.Icon(fileIcon(f))
		items = append(items, item)
	}
	return items
}

// noteFiles remembers the files of a path: those of a person's message, and for a reply those of the message that it answers.
func (c *conversation) noteFiles(path []backend.Message) {
	c.filed = map[int64]backend.Message{}
	var asked backend.Message
	for _, m := range path {
		switch m.Role {
		case backend.RoleUser:
			asked = m
			if len(m.Attachments) > 0 {
				c.filed[m.ID] = m
			}
		case backend.RoleAssistant:
			if len(sourcesOf(asked)) > 0 {
				c.filed[m.ID] = backend.Message{Role: m.Role, Attachments: asked.Attachments}
			}
		case backend.RoleSystem, backend.RoleTool:
		}
	}
}

// textItems cuts a file's text into items for the reader, the passage in one of its own. It returns the number of that item, 0
// where there is none.
func textItems(f backend.Attachment, text string, passage *backend.Passage) (items []chatview.Item, at int64) {
	const most = 8 << 10 // bytes of an item
	add := func(part string, marked bool) {
		if part == "" {
			return
		}
		items = append(items, chatview.Item{ID: int64(len(items) + 1), Role: chatview.RoleText, Text: part, Marked: marked})
		if marked {
			at = int64(len(items))
		}
	}
	plain := func(part string) {
		for len(part) > most {
			cut := attach.CutNear(part, most)
			add(trimLine(part[:cut]), false)
			part = part[cut:]
		}
		add(trimLine(part), false)
	}
	start, end := len(text), len(text)
	if passage != nil && passage.Start >= 0 && passage.Start < passage.End && passage.End <= len(text) {
		start, end = passage.Start, passage.End
	}
	offset := 0
	for page, part := range splitPages(text) {
		if f.Pages > 1 {
			name := fmt.Sprintf("Page %d", page+1)
			if f.Kind == backend.AttachFolder {
				name = firstLine(part)
			}
			items = append(items, chatview.Item{ID: int64(len(items) + 1), Role: chatview.RoleDivider, Text: name})
		}
		from, to := start-offset, end-offset
		if from >= 0 && from < len(part) && to <= len(part) {
			plain(part[:from])
			add(part[from:to], true)
			plain(part[to:])
		} else {
			plain(part)
		}
		offset += len(part) + 1
	}
	return items, at
}

// OpenChip opens a chip of a message of the open chat.
func (p *ChatsPage) OpenChip(messageID int64, chip int) { p.talk.openChip(messageID, chip) }
